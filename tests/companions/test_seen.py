"""What counts as the same message."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_webmessaging.companions._seen import ENOUGH, KEPT, OVERLAP, Ledger, SeenMessage, Unheard
from genesys_webmessaging.models import StructuredMessage, WebMessagingMessage

TIME = "2030-01-01T10:00:00.{:03}Z"


def live(text: str = "ok", **fields: Any) -> StructuredMessage:
    return StructuredMessage.from_dict(_document(text, fields))


def entity(text: str = "ok", **fields: Any) -> WebMessagingMessage:
    return WebMessagingMessage.from_dict(_document(text, fields))


def _document(text: str, fields: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {"direction": "Outbound", "type": "Text", "text": text, **fields}
    if "at" in document:
        document["channel"] = {"time": TIME.format(document.pop("at"))}
    if "custom" in document:
        document["metadata"] = {"customMessageId": document.pop("custom")}
    return document


def texts(messages: list[WebMessagingMessage]) -> list[str | None]:
    return [message.text for message in messages]


def missing(ledger: Ledger, history: list[WebMessagingMessage], **how: Any) -> list[WebMessagingMessage]:
    return [one.entity for one in ledger.compare(history, **how).missing]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Ledger:
    return Ledger(clock)


def test_messages_whose_two_names_are_the_same_are_forgotten_in_their_turn(clock: Clock) -> None:
    ledger = Ledger(clock, kept=2)

    for number in map(str, range(5)):
        assert ledger.admit(live(id=number, channel={"messageId": number}))

    assert ledger.admit(live(id="0", channel={"messageId": "0"})) is not None, "it was forgotten"
    assert ledger.admit(live(id="4", channel={"messageId": "4"})) is None, "it is remembered"


def test_a_gap_that_is_larger_than_what_is_remembered_is_found(clock: Clock) -> None:
    ledger = Ledger(clock, kept=10)
    for number in [*range(5), *range(17, 22)]:
        ledger.admit(live(id=str(number), at=number))

    found = missing(ledger, [entity(id=str(number), at=number) for number in reversed(range(22))])

    assert [message.id for message in found] == [str(number) for number in range(5, 17)]
    assert ledger.admit(live(id="16", at=16)) is None, "it is remembered"
    assert ledger.admit(live(id="0", at=0)) is not None, "it was forgotten"


def test_a_frame_that_came_twice_is_heard_once(ledger: Ledger) -> None:
    assert ledger.admit(live(id="1"))
    assert not ledger.admit(live(id="1"))
    assert ledger.admit(live(id="2"))


def test_a_resend_is_known_by_its_stamp_whatever_its_id(ledger: Ledger) -> None:
    assert ledger.admit(live(id="1", custom="c"))
    assert not ledger.admit(live(id="2", custom="c"))
    assert missing(ledger, [entity(id="1", custom="c"), entity(id="2", custom="c")]) == []


def test_a_resend_without_a_stamp_is_known_by_its_tracing_id(ledger: Ledger) -> None:
    assert ledger.admit(live(direction="Inbound", id="1", tracingId="t"))
    assert not ledger.admit(live(direction="Inbound", id="2", tracingId="t"))


def test_different_stamps_make_different_messages_of_the_same_text_and_time(ledger: Ledger) -> None:
    assert ledger.admit(live(custom="c", at=1))
    assert texts(missing(ledger, [entity(custom="d", at=1)])) == ["ok"]


def test_what_was_not_heard_is_missing_once_and_oldest_first(ledger: Ledger) -> None:
    ledger.admit(live("b", id="2"))
    history = [entity("c", id="3"), entity("b", id="2"), entity("a", id="1")]
    assert texts(missing(ledger, history)) == ["a", "c"]
    assert missing(ledger, history) == []


def test_where_ids_differ_direction_time_and_text_decide(ledger: Ledger) -> None:
    ledger.admit(live("a", id="live 1", at=1))
    ledger.admit(live("a", id="live 2", at=2))
    history = [entity("a", id="h4", at=4, direction="Inbound"), entity("a", id="h3", at=3), entity("a", id="h2", at=2)]
    found = missing(ledger, [*history, entity("a", id="h1", at=1)])
    assert [message.id for message in found] == ["h3", "h4"]


def test_equal_texts_are_counted_where_neither_ids_nor_times_tell(ledger: Ledger) -> None:
    ledger.admit(live("yes", id="live 1"))
    ledger.admit(live("yes", id="live 2"))
    ledger.admit(live("no", id="live 3"))
    found = missing(ledger, [entity("yes", id=f"h{n}") for n in (3, 2, 1)] + [entity("no", id="h0")])
    assert [message.id for message in found] == ["h3"]


def test_texts_are_not_counted_once_ids_were_seen_to_agree(ledger: Ledger) -> None:
    ledger.admit(live("old", id="1"))
    ledger.admit(live("ok", id="2"))
    # 2 is not among them, so by counting 3 would be taken for it.
    assert texts(missing(ledger, [entity("ok", id="3"), entity("old", id="1")])) == ["ok"]


def test_texts_are_not_counted_once_times_were_seen_to_agree(ledger: Ledger) -> None:
    ledger.admit(live("old", id="a", at=1))
    ledger.admit(live("ok", id="b", at=2))
    assert texts(missing(ledger, [entity("ok", id="3", at=3), entity("old", id="1", at=1)])) == ["ok"]


def test_times_are_compared_to_the_millisecond_in_any_spelling(ledger: Ledger) -> None:
    ledger.admit(live(id="a", channel={"time": "2030-01-01T12:00:00.0019+02:00"}))
    assert missing(ledger, [entity(id="h", at=1)]) == []


def test_what_was_read_in_the_history_is_not_heard_again_live(ledger: Ledger) -> None:
    missing(ledger, [entity("b", id="2"), entity("a", id="1")])
    assert not ledger.admit(live("a", id="1"))
    assert not ledger.admit(live("b", id="2"))


def test_what_was_read_in_the_history_with_another_id_is_known_by_its_time(ledger: Ledger, clock: Clock) -> None:
    missing(ledger, [entity("a", id="h1", at=1)])
    clock.now += OVERLAP + 1
    assert not ledger.admit(live("a", id="live 1", at=1))
    assert not ledger.admit(live("a", id="live 1", at=1)), "the duplicate of a message from the history"
    assert ledger.admit(live("a", id="live 2", at=2))


def test_what_was_read_in_the_history_is_heard_again_when_it_is_said_again(ledger: Ledger, clock: Clock) -> None:
    missing(ledger, [entity("ok", id="h1")])
    clock.now += OVERLAP + 1
    assert ledger.admit(live("ok", id="live 1"))


def test_one_message_of_the_history_hides_one_live_message_only(ledger: Ledger) -> None:
    missing(ledger, [entity("ok", id="h1")])
    assert not ledger.admit(live("ok", id="live 1"))
    assert ledger.admit(live("ok", id="live 2"))


def test_what_was_noted_unheard_is_heard_when_it_comes_live_and_not_as_missing(ledger: Ledger) -> None:
    history = [entity("a", id="1")]
    missing(ledger, history, unheard=Unheard.ALL)
    assert missing(ledger, history) == []
    assert ledger.admit(live("a", id="1"))
    assert not ledger.admit(live("a", id="1"))


def test_typing_and_heartbeats_are_part_of_no_conversation(ledger: Ledger) -> None:
    typing = {"type": "Event", "events": [{"eventType": "Typing", "typing": {"type": "On"}}]}
    for _ in range(2):
        assert ledger.admit(live("", id="1", **typing))
        assert ledger.admit(live("ping", id="2", direction="Inbound", tracingId="68656172-7462-4000-8000-000000000000"))
    assert missing(ledger, [entity("", id="3", **typing)]) == []


def test_button_presses_and_presences_are_told_apart_without_a_text(ledger: Ledger) -> None:
    def press(payload: str) -> dict[str, Any]:
        return {"content": [{"contentType": "ButtonResponse", "buttonResponse": {"text": "x", "payload": payload}}]}

    def presence(kind: str) -> dict[str, Any]:
        return {"type": "Event", "events": [{"eventType": "Presence", "presence": {"type": kind}}]}

    ledger.admit(live("", **press("1")))
    ledger.admit(live("", **presence("Join")))
    history = [entity("", **presence("Disconnect")), entity("", **press("2")), entity("", **presence("Join"))]
    found = missing(ledger, [*history, entity("", **press("1"))])
    assert [message.to_dict().get("content") or message.to_dict()["events"] for message in found] == [
        press("2")["content"],
        presence("Disconnect")["events"],
    ]


def test_the_search_ends_where_enough_in_a_row_is_known(ledger: Ledger) -> None:
    for number in range(ENOUGH + 10):
        ledger.admit(live(id=str(number)))
    known = [entity(id=str(number)) for number in reversed(range(ENOUGH + 10))]
    missed = entity(id="missed")
    assert ledger.reaches([missed, *known])
    assert not ledger.reaches([*known[: ENOUGH - 1], missed])
    assert not ledger.reaches(known[: ENOUGH - 1])


def test_what_may_be_known_by_counting_does_not_end_the_search(ledger: Ledger) -> None:
    for number in range(ENOUGH):
        ledger.admit(live(id=f"live {number}"))
    assert not ledger.reaches([entity(id=f"h {number}") for number in range(ENOUGH)])


def test_memory_is_bounded(ledger: Ledger) -> None:
    for number in range(KEPT + 1):
        ledger.admit(live(str(number), id=str(number), custom=f"c{number}", tracingId=f"t{number}"))
    assert ledger.admit(live("0", id="0", custom="c0")), "the oldest is forgotten"
    assert not ledger.admit(live(str(KEPT), id=str(KEPT)))


def test_another_session_begins_without_memory(ledger: Ledger) -> None:
    ledger.admit(live(id="1"))
    ledger.clear()
    assert ledger.admit(live(id="1"))


def sent(text: str = "ok") -> StructuredMessage:
    return live(text, direction="Inbound")


def test_a_sent_message_is_found_by_its_stamp(ledger: Ledger) -> None:
    mark = ledger.mark
    missing(ledger, [entity(direction="Inbound", custom="mine", id="7")])
    found = ledger.claim("mine", "mine", sent(), mark)
    assert found is not None
    assert found.id == "7"
    assert ledger.claim("other", "other", sent(), mark) is None, "the server returns stamps, so this is not it"


def test_a_sent_message_without_a_stamp_is_found_by_its_text_and_claimed_once(ledger: Ledger) -> None:
    missing(ledger, [entity(direction="Inbound", id="before")])
    mark = ledger.mark
    assert ledger.claim("a", "a", sent(), mark) is None
    missing(ledger, [entity(direction="Inbound", id="after")])
    found = ledger.claim("a", "a", sent(), mark)
    assert found is not None
    assert found.id == "after"
    assert ledger.claim("b", "b", sent(), mark) is None


def test_the_echo_of_another_message_is_not_claimed(ledger: Ledger) -> None:
    mark = ledger.mark
    ledger.admit(live(direction="Inbound", id="1", tracingId="another"))
    assert ledger.claim("mine", "mine", sent(), mark) is None


def test_keys_that_differ_live_and_in_the_history_are_not_trusted_after_a_second_read(ledger: Ledger) -> None:
    ledger.admit(live("a", id="live 1", at=1))
    for _ in range(2):
        assert missing(ledger, [entity("a", id="h1", at=1)]) == []
    ledger.admit(live("b", id="live 2", at=2))
    assert missing(ledger, [entity("b", id="h2", at=2), entity("a", id="h1", at=1)]) == []


def test_one_id_for_everything_makes_nothing_the_same(ledger: Ledger) -> None:
    for text in ("a", "b", "c"):
        assert ledger.admit(live(text, id="1"))
    assert not ledger.admit(live("b", id="1"))
    assert texts(missing(ledger, [entity("d", id="1"), *[entity(text, id="1") for text in "cba"]])) == ["d"]


def test_the_id_of_the_channel_goes_before_the_id(ledger: Ledger) -> None:
    assert ledger.admit(live(id="1", channel={"messageId": "m1"}))
    assert ledger.admit(live(id="1", channel={"messageId": "m2"}))
    assert not ledger.admit(live(id="2", channel={"messageId": "m2"}))
    assert missing(ledger, [entity(id="m1")]) == [], "the history may call it by the channel's id alone"


def test_a_history_that_keeps_the_text_alone_tells_of_the_same_message(ledger: Ledger) -> None:
    press = [{"contentType": "ButtonResponse", "buttonResponse": {"text": "Yes", "payload": "y"}}]
    ledger.admit(live("Yes", id="1", direction="Inbound", content=press))
    assert missing(ledger, [entity("Yes", id="1", direction="Inbound")]) == []


@pytest.mark.parametrize("names", [{}, {"id": "1"}, {"at": 5}], ids=["no names", "ids", "one time"])
def test_equal_texts_take_linear_work(names: dict[str, Any]) -> None:
    def calls(count: int) -> int:
        """How many functions are called for so many messages: time depends on the machine."""
        ledger = Ledger(kept=count)
        messages = [live(**{**names, **({"id": str(n)} if "id" in names else {})}) for n in range(count)]
        history = [entity(**{**names, **({"id": f"h{n}"} if "id" in names else {})}) for n in range(count)]
        events: Counter[str] = Counter()
        sys.setprofile(lambda _frame, event, _argument: events.update((event,)))
        try:
            for message in messages:
                ledger.admit(message)
            missing(ledger, history)
            missing(ledger, history)
        finally:
            sys.setprofile(None)
        return events["call"] + events["c_call"]

    assert calls(800) < 12 * calls(100), "it is 64 times as much where each is compared with each"


def test_late_is_what_the_history_shows_before_what_was_passed_on(ledger: Ledger) -> None:
    for text, number in (("a", 1), ("c", 3)):
        seen = ledger.admit(live(text, id=text, at=number))
        assert seen is not None
        seen.passed = True
    found = ledger.compare([entity(text, id=text, at=n) for n, text in ((4, "d"), (3, "c"), (2, "b"), (1, "a"))])
    assert [(one.entity.text, one.late) for one in found.missing] == [("b", True), ("d", False)]


@pytest.mark.parametrize(
    "odd",
    [
        {"id": [1]},
        {"text": {}},
        {"metadata": {"customMessageId": {"a": 1}}},
        {"metadata": "x"},
        {"channel": {"time": "9999-12-31T23:59:59-12:00"}},
        {"channel": {"time": 5}},
        {"channel": "x"},
        {"content": "x"},
        {"events": [7]},
    ],
    ids=str,
)
def test_odd_values_disturb_nobody(ledger: Ledger, odd: dict[str, Any]) -> None:
    ledger.admit(live("before", id="0", at=1))
    assert ledger.admit(StructuredMessage.from_dict({"direction": "Outbound", "text": "odd", **odd}))
    ledger.compare(
        [WebMessagingMessage.from_dict({"direction": "Outbound", "text": "odd", **odd}), entity("b", id="0")]
    )
    ledger.claim("x", "x", sent(), 0)


SAID = st.fixed_dictionaries(
    {"text": st.sampled_from(["a", "b"])}, optional={"at": st.integers(0, 1), "id": st.sampled_from("0123")}
)
# What comes live, with an id of its own or with none, or is read in the history.
STEPS = st.lists(st.tuples(st.booleans(), SAID) | st.lists(SAID, max_size=4), max_size=8)


def told_of(seen: SeenMessage | None) -> object:
    return None if seen is None else (seen.number, seen.live_number, seen.keys, seen.time, seen.paired)


@settings(max_examples=100, deadline=None)
@given(kept=st.sampled_from([1, 2, 4, 100]), steps=STEPS)
def test_that_content_and_time_are_looked_at_late_changes_nothing(
    kept: int, steps: list[tuple[bool, dict[str, Any]] | list[dict[str, Any]]]
) -> None:
    late, early = Ledger(lambda: 0.0, kept=kept), Ledger(lambda: 0.0, kept=kept)
    early._need_contents()

    def take(ledger: Ledger, number: int, step: tuple[bool, dict[str, Any]] | list[dict[str, Any]]) -> object:
        if isinstance(step, tuple):
            named, said = step
            said = {name: value for name, value in said.items() if name != "id"} | (
                {"id": str(number)} if named else {}
            )
            return told_of(ledger.admit(live(**said)))
        comparison = ledger.compare([entity(**said) for said in step])
        return [(one.entity, told_of(one.seen), one.late) for one in comparison.missing], [
            *map(told_of, comparison.places)
        ]

    for number, step in enumerate(steps):
        assert take(late, number, step) == take(early, number, step)
