"""The other end of the loopback socket: a server that does exactly what it is told, byte for byte.

It parses handshakes itself, because the recordings hold headers in wire order, and writes frames itself, because they
hold broken ones. Frames of the client are read with the parser of ``websockets``, which insists on masked frames.
One port serves WebSocket and REST, as the REST host of ``ws://host:port/v1`` is ``http://host:port``.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import struct
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from websockets.exceptions import ProtocolError
from websockets.frames import Frame, Opcode
from websockets.utils import accept_key

PATIENCE = 5.0
"""Seconds until a wait for something that must come is given up."""

Event = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """An HTTP request as it came, headers in wire order."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The value of the header of that name in any case, None when there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    def encoded(self) -> bytes:
        """The bytes of the answer."""
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


class Closed(Exception):  # noqa: N818 - an end is no error
    """The client's side of the socket ended, with or without a reset."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Wire:
    """One WebSocket connection of a client, seen from the server."""

    def __init__(self, sock: socket.socket, peer: Peer) -> None:
        self._sock = sock
        self._peer = peer
        # Guards _events and is notified whenever one is added.
        self._arrival = threading.Condition()
        self._events: list[Event] = []
        # The frames of a message that is not whole yet: the reader's alone.
        self._parts: list[Frame] = []

    # What the client sent

    @property
    def events(self) -> list[Event]:
        """Everything that came so far: text, binary, pong, ping, close, eof, reset, garbage."""
        with self._arrival:
            return list(self._events)

    @property
    def texts(self) -> list[str]:
        """The text messages that came so far."""
        return [event["text"] for event in self.events if "text" in event]

    def wait_for(self, wanted: Callable[[list[Event]], bool], timeout: float = PATIENCE) -> bool:
        """Wait until the events satisfy a condition, and say whether they do."""
        with self._arrival:
            return self._arrival.wait_for(lambda: wanted(self._events), timeout)

    def wait_for_texts(self, count: int, timeout: float = PATIENCE) -> list[str]:
        """Wait for so many text messages and return them all."""
        if not self.wait_for(lambda events: sum("text" in event for event in events) >= count, timeout):
            raise AssertionError(f"expected {count} texts, got {self.events}")
        return self.texts

    def wait_for_end(self, timeout: float = PATIENCE) -> bool:
        """Wait until the client's side of the socket has ended."""
        return self.wait_for(lambda events: any(event.get("ev") in ("eof", "reset") for event in events), timeout)

    # What the server sends

    def send_text(self, text: str) -> None:
        """One message in one frame, written at once."""
        self.send_frame(Frame(Opcode.TEXT, text.encode("utf-8", "surrogatepass")))

    def send_frame(self, frame: Frame) -> None:
        """One frame, written at once."""
        self.send_bytes(frame.serialize(mask=False))

    def send_fragments(self, parts: list[str], delay: float = 0.0) -> None:
        """One message in several frames."""
        for index, part in enumerate(parts):
            opcode = Opcode.TEXT if index == 0 else Opcode.CONT
            self.send_frame(Frame(opcode, part.encode(), fin=index == len(parts) - 1))
            pause(delay)

    def send_split(self, text: str, at: list[int], delay: float = 0.02) -> None:
        """One message in one frame, written to TCP in pieces that are cut at byte offsets of the frame."""
        data = Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
        cuts = [0, *at, len(data)]
        for start, end in pairwise(cuts):
            self.send_bytes(data[start:end])
            pause(delay)

    def send_close(self, code: int | None, reason: str = "") -> None:
        """A close frame, with codes that no library would let through."""
        payload = b"" if code is None else struct.pack("!H", code) + reason.encode()
        self.send_frame(Frame(Opcode.CLOSE, payload))

    def send_bytes(self, data: bytes) -> None:
        """Bytes as they are. Nothing happens when the client has gone."""
        with contextlib.suppress(OSError):
            self._sock.sendall(data)

    def reset(self) -> None:
        """End the TCP connection with a reset."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # A thread that still reads keeps the socket open, and no reset would go out: let it end first.
            self._sock.shutdown(socket.SHUT_RD)
        self.wait_for_end()
        self._sock.close()

    def fin(self) -> None:
        """End the TCP connection without a close frame."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    # The reader

    def serve(self) -> None:
        """Read frames until the client ends."""
        while True:
            try:
                event = self._read_event()
            except Closed as closed:
                self._note({"ev": closed.how})
                return
            except ProtocolError as error:
                self._note({"ev": "garbage", "error": str(error)})
                return
            self._note(event)
            self._react(event)

    def _note(self, event: Event) -> None:
        with self._arrival:
            self._events.append(event)
            self._arrival.notify_all()

    def _react(self, event: Event) -> None:
        if event.get("ev") == "close":
            answer = self._peer.on_close
            if callable(answer):
                answer()
            elif answer is not None:
                self.send_close(*((event["code"], event["reason"]) if answer == "echo" else answer))
                # As RFC 6455 has it, the server is the first to end the TCP connection.
                self.fin()
        elif "text" in event:
            for text in self._peer.on_text(event["text"]):
                self.send_text(text)

    def _read_event(self) -> Event:
        while True:
            frame = self._read_frame()
            data = bytes(frame.data)
            if frame.opcode is Opcode.CLOSE:
                code = struct.unpack("!H", data[:2])[0] if data else None
                return {"ev": "close", "code": code, "reason": data[2:].decode()}
            if frame.opcode in (Opcode.PING, Opcode.PONG):
                return {"ev": frame.opcode.name.lower(), "data": data.decode("latin-1")}
            self._parts.append(frame)
            if frame.fin:
                parts, self._parts = self._parts, []
                whole = b"".join(bytes(part.data) for part in parts)
                return {"text": whole.decode()} if parts[0].opcode is Opcode.TEXT else {"binary": whole.hex()}

    def _read_frame(self) -> Frame:
        parsing = Frame.parse(self._read_exact, mask=True)
        try:
            next(parsing)
        except StopIteration as done:
            return done.value
        raise AssertionError("the parser asked for more than it was given")

    def _read_exact(self, count: int) -> Generator[None, None, bytes]:
        # The parser of websockets is a coroutine that yields while it waits; ours blocks instead.
        return _receive(self._sock, count)
        yield


Handshake = str | int
"""What a handshake gets: "ok", "hang" (no answer), "badaccept", or the status of a refusal."""


class Peer:
    """A server on a loopback port.

    Attributes:
        requests: Every HTTP request that came, handshakes and REST.
        on_text: Called with each text message, on the server's thread; returns the messages to answer with.
        on_rest: Called with each request that is no handshake; returns the answer.
        on_close: What a close frame is answered with: "echo", a code and a reason, None, or what to call instead.
    """

    def __init__(self, handshake: Handshake = "ok", *, greeting: str | None = None) -> None:
        self.requests: list[Request] = []
        self.on_text: Callable[[str], list[str]] = lambda text: []
        self.on_rest: Callable[[Request], Reply] = lambda request: Reply(404)
        self.on_close: str | tuple[int | None, str] | Callable[[], None] | None = "echo"
        self._handshake = handshake
        self._greeting = greeting
        self._wires: queue.Queue[Wire] = queue.Queue()
        self._ended = threading.Event()
        # Guards _sockets and _threads, which the accepting thread extends.
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, name=f"peer-{self.port}", daemon=True)]
        self._threads[0].start()

    @property
    def address(self) -> str:
        """The address for the client's constructor."""
        return f"ws://127.0.0.1:{self.port}/v1"

    @property
    def handshakes(self) -> list[Request]:
        """The requests that asked for a WebSocket."""
        return [request for request in list(self.requests) if request.header("Upgrade")]

    def wire(self, timeout: float = PATIENCE) -> Wire:
        """The next connection of a client that was accepted."""
        try:
            return self._wires.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no connection in {timeout} s") from None

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets, threads = list(self._sockets), list(self._threads)
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(sock,), name=f"peer-{self.port}-wire", daemon=True)
            with self._lock:
                self._sockets.append(sock)
                self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(Closed, OSError):
            while True:
                request = _read_request(sock)
                self.requests.append(request)
                if request.header("Upgrade"):
                    self._upgrade(sock, request)
                    return
                sock.sendall(self.on_rest(request).encoded())

    def _upgrade(self, sock: socket.socket, request: Request) -> None:
        if self._handshake == "hang":
            self._ended.wait()
            return
        if isinstance(self._handshake, int):
            sock.sendall(Reply(self._handshake, b"refused", {"Connection": "close"}).encoded())
            sock.close()
            return
        accept = accept_key(request.header("Sec-WebSocket-Key") or "")
        if self._handshake == "badaccept":
            accept = accept_key("another key")
        lines = ["HTTP/1.1 101 X", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"]
        answer = "\r\n".join([*lines, "", ""]).encode()
        if self._greeting is not None:
            answer += Frame(Opcode.TEXT, self._greeting.encode()).serialize(mask=False)
        wire = Wire(sock, self)
        sock.sendall(answer)
        self._wires.put(wire)
        wire.serve()


def pause(seconds: float) -> None:
    """Let time pass on the server's side, where the recording did."""
    if seconds:
        threading.Event().wait(seconds)


def message(text: str, **more: Any) -> str:
    """A structured message from the other side, as the recordings word it."""
    body = {"text": text, "type": "Text", "direction": "Outbound", "id": text, **more}
    return json.dumps({"type": "message", "class": "StructuredMessage", "code": 200, "body": body})


def _receive(sock: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        try:
            part = sock.recv(count - len(data))
        except ConnectionResetError:
            raise Closed("reset") from None
        except OSError:
            raise Closed("eof") from None
        if not part:
            raise Closed("eof")
        data += part
    return bytes(data)


def _read_request(sock: socket.socket) -> Request:
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        head += _receive(sock, 1)
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines if line)]
    request = Request(method, target, headers)
    length = int(request.header("Content-Length") or 0)
    return Request(method, target, headers, _receive(sock, length)) if length else request
