"""The demo bot, and bots of one's own from a script."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

import genesys_webmessaging.simulator as simulator_package
from genesys_webmessaging.simulator import BotScript, Simulator
from genesys_webmessaging.simulator.bot import Match, Rule, Step
from genesys_webmessaging.simulator.content import Attachment, Button, Card, DatePicker, Form, ListPicker

SCRIPT = {
    "name": "Robo",
    "greeting": "Welcome",
    "rules": [
        {"match": {"text": ["yes", "yeah"]}, "reply": "Good"},
        {"match": "order", "reply": {"text": "Which one?", "quickReplies": ["1", "2"]}},
        {"match": {"pattern": r"number (\d+)"}, "reply": "Number {1} of {unknown}"},
        {"match": {"pattern": r"I am (?P<name>\w+)"}, "reply": "Hello {name}"},
        {"match": {"payload": "2"}, "reply": ["The second", {"delay": 5, "text": "Later"}]},
        {"match": "human", "reply": [{"text": "One moment", "handOver": True}, "never said"]},
        {"match": "leave", "reply": {"text": "Bye", "disconnect": {"readOnly": True}}},
        {"match": "file", "reply": {"attachment": {"fileName": "a.txt", "text": "content"}}},
        {"match": "raw", "reply": {"content": [{"contentType": "Hologram", "hologram": {"of": "{text}"}}]}},
        {"match": {"attachment": True}, "reply": "I have {fileName}"},
    ],
    "otherwise": "Pardon?",
}


def greeted(simulator, connect):
    guest = connect(simulator)
    guest.presence("Join")
    return guest


def test_the_demo_bot_has_an_answer_to_each_of_its_own_offers(connect):
    with Simulator() as simulator:
        guest = greeted(simulator, connect)
        offer = guest.outbound("What would you like to do?")
        for item in offer["content"]:
            reply = item["quickReply"]
            guest.press("QuickReply", reply["text"], reply["payload"], offer["id"])
        assert guest.outbound("We are open from 9 to 17, Monday to Friday.")
        card = guest.outbound("Here is our product of the week.")
        picker = guest.outbound("When does it suit you?")
        for action in card["content"][0]["card"]["actions"]:
            if action["type"] == "Postback":
                guest.press("Button", action["text"], action["payload"], card["id"], type="Structured")
        assert guest.outbound("Thank you! Your sun hat is on its way.")
        assert guest.outbound("The sun hat is made of straw and weighs 90 grams.")
        slot = picker["content"][0]["datePicker"]["availableTimes"][0]["dateTime"]
        guest.press("DatePicker", "Monday", slot, picker["id"])
        assert guest.outbound(f"Your appointment is on {slot}.")
        assert simulator.violations == []


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Hello", "Hello! Ask me for our hours, for a card, or for a date."),
        ("What can you do?", "I know about hours, cards and dates."),
        ("thanks", "You are welcome. Goodbye!"),
        ("xyzzy {1}", 'You said "xyzzy {1}". I know about hours, cards and dates.'),
    ],
)
def test_the_demo_bot_answers_free_text(connect, text, answer):
    with Simulator() as simulator:
        guest = connect(simulator)
        guest.say(text)
        assert guest.outbound(answer)


def test_the_demo_bot_types_before_it_speaks_and_thanks_for_files(connect):
    with Simulator() as simulator:
        guest = connect(simulator)
        item = {"contentType": "Attachment", "attachment": {"id": guest.upload(b"x", fileName="me.png")}}
        guest.ask("onMessage", message={"type": "Text", "content": [item]})
        typing, thanks = guest.wait("StructuredMessage"), guest.wait("StructuredMessage")
        assert typing["body"]["events"][0]["eventType"] == "Typing"
        assert thanks["body"]["text"] == "Thank you for me.png."


def test_a_script_matches_text_part_pattern_payload_and_file(connect):
    with Simulator(bot=SCRIPT) as simulator:
        guest = greeted(simulator, connect)
        assert guest.outbound()["text"] == "Welcome"
        for said, answer in [
            ("YES", "Good"),
            ("yes please", "Pardon?"),
            ("my order", "Which one?"),
            ("number 42", "Number 42 of {unknown}"),
            ("I am Ann", "Hello Ann"),
        ]:
            guest.say(said)
            message = guest.outbound()
            assert (message["text"], message["channel"]["from"]) == (answer, {"nickname": "Robo"})
        guest.say("a file")
        shown = guest.outbound()["content"][0]["attachment"]
        assert guest.rest("GET", shown["url"]).content == b"content"
        guest.say("raw")
        assert guest.outbound()["content"] == [{"contentType": "Hologram", "hologram": {"of": "raw"}}]
        item = {"contentType": "Attachment", "attachment": {"id": guest.upload(b"x", fileName="b.png")}}
        guest.say("look", content=[item])
        assert guest.outbound()["text"] == "I have b.png"


def test_delays_run_on_the_clock_and_answers_keep_their_order(connect):
    with Simulator(bot=SCRIPT) as simulator:
        simulator.clock.freeze()
        guest = connect(simulator)
        guest.press("QuickReply", "2", "2")
        guest.say("yes")
        assert guest.outbound()["text"] == "The second"
        typing = [frame for frame in guest.fence() if frame["body"]["direction"] == "Outbound"]
        assert [frame["body"]["type"] for frame in typing] == ["Event", "Event"]
        simulator.clock.advance(5)
        assert [guest.outbound()["text"] for _ in range(2)] == ["Later", "Good"]


def test_a_bot_hands_over_and_is_silent_from_then_on(connect):
    with Simulator(bot=SCRIPT) as simulator:
        guest = connect(simulator)
        guest.say("a human please")
        assert guest.outbound()["text"] == "One moment"
        guest.fence()
        guest.say("yes")
        assert guest.fence() == []
        assert simulator.session(guest.token).conversation.handedOver


def test_a_bot_leaves(connect):
    with Simulator(bot=SCRIPT) as simulator:
        guest = connect(simulator)
        guest.say("leave")
        assert guest.outbound()["text"] == "Bye"
        gone = guest.wait("StructuredMessage", where=lambda frame: "presence" in str(frame["body"].get("events")))
        assert gone["body"]["metadata"]["readOnly"] == "true"


def test_without_a_bot_nobody_answers(simulator, guest):
    guest.presence("Join")
    guest.say("hello?")
    assert guest.fence() == []


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_script_is_read_from_a_file(connect, tmp_path, suffix):
    path = tmp_path / f"bot.{suffix}"
    path.write_text(json.dumps(SCRIPT) if suffix == "json" else yaml.safe_dump(SCRIPT), encoding="utf-8")
    with Simulator(bot=path) as simulator:
        guest = connect(simulator)
        guest.say("yes")
        assert guest.outbound()["text"] == "Good"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ({"rulez": []}, "the script: rulez: unknown key 'rulez'; did you mean 'rules'?"),
        ({"rules": ["x"]}, "the script: rules[0]: must be an object, not 'x'"),
        ({"rules": [{"match": {}, "reply": "x"}]}, "rules[0].match: is a text or an object with text, contains"),
        (
            {"rules": [{"match": {"colour": "red"}, "reply": "x"}]},
            "rules[0].match.colour: unknown key 'colour'; there are",
        ),
        (
            {"rules": [{"match": {"pattern": "("}, "reply": "x"}]},
            "rules[0].match.pattern: '(' is not a regular express",
        ),
        (
            {"rules": [{"match": "x", "reply": [{"txt": "y"}]}]},
            "rules[0].reply[0].txt: unknown key 'txt'; did you mean 'text'?",
        ),
        ({"greeting": [True]}, "greeting[0]: must be an object, not True"),
        ({"delay": "soon"}, "delay: must be a valid number"),
        ({"greeting": {"text": "x", "delay": -1}}, "greeting[0].delay: must be greater than or equal to 0, not -1"),
        ({"greeting": {"card": {"description": "x"}}}, "greeting[0].card.title: is missing"),
        (
            {"greeting": {"form": {"formPages": [{"pageComponents": [{}]}]}}},
            "pageComponents[0]: a component of a form is one of input, datePicker, listPicker, wheelPicker",
        ),
    ],
)
def test_a_script_that_is_wrong_says_where(script, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        BotScript.load(script)


def test_every_error_of_a_file_is_said_with_its_line(tmp_path):
    path = tmp_path / "bot.yaml"
    path.write_text("name: Robo\nrules:\n  - match: x\n    reply:\n      - text: y\n        txt: z\ndelay: soon\n")
    with pytest.raises(ValueError, match="unknown key") as wrong:
        BotScript.load(path)
    lines = str(wrong.value).splitlines()
    assert lines[0].startswith(f"{path}:6: rules[0].reply[0].txt: unknown key")
    assert lines[1].startswith(f"{path}:7: delay: must be a valid number")


def test_times_and_words_of_yaml_stay_what_was_written(tmp_path):
    path = tmp_path / "bot.yaml"
    path.write_text("greeting: {quickReplies: [Yes, No], datePicker: {times: [2030-01-07T09:00:00.000Z]}}\n")
    step = BotScript.load(path).greeting[0]
    assert [reply.text for reply in step.quickReplies] == ["Yes", "No"]
    assert step.datePicker.times[0].dateTime == "2030-01-07T09:00:00.000Z"


EXAMPLE = Path(simulator_package.__file__).parent / "example.yaml"


def test_the_example_script_works_and_has_everything_in_it(connect, caplog):
    script = BotScript.load(EXAMPLE)
    assert caplog.text == ""
    written = {key for _, key in used(yaml.safe_load(EXAMPLE.read_text("utf-8")))}
    for model in (BotScript, Match, Rule, Step, Card, DatePicker, ListPicker, Form, Attachment, Button):
        fields = set(model.model_fields) - {"type", "location", "dateDisplayFormat", "base64", "readOnly"}
        assert fields <= written, model
    with Simulator(bot=script.model_copy(update={"delay": 0.0})) as simulator:
        guest = greeted(simulator, connect)
        assert [guest.outbound()["text"] for _ in range(2)] == ["Welcome to the workshop.", "How can I help?"]
        for said, kind in [
            ("a visit", "DatePicker"),
            ("a hat", "Card"),
            ("the catalogue", "Carousel"),
            ("a repair", "ListPicker"),
            ("register", "Form"),
            ("a hologram", "Hologram"),
        ]:
            guest.say(said)
            assert guest.outbound()["content"][0]["contentType"] == kind
        guest.say("My name is Ilo")
        assert guest.outbound()["text"] == "Hello Ilo!"
        guest.say("xyzzy")
        assert guest.outbound()["text"] == 'You said "xyzzy". I know about visits, repairs and hats.'


def used(value, path=()):
    """Every key in a document, with its path."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield path, key
        yield from used(item, (*path, key))


@pytest.mark.parametrize("text", [r"order \d+", "^hello", "bye$", "/hi/i", "colou?.*r", "[a-z] hat", "yes|no"])
def test_a_text_that_looks_like_a_pattern_is_asked_about(text, caplog):
    BotScript.load({"rules": [{"match": "fine"}, {"match": text}]})
    (record,) = caplog.records
    assert record.getMessage() == (
        f"the script: rules[1].match: is {text!r} meant as a regular expression? "
        "Write {pattern: …} then, or {contains: …} if it is not"
    )


@pytest.mark.parametrize("text", ["opening hours?", "C++", "what is 3 * 4 (roughly)", "5 $ or more", "a.b"])
def test_a_text_that_does_not_is_taken_as_it_is(text, caplog):
    BotScript.load({"rules": [{"match": text}, {"match": {"pattern": "^x$"}}, {"match": {"contains": "^x$"}}]})
    assert caplog.records == []


def test_a_script_has_a_json_schema():
    schema = BotScript.model_json_schema()
    assert {"greeting", "rules", "otherwise"} <= set(schema["properties"])
    assert schema["properties"]["delay"]["description"].startswith("Seconds of the simulator's clock")
    assert {"Step", "Card", "DatePicker", "ListPicker", "Form"} <= set(schema["$defs"])
    assert {"type": "string"} in schema["$defs"]["Rule"]["properties"]["match"]["anyOf"]


def test_a_file_that_is_no_script_says_so(tmp_path):
    for name, content in [("a.json", "{"), ("a.yaml", "a: ["), ("b.yaml", "- 1")]:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ValueError, match=name):
            BotScript.load(path)
    with pytest.raises(FileNotFoundError):
        BotScript.load(tmp_path / "none.yaml")
