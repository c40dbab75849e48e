"""The history of a session, as the REST side shows it."""

from __future__ import annotations

from typing import Any

from ..state.conversation import Message
from ..state.session import Session
from ..state.world import World

__all__ = ["entity", "history_page"]


def history_page(world: World, session: Session, pageSize: int, pageNumber: int) -> dict[str, Any]:
    """One page: page 1 is the newest, and within a page the newest message comes first."""
    messages = session.conversation.messages
    newest = len(messages) - (pageNumber - 1) * pageSize
    oldest = max(0, newest - pageSize)
    shown = messages[oldest:newest] if newest > 0 else []
    return {
        "entities": [entity(world, message) for message in reversed(shown)],
        "pageSize": pageSize,
        "pageNumber": pageNumber,
        "total": len(messages),
        "pageCount": -(-len(messages) // pageSize),
    }


def entity(world: World, message: Message) -> dict[str, Any]:
    """One message of the history; it carries no tracingId."""
    identifier = world.historyId(message)
    channel: dict[str, Any] = {"time": message.isoTime, "messageId": identifier}
    sender = message.sender.onTheWire()
    if sender:
        channel["from"] = sender
    status = "Sent" if message.direction == "Inbound" else "Delivered"
    return {"id": identifier, "channel": channel, "status": status, **message.onTheWire()}
