"""A conversation to read afterwards."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from genesys_webmessaging.companions import Transcript, TranscriptFormat
from genesys_webmessaging.models import Direction, StructuredMessage

TIME = "2030-01-01T10:00:00.000Z"


def say(transcript: Transcript, text: str | None = None, sender: dict[str, Any] | None = None, **fields: Any) -> None:
    document = {"id": "1", "direction": "Outbound", "type": "Text", "text": text, **fields}
    document["channel"] = {"time": TIME, "from": sender}
    transcript.structuredMessage(StructuredMessage.from_dict(document), "{}")


def said(text: str) -> StructuredMessage:
    return StructuredMessage(direction=Direction.OUTBOUND, text=text)


def test_text_has_a_line_for_each_message_as_it_happens(tmp_path: Path) -> None:
    file = tmp_path / "talk.txt"
    with Transcript(file) as transcript:
        say(transcript, "Hello", direction="Inbound")
        assert file.read_text("utf-8") == f"{TIME} Guest: Hello\n"
        say(transcript, "Hi!\nHow can I help?", {"nickname": "Ann"})
    with Transcript(file) as transcript:
        say(transcript, "Later", {"firstName": "Ann", "lastName": "Lee"})
    assert file.read_text("utf-8").splitlines() == [
        f"{TIME} Guest: Hello",
        f"{TIME} Ann: Hi!",
        "    How can I help?",
        f"{TIME} Ann Lee: Later",
    ]
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_entries_and_every_format_are_at_hand_in_memory() -> None:
    transcript = Transcript()
    say(transcript, "a < b", originatingEntity="Bot")
    say(transcript, "two\nlines")
    assert [(entry.sender, entry.text) for entry in transcript.entries] == [("Bot", "a < b"), ("Agent", "two\nlines")]
    assert transcript.asText().startswith(f"{TIME} Bot: a < b\n")
    assert transcript.asMarkdown() == f"**Bot**, {TIME}\n\n> a &lt; b  \n\n**Agent**, {TIME}\n\n> two  \n> lines  \n\n"
    assert [json.loads(line)["text"] for line in transcript.asJsonLines().splitlines()] == ["a < b", "two\nlines"]


CONTENT = [
    ({"attachment": {"filename": "hat.png", "url": "https://x/secret"}}, "attachment: hat.png"),
    ({"buttonResponse": {"text": "Yes", "payload": "y"}}, "chose: Yes"),
    ({"card": {"title": "Hat", "actions": [{"text": "Buy"}, {"text": "More"}]}}, "card: Hat Buy | More"),
    ({"carousel": {"cards": [{"title": "Hat", "actions": []}]}}, "card: Hat"),
    (
        {"datePicker": {"title": "When?", "availableTimes": [{"dateTime": "2030-01-01T09:00:00Z"}]}},
        "dates: When? 2030-01-01T09:00:00Z",
    ),
    ({"contentType": "Hologram", "hologram": {}}, "Hologram"),
]


def test_replies_that_are_offered_as_button_responses_are_quick_replies() -> None:
    transcript = Transcript()
    offered = [{"buttonResponse": {"text": text, "payload": text}} for text in ("Yes", "No")]
    say(transcript, "Well?", content=offered)
    assert transcript.entries[0].extras == ("quick replies: Yes | No",)


@pytest.mark.parametrize(("content", "shown"), CONTENT, ids=[shown.split(":")[0] for _, shown in CONTENT])
def test_content_is_told_in_a_few_words(content: dict[str, Any], shown: str) -> None:
    transcript = Transcript()
    say(transcript, "see", content=[content], direction="Inbound" if "chose" in shown else "Outbound")
    assert transcript.entries[0].extras == (shown,)
    assert f"\n    [{shown}]\n" in transcript.asText()
    assert "secret" not in transcript.asText() + transcript.asMarkdown() + transcript.asJsonLines()


def test_quick_replies_stand_in_one_line() -> None:
    transcript = Transcript()
    replies = [{"contentType": "QuickReply", "quickReply": {"text": text}} for text in ("Yes", "No")]
    say(transcript, "Sure?", content=replies)
    assert transcript.entries[0].extras == ("quick replies: Yes | No",)


def test_typing_and_heartbeats_are_left_out_and_presence_is_not() -> None:
    transcript = Transcript()
    say(transcript, events=[{"eventType": "Typing", "typing": {"type": "On"}}], type="Event")
    say(transcript, "ping", direction="Inbound", tracingId="68656172-7462-4000-8000-000000000000")
    say(transcript, events=[{"eventType": "Presence", "presence": {"type": "Disconnect"}}], type="Event")
    assert [entry.extras for entry in transcript.entries] == [("presence: Disconnect",)]


def test_what_would_command_a_terminal_is_made_harmless() -> None:
    transcript = Transcript()
    say(transcript, "\x1b[2Jgone\r\nand\x07", {"nickname": "E\x1bve\n"}, content=[{"card": {"title": "\x1b]0;x"}}])
    assert not {"\x1b", "\x07", "\r"} & set(transcript.asText() + transcript.asMarkdown())
    assert transcript.asText().count("\n") == 3


def test_json_lines_hold_the_message(tmp_path: Path) -> None:
    stream = io.StringIO()
    transcript = Transcript(stream, format="jsonl")
    say(transcript, "ünï", {"nickname": "Ann"})
    transcript.close()
    assert json.loads(stream.getvalue()) == {
        "time": TIME,
        "sender": "Ann",
        "direction": "Outbound",
        "id": "1",
        "type": "Text",
        "text": "ünï",
    }
    assert "ünï" in stream.getvalue()


def test_a_format_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="docx"):
        Transcript(format="docx")
    assert TranscriptFormat("markdown") is TranscriptFormat.MARKDOWN


def test_a_directory_is_no_file_to_write_to(tmp_path: Path) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the system's own sentence
        Transcript(tmp_path)


def test_what_the_encoding_of_a_stream_does_not_have_is_replaced() -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="ascii")
    transcript = Transcript(stream)
    transcript.structuredMessage(said("caf\N{LATIN SMALL LETTER E WITH ACUTE} \ud800"), "")
    transcript.structuredMessage(said("end"), "")
    assert b"caf? ?" in written.getvalue()
    assert b"end" in written.getvalue()


def test_an_unpaired_surrogate_costs_no_message_in_a_file(tmp_path: Path) -> None:
    with Transcript(tmp_path / "talk.jsonl", format="jsonl") as transcript:
        transcript.structuredMessage(said("a \ud800 b"), "")
        transcript.structuredMessage(said("end"), "")
    assert len((tmp_path / "talk.jsonl").read_text("utf-8").splitlines()) == 2


def test_a_message_that_came_late_is_shown_as_late() -> None:
    transcript = Transcript()
    message = said("missed")
    message.late = True
    transcript.structuredMessage(message, "")
    transcript.structuredMessage(said("in time"), "")
    assert transcript.asText().splitlines()[1].strip() == "[late]"
    assert "[late]" in transcript.asMarkdown()
    assert [json.loads(line).get("late") for line in transcript.asJsonLines().splitlines()] == [True, None]


def test_only_the_latest_entries_are_kept_if_so_wanted() -> None:
    transcript = Transcript(keepEntries=2)
    for number in range(5):
        transcript.structuredMessage(said(str(number)), "")
    assert [entry.text for entry in transcript.entries] == ["3", "4"]


def test_lists_and_forms_are_shown_in_a_few_words() -> None:
    sections = [{"title": "Colours", "items": [{"id": "r", "title": "Red"}, {"id": "b", "title": "Blue"}]}]
    pages = [{"pageComponents": [{"input": {"id": "n", "title": "Your name"}}, {"datePicker": {"id": "d"}}]}]
    answer = {"component": {"buttonResponse": {"type": "Form", "text": "Ann", "payload": "Ann"}}, "id": "n"}
    transcript = Transcript()
    for content in (
        {"contentType": "ListPicker", "listPicker": {"sections": sections}},
        {"contentType": "Form", "form": {"formPages": pages}},
        {"contentType": "Form", "form": {"response": [answer]}},
    ):
        say(transcript, content=[content])
    assert [entry.extras for entry in transcript.entries] == [
        ("list: Red | Blue",),
        ("form: Your name | d",),
        ("form filled in: Ann",),
    ]
