"""What can be seen of a message, live or in the history, that tells it from others."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import Any

from ..exceptions import DecodeError
from ..models import EventType, StructuredMessage, WebMessagingChannel, WebMessagingMessage

log = logging.getLogger(__name__)

AnyMessage = StructuredMessage | WebMessagingMessage

CUSTOM_ID = "customMessageId"

# The tracing ids of a Heartbeat are UUIDs that begin with this ("heartb"), so that their echoes are known.
HEARTBEAT = "68656172-7462-"


def custom_id_of(message: AnyMessage) -> str | None:
    """The id that the sender stamped on a message."""
    return (message.metadata or {}).get(CUSTOM_ID) or None


def moment_of(message: AnyMessage) -> datetime | None:
    """When a message was said, to the millisecond; None when it does not tell."""
    told: Any = message.channel.time if message.channel is not None else None
    if isinstance(told, str):
        told = WebMessagingChannel.from_dict({"time": told}).time
    if not isinstance(told, datetime):
        return None
    return told.replace(microsecond=told.microsecond // 1000 * 1000)


def look_of(message: AnyMessage) -> Hashable:
    """Direction and content: equal for the same message heard live and read in the history."""
    return (
        str(message.direction or ""),
        message.text or "",
        tuple(_content_of(message.content)),
        tuple(_events_of(message.events)),
    )


def _content_of(content: Iterable[Any]) -> Iterable[Hashable]:
    for item in content:
        response = getattr(item, "buttonResponse", None)
        attachment = getattr(item, "attachment", None)
        yield (
            str(getattr(item, "contentType", None) or ""),
            (response.text or "", response.payload or "") if response is not None else None,
            attachment.id if attachment is not None else None,
        )


def _events_of(events: Iterable[Any]) -> Iterable[Hashable]:
    for event in events:
        presence = getattr(event, "presence", None)
        yield (str(getattr(event, "eventType", None) or ""), str(presence.type or "") if presence is not None else "")


def is_typing(message: AnyMessage) -> bool:
    """Whether a message tells only that somebody is typing; the history does not keep those."""
    events = [event for event in message.events if event is not None]
    return bool(events) and not message.text and all(event.eventType == EventType.TYPING for event in events)


def is_heartbeat(message: StructuredMessage) -> bool:
    """Whether a message is the answer to a Heartbeat, which is part of no conversation."""
    return (message.tracingId or "").startswith(HEARTBEAT)


def from_history(entity: WebMessagingMessage) -> tuple[StructuredMessage, str]:
    """A message of the history as a listener hears it: the message, and the JSON of the entity."""
    document = entity.to_dict()
    raw = entity.to_json()
    try:
        return StructuredMessage.from_dict(document), raw
    except DecodeError as error:
        log.warning("a message of the history is heard without its content and events: %s", error)
        plain = {key: value for key, value in document.items() if key not in {"content", "events"}}
        return StructuredMessage.from_dict(plain), raw
