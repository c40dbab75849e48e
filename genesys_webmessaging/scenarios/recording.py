"""A conversation that a person has, written down as a scenario that passes when it is run again."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from .._core import offers
from ..listener import SessionListener
from ..models import ButtonResponseType, Direction, EventPresenceType, MessageContent, StructuredMessage

__all__ = ["ScenarioRecorder"]

# What is another one each time: numbers, and the words of dates.
_CHANGES = re.compile(
    r"\d+|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"
    r"|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)


class ScenarioRecorder(SessionListener):
    """Hears a conversation, both sides, and writes it as a scenario file.

    Texts of the other side with numbers or dates become patterns. Custom attributes, which may be anybody's, become
    variables of the environment.

    Args:
        name: The scenario's name.
        config: What the file's ``config`` says: address or region, deploymentId, origin.
        customAttributes: The attributes of the conversation; their values are not written.
    """

    def __init__(self, name: str, config: Mapping[str, str], customAttributes: Mapping[str, str] | None = None) -> None:
        self._name = name
        self._config: dict[str, Any] = dict(config)
        if customAttributes:
            self._config["customAttributes"] = {key: f"${{{_variable(key)}}}" for key in customAttributes}
        # Guards the two lists: one is written by the dispatcher, the other by whoever sends files.
        self._lock = threading.Lock()
        self._steps: list[dict[str, Any]] = []
        self._paths: dict[str, str] = {}

    def sending(self, paths: Iterable[str | os.PathLike[str]]) -> None:
        """Note the paths of files that are about to be sent; a message tells their names alone."""
        with self._lock:
            self._paths.update((os.path.basename(path), os.fspath(path)) for path in paths)

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str, /) -> None:
        """Write down a step."""
        message = structuredMessage
        step = self._done(message) if message.direction == Direction.INBOUND else _expected(message)
        with self._lock:
            if any(_joins(event) for event in message.events):
                self._config["join"] = True
            if step is not None:
                self._steps.append(step)

    def as_yaml(self) -> str:
        """The scenario file."""
        with self._lock:
            document = {"config": self._config, "scenarios": {self._name: list(self._steps)}}
            return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)

    def _done(self, message: StructuredMessage) -> dict[str, Any] | None:
        content = [item for item in message.content if item is not None]
        names = [item.attachment.filename or "" for item in content if item.attachment is not None]
        if names:
            with self._lock:
                files = [_plain(self._paths.get(name, name)) for name in names]
            return {"attach": {"files": files, "text": _plain(message.text)} if message.text else files}
        for read in (_choice, _selection, _form):
            step = read(content)
            if step is not None:
                return step
        return {"say": _plain(message.text)} if message.text else None


def _choice(content: Iterable[MessageContent]) -> dict[str, Any] | None:
    keys = {
        str(ButtonResponseType.QUICKREPLY): "choose",
        str(ButtonResponseType.BUTTON): "press",
        str(ButtonResponseType.DATEPICKER): "pick",
    }
    for item in content:
        response = item.buttonResponse
        key = keys.get(str(response.type)) if response is not None else None
        if response is not None and key is not None:
            told = (response.payload or response.text) if key == "pick" else (response.text or response.payload)
            return {key: _plain(told or "")}
    return None


def _selection(content: Iterable[MessageContent]) -> dict[str, Any] | None:
    chosen = [
        _plain(item.buttonResponse.text or item.buttonResponse.payload or "")
        for item in content
        if item.buttonResponse is not None and str(item.buttonResponse.type) == "ListPicker"
    ]
    return {"select": chosen} if chosen else None


def _form(content: Iterable[MessageContent]) -> dict[str, Any] | None:
    for item in content:
        form = item.form
        if form is None:
            continue
        values: dict[str, list[str]] = {}
        for answer in form.response or ():
            response = answer.component.buttonResponse if answer is not None and answer.component is not None else None
            if answer is not None and response is not None and answer.id:
                told = values.setdefault(answer.id, [])
                if response.payload:
                    told.append(_plain(response.payload))
        return {"fill": {id_: told[0] if len(told) == 1 else told for id_, told in values.items() if told}}
    return None


def _expected(message: StructuredMessage) -> dict[str, Any] | None:
    expected: dict[str, Any] = {}
    if message.text:
        if _CHANGES.search(message.text):
            expected["matching"] = _plain(_pattern(message.text))
        else:
            expected["containing"] = _plain(message.text)
    replies = [_plain(reply.text or reply.payload or "") for reply in offers.replies_of(message)]
    if replies:
        expected["quickReplies"] = replies
    titles = [_plain(card.title) for card in offers.cards_of(message) if card.title]
    if titles:
        expected["cards"] = titles
    files = [item.attachment for item in message.content if item is not None and item.attachment is not None]
    if files:
        expected["media"] = [_plain(one.filename or one.mime or "*") for one in files]
    if any(_leaves(event) for event in message.events):
        read_only = str((message.metadata or {}).get("readOnly")).lower() == "true"
        return {"expectReadOnly" if read_only else "expectDisconnect": None}
    if set(expected) == {"containing"}:
        return {"expect": expected["containing"]}
    return {"expect": expected} if expected else None


def _pattern(text: str) -> str:
    """A pattern for a text of which the numbers and dates may be others."""
    parts = []
    at = 0
    for change in _CHANGES.finditer(text):
        parts += [re.escape(text[at : change.start()]), r"\d+" if change[0].isdigit() else r"\w+"]
        at = change.end()
    escaped = "".join([*parts, re.escape(text[at:])])
    # re.escape() escapes blanks too, which nobody wants to read.
    return "^" + escaped.replace(r"\ ", " ") + "$"


def _plain(text: str) -> str:
    return text.replace("${", "$${")


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", name).upper()


def _joins(event: Any) -> bool:
    presence = getattr(event, "presence", None)
    return presence is not None and presence.type == EventPresenceType.JOIN


def _leaves(event: Any) -> bool:
    presence = getattr(event, "presence", None)
    return presence is not None and presence.type == EventPresenceType.DISCONNECT
