"""A conversation to read afterwards."""

from __future__ import annotations

import html
import json
import os
import re
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TextIO

from .._base.hints import Hinting
from .._base.threads import logger_of
from .._core.offers import components_of
from ..listener import SessionListener
from ..models import (
    ContentForm,
    ContentListPicker,
    ContentListPickerItem,
    Direction,
    OriginatingEntity,
    StructuredMessage,
)
from ..models.message import text_of
from ._seen import is_said

__all__ = ["Transcript", "TranscriptEntry", "TranscriptFormat"]

log = logger_of(__name__)

# What could command a terminal, or break the line that an entry is.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class TranscriptFormat(str, Enum):
    """How a transcript is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON_LINES = "jsonl"

    @classmethod
    def _missing_(cls, value: object) -> TranscriptFormat:
        raise ValueError(f"format must be one of {', '.join(cls)}, not {value!r}")


@dataclass(frozen=True)
class TranscriptEntry:
    """One message.

    Attributes:
        time: When it was said, ISO 8601, as the server told it; None when it did not.
        sender: Who said it: a name, or Guest, Bot or Agent.
        text: What was said, "" if nothing was.
        extras: Everything else in a few words each: "attachment: hat.png", "quick replies: Yes | No"; first of all
            "late", if it was found in the history after newer messages had been heard.
        message: The whole message.
    """

    time: str | None
    sender: str
    text: str
    extras: tuple[str, ...]
    message: StructuredMessage = field(repr=False)


class Transcript(Hinting, SessionListener):
    """Writes down what is said, as it happens.

    Typing and the answers to a :class:`Heartbeat` are left out. Behind a :class:`Reconnector` each message is written
    once, in order: ``Reconnector(client, mine, Transcript("today.txt"))``. Download URLs, which are secrets, are not
    written.

    Args:
        destination: A file to append to (made so that only its owner can read it), or a stream that is already open;
            None keeps the entries in memory only.
        format: How the file is written.
        keepEntries: So many entries are kept in memory, the latest ones; None for all. The file has them all.

    Raises:
        OSError: The file cannot be opened.
        ValueError: There is no such format.
    """

    def __init__(
        self,
        destination: str | os.PathLike[str] | TextIO | None = None,
        *,
        format: TranscriptFormat | str = TranscriptFormat.TEXT,
        keepEntries: int | None = None,
    ) -> None:
        self._write_as = _WRITERS[TranscriptFormat(format)]
        # Guards _messages and _file.
        self._lock = threading.Lock()
        self._messages: deque[StructuredMessage] = deque(maxlen=keepEntries)
        self._opened_here = isinstance(destination, (str, os.PathLike))
        self._file: TextIO | None = None
        if isinstance(destination, (str, os.PathLike)):
            self._file = open(  # noqa: SIM115
                destination, "a", encoding="utf-8", errors="replace", newline="\n", opener=_private
            )
        else:
            self._file = destination

    def __enter__(self) -> Transcript:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, if this object has opened it. Entries are still kept in memory."""
        with self._lock:
            file, self._file = self._file, None
            if file is not None and self._opened_here:
                file.close()

    @property
    def entries(self) -> list[TranscriptEntry]:
        """What was said so far."""
        return list(map(entryOf, self.messages))

    @property
    def messages(self) -> list[StructuredMessage]:
        """The messages of the entries."""
        with self._lock:
            return list(self._messages)

    def asText(self) -> str:
        """The transcript as plain text, a line for each message."""
        return "".join(map(_as_text, self.entries))

    def asMarkdown(self) -> str:
        """The transcript as Markdown."""
        return "".join(map(_as_markdown, self.entries))

    def asJsonLines(self) -> str:
        """The transcript as JSON, one object in a line for each message."""
        return "".join(map(_as_json, self.entries))

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Write a message down."""
        del rawMessage
        if not is_said(structuredMessage):
            return
        with self._lock:
            self._messages.append(structuredMessage)
            if self._file is not None:
                _write(self._file, self._write_as(entryOf(structuredMessage)))
                self._file.flush()


def entryOf(message: StructuredMessage) -> TranscriptEntry:
    """A message as it stands in a transcript."""
    offers = message.direction != Direction.INBOUND
    late = ["late"] if message.late else []
    extras = [*late, *_content(message.content, offers=offers), *_events(message.events)]
    told = text_of(message.channel.time) if message.channel is not None else ""
    return TranscriptEntry(told or None, _sender(message), text_of(message.text), tuple(extras), message)


def _write(file: TextIO, text: str) -> None:
    """Write a text; what the encoding of the file has no characters for is replaced."""
    try:
        file.write(text)
    except UnicodeEncodeError:
        encoding = file.encoding or "ascii"
        file.write(text.encode(encoding, "replace").decode(encoding))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sender(message: StructuredMessage) -> str:
    channel = message.channel
    sender = channel.from_ if channel is not None else None
    if sender is not None:
        name = text_of(sender.nickname) or " ".join(filter(None, map(text_of, (sender.firstName, sender.lastName))))
        if name:
            return name
    if message.direction == Direction.INBOUND:
        return "Guest"
    return "Bot" if message.originatingEntity == OriginatingEntity.BOT else "Agent"


def _content(content: Iterable[Any], *, offers: bool) -> Iterable[str]:
    replies: list[str] = []
    for item in content:
        if item is None:
            continue
        if item.quickReply is not None:
            replies.append(text_of(item.quickReply.text))
        elif item.buttonResponse is not None and offers:
            replies.append(text_of(item.buttonResponse.text) or text_of(item.buttonResponse.payload))
        elif item.attachment is not None:
            yield f"attachment: {text_of(item.attachment.filename) or text_of(item.attachment.id) or '?'}"
        elif item.buttonResponse is not None:
            yield f"chose: {text_of(item.buttonResponse.text) or text_of(item.buttonResponse.payload) or '?'}"
        elif item.card is not None:
            yield _card(item.card)
        elif item.carousel is not None:
            yield from (_card(card) for card in item.carousel.cards if card is not None)
        elif item.datePicker is not None:
            times = [str(time.to_dict().get("dateTime", "?")) for time in item.datePicker.availableTimes if time]
            yield _with(f"dates: {text_of(item.datePicker.title)}", times)
        elif item.listPicker is not None:
            yield _with("list:", [text_of(choice.title) or "?" for choice in _items(item.listPicker)])
        elif item.form is not None:
            yield _form(item.form)
        else:
            yield text_of(item.contentType) or "content"
    if replies:
        yield _with("quick replies:", replies)


def _items(picker: ContentListPicker) -> Iterable[ContentListPickerItem]:
    return (item for section in picker.sections if section is not None for item in section.items if item is not None)


def _form(form: ContentForm) -> str:
    if not form.response:
        questions = [(question.names or (question.id,))[0] for question in components_of(form)]
        return _with("form:", [text_of(question) for question in questions])
    answers = [one.component.buttonResponse for one in form.response if one is not None and one.component is not None]
    return _with("form filled in:", [text_of(answer.text) or "-" for answer in answers if answer is not None])


def _card(card: Any) -> str:
    actions = [text_of(action.text) or "?" for action in card.actions if action is not None]
    return _with(f"card: {text_of(card.title)}", actions)


def _with(name: str, choices: list[str]) -> str:
    return " ".join([name.strip(), " | ".join(choices)]).strip()


def _events(events: Iterable[Any]) -> Iterable[str]:
    for event in events:
        if event is not None and event.presence is not None:
            yield f"presence: {text_of(event.presence.type) or '?'}"
        elif event is not None:
            yield f"event: {text_of(event.eventType) or '?'}"


def _lines(entry: TranscriptEntry) -> list[str]:
    lines = [_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", line) for line in entry.text.replace("\r\n", "\n").split("\n")]
    lines += [f"[{_in_one_line(extra)}]" for extra in entry.extras]
    return [line for line in lines if line] or [""]


def _in_one_line(text: str) -> str:
    return _CONTROLS.sub(" ", " ".join(text.split("\n")))


def _as_text(entry: TranscriptEntry) -> str:
    head = f"{entry.time or '?'} {_in_one_line(entry.sender)}: "
    return head + "\n    ".join(_lines(entry)) + "\n"


def _as_markdown(entry: TranscriptEntry) -> str:
    said = "\n".join(f"> {html.escape(line, quote=False)}  " for line in _lines(entry))
    sender = html.escape(_in_one_line(entry.sender).replace("*", r"\*"), quote=False)
    return f"**{sender}**, {entry.time or '?'}\n\n{said}\n\n"


def _as_json(entry: TranscriptEntry) -> str:
    message = entry.message.to_dict()
    shown: dict[str, Any] = {
        "time": entry.time,
        "sender": entry.sender,
        **({"late": True} if entry.message.late else {}),
        **{key: message[key] for key in ("direction", "id", "type", "text", "content", "events") if key in message},
    }
    content = shown.get("content")
    for item in content if isinstance(content, list) else ():
        if isinstance(item, dict) and isinstance(item.get("attachment"), dict):
            item["attachment"].pop("url", None)
    return json.dumps(shown, ensure_ascii=False) + "\n"


_WRITERS = {
    TranscriptFormat.TEXT: _as_text,
    TranscriptFormat.MARKDOWN: _as_markdown,
    TranscriptFormat.JSON_LINES: _as_json,
}
