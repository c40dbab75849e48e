"""A message as a person would want to see it: who, when, what, and what there is to choose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rich.text import Text

from . import _events as events
from ._choices import Choice, Choices
from ._content import Piece, pieces_of, replies
from ._text import clean, clock, one_line, present

YOU = "You"


@dataclass(frozen=True)
class Shown:
    """What of a message is shown.

    Attributes:
        time: The time of day, or blanks.
        who: Who speaks.
        mine: Whether that is the guest.
        pieces: What was said.
        notes: What happened, as sentences; such a message often says nothing.
        choices: What the guest may choose.
    """

    time: str
    who: str
    mine: bool
    pieces: list[Piece] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What was said, without colours and boxes."""
        lines = ("| " * piece.inside + line for piece in self.pieces for line in piece.text.plain.split("\n"))
        return "\n".join(lines).replace("\u00a0", " ")


def show(message: Any) -> Shown:
    """What to show of a message.

    Args:
        message: A StructuredMessage, or a WebMessagingMessage of the history.
    """
    mine = str(message.direction or "") == "Inbound"
    who = speaker(message)
    choices = Choices(message.id)
    pieces = [Piece(Text(clean(message.text)))] if message.text and not _repeats_button(message) else []
    offered = []
    for content in present(message.content):
        if str(content.contentType or "") == "QuickReply" and content.quickReply is not None:
            offered.append(content.quickReply)
        else:
            pieces += pieces_of(content, choices)
    if offered:
        pieces.append(replies(offered, choices))
    read_only = (message.metadata or {}).get("readOnly") == "true"
    notes = [events.sentence_of(event, who, read_only=read_only) for event in present(message.events)]
    time = clock(message.channel.time if message.channel is not None else None)
    return Shown(time, who, mine, pieces, [note for note in notes if note], [] if mine else choices.all)


def speaker(message: Any) -> str:
    """Who said something: "You", a name, or what kind of being it was."""
    if str(message.direction or "") == "Inbound":
        return YOU
    sender = message.channel.from_ if message.channel is not None else None
    if sender is not None:
        name = one_line(sender.nickname) or one_line(f"{sender.firstName or ''} {sender.lastName or ''}")
        if name:
            return name
    return {"Bot": "Bot", "Human": "Agent"}.get(str(message.originatingEntity or ""), "Genesys")


def _repeats_button(message: Any) -> bool:
    """Whether the text only says once more what stands on the button that was pressed."""
    pressed = present(content.buttonResponse for content in present(message.content))
    return any(response.text == message.text for response in pressed)
