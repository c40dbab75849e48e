"""Whether the history is what was heard live."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..models import StructuredMessage, WebMessagingMessage
from ._text import present


@dataclass(frozen=True)
class Report:
    """What a comparison found, as a sentence; ``fine``: nothing is wrong."""

    sentence: str
    fine: bool


def compare(heard: Iterable[StructuredMessage], history: Sequence[WebMessagingMessage], *, everything: bool) -> Report:
    """Compare what was heard live with the history.

    Ids are left out of it: whether those of the history equal the live ones is not known.

    Args:
        heard: In the order it came.
        history: As the server gives it, newest first.
        everything: Whether both must be the same, message by message. Else the history may hold
            more, and what is too new to be in it is only told.
    """
    live = [_essence(message) for message in heard]
    stored = [_essence(message) for message in reversed(history)]
    count = f"history: {len(stored)} message{'' if len(stored) == 1 else 's'} over REST"
    if everything:
        if live == stored:
            return Report(f"{count}, the same as heard live", True)
        return Report(f"{count}, which are not the {len(live)} that were heard live", False)
    live = [essence for essence in live if essence.says]
    rest = list(stored)
    found = 0
    for essence in live:
        if essence in rest:
            rest.remove(essence)
            found += 1
    if found == len(live):
        return Report(f"{count}, all {found} that were said here among them", True)
    return Report(f"{count}; of the {len(live)} that were said here {found} are in it so far", True)


@dataclass(frozen=True)
class _Essence:
    """What makes two messages the same to a person."""

    direction: str
    text: str
    content: tuple[Hashable, ...]
    events: tuple[str, ...]

    @property
    def says(self) -> bool:
        return bool(self.text or self.content)


def _essence(message: Any) -> _Essence:
    return _Essence(
        str(message.direction or ""),
        message.text or "",
        tuple(_kind_and_answer(content) for content in present(message.content)),
        tuple(str(event.eventType) for event in present(message.events)),
    )


def _kind_and_answer(content: Any) -> tuple[str, str]:
    for name in ("buttonResponse", "quickReply"):
        said = getattr(content, name, None)
        if said is not None:
            return str(content.contentType), said.payload or said.text or ""
    if content.attachment is not None:
        return str(content.contentType), content.attachment.id or ""
    return str(content.contentType), ""
