"""A scripted HTTP server on a real socket: answers what the test says, and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Seen:
    """One request as it came."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None


@dataclass
class Answer:
    """What to send back. ``raw`` replaces everything that would be written; ``end`` says what follows."""

    status: int = 200
    body: bytes | str | dict[str, Any] | list[Any] = b""
    headers: dict[str, str] = field(default_factory=dict)
    reason: str | None = None
    raw: bytes | None = None
    end: str = "keep"  # keep, close, reset, hang (until the server stops), drip (a byte at a time, until it stops)

    def payload(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


Script = Answer | Callable[[Seen], Answer]


class RestServer:
    """Answers with the script's entries in turn, the last one again and again."""

    def __init__(self, *script: Script, tls: ssl.SSLContext | None = None, read_body: bool = True) -> None:
        self.script = list(script) or [Answer()]
        self.seen: list[Seen] = []
        self.connections = 0
        self.read_body = read_body
        self.stopping = threading.Event()
        self._tls = tls
        self.open_connections = 0
        # Guards script, seen and the counts of connections; notified whenever one of them changed.
        self.changed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="rest-server")

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def address(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> RestServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.drop_connections()
        self._thread.join(5)
        self._server.server_close()

    def wait_for(self, predicate: Callable[[], bool], timeout: float = 10) -> None:
        """Wait until something holds that a request or the end of a connection makes true."""
        with self.changed:
            assert self.changed.wait_for(predicate, timeout), f"not within {timeout} s; seen: {self.seen}"

    def next_answer(self, seen: Seen) -> Answer:
        with self.changed:
            self.seen.append(seen)
            self.changed.notify_all()
            entry = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return entry(seen) if callable(entry) else entry


class _Server(ThreadingHTTPServer):
    owner: RestServer
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def drop_connections(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is gone already, which is what is wanted
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is part of many tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        owner = self.server.owner
        with owner.changed:
            owner.connections += 1
            owner.open_connections += 1
            self.number = owner.connections

    def finish(self) -> None:
        super().finish()
        owner = self.server.owner
        with owner.changed:
            owner.open_connections -= 1
            owner.changed.notify_all()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        owner = self.server.owner
        body = self._body() if owner.read_body else b""
        seen = Seen(self.command, self.path, list(self.headers.items()), body, self.number)
        answer = owner.next_answer(seen)
        if answer.raw is not None:
            self.wfile.write(answer.raw)
        else:
            payload = answer.payload()
            self.send_response_only(answer.status, answer.reason)
            for name, value in {"Content-Length": str(len(payload)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)
        self.wfile.flush()
        if answer.end == "hang":
            owner.stopping.wait(30)
        while answer.end == "drip" and not owner.stopping.wait(0.05):
            self.wfile.write(b" ")
        if answer.end == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        self.close_connection = answer.end != "keep"

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().strip() or b"0", 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Silent: tests read what was seen, not what was printed."""
