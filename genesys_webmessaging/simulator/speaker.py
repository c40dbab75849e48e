"""The voice of the other side: makes messages of a bot or an agent, and posts them."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Mapping
from typing import Any

from . import content
from .state.conversation import Message, Participant
from .state.session import Session, SessionState
from .state.world import World
from .wire import outbox
from .wire.frames import url_of

__all__ = ["Speaker"]


class Speaker:
    """Somebody who speaks to guests. Lives on the server's thread."""

    def __init__(self, world: World, participant: Participant) -> None:
        self._world = world
        self.participant = participant

    def say(self, session: Session, says: Mapping[str, Any]) -> Message:
        """Send one message.

        Args:
            session: To whom.
            says: text, quickReplies, card, carousel, datePicker, attachment and content (raw), any of them.

        Returns:
            The message, as the conversation has it.
        """
        items = [*content.quickReplies(says.get("quickReplies") or [])]
        if "card" in says:
            items.append(content.card(**says["card"]))
        if "carousel" in says:
            items.append(content.carousel(says["carousel"]))
        if "datePicker" in says:
            items.append(content.datePicker(**says["datePicker"]))
        items.extend(says.get("content") or [])
        kind = "Structured" if items else "Text"
        if "attachment" in says:
            items.append(self._attachment(session, **says["attachment"]))
        return self.post(session, type=kind, text=says.get("text"), content=items)

    def typing(self, session: Session, milliseconds: int = 5000) -> Message:
        """Show that somebody types."""
        event = {"eventType": "Typing", "typing": {"type": "On", "duration": milliseconds or 5000}}
        return self.post(session, type="Event", events=[event])

    def disconnect(self, session: Session, readOnly: bool) -> Message:
        """Leave; the guest may then read only, or go on."""
        message = self.post(
            session,
            type="Event",
            events=[{"eventType": "Presence", "presence": {"type": "Disconnect"}}],
            metadata={"readOnly": "true"} if readOnly else {},
        )
        if readOnly:
            session.state = SessionState.READ_ONLY
        return message

    def post(self, session: Session, **fields: Any) -> Message:
        """Enter a message into the conversation and send it."""
        message = Message(sender=self.participant, time=session.conversation.nextTime(), **fields)
        outbox.post(session, message)
        return message

    def _attachment(self, session: Session, fileName: str, fileType: str | None = None, **given: Any) -> dict[str, Any]:
        data = given.get("data")
        if data is None:
            data = base64.b64decode(given["base64"]) if "base64" in given else str(given.get("text", "")).encode()
        kind = fileType or mimetypes.guess_type(fileName)[0] or "application/octet-stream"
        attachment = self._world.newAttachment(session, None, fileName=fileName, fileType=kind, fileSize=len(data))
        attachment.keep(self._world.files.newPath(), data)
        url = self._world.presign(attachment, "GET", session.deployment.urlSeconds)
        address = session.connections[0].restAddress if session.connections else ""
        return {"contentType": "Attachment", "attachment": attachment.onTheWire(url_of(url, address))}
