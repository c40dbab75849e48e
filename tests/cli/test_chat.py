"""``chat`` through a pipe."""

from __future__ import annotations

import json

import pytest

from genesys_webmessaging.simulator import Deployment, Limits, RateLimit, Simulator

from .conftest import talking


def test_a_line_in_and_the_replies_out(process, place, simulator):
    ended = process("chat", *place, typed="hello\n1\n")

    assert (ended.status, ended.err) == (0, "")
    order = [
        "You joined",
        "What would you like to do?",
        "You         hello",
        "Hello! Ask me",
        "You         \u2192 Opening hours",
        "from 9 to 17",
        "disconnected",
    ]
    assert sorted(order, key=ended.out.index) == order
    assert "\x1b" not in ended.out


def test_a_number_presses_the_button_of_a_card(command, place, simulator):
    ended = command("chat", *place, "--wait", "2", typed="Show me a card\n2\n")

    assert ended.status == 0
    assert "weighs 90 grams" in ended.out
    pressed = simulator.received.of("onMessage")[-1]["message"]
    assert pressed["type"] == "Structured"
    assert pressed["content"][0]["buttonResponse"]["payload"] == "details"


def test_a_number_without_anything_to_choose_is_said(command, place, simulator):
    ended = command("chat", *place, "--no-join", "--wait", "1", typed="7\n")

    assert ended.status == 0
    assert simulator.sessions[0].conversation.texts[0] == "7"


def test_say_says_what_looks_like_a_choice(command, place, simulator):
    command("chat", *place, "--wait", "1", typed="/say 1\n")

    assert "1" in simulator.sessions[0].conversation.texts


def test_a_file_goes_up_and_comes_down(command, place, tmp_path):
    picture, copy = tmp_path / "hat.png", tmp_path / "copy.png"
    picture.write_bytes(b"\x89PNG" + bytes(range(256)) * 20)
    ended = command("chat", *place, "--wait", "1", typed=f"/attach {picture}\n/save {copy}\n")

    assert (ended.status, ended.err) == (0, "")
    assert "uploading hat.png: 100 % of 5.1 kB" in ended.out
    assert "Thank you for hat.png." in ended.out
    assert copy.read_bytes() == picture.read_bytes()


ORDER = {
    "rules": [
        {
            "match": "order",
            "reply": [
                {
                    "form": {
                        "introduction": {"title": "Order a hat", "buttonText": "Begin"},
                        "formPages": [
                            {
                                "pageComponents": [
                                    {"input": {"id": "name", "title": "Your name", "isRequired": True}},
                                    {"input": {"id": "note", "title": "A note"}},
                                    {"wheelPicker": {"id": "size", "items": [{"id": "s", "title": "Small"}]}},
                                    {"datePicker": {"id": "day", "title": "When?"}},
                                ]
                            }
                        ],
                    }
                }
            ],
        },
        {
            "match": "colours",
            "reply": [
                {
                    "listPicker": {
                        "sections": [
                            {"title": "Colours", "multipleSelection": True, "items": ["red", "green", "blue"]},
                            {"title": "Sizes", "items": ["S", "L"]},
                        ]
                    }
                }
            ],
        },
    ]
}


def test_a_form_is_asked_field_by_field(command):
    with Simulator(bot=ORDER) as simulator:
        place = ("--address", simulator.address, "--deployment-id", "demo", "--no-join", "--wait", "2")
        ended = command("chat", *place, typed="order\nbegin\nAnn Lee\n\n1\n2031-05-06\n")
        sent = simulator.received.of("onMessage")[-1]["message"]

    assert (ended.status, ended.err) == (0, "")
    assert "| [1] Begin  4 fields".replace("|", "\u2502") in ended.out
    assert "Your name (3 more after this)" in ended.out
    answers = [
        (one["id"], one["component"]["buttonResponse"]["payload"]) for one in sent["content"][0]["form"]["response"]
    ]
    assert answers == [("name", "Ann Lee"), ("size", "s"), ("day", "2031-05-06T00:00:00.000Z")]


def test_an_answer_that_cannot_be_right_is_said_before_anything_is_sent(command):
    with Simulator(bot=ORDER) as simulator:
        place = ("--address", simulator.address, "--deployment-id", "demo", "--no-join", "--wait", "2")
        ended = command("chat", *place, typed="order\n1\n\n")
        dropped = command("chat", *place, typed="order\n1\n/cancel\nhello\n")

        assert (ended.status, "'Your name' must be answered" in ended.err) == (2, True)
        assert (dropped.status, "the form is not sent" in dropped.out) == (0, True)
        assert simulator.received.of("onMessage")[-1]["message"]["text"] == "hello"


@pytest.mark.parametrize(("typed", "chosen"), [("2", ["green"]), ("1, 3, 4", ["S", "red", "blue"]), ("blue", ["blue"])])
def test_items_of_a_list_are_picked_by_numbers_or_by_name(command, typed, chosen):
    with Simulator(bot=ORDER) as simulator:
        place = ("--address", simulator.address, "--deployment-id", "demo", "--no-join", "--wait", "2")
        ended = command("chat", *place, typed=f"colours\n{typed}\n")
        sent = simulator.received.of("onMessage")[-1]["message"]

    assert (ended.status, ended.err) == (0, "")
    assert [content["buttonResponse"]["text"] for content in sent["content"]] == chosen


def test_the_history_is_shown_in_between(command, place):
    ended = command("chat", *place, "--wait", "1", typed="hello\n/history\n/help\n/typing\n")

    assert "Time                 Who       Message" in ended.out
    assert "/attach FILE" in ended.out


def test_quit_leaves_before_the_end_of_the_input(command, place, simulator):
    ended = command("chat", *place, "--wait", "1", typed="/quit\nhello\n")

    assert ended.status == 0
    assert "hello" not in simulator.sessions[0].conversation.texts


def test_clear_ends_the_conversation(command, place):
    ended = command("chat", *place, "--wait", "1", typed="hello\n/clear\nhello\n")

    assert (ended.status, ended.err) == (0, "")
    assert "the conversation was cleared" in ended.out


def test_a_new_chat_begins_where_the_agent_has_left(command, tmp_path):
    script = {"greeting": ["Welcome"], "rules": [{"match": "bye", "reply": [{"disconnect": {"readOnly": True}}]}]}
    with Simulator(bot=script) as simulator:
        place = ("--address", simulator.address, "--deployment-id", "demo", "--wait", "1")
        ended = command("chat", *place, typed="bye\n/new\n")

        assert (ended.status, ended.err) == (0, "")
        assert "Bot left; the session is read-only now" in ended.out
        assert ended.out.count("Welcome") == 2


def test_that_a_session_is_read_only_is_said_once_with_the_way_out(command):
    script = {"rules": [{"match": "bye", "reply": [{"disconnect": {"readOnly": True}}]}]}
    with Simulator(bot=script) as simulator:
        place = ("--address", simulator.address, "--deployment-id", "demo", "--wait", "1")
        ended = command("chat", *place, typed="bye\n")

    assert ended.status == 0
    assert ended.out.count("/new begins another conversation") == 1


def test_somebody_who_never_stops_talking_does_not_keep_the_next_line_back(command, place, simulator):
    with simulator.agent("demo", name="Ann") as agent, talking(agent):
        ended = command("chat", *place, "--no-join", "--wait", "0.5", typed="one\ntwo\n/quit\n")

    assert (ended.status, ended.err) == (0, "")
    assert "blah" in ended.out
    assert [text for text in simulator.sessions[0].conversation.texts if text != "blah"] == ["one", "two"]


def test_messages_are_data_and_all_else_goes_to_standard_error(command, place):
    ended = command("chat", *place, "--json", "--wait", "1", typed="hello\n")

    messages = [json.loads(line) for line in ended.out.splitlines()]
    said = [message["direction"] for message in messages if message.get("text")]
    assert said[:3] == ["Outbound", "Outbound", "Inbound"]
    assert "connected to" in ended.err
    assert "typing" not in ended.out


def test_a_message_into_a_read_only_session_is_refused(command):
    script = {"rules": [{"match": "bye", "reply": [{"disconnect": {"readOnly": True}}]}]}
    with Simulator(bot=script) as simulator:
        place = ("--address", simulator.address, "--deployment-id", "demo", "--wait", "1")
        ended = command("chat", *place, typed="bye\nhello?\n")

    assert ended.status == 1
    assert "read-only" in ended.err
    assert "/new begins another one" in ended.err


def test_the_same_token_goes_on(command, place, tmp_path, simulator):
    token = ("--token-file", str(tmp_path / "token"), "--wait", "1")
    command("chat", *place, *token, typed="hello\n")
    ended = command("chat", *place, *token, typed="/history\n")

    assert ended.status == 0
    assert "the session goes on" in ended.out
    assert "You joined" in ended.out
    assert len(simulator.sessions) == 1


@pytest.mark.parametrize("kind", ["reset", "fin"])
def test_a_lost_connection_is_replaced_and_the_message_arrives_once(command, place, simulator, kind):
    simulator.faults.drop(kind, action="onMessage", after=1)
    ended = command("chat", *place, "--wait", "3", typed="hello\nopening hours\n")

    assert (ended.status, ended.err) == (0, "")
    assert "connected again" in ended.out
    assert simulator.sessions[0].conversation.texts.count("hello") == 1
    assert "from 9 to 17" in ended.out


def test_a_server_that_wants_fewer_messages_gets_them_later(command):
    with Simulator(deployments=[Deployment(limits=Limits(messages=RateLimit(1, 0.2)))], bot=False) as simulator:
        place = ("--address", simulator.address, "--deployment-id", "demo", "--no-join", "--wait", "0")
        ended = command("chat", *place, typed="a\nb\nc\n")

        assert (ended.status, ended.err) == (0, "")
        assert simulator.sessions[0].conversation.texts == ["a", "b", "c"]


def test_the_first_connect_is_not_tried_again(command):
    ended = command("chat", "--address", "ws://127.0.0.1:1/v1", "--deployment-id", "demo", typed="hello\n")

    assert ended.status == 3
    assert ended.err.count("\n") == 1


def test_a_server_that_goes_for_good_is_said(command, place, simulator):
    simulator.faults.drop("reset", action="onMessage", after=1)
    simulator.faults.refuseHandshake(403, after=1)
    ended = command("chat", *place, "--wait", "3", typed="hello\n")

    assert ended.status == 1
    assert "403" in ended.err


@pytest.mark.parametrize(
    ("line", "said"),
    [("/xyzzy", "/help"), ("/attahc", "/attach"), ("/attach", "FILE"), ("/attach /no/such", "/no/such")],
)
def test_a_line_that_makes_no_sense_ends_it_with_a_sentence(command, place, line, said):
    ended = command("chat", *place, "--wait", "0", typed=f"{line}\n")

    assert ended.status in {1, 2}
    assert said in ended.err
    assert ended.err.count("\n") == 1
