"""The messages of a session on paper: table, text, Markdown, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from ..companions import Transcript
from ..models import StructuredMessage, WebMessagingMessage
from ._message import Shown, show
from ._text import clean, moment, one_line

Messages = Sequence[WebMessagingMessage]


def as_table(messages: Messages) -> str:
    """A line for each message: time, who, what."""
    rows = [(_when(message), shown.who, one_line(_said(shown))) for message in messages for shown in (show(message),)]
    width = max([len(who) for _, who, _ in rows] + [3])
    heading = f"{'Time':<19}  {'Who':<{width}}  Message\n"
    return heading + "".join(f"{time}  {who:<{width}}  {text}\n" for time, who, text in rows)


def as_json(messages: Messages) -> str:
    """One JSON array with the messages as the server gave them."""
    return json.dumps([message.to_dict() for message in messages], indent=2, ensure_ascii=False) + "\n"


def as_text(messages: Messages) -> str:
    """A transcript to read."""
    return clean(_transcript(messages).asText())


def as_markdown(messages: Messages) -> str:
    """A transcript in Markdown."""
    return clean(_transcript(messages).asMarkdown())


def as_json_lines(messages: Messages) -> str:
    """A transcript with one JSON object on a line for each message."""
    return _transcript(messages).asJsonLines()


def _when(message: WebMessagingMessage) -> str:
    time = moment(message.channel.time) if message.channel is not None else None
    return f"{time:%Y-%m-%d %H:%M:%S}" if time else " " * 19


def _said(shown: Shown) -> str:
    return "\n".join(part for part in (shown.text, *shown.notes) if part)


def _transcript(messages: Messages) -> Transcript:
    transcript = Transcript()
    for message in messages:
        transcript.structuredMessage(StructuredMessage.from_dict(message.to_dict()), "")
    return transcript


FORMATS: dict[str, Callable[[Messages], str]] = {
    "table": as_table,
    "text": as_text,
    "markdown": as_markdown,
    "json": as_json,
    "jsonl": as_json_lines,
}
