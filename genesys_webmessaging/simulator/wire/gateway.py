"""The door for every frame of a guest: reads it, finds who handles it, answers what is refused."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

from ...exceptions import ErrorCode
from ..state.session import Peer
from ..state.world import World
from . import attachments, messages, sessions
from .frames import envelope, error
from .request import Refusal, Request

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
            handler = ACTIONS.get(request.action)
            if handler is None:
                raise Refusal(ErrorCode.BAD_REQUEST, f"Unknown action: {request.action}")
            handler(self.world, request)
        except messages.TooFast as too_fast:
            peer.deliver(self._too_many(too_fast, request))
        except attachments.UploadRefusal as refusal:
            peer.deliver(self._generate_url_error(refusal, request))
        except Refusal as refusal:
            peer.deliver(error(refusal.code, refusal.sentence, request.tracingId))
        except Exception:
            log.exception("the simulator failed at a request of connection %d", peer.number)
            peer.deliver(error(ErrorCode.UNEXPECTED_ERROR, "Unexpected error", request.tracingId))

    def refuse(self, peer: Peer, fields: dict[str, Any] | None, code: int, sentence: str) -> None:
        """Answer a request with an error, as its sender wants errors."""
        request = Request(peer, fields or {})
        if request.flag("errorsAsJson"):
            refusal = attachments.UploadRefusal(Refusal(code, sentence), request.textOrNone("attachmentId"))
            peer.deliver(self._generate_url_error(refusal, request))
        elif code == ErrorCode.TOO_MANY_REQUESTS:
            peer.deliver(self._too_many(messages.TooFast(1.0), request))
        else:
            peer.deliver(error(code, sentence, request.tracingId))

    def unreadable(self, peer: Peer) -> None:
        """A binary frame came."""
        peer.deliver(error(ErrorCode.BAD_REQUEST, "Bad request: text frames only"))

    def _too_many(self, too_fast: messages.TooFast, request: Request) -> dict[str, Any]:
        body = {
            "name": "TooManyRequestsErrorMessage",
            "message": too_fast.sentence,
            "retryAfter": max(1, math.ceil(too_fast.seconds)),
            "errorCode": ErrorCode.TOO_MANY_REQUESTS,
            "errorMessage": too_fast.sentence,
        }
        return envelope("TooManyRequestsErrorMessage", body, code=429, tracingId=request.tracingId)

    def _generate_url_error(self, refusal: attachments.UploadRefusal, request: Request) -> dict[str, Any]:
        body = {
            "name": "GenerateUrlError",
            "message": refusal.sentence,
            "errorCode": refusal.code,
            "errorMessage": refusal.sentence,
            "timestamp": self.world.clock.isoNow(),
        }
        if refusal.attachmentId is not None:
            body["attachmentId"] = refusal.attachmentId
        return envelope("GenerateUrlError", body, tracingId=request.tracingId)
