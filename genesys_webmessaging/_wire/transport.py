"""The socket under a connection: one thread reads, another writes, any may wake or cut, on TLS too.

CPython's TLS sockets do not bear a reader and a writer at once when they have a timeout: they report connections lost
that are not. They also take a reset for an end, and make two system calls for every record. So the socket here is a
plain one that never blocks, TLS is done in memory beside it, and who has to wait does so with a selector.
"""

from __future__ import annotations

import errno
import math
import selectors
import socket
import ssl
import threading
import time

from .._base.threads import logger_of
from .tls import TlsLayer

__all__ = ["CHUNK", "OverdueError", "Transport", "describe"]

logger = logger_of(__name__)

CHUNK = 65536
_BULK = 4 * CHUNK

# select.poll needs no descriptor of its own and bears descriptors above 1023; Windows has select alone.
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)

_RECHECK = 0.5  # seconds; a writer looks this often whether the socket was closed under it
_RENEGOTIATION_RECHECK = 0.02  # seconds; what TLS waits for is read by the reader


class OverdueError(TimeoutError):
    """A deadline of ours has passed (the system's own timeouts are plain TimeoutError)."""


def describe(error: BaseException) -> str:
    """An error of the network in a few words, without number and class."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was refused ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    if isinstance(error, OSError) and error.errno == errno.EBADF:
        return "the socket was closed"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


class Transport:
    """A connected socket that never blocks and can be woken.

    One thread at a time may read and one may write; all other methods may be called from any thread. Only the
    reader closes it: others cut it with ``abort``.

    Args:
        sock: A connected TCP socket, which this object owns from now on.
        deadline: When reading gives up, on the clock of ``time.monotonic``.
    """

    def __init__(self, sock: socket.socket, deadline: float = math.inf) -> None:
        # Held around every single call on a descriptor that the reader does not own alone, so that nobody uses one
        # that has been closed; and guards the TLS layer and its records. Never held while waiting.
        self._io = threading.Lock()
        self._tls: TlsLayer | None = None
        self._unsent = memoryview(b"")  # records that the socket has not taken yet, in order
        self._sock = sock
        self._deadline = deadline
        self._alarm, self._waker = socket.socketpair()
        self._selector = _Selector()
        for each in (self._sock, self._alarm, self._waker):
            each.setblocking(False)
        self._selector.register(self._alarm, selectors.EVENT_READ)
        self._selector.register(self._sock, selectors.EVENT_READ)
        # The writer's, made once: it costs more than what it is asked.
        self._write_selector = _Selector()
        self._write_selector.register(self._sock, selectors.EVENT_WRITE)
        # What TLS had decrypted before anybody read, and whether it said that nothing more comes.
        self._early = b""
        self._ended = False
        # Large as long as there is much to read: memory for more than 128 KB costs five times a small read.
        self._read_size = CHUNK
        # Whether the last read took all there was, so that it has to be waited before the next one.
        self._drained = False

    # Reading: one thread.

    def read(self, *, or_writable: bool = False) -> bytes | None:
        """Wait for bytes and return what there is, 256 KB at most.

        Args:
            or_writable: Return too when the socket can be written to.

        Returns:
            The bytes; b"" when the peer sends no more; None when woken, or writable as asked for.

        Raises:
            OverdueError: The deadline has passed, whether there are bytes or not.
            OSError: The connection broke.
        """
        while True:
            if time.monotonic() >= self._deadline:
                raise OverdueError("Nothing came in time")
            if self._early or self._ended:
                data, self._early = self._early, b""
                return data
            if self._tls is not None and self._tls.failed:
                self._tls.decrypt(b"")
            if self._drained and self._wait(or_writable):
                return None
            try:
                data = self._sock.recv(self._read_size)
            except BlockingIOError:
                self._drained = True
            else:
                self._drained = len(data) < CHUNK
                self._read_size = CHUNK if self._drained else _BULK
                if not data or self._tls is None:
                    return data
                data = self._decrypt(data, self._tls)
                if data:
                    return data

    def _decrypt(self, data: bytes, tls: TlsLayer) -> bytes:
        with self._io:
            try:
                data = tls.decrypt(data)
            finally:
                self._send_what_tls_wants(tls)
        self._ended = tls.ended
        return data

    def _send_what_tls_wants(self, tls: TlsLayer) -> None:
        """An answer to a new key, the alert that says what was wrong: from the reader, who does not wait for it."""
        self._take_outgoing(tls)
        try:
            self._send_records()
        except OSError as error:
            logger.debug("TLS could not answer: %s", error)

    def _wait(self, or_writable: bool) -> bool:
        """Wait for the socket, the deadline or a wake-up. True when woken, or writable as asked for."""
        if or_writable:
            self._selector.modify(self._sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        try:
            timeout = None if self._deadline == math.inf else max(0.0, self._deadline - time.monotonic())
            ready = self._selector.select(timeout)
        finally:
            if or_writable:
                self._selector.modify(self._sock, selectors.EVENT_READ)
        for key, events in ready:
            if key.fileobj is self._alarm:
                self._alarm.recv(CHUNK)
                return True
            if events & selectors.EVENT_WRITE:
                return True
        return False

    def expire_reads_at(self, deadline: float) -> None:
        """Set when reading gives up, for a reader that is waiting already too. From any thread."""
        earlier = deadline < self._deadline
        self._deadline = deadline
        if earlier:  # else it looks again by itself, at the deadline that it had
            self.wake()

    def wake(self) -> None:
        """Make a waiting reader look again. From any thread."""
        with self._io:
            try:
                self._waker.send(b"\0")
            except BlockingIOError:
                logger.debug("The reader has been woken often enough")
            except OSError as error:
                logger.debug("There is no reader to wake any more: %s", error)

    # Writing: one thread.

    def write(self, data: bytes, patience: float, deadline: float = math.inf) -> None:
        """Send all of it.

        Whatever is raised, a part may be out, and nothing can be sent after it.

        Args:
            data: The bytes.
            patience: How many seconds the peer may take to accept the next 64 KB.
            deadline: When all of it must be out, on the clock of ``time.monotonic``.

        Raises:
            OverdueError: It took longer.
            OSError: The connection broke.
        """
        rest = memoryview(data)
        give_up = min(time.monotonic() + patience, deadline)
        while rest or self._unsent:
            try:
                with self._io:
                    taken = self._send_some(rest)
            except BlockingIOError:  # noqa: PERF203 - each call may have to wait
                self._wait_to_write(selectors.EVENT_WRITE, _RECHECK, give_up)
            except ssl.SSLWantReadError:
                self._wait_to_write(selectors.EVENT_READ, _RENEGOTIATION_RECHECK, give_up)
            else:
                if taken:
                    rest = rest[taken:]
                    give_up = min(time.monotonic() + patience, deadline)

    def _send_some(self, rest: memoryview) -> int:
        """Send what the socket takes now. Returns how many bytes of the rest need not be given again."""
        taken = 0
        if not self._unsent:
            if self._tls is None:
                return self._sock.send(rest[:CHUNK])
            if not rest:
                return 0
            taken = self._tls.encrypt(rest)
            self._take_outgoing(self._tls)
        if not self._send_records() and not taken:
            raise BlockingIOError
        return taken

    def _wait_to_write(self, events: int, recheck: float, give_up: float) -> None:
        remaining = give_up - time.monotonic()
        if remaining <= 0:
            raise OverdueError("The other side did not accept our bytes in time")
        self._select_once(events, min(remaining, recheck))

    def _take_outgoing(self, tls: TlsLayer) -> None:
        outgoing = tls.take_outgoing()
        if outgoing:
            self._unsent = memoryview(bytes(self._unsent) + outgoing)

    def _send_records(self) -> bool:
        """Send as much of the unsent records as the socket takes. False if it takes none."""
        if self._unsent:
            try:
                self._unsent = self._unsent[self._sock.send(self._unsent) :]
            except BlockingIOError:
                return False
        return True

    def is_writable(self, timeout: float = 0) -> bool:
        """Whether a short frame can be sent without waiting, now or within so many seconds. By who may write."""
        give_up = time.monotonic() + timeout
        while True:
            if self._sock.fileno() < 0:
                raise ConnectionAbortedError("The socket is closed")
            if self._write_selector.select(min(timeout, _RECHECK)):
                return True
            timeout = give_up - time.monotonic()
            if timeout <= 0:
                return False

    def _select_once(self, events: int, timeout: float) -> bool:
        with _Selector() as selector:
            try:
                selector.register(self._sock, events)
            except ValueError as error:
                raise ConnectionAbortedError("The socket is closed") from error
            return bool(selector.select(timeout))

    # Opening and ending.

    def start_tls(self, context: ssl.SSLContext, server_name: str) -> None:
        """Put TLS on the socket before anything else uses it; the reading deadline holds for all of it.

        A second time, inside the first: to a server behind a proxy that is behind TLS itself.

        Raises:
            OverdueError: The handshake took too long.
            OSError: It failed; ssl.SSLError among others.
        """
        tls = TlsLayer(context, server_name, self._tls)
        data = b""
        try:
            while not tls.do_handshake(data):
                self._take_outgoing(tls)
                self.write(b"", self._deadline - time.monotonic())
                arrived = self.read()
                if arrived == b"":
                    raise ConnectionError("the other side hung up")
                data = arrived or b""
            self._early = tls.decrypt(b"")
        except OSError:
            tls.forget_session()  # if the session was why, it works the next time
            raise
        finally:
            with self._io:
                self._send_what_tls_wants(tls)
        self._ended = tls.ended
        self._tls = tls

    def keep_session(self) -> None:
        """Let later TLS connections to this server resume the session. When the server has said something."""
        if self._tls is not None:
            self._tls.keep_session()

    def end_writing(self) -> None:
        """Tell the peer that nothing more will come, but go on reading. From any thread."""
        self._shutdown(socket.SHUT_WR)

    def abort(self) -> None:
        """Cut the connection: who reads or writes gets an end or an error at once. From any thread."""
        self._shutdown(socket.SHUT_RDWR)
        self.wake()

    def _shutdown(self, how: int) -> None:
        with self._io:
            self._cut(how)

    def _cut(self, how: int) -> None:
        try:
            self._sock.shutdown(how)
        except OSError as error:
            logger.debug("The socket was no longer connected: %s", error)

    def close(self) -> None:
        """Say good-bye at the TLS layer if that needs no waiting, and release every descriptor. By the reader."""
        with self._io:
            if self._tls is not None:
                try:
                    self._tls.send_close_notify()
                except (OSError, ValueError) as error:
                    logger.debug("TLS ends without the other side's good-bye: %s", error)
                self._send_what_tls_wants(self._tls)
            self._cut(socket.SHUT_RDWR)
            self._release()

    def abandon(self) -> None:
        """Release the descriptors in a forked child, without a byte to the peer: the connection is the parent's."""
        self._io = threading.Lock()
        self._release()

    def _release(self) -> None:
        self._selector.close()
        self._write_selector.close()
        for each in (self._sock, self._alarm, self._waker):
            each.close()
