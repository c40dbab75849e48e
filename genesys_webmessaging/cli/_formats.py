"""Results on paper, in each of the formats: rows of anything, and messages."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

import click
from rich.table import Table
from rich.text import Text

from ..companions import Transcript
from ..companions._seen import is_typing
from ..companions.transcript import entryOf
from ..exceptions import RequestError
from ..models import StructuredMessage, WebMessagingMessage
from ._message import Shown, show
from ._options import Place
from ._screen import Screen, make_console
from ._text import clean, moment, one_line

Row = Mapping[str, object]
Messages = Sequence[WebMessagingMessage]

# The columns of messages in CSV.
COLUMNS = ("time", "sender", "direction", "text", "extras", "id")


def as_rows(rows: Sequence[Row], shape: str) -> str:
    """Rows of the same columns, in any format but text."""
    return _ROWS[shape](rows)


def _json(rows: Iterable[Row]) -> str:
    return json.dumps(list(rows), indent=2, ensure_ascii=False) + "\n"


def _json_lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _markdown(rows: Sequence[Row]) -> str:
    columns = list(rows[0]) if rows else []
    lines = [columns, ["---"] * len(columns), *([_cell(row[column]) for column in columns] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: object) -> str:
    return one_line(value).replace("|", r"\|")


def _csv(rows: Sequence[Row]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return _harmless(written.getvalue())


_ROWS: dict[str, Callable[[Sequence[Row]], str]] = {
    "json": _json,
    "jsonl": _json_lines,
    "markdown": _markdown,
    "csv": _csv,
}


# The messages of a session


def messages_of(place: Place, token: str) -> list[WebMessagingMessage]:
    """The messages of a session, oldest first.

    Raises:
        RequestError: There is no such session any more.
    """
    with place.open(token) as chat:
        if chat.sessionResponse is not None and chat.sessionResponse.newSession:
            raise RequestError("there is no session with that token, or it has expired")
        return chat.history()


def as_history(messages: Messages, shape: str) -> str:
    """Messages as the server has them: the text is a table, JSON is what the server gave."""
    if shape == "text":
        return as_table(messages)
    if shape in {"json", "jsonl"}:
        return as_rows([message.to_dict() for message in messages], shape)
    return as_transcript(messages, shape)


def as_table(messages: Messages) -> str:
    """A row for each message: time, who, what. On a terminal long messages are wrapped within their column."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("Time", "Who", "Message"):
        table.add_column(heading, no_wrap=heading == "Time", overflow="fold")
    for message in messages:
        shown = show(message)
        told = "\n".join(part for part in (shown.text, *shown.notes) if part)
        table.add_row(_when(message), Text(shown.who), Text(one_line(told)))
    written = io.StringIO()
    make_console(written, like=sys.stdout).print(table)
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())


def as_transcript(messages: Messages, shape: str) -> str:
    """A conversation to keep: who said what, without the URLs of files."""
    heard = [StructuredMessage.from_dict(message.to_dict()) for message in messages]
    if shape == "csv":
        return _csv_head() + "".join(map(_csv_line, heard))
    transcript = Transcript()
    for message in heard:
        transcript.structuredMessage(message, "")
    if shape == "json":
        return _json(map(json.loads, transcript.asJsonLines().splitlines()))
    if shape == "jsonl":
        return transcript.asJsonLines()
    return clean(transcript.asMarkdown() if shape == "markdown" else transcript.asText())


def _when(message: WebMessagingMessage) -> str:
    time = moment(message.channel.time) if message.channel is not None else None
    return f"{time:%Y-%m-%d %H:%M:%S}" if time else ""


class MessageWriter:
    """Writes messages to standard output as they come.

    Args:
        shape: The format. JSON is an object on each line here, since nobody knows which message will be the last.
        screen: Where text is shown.
    """

    def __init__(self, shape: str, screen: Screen) -> None:
        self._shape = shape
        self._screen = screen
        if shape == "csv":
            click.echo(_csv_head(), nl=False)

    def write(self, message: StructuredMessage, shown: Shown | None = None) -> None:
        """Write a message.

        Args:
            message: The message.
            shown: What :func:`show` made of it, if that is known already.
        """
        if self._shape == "text":
            self._screen.message(shown or show(message))
        elif is_typing(message):
            return
        elif self._shape == "csv":
            click.echo(_csv_line(message), nl=False)
        elif self._shape == "markdown":
            transcript = Transcript()
            transcript.structuredMessage(message, "")
            click.echo(clean(transcript.asMarkdown()), nl=False)
        else:
            click.echo(json.dumps(message.to_dict(), ensure_ascii=False))


def _csv_head() -> str:
    return ",".join(COLUMNS) + "\n"


def _csv_line(message: StructuredMessage) -> str:
    entry = entryOf(message)
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(
        [entry.time, entry.sender, message.direction, entry.text, "; ".join(entry.extras), message.id]
    )
    return _harmless(written.getvalue())


def _harmless(text: str) -> str:
    """Data as they are, unless a terminal is to show them."""
    return clean(text) if sys.stdout.isatty() else text
