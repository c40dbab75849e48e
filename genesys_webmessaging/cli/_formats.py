"""The messages of a session on paper: table, text, Markdown, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ._message import Shown, show
from ._text import moment, one_line

Lines = Iterator[str]


def when(message: Any) -> str:
    """Date and time of a message, in local time; blanks of the same width when it has none."""
    time = moment(message.channel.time) if message.channel is not None else None
    return f"{time:%Y-%m-%d %H:%M:%S}" if time else " " * 19


def said(shown: Shown) -> str:
    """What a message says, or what happened in it."""
    return "\n".join(part for part in (shown.text, *shown.notes) if part)


def as_table(messages: Iterable[Any]) -> Lines:
    """One line for each message: time, who, what."""
    rows = [(when(message), shown.who, one_line(said(shown))) for message in messages for shown in (show(message),)]
    width = max([len(who) for _, who, _ in rows] + [3])
    yield f"{'Time':<19}  {'Who':<{width}}  Message"
    for time, who, text in rows:
        yield f"{time}  {who:<{width}}  {text}"


def as_text(messages: Iterable[Any]) -> Lines:
    """A paragraph for each message, to be read."""
    for message in messages:
        shown = show(message)
        first, *rest = said(shown).split("\n")
        yield f"[{when(message)}] {shown.who}: {first}" if shown.pieces else f"[{when(message)}] {first}"
        yield from (f"    {line}" for line in rest)


def as_markdown(messages: Iterable[Any]) -> Lines:
    """A heading and a quotation for each message. Markdown in the messages stays Markdown; HTML does not stay HTML."""
    yield "# Conversation"
    for message in messages:
        shown = show(message)
        yield ""
        if shown.pieces:
            yield f"**{_harmless(shown.who)}** \u00b7 {when(message)}"
            yield ""
            # Two blanks at the end keep the lines apart.
            yield from (f"> {_harmless(line)}  " for line in shown.text.split("\n"))
        yield from (f"*{_harmless(note)}* \u00b7 {when(message)}" for note in shown.notes)


def as_json(messages: Iterable[Any]) -> Lines:
    """One JSON array with the messages as the server gave them."""
    yield json.dumps([message.to_dict() for message in messages], indent=2, ensure_ascii=False)


def as_json_lines(messages: Iterable[Any]) -> Lines:
    """One JSON object on a line for each message."""
    for message in messages:
        yield json.dumps(message.to_dict(), ensure_ascii=False)


def _harmless(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;")


FORMATS: dict[str, Callable[[Iterable[Any]], Lines]] = {
    "table": as_table,
    "text": as_text,
    "markdown": as_markdown,
    "json": as_json,
    "jsonl": as_json_lines,
}
