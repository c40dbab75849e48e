"""A guest service whose history is behind what is said, fails, repeats itself or hangs.

It shares nothing with the simulator: one server of the `websockets` package, which answers plain HTTP requests too.
"""

from __future__ import annotations

import contextlib
import json
import logging
import random
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

logging.getLogger("websockets.server").setLevel(logging.CRITICAL)

PATIENCE = 5.0


class Guest:
    """One connection."""

    def __init__(self, connection: ServerConnection) -> None:
        self.socket = connection
        self.token: str | None = None
        self.began = time.monotonic()
        # Keeps frames of several threads whole and in order.
        self.sending = threading.Lock()

    def send(self, class_: str, body: Any, **envelope: Any) -> None:
        frame = {"type": "message", "class": class_, "code": 200, "body": body, **envelope}
        try:
            with self.sending:
                self.socket.send(json.dumps(frame))
        except ConnectionClosed as error:
            logging.getLogger(__name__).debug("the guest went: %s", error)

    def cut(self) -> None:
        """End the TCP connection without a close frame."""
        with contextlib.suppress(OSError):
            self.socket.socket.shutdown(socket.SHUT_RDWR)


class LaggingService:
    """A service for one session, for ``with``.

    Attributes:
        lag: Seconds until the history shows what was said.
        failures: The share of history calls that fail with 503.
        failUntil: Until this time (of ``time.monotonic``) every history call fails.
        doubles: Whether the history lists each message twice.
        returnsStamp: Whether echo and history carry the metadata of the message.
        names: Whether messages have ids.
        onMessage: Asked before a message of the guest is taken: "take" (the default), "lose" (it never arrives),
            "mute" (it arrives, and no echo goes out), "late" (0.8 seconds later), "untraced" (its echo has no tracing
            id), "cut before" and "cut after" (the connection is cut, and the message has arrived or not); or a frame
            to answer with: class, body and code.
        onPage: Called with the number of each page before it is shown.
        said: All messages, oldest first.
        calls: The times at which the history was asked for.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, seed: int = 1) -> None:
        self.lag = 0.0
        self.failures = 0.0
        self.failUntil = 0.0
        self.doubles = False
        self.returnsStamp = True
        self.names = True
        self.onMessage: Callable[[dict[str, Any]], Any] = lambda message: "take"
        self.onPage: Callable[[int], object] = lambda number: None
        self.onConnection: Callable[[Guest], object] = lambda guest: None
        self.stalled = threading.Event()
        self.stalled.set()  # cleared, history calls wait
        self.expirationDate: Any = None
        self.answersJwt = True
        self.said: list[tuple[float, dict[str, Any]]] = []
        self.calls: list[float] = []
        self.requests: list[dict[str, Any]] = []
        self.connections: list[float] = []
        self.resumed = False
        self._dice = random.Random(seed)
        self._guests: list[Guest] = []
        # Guards said, _guests and the order of what is sent to them.
        self._lock = threading.RLock()
        self._server = serve(
            self._serve,
            "127.0.0.1",
            0,
            ssl=tls,
            process_request=self._answer,
            compression=None,
            max_size=None,
            ping_interval=None,
            close_timeout=0.2,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="lagging service", daemon=True)
        self._scheme = "ws" if tls is None else "wss"

    @property
    def address(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.socket.getsockname()[1]}/v1"

    @property
    def restAddress(self) -> str:
        return self.address.replace("ws", "http", 1).removesuffix("/v1")

    def __enter__(self) -> LaggingService:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stalled.set()
        for guest in self.guests:
            guest.cut()
        self._server.shutdown()
        self._thread.join(PATIENCE)

    # What a test does

    @property
    def guests(self) -> list[Guest]:
        """The connections with a session."""
        with self._lock:
            return list(self._guests)

    def say(self, text: str, **body: Any) -> dict[str, Any]:
        """Say something as the agent."""
        return self._note({"direction": "Outbound", "type": "Text", "text": text, "originatingEntity": "Human", **body})

    def cut(self) -> None:
        """Cut every connection."""
        for guest in self.guests:
            guest.cut()

    def texts(self, direction: str) -> list[str]:
        with self._lock:
            return [message["text"] for _, message in self.said if message["direction"] == direction]

    # The socket

    def _note(self, message: dict[str, Any], echo_to: Guest | None = None, **envelope: Any) -> dict[str, Any]:
        with self._lock:
            stamp = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            channel: dict[str, Any] = {"time": stamp, "from": {}}
            if self.names:
                message["id"] = uuid.uuid4().hex
                if message["direction"] == "Inbound":
                    channel["messageId"] = str(uuid.uuid4())
            message["channel"] = channel
            self.said.append((time.monotonic(), message))
            for guest in self._guests:
                guest.send("StructuredMessage", message, **(envelope if guest is echo_to else {}))
        return message

    def _serve(self, connection: ServerConnection) -> None:
        guest = Guest(connection)
        self.connections.append(guest.began)
        self.onConnection(guest)
        try:
            for frame in connection:
                self._take(guest, json.loads(frame))
        except (ConnectionClosed, OSError) as error:
            logging.getLogger(__name__).debug("the guest went: %s", error)
        finally:
            with self._lock:
                if guest in self._guests:
                    self._guests.remove(guest)

    def _take(self, guest: Guest, request: dict[str, Any]) -> None:
        self.requests.append(request)
        tracing = {"tracingId": request.get("tracingId")}
        action = request["action"]
        if action == "configureSession":
            with self._lock:
                body: dict[str, Any] = {"connected": True, "newSession": not self.resumed, "readOnly": False}
                if self.expirationDate is not None:
                    body["expirationDate"] = self.expirationDate
                self.resumed = True
                guest.send("SessionResponse", body, **tracing)
                self._guests.append(guest)
        elif action == "getJwt":
            if self.answersJwt:
                guest.send("JwtResponse", {"jwt": "a jwt", "exp": int(time.time()) + 60}, **tracing)
        elif action == "echo":
            guest.send("StructuredMessage", {"direction": "Inbound", "type": "Text", "text": "ping"}, **tracing)
        elif action == "onMessage":
            self._take_message(guest, request, tracing)

    def _take_message(self, guest: Guest, request: dict[str, Any], tracing: dict[str, Any]) -> None:
        message = request["message"]
        if (message.get("events") or [{}])[0].get("eventType") == "Typing":
            return
        how = self.onMessage(message)
        kept = {"direction": "Inbound", **message}
        if not self.returnsStamp:
            kept.pop("metadata", None)
        if isinstance(how, tuple):
            guest.send(how[0], how[1], **tracing, code=how[2])
        elif how == "cut before":
            guest.cut()
        elif how in {"mute", "cut after"}:
            with self._lock:
                if how == "cut after":
                    guest.cut()
                hearing, self._guests = self._guests, []
                self._note(kept)
                self._guests = hearing
        elif how == "untraced":
            self._note(kept)
        elif how == "take":
            self._note(kept, guest, **tracing)
        elif how == "late":
            threading.Timer(0.8, self._note, (kept, guest), tracing).start()

    # The history

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        url = urlsplit(request.path)
        if not url.path.startswith("/api/"):
            return None
        self.calls.append(time.monotonic())
        self.stalled.wait(60)
        if time.monotonic() < self.failUntil or self._dice.random() < self.failures:
            return _response(HTTPStatus.SERVICE_UNAVAILABLE, {"message": "try later", "status": 503})
        query = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
        number, size = query.get("pageNumber", 1), query.get("pageSize", 25)
        self.onPage(number)
        with self._lock:
            until = time.monotonic() - self.lag
            shown = [self._entity(message) for at, message in self.said if at <= until]
        shown.reverse()
        if self.doubles:
            shown = [entity for entity in shown for _ in range(2)]
        page = {
            "entities": shown[(number - 1) * size : number * size],
            "pageSize": size,
            "pageNumber": number,
            "total": len(shown),
            "pageCount": -(-len(shown) // size),
        }
        return _response(HTTPStatus.OK, page)

    def _entity(self, message: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in message.items() if key != "tracingId"}


def _response(status: HTTPStatus, document: Any) -> Response:
    body = json.dumps(document).encode()
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"})
    return Response(status.value, status.phrase, headers, body)
