"""The socket under a connection: one thread reads, another writes, any may wake or cut, on TLS too.

CPython's TLS sockets do not bear a reader and a writer at once when they have a timeout: they report connections lost
that are not. So the socket here never blocks. Whoever has to wait does so outside of it, with a selector, and each
single call on the socket is made under one lock.
"""

from __future__ import annotations

import errno
import logging
import math
import os
import selectors
import socket
import ssl
import threading
import time

__all__ = ["CHUNK", "OverdueError", "Transport", "describe"]

logger = logging.getLogger(__name__)

CHUNK = 65536

# select.poll needs no descriptor of its own and bears descriptors above 1023; Windows has select alone.
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)

_WRITE_RECHECK = 0.5  # seconds; a writer looks this often whether the socket was closed under it
_CROSSED_RECHECK = 0.02  # seconds; what TLS is waiting for may be consumed by the other direction


class OverdueError(TimeoutError):
    """A deadline of ours has passed (the system's own timeouts are plain TimeoutError)."""


def describe(error: BaseException) -> str:
    """An error of the network in a few words, without number and class."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was refused ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
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
        # Held around every single call on a descriptor, so that no two threads are inside one TLS object and none
        # closes a descriptor that another is using. Never held while waiting.
        self._io = threading.Lock()
        self._sock = sock
        self._deadline = deadline
        self._alarm, self._waker = socket.socketpair()
        self._selector = _Selector()
        for each in (self._sock, self._alarm, self._waker):
            each.setblocking(False)
        self._selector.register(self._alarm, selectors.EVENT_READ)
        self._selector.register(self._sock, selectors.EVENT_READ)
        # An error that came after bytes, kept for the next read.
        self._late_error: OSError | None = None

    # Reading: one thread.

    def read(self, *, or_writable: bool = False) -> bytes | None:
        """Wait for bytes and return what there is, some 64 KB at most.

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
            events = selectors.EVENT_READ | selectors.EVENT_WRITE if or_writable else selectors.EVENT_READ
            try:
                return self._read_tls() if isinstance(self._sock, ssl.SSLSocket) else self._receive()
            except (BlockingIOError, ssl.SSLWantReadError):
                woken = self._wait(events)
            except ssl.SSLWantWriteError:
                woken = self._wait(events | selectors.EVENT_WRITE)
            if woken or (or_writable and self.is_writable()):
                return None

    def _receive(self) -> bytes:
        with self._io:
            return self._sock.recv(CHUNK)

    def _read_tls(self) -> bytes:
        """Collect the records that have come; one TLS read gives one record at most."""
        if self._late_error is not None:
            raise self._late_error
        chunks = [self._receive()]
        size = len(chunks[0])
        if not size:
            self._tell_a_reset_from_an_end()
        try:
            while chunks[-1] and size < CHUNK:
                chunks.append(self._receive())
                size += len(chunks[-1])
        except OSError as error:
            if not isinstance(error, (ssl.SSLWantReadError, ssl.SSLWantWriteError)):
                self._late_error = error
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _tell_a_reset_from_an_end(self) -> None:
        """CPython's TLS gives b"" for both; but only a socket that was reset has no peer any more."""
        try:
            self._sock.getpeername()
        except OSError as error:
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)) from error

    def _wait(self, events: int) -> bool:
        """Wait for the socket, the deadline or a wake-up. True when woken."""
        if events != selectors.EVENT_READ:
            self._selector.modify(self._sock, events)
        try:
            timeout = None if self._deadline == math.inf else max(0.0, self._deadline - time.monotonic())
            ready = self._selector.select(timeout)
        finally:
            if events != selectors.EVENT_READ:
                self._selector.modify(self._sock, selectors.EVENT_READ)
        woken = any(key.fileobj is self._alarm for key, _ in ready)
        if woken:
            self._alarm.recv(CHUNK)
        return woken

    def expire_reads_at(self, deadline: float) -> None:
        """Set when reading gives up, for a reader that is waiting already too. From any thread."""
        self._deadline = deadline
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

    def write(self, data: bytes, patience: float) -> None:
        """Send all of it.

        Whatever is raised, a part may be out, and nothing can be sent after it.

        Args:
            data: The bytes.
            patience: How many seconds the peer may take to accept the next 64 KB.

        Raises:
            OverdueError: It took longer.
            OSError: The connection broke.
        """
        rest = memoryview(data)
        give_up = time.monotonic() + patience
        while rest:
            try:
                with self._io:
                    sent = self._sock.send(rest[:CHUNK])
            except (BlockingIOError, ssl.SSLWantWriteError):  # noqa: PERF203 - each call may have to wait
                self._wait_to_write(selectors.EVENT_WRITE, _WRITE_RECHECK, give_up)
            except ssl.SSLWantReadError:
                self._wait_to_write(selectors.EVENT_READ, _CROSSED_RECHECK, give_up)
            else:
                rest = rest[sent:]
                if rest:
                    give_up = time.monotonic() + patience

    def _wait_to_write(self, events: int, recheck: float, give_up: float) -> None:
        remaining = give_up - time.monotonic()
        if remaining <= 0:
            raise OverdueError("The other side did not accept our bytes in time")
        self._select_once(events, min(remaining, recheck))

    def is_writable(self) -> bool:
        """Whether a short frame can be sent without waiting."""
        return self._select_once(selectors.EVENT_WRITE, 0)

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

        Raises:
            OverdueError: The handshake took too long.
            OSError: It failed; ssl.SSLError among others.
        """
        self._selector.unregister(self._sock)
        sock = context.wrap_socket(self._sock, server_hostname=server_name, do_handshake_on_connect=False)
        self._sock = sock
        self._selector.register(sock, selectors.EVENT_READ)
        while True:
            if time.monotonic() >= self._deadline:
                raise OverdueError("The TLS handshake took too long")
            try:
                sock.do_handshake()
            except ssl.SSLWantReadError:
                self._wait(selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                self._wait(selectors.EVENT_WRITE)
            else:
                return

    def end_writing(self) -> None:
        """Tell the peer that nothing more will come, but go on reading. From any thread."""
        self._shutdown(socket.SHUT_WR)

    def abort(self) -> None:
        """Cut the connection: who reads or writes gets an end or an error at once. From any thread."""
        self._shutdown(socket.SHUT_RDWR)
        self.wake()

    def _shutdown(self, how: int) -> None:
        with self._io:
            try:
                # Not SSLSocket.shutdown, which takes TLS off: what came after would be read or written in the clear.
                socket.socket.shutdown(self._sock, how)
            except OSError as error:
                logger.debug("The socket was no longer connected: %s", error)

    def close(self) -> None:
        """Say good-bye at the TLS layer if that needs no waiting, and release every descriptor. By the reader."""
        with self._io:
            if isinstance(self._sock, ssl.SSLSocket):
                try:
                    self._sock.unwrap()
                except (OSError, ValueError) as error:
                    logger.debug("TLS ended without the other side's good-bye: %s", error)
            try:
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
            except OSError as error:
                logger.debug("The socket was no longer connected: %s", error)
            self._release()

    def abandon(self) -> None:
        """Release the descriptors in a forked child, without a byte to the peer: the connection is the parent's."""
        self._io = threading.Lock()
        self._release()

    def _release(self) -> None:
        self._selector.close()
        for each in (self._sock, self._alarm, self._waker):
            each.close()
