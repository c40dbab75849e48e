"""The events of a message as sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._text import one_line, present

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
_OFFERS = {
    "Offering": "{who} offers {what}",
    "OfferingAccepted": "{who} accepted {what}",
    "OfferingExpired": "the offer of {what} has expired",
    "OfferingRejected": "{who} declined {what}",
}


def sentence_of(event: Any, who: str, *, read_only: bool = False) -> str:
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


def is_typing(message: Any) -> bool:
    """Whether a message tells only that somebody types (or has stopped to)."""
    happened = present(message.events)
    return bool(happened) and all(str(event.eventType) == "Typing" for event in happened)


def _presence(event: Any, who: str) -> str:
    type_ = str(event.presence.type or "") if event.presence is not None else ""
    return _PRESENCES.get(type_, f"{{who}}: presence {one_line(type_) or 'unknown'}").format(who=who)


def _typing(event: Any, who: str) -> str:
    if event.typing is not None and str(event.typing.type) == "Off":
        return ""
    return f"{who} is typing" if who != "You" else "You are typing"


def _offer(what: str) -> Callable[[Any, str], str]:
    def tell(event: Any, who: str) -> str:
        offer = event.coBrowse if str(event.eventType) == "CoBrowse" else event.video
        type_ = str(offer.type or "") if offer is not None else ""
        return _OFFERS.get(type_, "{who}: {what}").format(who=who, what=what)

    return tell


def _reactions(event: Any, who: str) -> str:
    return f"{who} reacted: {', '.join(one_line(one.reactionType) for one in present(event.reactions))}"


_EVENTS: dict[str, Callable[[Any, str], str]] = {
    "Presence": _presence,
    "Typing": _typing,
    "CoBrowse": _offer("co-browsing"),
    "Video": _offer("a video call"),
    "Reactions": _reactions,
}
