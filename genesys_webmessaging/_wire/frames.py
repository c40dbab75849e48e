"""Bytes from a server into messages: the incoming half of the WebSocket protocol (RFC 6455), without any I/O.

websocket-client frames what we send; what we receive is decoded here, because its parser hands over one frame at a
time, reads a frame of any length before anybody can object, joins fragments in quadratic time, lets masked frames
pass and refuses close codes that the Java SDK accepts.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

__all__ = ["NO_CODE", "Close", "FrameDecoder", "Ping", "ViolationError"]

logger = logging.getLogger(__name__)

_WHOLE_TEXT = 0x81  # first byte of a text frame that is the last of its message and uses no extension
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_DATA_OPCODES = frozenset((_CONTINUATION, _TEXT, _BINARY))
_OPCODES = _DATA_OPCODES | {_CLOSE, _PING, _PONG}

_PROTOCOL_ERROR = 1002
NO_CODE = 1005
_NOT_UTF8 = 1007
_TOO_BIG = 1009


class ViolationError(Exception):
    """The server broke the protocol or a limit of ours.

    Attributes:
        code: The close code that tells the server so.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Ping:
    """A ping, to be answered with a pong of the same payload."""

    payload: bytes


@dataclass(frozen=True)
class Close:
    """The server's close frame; code 1005 when it carried none."""

    code: int
    reason: str


Arrival = list[str] | Ping | Close


class FrameDecoder:
    """Takes bytes as they come, gives texts, pings and the close frame in the order in which they were sent.

    However the bytes are cut, the result is the same, in time and memory linear in their number. Binary messages
    and pongs are left out.

    Args:
        max_message_size: The largest message, in bytes, over all its fragments.
    """

    def __init__(self, max_message_size: int) -> None:
        self._max_message_size = max_message_size
        self._data = b""
        self._at = 0
        # Of the frame whose header has been read: its first byte, and how many bytes are still to come.
        self._frame: int | None = None
        self._missing = 0
        self._control = bytearray()
        # Of the message that has begun: the opcode of its first frame, what it carried so far, and how much.
        self._message_opcode: int | None = None
        self._message = bytearray()
        self._message_size = 0

    def feed(self, data: bytes) -> None:
        """Add what came from the server; to be called when ``next`` has returned None."""
        self._data = self._data[self._at :] + data if self._at < len(self._data) else data
        self._at = 0

    def next(self) -> Arrival | None:
        """The next thing that has arrived whole.

        Returns:
            The texts of one or more messages, a Ping or a Close; None when more bytes are needed.

        Raises:
            ViolationError: What came next may not come. Nothing can be decoded after it.
        """
        while True:
            if self._frame is None:
                if self._message_opcode is None:
                    texts = self._whole_texts()
                    if texts:
                        return texts
                if not self._begin_frame():
                    return None
            if not self._fill_frame():
                return None
            arrival = self._end_frame()
            if arrival is not None:
                return arrival

    def _whole_texts(self) -> list[str]:
        """Every text frame from here on that is a whole message and lies whole in the buffer."""
        data, at, end = self._data, self._at, len(self._data)
        texts: list[str] = []
        limit = self._max_message_size
        try:
            while end - at >= 2 and data[at] == _WHOLE_TEXT:
                length = data[at + 1]
                start = at + 2
                if length == 126 and end - at >= 4:
                    length = data[at + 2] << 8 | data[at + 3]
                    start = at + 4
                elif length > 125:
                    break
                stop = start + length
                if stop > end or length > limit:
                    break
                texts.append(data[start:stop].decode())
                at = stop
        except UnicodeDecodeError as error:
            if not texts:
                raise ViolationError(_NOT_UTF8, "The server sent a text that is not UTF-8") from error
        self._at = at
        return texts

    def _begin_frame(self) -> bool:
        """Read one header. False when it has not come whole."""
        data, at = self._data, self._at
        available = len(data) - at
        if available < 2:
            return False
        first, length = data[at], data[at + 1]
        size = 2 if (length & 0x7F) < 126 else 4 if (length & 0x7F) == 126 else 10
        self._check_header(first, length)
        if available < size:
            return False
        if size > 2:
            length = int.from_bytes(data[at + 2 : at + size], "big")
        self._at = at + size
        self._frame = first
        self._missing = length
        if first & 0x0F in _DATA_OPCODES:
            self._begin_data(first & 0x0F, length)
        return True

    def _check_header(self, first: int, second: int) -> None:
        opcode = first & 0x0F
        if first & 0x70:
            raise ViolationError(_PROTOCOL_ERROR, "The server used a WebSocket extension nobody asked for")
        if opcode not in _OPCODES:
            raise ViolationError(_PROTOCOL_ERROR, f"The server sent a frame of the unknown kind {opcode}")
        if second & 0x80:
            raise ViolationError(_PROTOCOL_ERROR, "The server masked a frame")
        if opcode not in _DATA_OPCODES and (second > 125 or not first & 0x80):
            raise ViolationError(_PROTOCOL_ERROR, "The server sent a control frame that is too long or split")
        if opcode == _CONTINUATION and self._message_opcode is None:
            raise ViolationError(_PROTOCOL_ERROR, "The server continued a message that it had not begun")
        if opcode in (_TEXT, _BINARY) and self._message_opcode is not None:
            raise ViolationError(_PROTOCOL_ERROR, "The server began a message inside another")

    def _begin_data(self, opcode: int, length: int) -> None:
        if opcode != _CONTINUATION:
            self._message_opcode = opcode
        self._message_size += length
        if self._message_size > self._max_message_size:
            raise ViolationError(
                _TOO_BIG, f"The server sent a message of more than {self._max_message_size} bytes, which is the limit"
            )

    def _fill_frame(self) -> bool:
        """Move what there is of the frame's payload to where it belongs. False when some is still missing."""
        assert self._frame is not None  # noqa: S101 - for the type checker
        chunk = self._data[self._at : self._at + self._missing]
        self._at += len(chunk)
        self._missing -= len(chunk)
        if self._frame & 0x0F not in _DATA_OPCODES:
            self._control += chunk
        elif self._message_opcode == _TEXT:
            self._message += chunk
        return self._missing == 0

    def _end_frame(self) -> Arrival | None:
        frame, self._frame = self._frame, None
        assert frame is not None  # noqa: S101 - for the type checker
        if frame & 0x0F in _DATA_OPCODES:
            return self._end_message() if frame & 0x80 else None
        payload, self._control = bytes(self._control), bytearray()
        if frame & 0x0F == _PING:
            return Ping(payload)
        if frame & 0x0F == _CLOSE:
            return _close_of(payload)
        return None

    def _end_message(self) -> list[str] | None:
        opcode, self._message_opcode = self._message_opcode, None
        message, self._message = self._message, bytearray()
        size, self._message_size = self._message_size, 0
        if opcode == _BINARY:
            logger.debug("Ignored a binary message of %d bytes", size)
            return None
        try:
            return [message.decode()]
        except UnicodeDecodeError as error:
            raise ViolationError(_NOT_UTF8, "The server sent a text that is not UTF-8") from error


def _close_of(payload: bytes) -> Close:
    if not payload:
        return Close(NO_CODE, "")
    if len(payload) == 1:
        raise ViolationError(_PROTOCOL_ERROR, "The server sent half a close code")
    code = int.from_bytes(payload[:2], "big")
    if not _may_close(code):
        raise ViolationError(_PROTOCOL_ERROR, f"The server closed with {code}, a code that may not be sent")
    try:
        return Close(code, payload[2:].decode())
    except UnicodeDecodeError as error:
        raise ViolationError(_NOT_UTF8, f"The server closed with {code} and a reason that is not UTF-8") from error


def _may_close(code: int) -> bool:
    """What the Java SDK takes for a close code: more than RFC 6455 allows, as it goes up to 65535."""
    return code >= 1000 and code not in (1004, 1005, 1006, 1010, 1015) and not 1016 <= code <= 2999
