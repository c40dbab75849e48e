"""A message as a person would want to see it: who, when, what, what happened, and what there is to choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.text import Text

from ..companions._seen import is_typing
from ._content import Choice, Choices, Piece, pieces_of, replies
from ._text import clean, clock, one_line, present

YOU = "You"

_PRESENCES = {
    "Join": "{who} joined",
    "Disconnect": "{who} left",
    "Clear": "{who} cleared the conversation",
    "SignIn": "{who} signed in",
    "SessionExpired": "the session has expired",
    "Authenticate": "{who} asked for a sign-in",
    "AuthenticateCancel": "{who} cancelled the sign-in",
    "AuthenticateFailure": "the sign-in failed",
}
_OFFERED_REPLIES = frozenset({"QuickReply", "ButtonResponse"})
_OFFERS = {
    "Offering": "{who} offers {what}",
    "OfferingAccepted": "{who} accepted {what}",
    "OfferingExpired": "the offer of {what} has expired",
    "OfferingRejected": "{who} declined {what}",
}


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
        typing: Whether it is only that somebody types, or has stopped to.
        read_only: Whether nothing more can be said in this session.
    """

    time: str
    who: str
    mine: bool
    pieces: list[Piece] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    typing: bool = False
    read_only: bool = False

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
    choices = Choices(message)
    pieces = [Piece(Text(clean(message.text)))] if message.text and not _repeats_button(message) else []
    offered = []
    for content in present(message.content):
        # A reply is offered in two ways; from the guest, the second is what was chosen.
        reply = content.quickReply or (None if mine else content.buttonResponse)
        if reply is not None and str(content.contentType or "") in _OFFERED_REPLIES:
            offered.append(reply)
        else:
            pieces += pieces_of(content, choices)
    if offered:
        pieces.append(replies(offered, choices))
    if getattr(message, "late", False):
        pieces.append(Piece(Text("(this came late: it was said before what stands above)", "aside")))
    read_only = (message.metadata or {}).get("readOnly") == "true"
    notes = [_sentence_of(event, who, read_only=read_only) for event in present(message.events)]
    return Shown(
        clock(message.channel.time if message.channel is not None else None),
        who,
        mine,
        pieces,
        [note for note in notes if note],
        [] if mine else choices.all,
        is_typing(message),
        read_only,
    )


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


def _sentence_of(event: Any, who: str, *, read_only: bool = False) -> str:
    """What happened, in a sentence without a full stop; "" for typing that has stopped.

    Args:
        event: A MessageEvent or WebMessagingEvent.
        who: Who did it.
        read_only: Whether the session can only be read from now on.
    """
    kind = str(event.eventType or "")
    tell = _EVENTS.get(kind)
    said = tell(event, who) if tell is not None else ""
    if tell is None:
        said = f"{who}: an event of the kind {one_line(kind) or 'unknown'}"
    return f"{said}; the session is read-only now" if read_only else said


def _presence(event: Any, who: str) -> str:
    type_ = str(event.presence.type or "") if event.presence is not None else ""
    told = _PRESENCES.get(type_)  # what the server says is not a template
    return f"{who}: presence {one_line(type_) or 'unknown'}" if told is None else told.format(who=who)


def _typing(event: Any, who: str) -> str:
    typing = getattr(event, "typing", None)  # the history knows none
    if typing is not None and str(typing.type) == "Off":
        return ""
    return f"{who} is typing" if who != "You" else "You are typing"


def _offer(what: str) -> Callable[[Any, str], str]:
    def tell(event: Any, who: str) -> str:
        offer = event.coBrowse if str(event.eventType) == "CoBrowse" else event.video
        type_ = str(offer.type or "") if offer is not None else ""
        return _OFFERS.get(type_, "{who}: {what}").format(who=who, what=what)

    return tell


def _reactions(event: Any, who: str) -> str:
    reactions = present(getattr(event, "reactions", ()))  # the history knows none
    return f"{who} reacted: {', '.join(one_line(one.reactionType) for one in reactions)}"


_EVENTS: dict[str, Callable[[Any, str], str]] = {
    "Presence": _presence,
    "Typing": _typing,
    "CoBrowse": _offer("co-browsing"),
    "Video": _offer("a video call"),
    "Reactions": _reactions,
}
