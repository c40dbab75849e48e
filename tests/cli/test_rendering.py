"""What of a message is shown, whatever a server puts into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_webmessaging.cli._content import _RENDERERS, Choice, chosen
from genesys_webmessaging.cli._message import show
from genesys_webmessaging.cli._text import clean, clock, size, slot, span
from genesys_webmessaging.conversation import Conversation
from genesys_webmessaging.exceptions import DecodeError
from genesys_webmessaging.models import ContentType, StructuredMessage, WebMessagingMessage
from genesys_webmessaging.simulator import Simulator


def message(**fields: Any) -> StructuredMessage:
    return StructuredMessage.from_dict({"id": "m-1", "direction": "Outbound", "type": "Structured", **fields})


def with_content(*content: dict[str, Any]) -> StructuredMessage:
    return message(content=list(content))


@pytest.fixture
def sent_by(simulator: Simulator) -> Iterator[Callable[[Choice], dict[str, Any]]]:
    """Choose something in a conversation, and return the message that was sent for it."""
    with Conversation.open(simulator.address, "demo", timeout=5) as conversation:

        def choose(choice: Choice) -> dict[str, Any]:
            choice.answer(conversation, 5)
            sent = simulator.received.of("onMessage")[-1]["message"]
            sent.pop("metadata", None)
            return sent

        yield choose


def test_quick_replies_stand_side_by_side_and_can_be_chosen(sent_by):
    shown = show(
        message(
            text="Well?",
            content=[
                {"contentType": "QuickReply", "quickReply": {"text": "Yes please", "payload": "y"}},
                {"contentType": "QuickReply", "quickReply": {"text": "No", "payload": "n"}},
            ],
        )
    )

    assert shown.text == "Well?\n[1] Yes please  [2] No"
    sent = sent_by(shown.choices[0])
    assert (sent["type"], sent["text"]) == ("Structured", "Yes please")
    assert sent["content"] == [
        {
            "contentType": "ButtonResponse",
            "buttonResponse": {"type": "QuickReply", "text": "Yes please", "payload": "y"},
        }
    ]


def test_quick_replies_come_as_button_responses_too(sent_by):
    offered = [
        {"contentType": "ButtonResponse", "buttonResponse": {"type": "QuickReply", "text": text, "payload": text[:1]}}
        for text in ("Yes", "No")
    ]
    shown = show(message(text="Well?", content=offered))

    assert shown.text == "Well?\n[1] Yes  [2] No"
    assert sent_by(shown.choices[1])["content"][0]["buttonResponse"]["payload"] == "N"


def test_the_button_of_a_template_is_pressed_as_one_of_a_card_is(sent_by):
    template = {"title": "Hats", "components": [{"title": "Straw", "actions": {"textback": "straw"}}]}
    shown = show(with_content({"contentType": "GenericTemplate", "generic": template}))

    assert shown.text == "| Hats\n| [1] Straw"
    pressed = sent_by(shown.choices[0])["content"][0]["buttonResponse"]
    assert (pressed["type"], pressed["text"], pressed["payload"]) == ("Button", "Straw", "straw")


def test_a_message_that_came_late_is_marked():
    came = message(text="What I said before")
    came.late = True

    assert show(came).text == "What I said before\n(this came late: it was said before what stands above)"


def test_a_card_shows_its_buttons_and_its_links(sent_by):
    shown = show(
        with_content(
            {
                "contentType": "Card",
                "card": {
                    "title": "Hat",
                    "description": "Straw",
                    "image": "https://shop.example/hat.png",
                    "actions": [
                        {"type": "Postback", "text": "Order", "payload": "order"},
                        {"type": "Link", "text": "Shop", "url": "https://shop.example"},
                    ],
                },
            }
        )
    )

    assert shown.text.split("\n") == [
        "| Hat",
        "| Straw",
        "| picture: https://shop.example/hat.png",
        "| [1] Order",
        "| Shop: https://shop.example",
    ]
    request = sent_by(shown.choices[0])
    assert request["type"] == "Structured"
    assert request["text"] == "Order"
    assert request["content"][0]["buttonResponse"]["type"] == "Button"


def test_the_buttons_of_a_carousel_are_numbered_through():
    card = {"title": "Hat", "actions": [{"type": "Postback", "text": "Order", "payload": "order"}]}
    shown = show(with_content({"contentType": "Carousel", "carousel": {"cards": [card, {**card, "title": "Scarf"}]}}))

    assert shown.text.split("\n") == [
        "| card 1 of 2",
        "| Hat",
        "| [1] Order",
        "| card 2 of 2",
        "| Scarf",
        "| [2] Order",
    ]


def test_a_date_is_chosen_by_its_number(sent_by):
    times = [{"dateTime": "2030-01-07T09:00:00.000Z", "duration": 1800}, {"dateTime": "2030-01-08T09:00:00.000Z"}]
    shown = show(with_content({"contentType": "DatePicker", "datePicker": {"title": "When?", "availableTimes": times}}))

    assert shown.text.split("\n")[0] == "| When?"
    assert "2030" in shown.text
    assert "30 minutes" in shown.text
    request = sent_by(shown.choices[1])
    response = request["content"][0]["buttonResponse"]
    assert (request["type"], request.get("text")) == ("Structured", None)
    assert response["type"] == "DatePicker"
    assert response["payload"] == "2030-01-08T09:00:00.000Z"


def test_a_file_shows_name_kind_and_size_but_not_its_secret_address():
    file = {
        "id": "f",
        "filename": "hat.png",
        "mime": "image/png",
        "fileSize": 1_440_000,
        "url": "https://s.example/?sig",
    }
    shown = show(with_content({"contentType": "Attachment", "attachment": file}))

    assert shown.text == "file hat.png (image/png, 1.4 MB)"


def test_content_of_a_kind_that_nobody_knows_is_named():
    assert "Hologram" in show(with_content({"contentType": "Hologram", "hologram": {"x": 1}})).text


@pytest.mark.parametrize("kind", [str(kind) for kind in ContentType])
def test_every_kind_of_content_shows_something(kind):
    field = _RENDERERS[kind][0] if kind in _RENDERERS else kind[:1].lower() + kind[1:]
    body: Any = [{"reactionType": "Like", "count": 2}] if field == "reactions" else {"text": "x", "title": "x"}
    shown = show(with_content({"contentType": kind, field: body}))

    assert shown.text.strip()


def test_what_one_has_chosen_is_shown_once():
    pressed = {"contentType": "ButtonResponse", "buttonResponse": {"type": "Button", "text": "Order", "payload": "o"}}
    shown = show(StructuredMessage.from_dict({"direction": "Inbound", "text": "Order", "content": [pressed]}))

    assert (shown.who, shown.text) == ("You", "\u2192 Order")
    assert shown.choices == []


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"eventType": "Presence", "presence": {"type": "Join"}}, "Ann joined"),
        ({"eventType": "Presence", "presence": {"type": "Disconnect"}}, "Ann left"),
        ({"eventType": "Presence", "presence": {"type": "Dance"}}, "Ann: presence Dance"),
        ({"eventType": "Typing", "typing": {"type": "On"}}, "Ann is typing"),
        ({"eventType": "CoBrowse", "coBrowse": {"type": "Offering"}}, "Ann offers co-browsing"),
        ({"eventType": "Video", "video": {"type": "OfferingRejected"}}, "Ann declined a video call"),
        ({"eventType": "Yawn"}, "Ann: an event of the kind Yawn"),
    ],
)
def test_events_are_sentences(event, told):
    shown = show(message(type="Event", events=[event], channel={"from": {"nickname": "Ann"}}))

    assert shown.notes == [told]


def test_a_session_that_becomes_read_only_is_told():
    event = {"eventType": "Presence", "presence": {"type": "Disconnect"}}
    shown = show(message(type="Event", events=[event], metadata={"readOnly": "true"}))

    assert shown.notes == ["Genesys left; the session is read-only now"]


@pytest.mark.parametrize(
    ("fields", "who"),
    [
        ({"channel": {"from": {"nickname": "Ann", "firstName": "Annabel"}}}, "Ann"),
        ({"channel": {"from": {"firstName": "Ann", "lastName": "Lee"}}}, "Ann Lee"),
        ({"originatingEntity": "Bot"}, "Bot"),
        ({"originatingEntity": "Human"}, "Agent"),
        ({"originatingEntity": ""}, "Genesys"),
        ({"direction": "Inbound"}, "You"),
    ],
)
def test_somebody_says_it(fields, who):
    assert show(message(text="x", **fields)).who == who


def test_nothing_that_a_server_says_can_command_a_terminal():
    shown = show(message(text="a\x1b[2Jb\x07\x9bc\u202ed\r\ne\tf", channel={"from": {"nickname": "\x1b]0;x\x07Ann"}}))

    assert shown.text == "a\ufffd[2Jb\ufffd\ufffdc\ufffdd\ne    f"
    assert "\x1b" not in shown.who


def test_a_choice_is_known_by_number_and_by_name():
    shown = show(with_content({"contentType": "QuickReply", "quickReply": {"text": "Opening hours", "payload": "h"}}))

    assert chosen(shown.choices, " 1 ") is shown.choices[0]
    assert chosen(shown.choices, "opening HOURS") is shown.choices[0]
    assert chosen(shown.choices, "2") is None
    assert chosen(shown.choices, "") is None


def test_the_history_is_shown_as_what_was_heard_live():
    document = {
        "direction": "Outbound",
        "text": "Well?",
        "channel": {"time": "2025-11-22T10:00:00.123Z", "from": {"nickname": "Ann"}},
        "content": [{"contentType": "QuickReply", "quickReply": {"text": "Yes", "payload": "y"}}],
    }
    live, past = show(StructuredMessage.from_dict(document)), show(WebMessagingMessage.from_dict(document))

    assert (live.time, live.who, live.text) == (past.time, past.who, past.text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    [
        "title",
        "text",
        "payload",
        "actions",
        "cards",
        "type",
        "url",
        "availableTimes",
        "dateTime",
        "duration",
        "sections",
        "items",
        "components",
        "response",
        "formPages",
        "fileSize",
        "filename",
        "mime",
        "defaultAction",
        "receivedMessage",
        "image",
        "description",
        "introduction",
        "count",
        "reactionType",
        "presence",
        "typing",
        "coBrowse",
    ]
)
BODIES = st.recursive(
    JSON, lambda inner: st.dictionaries(FIELDS, inner, max_size=4) | st.lists(inner, max_size=3), max_leaves=8
)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_comes_is_shown_without_an_error(data):
    kind = data.draw(st.sampled_from(sorted(_RENDERERS)))
    body = data.draw(BODIES)
    document = {
        "text": data.draw(JSON),
        "direction": data.draw(st.sampled_from(["Inbound", "Outbound", "", None])),
        "metadata": {"readOnly": data.draw(JSON)},
        "channel": {"time": data.draw(JSON), "from": {"nickname": data.draw(JSON)}},
        "content": [{"contentType": kind, _RENDERERS[kind][0]: body}, None],
        "events": [{"eventType": data.draw(JSON), **data.draw(st.dictionaries(FIELDS, BODIES, max_size=3))}, None],
    }
    try:
        came = StructuredMessage.from_dict(document)
    except DecodeError:
        return
    shown = show(came)
    assert isinstance(shown.text, str)
    assert [choice.number for choice in shown.choices] == list(range(1, len(shown.choices) + 1))


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (12_345, "12.3 kB"),
        (10**7, "10.0 MB"),
        (float("nan"), ""),
        ("9", ""),
    ],
)
def test_sizes_are_readable(number, told):
    assert size(number) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (1, "1 second"),
        (90, "90 seconds"),
        (120, "2 minutes"),
        (7200, "2 hours"),
        (259_200, "3 days"),
        (0, ""),
        (float("inf"), ""),
        ("soon", ""),
    ],
)
def test_spans_are_readable(seconds, told):
    assert span(seconds) == told


def test_a_length_of_time_that_is_none_is_left_out():
    assert span(float("inf")) == span("soon") == span(None) == ""


def test_a_time_beyond_what_a_clock_can_show_leaves_a_gap():
    assert clock("9999-12-31T23:59:59-12:00") == " " * 8
    assert slot("9999-12-31T23:59:59-12:00") == "9999-12-31T23:59:59-12:00"


def test_times_that_are_none_leave_a_gap():
    assert clock(None) == clock("yesterday") == " " * 8
    assert slot("whenever") == "whenever"
    assert clean(None) == ""
