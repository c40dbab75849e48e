"""What the library's WebSocket has for a socket once the connection has a reader of its own."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from websocket import ABNF

from ..exceptions import NotConnectedError

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["Outlet"]


class Outlet:
    """What the library's WebSocket has for a socket: its frames go out through the connection, nothing comes in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = weakref.ref(connection)

    def send(self, frame: bytes) -> int:
        """Send one frame, as the library never gives half of one."""
        connection = self._connection()
        if connection is None:
            raise NotConnectedError("The connection is closed")
        if frame[0] & 0x0F == ABNF.OPCODE_CLOSE:
            payload = ABNF.mask(frame[2:6], frame[6:])
            connection.close(int.from_bytes(payload[:2], "big"), payload[2:].decode(errors="replace"))
        else:
            connection.send_frame(frame)
        return len(frame)

    def recv(self, size: int) -> bytes:
        raise OSError(f"The connection has a reader of its own; nobody else may read {size} bytes")

    def gettimeout(self) -> float | None:
        return None

    def settimeout(self, timeout: float | None) -> None:
        """The connection's own limits rule, whatever the library wants."""

    def close(self) -> None:
        connection = self._connection()
        if connection is not None:
            connection.close()
