"""One open WebSocket and the thread that reads it."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from websocket import ABNF, WebSocket, WebSocketConnectionClosedException

from .._base.fork import renew_after_fork
from .._base.threads import Deadline, daemon_thread, logger_of, seconds_text
from ..exceptions import ConnectionClosedError, NotConnectedError
from .guest_socket import NO_CODE, GuestSocket, ViolationError, close_of, text_frame, text_of
from .transport import OverdueError, Transport, describe

__all__ = ["MAX_MESSAGE_SIZE", "SEND_PATIENCE", "Connection", "Ending", "State"]

logger = logger_of(__name__)

MAX_MESSAGE_SIZE = 4 * 1024 * 1024
SEND_PATIENCE = 30.0  # seconds

_GOODBYE_PATIENCE = 1.0  # seconds; for what is said on the way out to a peer that may not listen any more
_CLOSED_ABNORMALLY = 1006
_MAX_REASON = 123  # bytes


class State(Enum):
    """The life of a connection, in this order and without a way back."""

    OPEN = auto()
    CLOSING = auto()
    CLOSED = auto()


@dataclass(frozen=True)
class Ending:
    """How a connection ended.

    Attributes:
        code: The close code (1005: a close frame without one, 1006: none came); None when the connection failed.
        reason: The server's reason, or a sentence of ours.
    """

    code: int | None
    reason: str


class Connection:
    """An open WebSocket and the thread that reads it.

    A connection is made open, is closed once, and is never used again. Texts and the ending are handed to the two
    callbacks of ``start`` on the reader thread. Only the reader decides how the connection ended, and only the
    reader closes the socket; everybody else sets it a deadline.

    Args:
        transport: What the handshake has been made on.
        web_socket: What made it.
        early: What the server sent right behind the handshake.
        send_patience: How many seconds the server may take to accept the next 64 KB.
    """

    def __init__(
        self,
        transport: Transport,
        web_socket: GuestSocket,
        early: bytes = b"",
        *,
        send_patience: float = SEND_PATIENCE,
    ) -> None:
        self._transport = transport
        self._web_socket = web_socket
        web_socket.join(self, early)
        self._send_patience = send_patience
        # Guards the three fields that follow it.
        self._lock = threading.Lock()
        self._state = State.OPEN
        self._overdue = Ending(None, "The connection was given up")  # the ending when the reader's deadline passes
        self._reader: threading.Thread | None = None
        # Set when the reader is done.
        self._ended = threading.Event()
        # Held while one frame goes out, so that frames stay whole; guards the writing side of the transport.
        self._sending = threading.Lock()
        # The latest ping not answered yet. The reader puts it in; whoever gets hold of _sending answers it.
        self._pings: deque[bytes] = deque(maxlen=1)
        # Set when our close frame has gone out, or cannot.
        self._goodbye_said = threading.Event()
        renew_after_fork(self)

    # From any thread.

    @property
    def state(self) -> State:
        """Where in its life the connection is."""
        return self._state

    @property
    def is_input_closed(self) -> bool:
        """Whether nothing more will be received."""
        return self._state is State.CLOSED

    @property
    def is_output_closed(self) -> bool:
        """Whether nothing more can be sent."""
        return self._state is not State.OPEN

    @property
    def web_socket(self) -> WebSocket:
        """The library's object, good for sending: what it sends goes the way of ``send`` and ``close``."""
        return self._web_socket

    def start(self, on_texts: Callable[[list[str]], None], on_end: Callable[[Ending], None]) -> None:
        """Begin to read.

        Args:
            on_texts: Called on the reader thread with the messages of one read, in order.
            on_end: Called on the reader thread, once and last, when the state is CLOSED already.

        Raises:
            NotConnectedError: The connection was closed before.
        """
        reader = daemon_thread("reader", self._run, on_texts, on_end)
        with self._lock:
            if self._state is not State.OPEN:
                raise NotConnectedError("The connection was closed before it was used")
            if self._reader is not None:
                raise RuntimeError("This connection has a reader already")
            self._reader = reader
            try:
                reader.start()
            except BaseException:
                self._reader = None
                raise

    def send(self, text: str, patience: float | None = None) -> None:
        """Send one message, whole, whatever other threads send.

        Args:
            text: The message.
            patience: Seconds until all of it must be out, the wait for other messages included. None sets no limit but
                that of the connection to each step. 0 sends it only if that takes no waiting.

        Raises:
            NotConnectedError: The connection is closed or closing; nothing was sent.
            BlockingIOError: The patience was over before its turn came; nothing was sent.
            ConnectionClosedError: It broke meanwhile, or was cut; a part of the message may be out.
        """
        self._write(text_frame(text), math.inf if patience is None else patience)

    def send_frame(self, frame: ABNF) -> int:
        """Send a frame of the library's, which on the reader thread answers one of the server's.

        Returns:
            How many bytes went out; 0 for what goes out later or in other words.

        Raises:
            NotConnectedError, ConnectionClosedError: As for ``send``.
        """
        answers = threading.current_thread() is self._reader
        payload = frame.data if isinstance(frame.data, bytes) else frame.data.encode()
        if frame.opcode == ABNF.OPCODE_CLOSE:
            if not answers:  # else the reader answers in the server's words
                self.close(int.from_bytes(payload[:2], "big"), payload[2:].decode(errors="replace"))
        elif frame.opcode == ABNF.OPCODE_PONG and answers:
            self._pings.append(payload)
        else:
            data = frame.format()
            self._write(data)
            return len(data)
        return 0

    def _write(self, frame: bytes, patience: float = math.inf) -> None:
        deadline = Deadline(patience)
        has_turn = self._sending.acquire(blocking=False) or self._sending.acquire(
            timeout=deadline.at_most(self._send_patience)
        )
        try:
            if self._state is not State.OPEN:
                raise NotConnectedError("The connection is closed")
            if not has_turn:
                if patience < self._send_patience:
                    raise BlockingIOError("Another message is just being sent")
                raise self._stuck(deadline)
            try:
                if patience < self._send_patience and not self._transport.is_writable(deadline.remaining):
                    raise BlockingIOError("The server accepts nothing at the moment")
                self._transport.write(frame, self._send_patience, deadline.at if patience else math.inf)
            except BlockingIOError:
                raise
            except OverdueError as error:
                raise self._stuck(deadline) from error
            except OSError as error:
                self._broken(error)
                raise ConnectionClosedError(f"The connection broke while sending: {describe(error)}") from error
            except BaseException:
                self._give_up("Sending was interrupted, and half a message may be out", 0)
                raise
        finally:
            if has_turn:
                self._sending.release()
        if self._pings and not self._answer_ping():
            self._transport.wake()

    def _stuck(self, deadline: Deadline) -> ConnectionClosedError:
        """Cut the connection, on which nothing goes out any more. Returns what the sender is told."""
        if deadline.passed:
            self._give_up(f"A message did not go out within {seconds_text(deadline.seconds)}", 0)
        else:
            self._give_up(f"The server accepted nothing for {seconds_text(self._send_patience)}", 0)
        return ConnectionClosedError("The message did not go out in time, so the connection was cut")

    def close(self, code: int = 1000, reason: str = "Guest client disconnect", timeout: float = 5.0) -> None:
        """Send a close frame and wait for the ending. The second time it only waits.

        Called on the reader thread it does not wait. Messages that still come are still handed over.

        Args:
            code: The close code.
            reason: Why, cut to the 123 bytes that fit.
            timeout: How many seconds the server has to answer; after that the connection is cut, and the code is 1006.
        """
        deadline = Deadline(timeout)
        if self._leave(
            Ending(_CLOSED_ABNORMALLY, f"The server did not answer our close within {seconds_text(timeout)}")
        ):
            self._transport.expire_reads_at(deadline.at)
            self._say_goodbye(code, reason, deadline)
        self._await_end(deadline.remaining + _GOODBYE_PATIENCE)

    def abort(self, reason: str = "The connection was cut") -> None:
        """Cut the connection without a word. Returns when it has ended; on the reader thread at once.

        Args:
            reason: What the ending says.
        """
        self._give_up(reason, 0)
        self._await_end(_GOODBYE_PATIENCE)

    def _leave(self, overdue: Ending) -> bool:
        """Leave OPEN, with what to report if the deadline passes that goes with it. False if it was left before."""
        with self._lock:
            if self._state is not State.OPEN:
                return False
            self._state = State.CLOSING
            self._overdue = overdue
        logger.debug("The connection is closing")
        return True

    def _give_up(self, reason: str, seconds: float) -> None:
        """Let the reader read what there is for some seconds, and then end with a failure."""
        with self._lock:
            if self._state is State.CLOSED:
                return
            self._state = State.CLOSING
            self._overdue = Ending(None, reason)
        self._goodbye_said.set()
        self._transport.expire_reads_at(time.monotonic() + seconds)

    def _broken(self, error: OSError) -> None:
        """Sending failed. The server may have said why, so what it sent is read to the end."""
        self._give_up(_reason_of(error), _GOODBYE_PATIENCE)

    def _say_goodbye(self, code: int, reason: str, deadline: Deadline) -> None:
        """Send our close frame, if there is somebody to take it. To be called by who left OPEN, once."""
        payload = code.to_bytes(2, "big") + reason.encode()[:_MAX_REASON].decode(errors="ignore").encode()
        try:
            if not self._sending.acquire(timeout=deadline.remaining):
                logger.debug("No close frame was sent: another frame is stuck")
                return
            try:
                self._transport.write(_frame(ABNF.OPCODE_CLOSE, payload), deadline.remaining)
            except OSError as error:
                logger.debug("The close frame could not be sent: %s", error)
                self._transport.expire_reads_at(time.monotonic() + deadline.at_most(_GOODBYE_PATIENCE))
            finally:
                self._sending.release()
        finally:
            self._goodbye_said.set()

    def _answer_ping(self) -> bool:
        """Answer the latest ping, if it can be done without waiting. False if to be tried again when writable."""
        while self._pings and self._sending.acquire(blocking=False):
            try:
                if not self._send_pong():
                    return False
            finally:
                self._sending.release()
        return True

    def _send_pong(self) -> bool:
        try:
            if not self._transport.is_writable():
                return False
            pong = _frame(ABNF.OPCODE_PONG, self._pings.popleft())
            if self._state is State.OPEN:
                self._transport.write(pong, self._send_patience)
        except OSError as error:
            self._broken(error)
        return True

    def _await_end(self, timeout: float) -> None:
        with self._lock:
            reader = self._reader
            if reader is None:
                self._state = State.CLOSED
        if reader is None:
            self._transport.close()
        elif reader is not threading.current_thread():
            # Not join() alone: Ctrl-C in it makes Python before 3.13 take a running thread for one that has ended.
            if not self._ended.wait(timeout):
                self._transport.expire_reads_at(time.monotonic())
            if self._ended.wait(_GOODBYE_PATIENCE):
                reader.join(_GOODBYE_PATIENCE)
            else:
                logger.warning("The reader is held up, and ends later")

    # On the reader thread.

    def _run(self, on_texts: Callable[[list[str]], None], on_end: Callable[[Ending], None]) -> None:
        ending = Ending(None, "The reader failed")
        try:
            ending = self._read_until_end(on_texts)
        except Exception as error:
            logger.exception("The reader failed")
            ending = Ending(None, f"The reader failed: {error!r}")
        finally:
            self._transport.close()
            self._web_socket.connected = False
            with self._lock:
                self._state = State.CLOSED
            logger.debug("The connection has ended: code %s", ending.code)
            try:
                on_end(ending)
            finally:
                self._ended.set()

    def _read_until_end(self, on_texts: Callable[[list[str]], None]) -> Ending:
        web_socket = self._web_socket
        try:
            while True:
                texts = web_socket.recv_texts()
                if texts:
                    on_texts(texts)
                    continue
                opcode, frame = web_socket.recv_data_frame(control_frame=True)
                if opcode == ABNF.OPCODE_TEXT:
                    on_texts([text_of(frame.data)])
                elif opcode == ABNF.OPCODE_CLOSE:
                    return self._answer_close(*close_of(frame.data))
                elif opcode == ABNF.OPCODE_BINARY:
                    logger.debug("Ignored a binary message of %d bytes", len(frame.data))
        except WebSocketConnectionClosedException:
            return self._end_of_stream()
        except ViolationError as violation:
            return self._refuse(violation)
        except OverdueError:
            return self._overdue
        except OSError as error:
            return Ending(None, _reason_of(error))

    @property
    def may_read(self) -> bool:
        """Whether this thread is the one that reads."""
        return self._reader is None or threading.current_thread() is self._reader

    def receive(self) -> bytes:
        """Wait for bytes, and answer pings meanwhile.

        Raises:
            WebSocketConnectionClosedException: The server sends no more.
            OSError: The connection broke, or the reader's deadline has passed.
        """
        while True:
            data = self._transport.read(or_writable=not self._answer_ping())
            if data:
                return data
            if data is not None:
                raise WebSocketConnectionClosedException("The server sends no more")

    def _answer_close(self, code: int, reason: str) -> Ending:
        ending = Ending(code, reason)
        if self._leave(ending):
            self._say_goodbye(1000 if code == NO_CODE else code, "", Deadline(_GOODBYE_PATIENCE))
        else:
            self._goodbye_said.wait(_GOODBYE_PATIENCE)
        return ending

    def _end_of_stream(self) -> Ending:
        overdue = self._overdue
        failed = self._state is State.CLOSING and overdue.code is None
        return overdue if failed else Ending(_CLOSED_ABNORMALLY, "")

    def _refuse(self, violation: ViolationError) -> Ending:
        """Tell the server why we leave, and listen a moment longer, or closing would wipe out what we said."""
        ending = Ending(None, str(violation))
        if self._leave(ending):
            self._say_goodbye(violation.code, "", Deadline(_GOODBYE_PATIENCE))
            self._transport.end_writing()
            self._transport.expire_reads_at(time.monotonic() + _GOODBYE_PATIENCE)
            try:
                while self._transport.read() != b"":
                    continue
            except OSError as error:
                logger.debug("The server went without a word: %s", error)
        return ending

    # In a forked child.

    def _after_fork(self) -> None:
        """Close our copy of the parent's socket. The locks may be held by threads that this process has not."""
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._goodbye_said = threading.Event()
        self._state = State.CLOSED
        self._reader = None
        self._transport.abandon()


def _frame(opcode: int, payload: bytes) -> bytes:
    frame: bytes = ABNF.create_frame(payload, opcode).format()
    return frame


def _reason_of(error: OSError) -> str:
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):
        return "Connection reset by the server"
    return f"The connection failed: {describe(error)}"
