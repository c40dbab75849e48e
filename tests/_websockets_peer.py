"""A server that says only what a test tells it to; on the `websockets` package, never on the one we use ourselves."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Mapping
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

PATIENCE = 5.0


# Every class of frame that has a listener's method: the class, a body, the method.
CALLS = [
    ("SessionResponse", {"connected": True}, "sessionResponse"),
    ("StructuredMessage", {"text": "hi", "direction": "Outbound"}, "structuredMessage"),
    ("PresignedUrlResponse", {"attachmentId": "a"}, "presignedUrlResponse"),
    ("UploadSuccessEvent", {"attachmentId": "a"}, "uploadSuccessEvent"),
    ("UploadFailureEvent", {"errorCode": 4003}, "uploadFailureEvent"),
    ("ConnectionClosedEvent", {"reason": "signedIn"}, "connectionClosedEvent"),
    ("SessionExpiredEvent", {}, "sessionExpiredEvent"),
    ("SessionClearedEvent", {}, "sessionClearedEvent"),
    ("JwtResponse", {"jwt": "j", "exp": 5}, "jwtResponse"),
    ("GetConfigurationResponse", {"maxCustomDataBytes": 5}, "getConfigurationResponse"),
]


class Guest:
    """The server's end of one connection."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self._frames: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.ended = threading.Event()
        self.closed: tuple[int, str] | None = None
        self.path = socket.request.path if socket.request else ""
        self.headers = dict(socket.request.headers.raw_items()) if socket.request else {}

    def read(self) -> None:
        try:
            for frame in self._socket:
                self._frames.put(str(frame))
        except ConnectionClosed as error:
            logging.getLogger(__name__).debug("the guest went: %s", error)
        close = self._socket.protocol.close_rcvd
        self.closed = None if close is None else (close.code, close.reason)
        self.ended.set()

    def receive(self, action: str | None = None, timeout: float = PATIENCE) -> dict[str, Any]:
        """The next request; it must have this action."""
        try:
            request: dict[str, Any] = json.loads(self._frames.get(timeout=timeout))
        except queue.Empty:
            raise AssertionError(f"no {action or 'request'} came within {timeout} s") from None
        assert action in (None, request["action"]), f"{action} expected, but {request} came"
        return request

    def received_nothing(self) -> bool:
        """Whether nothing is there that was not taken. Ask after something that must come later has come."""
        return self._frames.empty()

    def send(self, frame: str | Mapping[str, Any]) -> None:
        self._socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    def answer(self, request: Mapping[str, Any], class_: str, body: Any = None, **envelope: Any) -> None:
        """Answer a request with its tracing id."""
        self.send(frame(class_, body, tracingId=request["tracingId"], **envelope))

    def ping(self, timeout: float = PATIENCE) -> bool:
        """Send a ping, and tell whether its pong came in time."""
        return self._socket.ping().wait(timeout)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._socket.close(code, reason)

    def configure(self) -> dict[str, Any]:
        """Take a configureSession and answer it."""
        request = self.receive("configureSession")
        self.answer(request, "SessionResponse", {"connected": True, "newSession": True})
        return request


class WebSocketsPeer:
    """A WebSocket server on a free port, for ``with``."""

    def __init__(self) -> None:
        self._guests: queue.SimpleQueue[Guest] = queue.SimpleQueue()
        self._server = serve(self._serve, "127.0.0.1", 0, max_size=None, compression=None, close_timeout=1)
        self._thread = threading.Thread(target=self._server.serve_forever, name="peer")

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/v1"

    def __enter__(self) -> WebSocketsPeer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(PATIENCE)

    def guest(self, timeout: float = PATIENCE) -> Guest:
        """The next connection; waits for it."""
        try:
            return self._guests.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"nobody connected within {timeout} s") from None

    def nobody_came(self) -> bool:
        return self._guests.empty()

    def _serve(self, socket: ServerConnection) -> None:
        guest = Guest(socket)
        self._guests.put(guest)
        guest.read()


def frame(class_: Any, body: Any = None, **envelope: Any) -> str:
    """A frame of the server's."""
    return json.dumps({"type": "response", "class": class_, "code": 200, "body": body, **envelope})


def message(text: str, **body: Any) -> str:
    """A message of the other side."""
    body = {"text": text, "type": "Text", "direction": "Outbound", "id": f"id of {text}", **body}
    return frame("StructuredMessage", body, type="message")
