"""Bringing messages and events to the connections of a session."""

from __future__ import annotations

from typing import Any

from ..state.conversation import Message
from ..state.session import Session, SessionState
from ..state.world import World
from .frames import envelope, structured

__all__ = ["broadcast", "logout", "post", "watch_expiry"]


def broadcast(session: Session, frame: dict[str, Any]) -> None:
    """Send a frame to every connection of a session."""
    for peer in list(session.connections):
        peer.deliver(frame)


def post(session: Session, message: Message, tracingId: str | None = None) -> None:
    """Enter a message into the conversation, and show it to every connection of the session."""
    session.conversation.add(message)
    session.touch()
    broadcast(session, structured(message, tracingId=tracingId))


def logout(world: World, session: Session) -> None:
    """Tell every connection that the person has logged out; only signing in again opens the token."""
    world.revokeSessionJwts(session)
    session.state = SessionState.LOGGED_OUT
    broadcast(session, envelope("LogoutEvent", {}, unasked=True))
    for peer in list(session.connections):
        session.detach(peer)


def watch_expiry(world: World, session: Session) -> None:
    """Tell the guest when the session expires, where the deployment does so."""
    if not session.deployment.announcesExpiry:
        return

    def look() -> None:
        if session.state is SessionState.ENDED:
            return
        if session.expired:
            broadcast(session, envelope("SessionExpiredEvent", {}, unasked=True))
        else:
            watch()

    def watch() -> None:
        world.clock.callLater(max(0.0, session.expiresAt - world.clock.now()), look)

    watch()
