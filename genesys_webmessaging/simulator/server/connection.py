"""One guest's WebSocket connection, and the handle a test holds it by."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import threading
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from ..recording import Frame, Frames
from ..state.deployment import Deployment
from ..state.session import Session
from .context import ServerContext
from .encoding import CONTINUATION, PING, TEXT, closeFrame, encodeFrame
from .outgoing import Outgoing, Writer

__all__ = ["Connection"]

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
        lastHeard: When the guest last sent a text frame, epoch seconds of the simulator's clock.
        closeCode: The status of the guest's close frame; None until there was one, 0 if it had none.
        closeReason: The reason in it.
    """

    def __init__(self, number: int, deployment: Deployment, request: web.Request, context: ServerContext) -> None:
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
