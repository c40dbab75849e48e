"""What is sent to a guest, in order, and the faults that strike it on the way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..faults import Fault, Faults, Stage, Subject
from ..state.clock import Clock
from .encoding import encodeFrame, fragments, pieces, toJson
from .thread import clock_sleep

__all__ = ["Outgoing", "Wire", "Writer"]

SEGMENT_PAUSE = 0.005


class Wire(Protocol):
    """The socket, as far as a writer needs it."""

    async def sendText(self, text: str) -> None:
        """Send a text message."""

    async def sendRaw(self, data: bytes) -> None:
        """Put bytes on the socket as they are."""

    def end(self, how: str) -> None:
        """End the connection: "reset", "fin" or "silence"."""

    def closeSent(self) -> None:
        """A close frame has gone out."""


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

    def __init__(self, number: int, wire: Wire, faults: Faults, clock: Clock, sent: Callable[[str], None]) -> None:
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
