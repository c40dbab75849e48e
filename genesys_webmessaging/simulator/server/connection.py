"""A guest's WebSocket connection: what is sent on it, and the handle that a test holds it by."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from ..faults import Fault, Faults, Stage, Subject
from ..recording import Frame, Frames
from ..state.clock import Clock
from ..state.deployment import Deployment, Rates
from ..state.session import Session
from .context import ServerContext
from .thread import clock_sleep

__all__ = [
    "PONG",
    "Connection",
    "closeFrame",
    "encodeFrame",
]

CONTINUATION, TEXT, CLOSE, PING, PONG = 0x0, 0x1, 0x8, 0x9, 0xA

SHORT, MEDIUM = 125, 65_535


def toJson(value: Any) -> str:
    """A value as JSON in plain UTF-8; half characters, which UTF-8 cannot write, are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def encodeFrame(payload: bytes, opcode: int = TEXT, *, final: bool = True) -> bytes:
    """One unmasked WebSocket frame, as a server sends it."""
    head = bytes([(0x80 if final else 0) | opcode])
    if len(payload) <= SHORT:
        return head + bytes([len(payload)]) + payload
    if len(payload) <= MEDIUM:
        return head + b"\x7e" + struct.pack(">H", len(payload)) + payload
    return head + b"\x7f" + struct.pack(">Q", len(payload)) + payload


def closeFrame(code: int, reason: str = "") -> bytes:
    """A close frame; code 0: one without a status."""
    return encodeFrame(struct.pack(">H", code) + reason.encode() if code else b"", CLOSE)


def pieces(data: bytes, count: int) -> list[bytes]:
    """Data cut into so many pieces of about the same length, none of them empty."""
    size = max(1, -(-len(data) // max(1, count)))
    return [data[start : start + size] for start in range(0, len(data), size)]


def fragments(payload: bytes, count: int) -> bytes:
    """A text message in several frames."""
    parts = pieces(payload, count) or [b""]
    last = len(parts) - 1
    return b"".join(
        encodeFrame(part, TEXT if number == 0 else CONTINUATION, final=number == last)
        for number, part in enumerate(parts)
    )


SEGMENT_PAUSE = 0.005


@dataclass
class Outgoing:
    """One thing to send: a frame of the protocol, a text, or bytes for the bare socket.

    Attributes:
        frame: A frame of the protocol; faults may strike it.
        text: A text message, as it is.
        raw: Bytes for the bare socket.
        closes: Whether those bytes are a close frame.
        written: Done when it has gone out; failed if it never will.
    """

    frame: dict[str, Any] | None = None
    text: str | None = None
    raw: bytes | None = None
    closes: bool = False
    written: asyncio.Future[None] | None = field(default=None, repr=False)

    def gone(self) -> None:
        """It has been handed to the socket."""
        if self.written is not None and not self.written.done():
            self.written.set_result(None)

    def failed(self) -> None:
        """It will never be."""
        if self.written is not None and not self.written.done():
            self.written.set_exception(ConnectionError("the connection has ended"))


class Writer:
    """A queue to one guest, and the task that empties it. Lives on the loop."""

    def __init__(
        self, number: int, wire: Connection, faults: Faults, clock: Clock, sent: Callable[[str], None]
    ) -> None:
        self._number = number
        self._wire = wire
        self._faults = faults
        self._clock = clock
        self._sent = sent
        self._waiting: deque[Outgoing] = deque()
        self._something = asyncio.Event()
        self._whole = asyncio.Lock()  # keeps the pieces of one frame together
        self._over = False
        self._held: str | None = None

    def put(self, item: Outgoing) -> None:
        """Send something after everything put before."""
        if self._over:
            item.failed()
            return
        self._waiting.append(item)
        self._something.set()

    async def urgent(self, raw: bytes) -> None:
        """Put bytes on the socket now, before what waits, but never into the middle of a frame."""
        async with self._whole:
            await self._wire.sendRaw(raw)

    async def run(self) -> None:
        """Send until cancelled, or until the socket is gone; what is left then is dropped."""
        try:
            while True:
                while self._waiting:
                    await self._send(self._waiting[0])
                    self._waiting.popleft().gone()
                self._something.clear()
                await self._something.wait()
        except ConnectionError:
            self._wire.end("fin")
        finally:
            self._over = True
            for item in self._waiting:
                item.failed()

    async def _send(self, item: Outgoing) -> None:
        if item.raw is not None:
            await self._wire.sendRaw(item.raw)
            if item.closes:
                self._wire.closeSent()
        elif item.frame is None:
            await self._text(item.text or "")
        else:
            await self._frame(item.frame)

    async def _text(self, text: str) -> None:
        self._sent(text)
        await self._wire.sendText(text)

    async def _frame(self, frame: dict[str, Any]) -> None:
        subject = Subject(Stage.FRAME, self._number, str(frame.get("class", "")), frame)
        struck = self._faults.strike(subject)
        if not struck:
            await self._text(toJson(frame))
        else:
            await self._struck(frame, struck)
        if not any(fault.kind == "swap" for fault in struck):
            await self._release()

    async def _struck(self, frame: dict[str, Any], struck: list[Fault]) -> None:
        kinds = {fault.kind: fault for fault in struck}
        for kind in ("delay", "oversize", "untraced"):
            if kind in kinds:
                frame = await CHANGES[kind](kinds[kind], frame, self._clock)
        text = toJson(frame)
        if "drop" in kinds:
            self._wire.end(kinds["drop"].how)
        elif "lose" in kinds:
            return
        elif "swap" in kinds:
            await self._hold(text, kinds["swap"].seconds)
        else:
            for _ in range(2 if "duplicate" in kinds else 1):
                await self._shape(text, kinds)

    async def _shape(self, text: str, kinds: Mapping[str, Fault]) -> None:
        """Send a text in the form that the faults want it in."""
        self._sent(text)
        payload = text.encode()
        if "garble" in kinds:
            await self._wire.sendRaw(GARBLED[kinds["garble"].how](payload))
        elif "fragment" in kinds:
            await self._wire.sendRaw(fragments(payload, kinds["fragment"].pieces))
        elif "split" in kinds:
            async with self._whole:
                for piece in pieces(encodeFrame(payload), kinds["split"].pieces):
                    await self._wire.sendRaw(piece)
                    await asyncio.sleep(SEGMENT_PAUSE)
        else:
            await self._wire.sendText(text)

    async def _hold(self, text: str, seconds: float) -> None:
        """Keep a text until the next one has gone, or for some seconds."""
        await self._release()
        self._held = text

        def release() -> None:
            if self._held is text:
                self._held = None
                self.put(Outgoing(text=text))

        self._clock.callLater(seconds, release)

    async def _release(self) -> None:
        """Send the text that was held back, if there is one."""
        held, self._held = self._held, None
        if held is not None:
            await self._text(held)


async def _delayed(fault: Fault, frame: dict[str, Any], clock: Clock) -> dict[str, Any]:
    await clock_sleep(clock, fault.seconds)
    return frame


async def _oversized(fault: Fault, frame: dict[str, Any], clock: Clock) -> dict[str, Any]:
    del clock
    return {**frame, "padding": "x" * fault.size}


async def _untraced(fault: Fault, frame: dict[str, Any], clock: Clock) -> dict[str, Any]:
    del fault, clock
    return {key: value for key, value in frame.items() if key != "tracingId"}


Change = Callable[[Fault, dict[str, Any], Clock], Awaitable[dict[str, Any]]]

CHANGES: Mapping[str, Change] = {"delay": _delayed, "oversize": _oversized, "untraced": _untraced}

GARBLED: Mapping[str, Callable[[bytes], bytes]] = {
    "json": lambda payload: encodeFrame(payload[: len(payload) // 2].decode(errors="ignore").encode()),
    "utf8": lambda payload: encodeFrame(payload[:-1] + b"\xff\xfe"),
    "frame": lambda payload: b"\xf3" + encodeFrame(payload)[1:],
}


CLOSE_PATIENCE = 5.0
GONE_PAUSE = 0.05
LINGER_ZERO = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Connection:
    """A guest's connection.

    What is sent through it by hand goes out as it is: no fault strikes it. Every method may be called from any
    thread, and returns when the bytes have been handed to the socket.

    Attributes:
        number: 1 for the first connection of the simulator.
        deployment: The deployment of the handshake.
        session: What configureSession made or found; None before.
        origin: The Origin header of the handshake; None without one.
        application: What the handshake said; None when it did not.
        headers: All headers of the handshake.
        query: The query of the handshake.
        received: The frames the guest sent on this connection.
        rates: How often the guest did things on it.
        lastHeard: When the guest last sent a text frame, epoch seconds of the simulator's clock.
        closeCode: The status of the guest's close frame; None until there was one, 0 if it had none.
        closeReason: The reason in it.
    """

    def __init__(
        self, number: int, deployment: Deployment, request: web.Request, context: ServerContext[Connection]
    ) -> None:
        self.number = number
        self.deployment = deployment
        self.session: Session | None = None
        self.headers: Mapping[str, str] = request.headers.copy()
        self.query: Mapping[str, str] = dict(request.query)
        self.origin: str | None = request.headers.get("Origin")
        self.application: str | None = request.query.get("application")
        self.received = Frames(context.kept)
        self.lastHeard = context.world.clock.now()
        self.closeCode: int | None = None
        self.closeReason = ""
        self._secure, self._authority = request.secure, request.host
        self._ended = threading.Event()
        self._socket: web.WebSocketResponse | None = None
        self._transport = request.transport
        self._thread = context.thread
        self._silent = asyncio.Event()
        self._finishing: asyncio.TimerHandle | None = None
        self._context = context
        self.rates = Rates(deployment, context.world.clock)
        self._writer = Writer(number, self, context.faults, context.world.clock, self._sent)

    def __repr__(self) -> str:
        return f"<Connection {self.number} to {self.deployment.id}: {'open' if self.isOpen else 'ended'}>"

    # -- for tests, from any thread

    @property
    def isOpen(self) -> bool:
        """Whether it has not ended."""
        return not self._ended.is_set()

    @property
    def token(self) -> str | None:
        """The token it was configured with; None before."""
        return None if self.session is None else self.session.token

    def send(self, text: str) -> None:
        """Send a text frame, whatever is in it."""
        self._put(Outgoing(text=text))

    def sendMany(self, texts: list[str]) -> None:
        """Send text frames, one after the other."""
        self._put(*[Outgoing(text=text) for text in texts])

    def sendJson(self, value: object) -> None:
        """Send a value as JSON in a text frame."""
        self.send(json.dumps(value, ensure_ascii=False))

    def sendFragments(self, *parts: bytes) -> None:
        """Send one text message in several frames, cut where you like."""
        last = len(parts) - 1
        frames = [
            encodeFrame(part, CONTINUATION if number else TEXT, final=number == last)
            for number, part in enumerate(parts)
        ]
        self._put(Outgoing(raw=b"".join(frames)))

    def sendBytes(self, data: bytes) -> None:
        """Put bytes on the socket as they are, without a frame around them."""
        self._put(Outgoing(raw=data))

    def ping(self, data: bytes = b"") -> None:
        """Send a ping frame."""
        self._put(Outgoing(raw=encodeFrame(data, PING)))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame; the TCP connection ends when the guest has answered, or after 5 seconds."""
        self._put(Outgoing(raw=closeFrame(code, reason), closes=True))

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self._thread.call(lambda: self.end("reset"))

    def fin(self) -> None:
        """End the TCP connection without a close frame."""
        self._thread.call(lambda: self.end("fin"))

    def silence(self) -> None:
        """Leave it open, and neither read nor write any more: a dead peer."""
        self._thread.call(lambda: self.end("silence"))

    def waitClosed(self, timeout: float = 5.0) -> int | None:
        """Wait until the connection has ended, and return the status of the guest's close frame.

        Raises:
            TimeoutError: It is still open.
        """
        if not self._ended.wait(timeout):
            raise TimeoutError(f"connection {self.number} is still open after {timeout:g} s")
        return self.closeCode

    # -- for the protocol, on the loop

    @property
    def restAddress(self) -> str:
        """Where this guest reaches the REST side."""
        return f"{'https' if self._secure else 'http'}://{self._authority}"

    @property
    def wsAddress(self) -> str:
        """Where this guest reaches the WebSocket side."""
        return f"{'wss' if self._secure else 'ws'}://{self._authority}/v1"

    def deliver(self, frame: dict[str, Any]) -> None:
        """Send one frame of the protocol, unless a fault strikes it."""
        self._writer.put(Outgoing(frame=frame))

    def finish(self, code: int, reason: str) -> None:
        """Send a close frame after what was delivered before."""
        self._writer.put(Outgoing(raw=closeFrame(code, reason), closes=True))

    # -- for the writer and the reader, on the loop

    @property
    def silent(self) -> asyncio.Event:
        """Set once the connection plays dead."""
        return self._silent

    @property
    def closing(self) -> bool:
        """Whether a close frame of ours has gone out."""
        return self._finishing is not None

    async def opened(self, websocket: web.WebSocketResponse) -> None:
        """The handshake is done: start sending. Ends when cancelled."""
        self._socket = websocket
        await self._writer.run()

    def keep(self, frame: Frame) -> None:
        """Note a frame that came."""
        self.lastHeard = self._context.world.clock.now()
        self.received.add(frame)

    def ended(self) -> None:
        """The connection is over."""
        if self.session is not None:
            self.session.detach(self)
        if self._finishing is not None:
            self._finishing.cancel()
        self._ended.set()

    async def sendText(self, text: str) -> None:
        """Send a text message."""
        if self._socket is not None and not self._silent.is_set():
            await self._socket.send_str(text)

    async def sendRaw(self, data: bytes) -> None:
        """Put bytes on the socket as they are."""
        if self._transport is not None and not self._transport.is_closing() and not self._silent.is_set():
            self._transport.write(data)

    def closeSent(self) -> None:
        """A close frame has gone out: the guest has some seconds to answer it."""
        if self._finishing is None:
            loop = asyncio.get_running_loop()
            self._finishing = loop.call_later(CLOSE_PATIENCE, lambda: self.end("fin"))

    async def urgent(self, raw: bytes) -> None:
        """Answer a ping or a close frame, before what waits to be sent."""
        await self._writer.urgent(raw)

    async def gone(self) -> None:
        """Wait until the TCP connection is no more, while nobody reads from it."""
        while self._transport is not None and not self._transport.is_closing():
            await asyncio.sleep(GONE_PAUSE)

    def end(self, how: str) -> None:
        """End the connection: "reset", "fin" or "silence"."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if how == "silence":
            self._silent.set()
        elif how == "fin":
            transport.close()
            # Over TLS, closing waits for the guest's answer, 30 seconds at most; TCP does not.
            asyncio.get_running_loop().call_soon(transport.abort)
        else:
            raw = transport.get_extra_info("socket")
            if raw is not None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
            transport.abort()

    def _put(self, *items: Outgoing) -> None:
        async def put() -> None:
            if self._ended.is_set():
                raise ConnectionError(f"connection {self.number} has ended")
            items[-1].written = asyncio.get_running_loop().create_future()
            for item in items:
                self._writer.put(item)
            await items[-1].written

        self._thread.run(put())

    def _sent(self, text: str) -> None:
        self._context.frameSent(self, text)
