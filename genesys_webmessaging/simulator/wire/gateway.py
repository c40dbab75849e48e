"""The door for every frame of a guest: reads it, finds who handles it, answers what is refused."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from ...exceptions import ErrorCode
from ..state.session import Peer
from ..state.world import World
from . import attachments, messages, sessions
from .frames import error, generate_url_error, too_many_requests
from .request import RateLimited, Refusal, Request, within

__all__ = ["ACTIONS", "Gateway"]

log = logging.getLogger(__name__)

Handler = Callable[[World, Request], None]

ACTIONS: Mapping[str, Handler] = {
    "configureSession": sessions.configure,
    "configureAuthenticatedSession": sessions.configure_authenticated,
    "closeSession": sessions.close,
    "getConfiguration": sessions.configuration,
    "getJwt": sessions.jwt,
    "echo": messages.echo,
    "onMessage": messages.on_message,
    "onAttachment": attachments.on_attachment,
    "getAttachment": attachments.get_attachment,
    "deleteAttachment": attachments.delete_attachment,
}


class Gateway:
    """Answers the frames of guests, out of and into a world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def parse(self, text: str) -> dict[str, Any] | None:
        """The JSON object in a frame; None when there is none."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def receive(self, peer: Peer, fields: dict[str, Any] | None) -> None:
        """Do what one frame asks for, or say why not."""
        if fields is None:
            peer.deliver(error(ErrorCode.BAD_REQUEST, "Bad request: a frame must be one JSON object"))
            return
        request = Request(peer, fields)
        try:
            within(peer.rates, "requests")
            handler = ACTIONS.get(request.action)
            if handler is None:
                raise Refusal(ErrorCode.BAD_REQUEST, f"Unknown action: {request.action}")
            handler(self.world, request)
        except RateLimited as too_often:
            peer.deliver(too_many_requests(too_often.seconds, request.tracingId))
        except Refusal as refusal:
            self._refuse(request, refusal.code, refusal.sentence)
        except Exception:
            log.exception("the simulator failed at a request of connection %d", peer.number)
            peer.deliver(error(ErrorCode.UNEXPECTED_ERROR, "Unexpected error", request.tracingId))

    def refuse(self, peer: Peer, fields: dict[str, Any] | None, code: int, sentence: str) -> None:
        """Answer a request with an error, as its sender wants errors."""
        request = Request(peer, fields or {})
        if code in (ErrorCode.TOO_MANY_REQUESTS, ErrorCode.TOO_MANY_REQUESTS_HTTP):
            peer.deliver(too_many_requests(1.0, request.tracingId))
        else:
            self._refuse(request, code, sentence)

    def unreadable(self, peer: Peer) -> None:
        """A binary frame came."""
        peer.deliver(error(ErrorCode.BAD_REQUEST, "Bad request: text frames only"))

    def _refuse(self, request: Request, code: int, sentence: str) -> None:
        peer, attachment_id = request.peer, request.fields.get("attachmentId")
        if request.fields.get("action") == "onAttachment" and request.flag("errorsAsJson"):
            named = attachment_id if isinstance(attachment_id, str) and attachment_id else None
            peer.deliver(generate_url_error(peer.deployment, code, sentence, named, request.tracingId))
        else:
            peer.deliver(error(code, sentence, request.tracingId))
