"""The messages of a session on paper: table, text, Markdown, JSON."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Sequence

from rich.table import Table
from rich.text import Text

from ..companions import Transcript
from ..exceptions import RequestError
from ..models import StructuredMessage, WebMessagingMessage
from ._message import Shown, show
from ._options import Place
from ._screen import make_console
from ._text import clean, moment, one_line

Messages = Sequence[WebMessagingMessage]


def messages_of(place: Place, token: str) -> list[WebMessagingMessage]:
    """The messages of a session, oldest first.

    Raises:
        RequestError: There is no such session any more.
    """
    with place.open(token) as chat:
        if chat.sessionResponse is not None and chat.sessionResponse.newSession:
            raise RequestError("there is no session with that token, or it has expired")
        return chat.history()


def as_table(messages: Messages) -> str:
    """A row for each message: time, who, what. On a terminal long messages are wrapped within their column."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("Time", "Who", "Message"):
        table.add_column(heading, no_wrap=heading == "Time", overflow="fold")
    for message in messages:
        shown = show(message)
        table.add_row(_when(message), Text(shown.who), Text(one_line(_said(shown))))
    written = io.StringIO()
    console = make_console(written, like=sys.stdout)
    console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())


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
    return f"{time:%Y-%m-%d %H:%M:%S}" if time else ""


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
