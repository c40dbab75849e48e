"""``send``, ``history``, ``transcript`` and the token between them."""

from __future__ import annotations

import json
import re
import stat
import time

import pytest

from .conftest import talking

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def told(command, place, tmp_path):
    """A session in which something was said, by the file that holds its token."""
    token_file = tmp_path / "guest.token"
    ended = command("send", *place, "--token-file", str(token_file), "Show me a card")
    assert ended.status == 0, ended.err
    return token_file


def test_send_prints_what_is_answered(process, place, simulator):
    ended = process("send", *place, "--attribute", "plan=gold", "--attribute", "page=a=b", "Show me a card")

    assert (ended.status, ended.err) == (0, "")
    assert "Here is our product of the week." in ended.out
    (session,) = simulator.sessions
    assert session.customAttributes == {"plan": "gold", "page": "a=b"}


def test_send_prints_answers_as_json(command, place):
    ended = command("send", *place, "--json", "--join", "hello")

    texts = [json.loads(line)["text"] for line in ended.out.splitlines()]
    assert texts[0] == "Hello! I am the bot of this simulator."
    assert texts[-1].startswith("Hello! Ask me")


def test_send_takes_its_text_from_a_pipe(command, place, simulator):
    for arguments in (("-",), ()):
        ended = command("send", *place, "--wait", "0", *arguments, typed="two\nlines\n")
        assert (ended.status, ended.err) == (0, "")

    assert [session.conversation.texts[0] for session in simulator.sessions] == ["two\nlines"] * 2


@pytest.mark.parametrize(
    ("shape", "told_as"),
    [
        ("csv", "time,sender,direction,text,extras,id\n"),
        ("csv", ",Demo Bot,Outbound,Here is our product of the week.,card: Sun hat Order it | Tell me more"),
        ("markdown", "> Here is our product of the week."),
        ("jsonl", '"text": "Here is our product of the week."'),
    ],
)
def test_send_prints_answers_in_every_format(command, place, shape, told_as):
    ended = command("send", *place, "--format", shape, "Show me a card")

    assert (ended.status, ended.err) == (0, "")
    assert told_as in ended.out


def test_somebody_who_never_stops_talking_is_not_listened_to_for_ever(command, place, simulator):
    with simulator.agent("demo", name="Ann") as agent, talking(agent):
        began = time.monotonic()
        ended = command("send", *place, "--wait", "1", "hello")

    assert ended.status == 0
    assert "blah" in ended.out
    assert time.monotonic() - began < 15


def test_send_does_not_wait_when_told_so(command, place, simulator):
    ended = command("send", *place, "--wait", "0", "hello")

    assert (ended.status, ended.out) == (0, "")
    assert simulator.sessions[0].conversation.texts[0] == "hello"


def test_send_uploads_files(command, place, simulator, tmp_path):
    picture = tmp_path / "hat.png"
    picture.write_bytes(b"\x89PNG" + bytes(5000))
    ended = command("send", *place, "--attach", str(picture), "Look")

    assert ended.status == 0
    assert "Thank you for hat.png." in ended.out
    assert "uploading hat.png: 100 % of 5.0 kB" in ended.err


def test_a_file_that_is_not_allowed_is_refused(command, place, tmp_path):
    program = tmp_path / "setup.exe"
    program.write_bytes(b"MZ")
    ended = command("send", *place, "--attach", str(program))

    assert ended.status == 1
    assert "setup.exe" in ended.err
    assert ended.err.count("\n") == 1


def test_the_same_token_goes_on_with_the_session(command, place, told, simulator):
    before = told.read_text(encoding="utf-8")
    ended = command("send", *place, "--token-file", str(told), "hello again")

    assert ended.status == 0
    assert told.read_text(encoding="utf-8") == before
    (session,) = simulator.sessions
    assert session.conversation.texts[0] == "Show me a card"
    assert "hello again" in session.conversation.texts


def test_the_token_is_in_a_file_for_its_owner_only_and_nowhere_else(command, place, told):
    assert stat.S_IMODE(told.stat().st_mode) == 0o600
    token = told.read_text(encoding="utf-8").strip()
    assert UUID.fullmatch(token)
    for args in (
        ("send", "--wait", "0", "hello"),
        ("history",),
        ("history", "--format", "json"),
        ("transcript",),
        ("check",),
    ):
        ended = command("-v", args[0], *place, "--token-file", str(told), *args[1:])
        assert ended.status == 0
        assert token not in ended.out + ended.err, args


def test_the_token_is_shown_to_who_asks_for_it(command, place, told):
    ended = command("send", *place, "--token-file", str(told), "--show-token", "--wait", "0", "hi")

    assert ended.err == f"token: {told.read_text(encoding='utf-8')}"


def test_verbose_logs_frames_without_what_they_say(command, place):
    ended = command("-v", "send", *place, "--attribute", "plan=gold", "--wait", "0", "my secret text")

    assert '"action": "onMessage"' in ended.err
    assert "my secret text" not in ended.err
    assert "gold" not in ended.err


def test_the_history_is_a_table(command, place, told):
    ended = command("history", *place, "--token-file", str(told))

    assert (ended.status, ended.err) == (0, "")
    heading, asked, answered = ended.out.splitlines()
    assert heading == "Time                 Who       Message"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  You       Show me a card", asked)
    assert "Demo Bot  Here is our product of the week. | Sun hat" in answered


def test_the_history_is_json(command, place, told, simulator):
    ended = command("history", *place, "--format", "json", env={"GENESYS_TOKEN": told.read_text().strip()})

    messages = json.loads(ended.out)
    assert [message["id"] for message in messages] == [
        message.id for message in simulator.sessions[0].conversation.messages
    ]
    assert messages[1]["content"][0]["card"]["title"] == "Sun hat"


def test_the_last_of_the_history(command, place, told):
    ended = command("history", *place, "--token-file", str(told), "--format", "json", "--last", "1")

    assert [message["direction"] for message in json.loads(ended.out)] == ["Outbound"]


@pytest.mark.parametrize(
    ("arguments", "told_as"),
    [
        (("history", "--format", "csv"), ",You,Inbound,Show me a card,,".replace("You", "Guest")),
        (("history", "--json"), '"title": "Sun hat"'),
        (("history", "--format", "jsonl"), '"title": "Sun hat"'),
        (("transcript", "--json"), '"sender": "Demo Bot"'),
        (("transcript", "--format", "csv"), ",Demo Bot,Outbound,Here is our product of the week.,card: Sun hat"),
        (("history", "--format", "markdown"), "> Here is our product of the week."),
        (("transcript",), "Demo Bot: Here is our product of the week."),
        (("transcript", "--format", "markdown"), "**Demo Bot**"),
        (("transcript", "--format", "jsonl"), '"text": "Here is our product of the week."'),
    ],
)
def test_the_conversation_on_paper(command, place, told, arguments, told_as):
    ended = command(arguments[0], *place, "--token-file", str(told), *arguments[1:])

    assert (ended.status, ended.err) == (0, "")
    assert told_as in ended.out


def test_a_transcript_goes_into_a_file_as_its_name_says(command, place, told, tmp_path):
    target = tmp_path / "talk.md"
    ended = command("transcript", *place, "--token-file", str(told), "--output", str(target))

    assert (ended.status, ended.out) == (0, "")
    assert "2 messages" in ended.err
    assert "**Demo Bot**" in target.read_text(encoding="utf-8")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "begins"), [("talk.csv", "time,sender,"), ("talk.json", "[\n  {"), ("talk.jsonl", '{"time": ')]
)
def test_the_name_of_the_file_says_how_it_is_written(command, place, told, tmp_path, name, begins):
    command("transcript", *place, "--token-file", str(told), "-o", str(tmp_path / name))

    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)


def test_a_token_file_that_is_not_there_is_said(command, place, tmp_path):
    missing = tmp_path / "guest.token"
    ended = command("history", *place, "--token-file", str(missing))
    assert (ended.status, f"there is no file {missing}" in ended.err) == (2, True)

    nowhere = tmp_path / "no" / "guest.token"
    ended = command("send", *place, "--token-file", str(nowhere), "hello")
    assert (ended.status, "there is no directory" in ended.err) == (2, True)

    ended = command("send", *place, "--wait", "0", "--token-file", str(missing), "hello")
    assert (ended.status, ended.err) == (0, f"{missing} is new: it holds the token of a new session\n")


def test_a_file_that_cannot_be_written_is_said(command, place, told, tmp_path):
    ended = command("transcript", *place, "--token-file", str(told), "-o", str(tmp_path / "no" / "talk.md"))

    assert ended.status == 2
    assert "No such file or directory" in ended.err
    assert "Traceback" not in ended.err


def test_a_session_that_is_not_there_is_said(command, place):
    env = {"GENESYS_TOKEN": "6b2f0d5e-26b5-4d4c-9f3e-0d6f2a4b7c10"}
    ended = command("history", *place, env=env)

    assert ended.status == 1
    assert ended.err == "Error: there is no session with that token, or it has expired\n"


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (("history",), {}, "GENESYS_TOKEN"),
        (("history",), {"GENESYS_TOKEN": "not-a-token"}, "UUID"),
        (("send",), {}, "nothing to send"),
        (("send", "--attribute", "plan", "hi"), {}, "KEY=VALUE"),
        (("send", "--attach", "/no/such/file", "hi"), {}, "/no/such/file"),
    ],
)
def test_what_is_missing_is_said(command, arguments, env, said):
    place = ("--address", "ws://127.0.0.1:1/v1", "--deployment-id", "demo")
    ended = command(arguments[0], *place, *arguments[1:], env=env)

    assert ended.status == 2
    assert said in ended.err
    assert "not-a-token" not in ended.err


def test_the_environment_says_where(command, simulator):
    env = {"GENESYS_ADDRESS": simulator.address, "GENESYS_DEPLOYMENT_ID": "demo", "GENESYS_ORIGIN": "https://a.example"}
    ended = command("send", "--wait", "0", "hello", env=env)

    assert (ended.status, ended.err) == (0, "")
    assert simulator.connections[0].origin == "https://a.example"


def test_what_is_typed_beats_the_environment(command, simulator):
    env = {"GENESYS_REGION": "eu_central_1", "GENESYS_DEPLOYMENT_ID": "x"}
    place = ("--address", simulator.address, "--deployment-id", "demo")
    ended = command("send", *place, "--wait", "0", "hello", env=env)

    assert (ended.status, ended.err) == (0, "")
