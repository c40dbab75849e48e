"""websocket-client's WebSocket, bounded and linear where the library is not, and tied to its connection.

The library makes the handshake and reads frames (``recv_data_frame``). Its frame buffer and its joining of fragments
are subclassed here by the hooks that it has for that; why, and what it costs: docs/decisions/0001-websocket-client.md.
"""

from __future__ import annotations

import os
import struct
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from websocket import ABNF, WebSocket, WebSocketProtocolException, continuous_frame, frame_buffer

from ..exceptions import NotConnectedError

__all__ = ["NO_CODE", "GuestSocket", "ViolationError", "close_of", "text_frame", "text_of"]

_WHOLE_TEXT = 0x81  # first byte of a text frame that is the last of its message and uses no extension
_EMPTY_WHOLE_TEXT = 0x8100  # its first two bytes, to which the length is added as long as it is below 126
_MEDIUM_WHOLE_TEXT = 0x817E  # or, if the length is in the two bytes after them
_two_shorts = struct.Struct("!HH").unpack_from
_DATA_OPCODES = frozenset((ABNF.OPCODE_CONT, ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY))

_MEDIUM_HEAD = struct.Struct("!BBH")
_LONG_HEAD = struct.Struct("!BBQ")

NO_CODE = 1005
_PROTOCOL_ERROR = 1002
_NOT_UTF8 = 1007
_TOO_BIG = 1009


class ViolationError(WebSocketProtocolException):
    """The server broke the protocol or a limit of ours.

    Attributes:
        code: The close code that tells the server so.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Carrier(Protocol):
    """What a GuestSocket needs of its connection."""

    @property
    def may_read(self) -> bool:
        """Whether this thread is the one that reads."""

    def receive(self) -> bytes:
        """Wait for the next bytes, however many. Raises WebSocketConnectionClosedException when none are left."""

    def send_frame(self, frame: ABNF) -> int:
        """Send what the library wants to send."""

    def close(self, code: int, reason: str, timeout: float) -> None:
        """Send a close frame and wait for the ending."""

    def abort(self) -> None:
        """Cut the connection without a word."""


class GuestSocket(WebSocket):
    """The WebSocket of one connection, to be made by ``create_connection(class_=GuestSocket)``.

    What is sent with it goes out through the connection; only the connection's reader may read with it.

    Args:
        max_message_size: The largest message taken, in bytes, over all its fragments.
        options: What the library's own class takes.
    """

    def __init__(self, *, max_message_size: int, **options: Any) -> None:
        super().__init__(**options)
        self.cont_frame = _Fragments(fire_cont_frame=False, skip_utf8_validation=True)
        self._frames = _FrameBuffer(lambda _: self._connection.receive(), self.cont_frame, max_message_size)
        self.frame_buffer = self._frames
        # Weak, as the connection holds this object: both are gone as soon as nobody uses the connection.
        self._carrier: weakref.ref[Carrier] | None = None

    def join(self, carrier: Carrier, early: bytes) -> None:
        """Belong to a connection from now on.

        Args:
            carrier: The connection.
            early: What the server sent right behind the handshake.
        """
        self._carrier = weakref.ref(carrier)
        self.sock = None
        self._frames.feed(early)

    @property
    def _connection(self) -> Carrier:
        carrier = self._carrier() if self._carrier is not None else None
        if carrier is None:
            raise NotConnectedError("The connection is closed")
        return carrier

    # Reading.

    def recv_texts(self) -> list[str]:
        """Every message from here on that is one text frame and has come whole, if the next one is.

        Waits for bytes when there are none. Of anything else nothing is taken, and ``recv_data_frame`` is to be called.

        Raises:
            ViolationError: The next message is not UTF-8.
        """
        return self._frames.recv_texts()

    def recv_frame(self) -> ABNF:
        if not self._connection.may_read:
            raise OSError("The connection has a reader of its own; nobody else may read from it")
        return self._frames.recv_frame()

    # Sending. All that the library sends comes through here.

    def send_frame(self, frame: ABNF) -> int:
        return self._connection.send_frame(frame)

    def close(self, status: int = 1000, reason: str | bytes = b"", timeout: float | None = 3) -> None:
        said = reason if isinstance(reason, str) else reason.decode(errors="replace")
        self._connection.close(status, said, 3 if timeout is None else timeout)

    def abort(self) -> None:
        self._connection.abort()

    shutdown = abort


class _Fragments(continuous_frame):
    """Fragments joined in linear time."""

    def add(self, frame: ABNF) -> None:
        if not frame.fin and not self.cont_data:
            frame.data = bytearray(frame.data)  # type: ignore[assignment,arg-type]  # bytes would be copied whole for each fragment that is added
        super().add(frame)


class _FrameBuffer(frame_buffer):
    """Frames out of reads of any size, in time and memory linear in their length, refused by their header if at all.

    Args:
        receive: Waits for the next bytes, however many.
        fragments: Where the library joins them.
        max_message_size: The largest message, in bytes, over all its fragments.
    """

    def __init__(self, receive: Callable[[int], bytes], fragments: _Fragments, max_message_size: int) -> None:
        super().__init__(receive, skip_utf8_validation=True)
        self._fragments = fragments
        self._max_message_size = max_message_size
        self._message_size = 0  # of the frames of the latest message, so far
        self._data = b""
        self._at = 0  # where in it reading goes on
        self._latest = b""  # what recv_strict gave last

    def feed(self, data: bytes) -> None:
        """Add bytes behind those that are there."""
        self._data = self._data[self._at :] + data
        self._at = 0

    def recv_texts(self) -> list[str]:
        """The texts of a run of whole text frames. What is left over of one read begins the run of the next."""
        if self._fragments.recving_frames:
            return []
        if self._at == len(self._data):
            self._data, self._at = b"", 0  # not kept while waiting
            self._data = self.recv(0)
        texts = self._whole_texts()
        while not texts and self._text_has_begun():
            self.feed(self.recv(0))
            texts = self._whole_texts()
        return texts

    def _whole_texts(self) -> list[str]:
        data, at, end = self._data, self._at, len(self._data)
        texts: list[str] = []
        limit = self._max_message_size
        try:
            while (left := end - at) >= 2:
                head, length = _two_shorts(data, at) if left >= 4 else (data[at] << 8 | data[at + 1], 0)
                start = at + 4
                if head != _MEDIUM_WHOLE_TEXT:
                    length = head - _EMPTY_WHOLE_TEXT
                    if not 0 <= length < 126:
                        break
                    start = at + 2
                stop = start + length
                if stop > end or length > limit:
                    break
                texts.append(data[start:stop].decode())
                at = stop
        except UnicodeDecodeError as error:
            if not texts:
                raise _not_utf8() from error
        self._at = at
        return texts

    def _text_has_begun(self) -> bool:
        """Whether the text frame at hand, once it is whole, can be taken: it is neither long nor over the limit."""
        head = self._data[self._at : self._at + 4]
        if head[0] != _WHOLE_TEXT:
            return False
        length = head[1] if len(head) > 1 else 0
        if length == 126:
            length = int.from_bytes(head[2:], "big") if len(head) == 4 else 0
        elif length > 126:
            return False
        return length <= self._max_message_size

    def recv_header(self) -> None:
        super().recv_header()
        fin, rsv1, rsv2, rsv3, opcode, masked, length = self.header or (0,) * 7
        begun = self._fragments.recving_frames
        if rsv1 or rsv2 or rsv3:
            raise ViolationError(_PROTOCOL_ERROR, "The server used a WebSocket extension nobody asked for")
        if opcode not in ABNF.OPCODES:
            raise ViolationError(_PROTOCOL_ERROR, f"The server sent a frame of the unknown kind {opcode}")
        if masked:
            raise ViolationError(_PROTOCOL_ERROR, "The server masked a frame")
        if opcode not in _DATA_OPCODES and (length > 125 or not fin):
            raise ViolationError(_PROTOCOL_ERROR, "The server sent a control frame that is too long or split")
        if opcode == ABNF.OPCODE_CONT and not begun:
            raise ViolationError(_PROTOCOL_ERROR, "The server continued a message that it had not begun")
        if opcode in (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY) and begun:
            raise ViolationError(_PROTOCOL_ERROR, "The server began a message inside another")

    def recv_length(self) -> None:
        super().recv_length()
        opcode = self.header[4] if self.header else None
        if opcode not in _DATA_OPCODES:
            return
        self._message_size = (self.length or 0) + (self._message_size if opcode == ABNF.OPCODE_CONT else 0)
        if self._message_size > self._max_message_size:
            raise ViolationError(
                _TOO_BIG, f"The server sent a message of more than {self._max_message_size} bytes, which is the limit"
            )

    def recv_strict(self, bufsize: int) -> bytes:
        stop = self._at + bufsize
        if stop <= len(self._data):
            self._latest = self._data[self._at : stop]
            self._at = stop
            return self._latest
        taken = bytearray(self._data[self._at :])
        self._data, self._at = b"", 0
        while (missing := bufsize - len(taken)) > 0:
            data = self.recv(missing)
            if len(data) > missing:
                self._data, self._at = data, missing
                data = data[:missing]
            taken += data
        self._latest = bytes(taken)
        return self._latest

    def recv_frame(self) -> ABNF:
        try:
            return super().recv_frame()
        except ViolationError:
            raise
        except WebSocketProtocolException:
            # Of a whole frame the library can only dislike the close code, and Java takes more of them.
            return ABNF.create_frame(self._latest, ABNF.OPCODE_CLOSE)
        finally:
            self._latest = b""


def text_frame(text: str) -> bytes:
    """A message in one frame, masked, to be sent as it is: what ``ABNF.format`` makes, in a third of its time."""
    payload = text.encode()
    size = len(payload)
    if size < ABNF.LENGTH_7:
        head = bytes((_WHOLE_TEXT, 0x80 | size))
    elif size < ABNF.LENGTH_16:
        head = _MEDIUM_HEAD.pack(_WHOLE_TEXT, 0x80 | 126, size)
    else:
        head = _LONG_HEAD.pack(_WHOLE_TEXT, 0x80 | 127, size)
    key = os.urandom(4)
    keys = (key * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "little") ^ int.from_bytes(keys, "little")
    return b"".join((head, key, masked.to_bytes(size, "little")))


def text_of(payload: bytes | bytearray) -> str:
    """The text of a text message.

    Raises:
        ViolationError: It is not UTF-8.
    """
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8() from error


def _not_utf8() -> ViolationError:
    return ViolationError(_NOT_UTF8, "The server sent a text that is not UTF-8")


def close_of(payload: bytes) -> tuple[int, str]:
    """Code and reason of a close frame; 1005 when it has no code.

    Raises:
        ViolationError: They are not what may be sent.
    """
    if not payload:
        return NO_CODE, ""
    if len(payload) == 1:
        raise ViolationError(_PROTOCOL_ERROR, "The server sent half a close code")
    code = int.from_bytes(payload[:2], "big")
    if not _may_close(code):
        raise ViolationError(_PROTOCOL_ERROR, f"The server closed with {code}, a code that may not be sent")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError as error:
        raise ViolationError(_NOT_UTF8, f"The server closed with {code} and a reason that is not UTF-8") from error


def _may_close(code: int) -> bool:
    """What the Java SDK takes for a close code: more than RFC 6455 allows, as it goes up to 65535."""
    return code >= 1000 and code not in (1004, 1005, 1006, 1010, 1015) and not 1016 <= code <= 2999
