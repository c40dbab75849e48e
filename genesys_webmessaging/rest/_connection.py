"""HTTP connections that urllib3 makes, each of whose waits has an end: its exchange's deadline, or being cut."""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextvars import ContextVar
from typing import Any

from urllib3.exceptions import ConnectTimeoutError

from .._base.fork import renew_after_fork
from .._base.threads import Deadline, daemon_thread
from ..exceptions import ConnectionClosedError

# Seconds after which a kept connection is not used again: what stands between forgets silent ones without a word.
_LONGEST_IDLE = 60.0
# Seconds until a pause between two calls notices that it is cut.
_CUT_LATENCY = 0.1


class Cutter:
    """Ends the calls that one thread makes within it, from another thread."""

    def __init__(self) -> None:
        # Each written by one side before it reads the other, so that whoever comes second cuts. No Event: a finalizer
        # that sets one can run within the wait for it.
        self._is_cut = False
        self._exchange: Exchange | None = None

    @contextlib.contextmanager
    def around_calls(self) -> Iterator[None]:
        """Within: the calls of this thread can be cut."""
        token = _cutter.set(self)
        try:
            yield
        finally:
            _cutter.reset(token)

    def take(self, exchange: Exchange) -> None:
        """Be told of the next call."""
        self._exchange = exchange
        if self._is_cut:
            exchange.cut()

    def cut(self) -> None:
        """End the call under way or the pause before it, and those to come. May be called by a finalizer."""
        self._is_cut = True
        if self._exchange is not None:
            self._exchange.cut()

    def paused(self, seconds: float, closed: threading.Event) -> bool:
        """What :func:`paused` does, on a thread within ``around_calls``."""
        deadline = Deadline(seconds)
        while not self._is_cut and not closed.wait(deadline.at_most(_CUT_LATENCY)):
            if deadline.passed:
                return True
        return False


def paused(seconds: float, closed: threading.Event) -> bool:
    """Let so many seconds pass before the next call. False when the client was closed, or the calls are cut."""
    cutter = _cutter.get()
    return not closed.wait(seconds) if cutter is None else cutter.paused(seconds, closed)


class Exchange:
    """One request and its answer.

    Args:
        label: What stands for the URL in logs and exceptions, free of secrets.
        deadline: When it must be done.
        silence: Seconds that the server may be silent; None for as long as the deadline allows.
    """

    def __init__(self, label: str, deadline: Deadline, silence: float | None) -> None:
        self.label = label
        self.deadline = deadline
        self._silence = math.inf if silence is None else silence
        self.reused = False  # whether it went over a connection that was kept
        self.is_cut = False
        self._line: socket.socket | None = None
        self._connecting: Future[Any] | None = None
        # Guards is_cut, _line and _connecting. A finalizer on the thread that holds it may cut.
        self._lock = threading.RLock()
        if (cutter := _cutter.get()) is not None:
            cutter.take(self)

    def step(self) -> float | None:
        """The seconds that the next wait may take; None for any number.

        Raises:
            TimeoutError: There is no time left.
        """
        seconds = self.deadline.at_most(self._silence)
        if seconds <= 0:
            raise TimeoutError("timed out")
        return None if seconds == math.inf else seconds

    def cut(self) -> None:
        """End it now, whatever it is waiting for."""
        with self._lock:
            self.is_cut = True
            if self._connecting is not None:
                _settle(self._connecting.set_exception, ConnectionClosedError("cut"))
            if self._line is not None:
                _shut_down(self._line)

    def use_socket(self, sock: Any) -> None:
        """Remember the connection, so that it can be cut."""
        # A descriptor of our own: another thread can use it whatever becomes of the socket meanwhile.
        line = socket.fromfd(sock.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        with self._lock:
            before, self._line = self._line, line
            if self.is_cut:
                _shut_down(line)
        if before is not None:
            before.close()

    def end(self) -> None:
        """It is over: let go of the connection."""
        with self._lock:
            line, self._line = self._line, None
        if line is not None:
            line.close()

    @contextlib.contextmanager
    def under_way(self) -> Iterator[None]:
        """Within: what urllib3 does belongs to this exchange."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def connected(self, connect: Callable[[], Any], seconds: float) -> Any:
        """The socket that ``connect`` returns.

        It runs on a thread of its own, as neither the lookup of a name nor a row of addresses can be ended otherwise.

        Raises:
            FutureTimeoutError: It is not there after so many seconds.
        """
        outcome: Future[Any] = Future()
        with self._lock:
            if self.is_cut:
                raise ConnectionClosedError("cut")
            self._connecting = outcome
        daemon_thread("http-connect", _connect, outcome, connect).start()
        try:
            return outcome.result(None if seconds == math.inf else seconds)
        except BaseException:
            if not _settle(outcome.set_exception, TimeoutError()) and outcome.exception() is None:
                outcome.result().close()
            raise
        finally:
            with self._lock:
                self._connecting = None


def _connect(outcome: Future[Any], connect: Callable[[], Any]) -> None:
    try:
        sock = connect()
    except Exception as error:  # noqa: BLE001 - whoever waits for the outcome raises it
        _settle(outcome.set_exception, error)
    else:
        if not _settle(outcome.set_result, sock):
            sock.close()


def _settle(how: Callable[[Any], None], value: Any) -> bool:
    """Give a future its outcome, unless it has one."""
    try:
        how(value)
    except InvalidStateError:
        return False
    return True


def _shut_down(line: socket.socket) -> None:
    # It may be gone already.
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


# What this context is sending.
_current: ContextVar[Exchange] = ContextVar("genesys_webmessaging_exchange")
_cutter: ContextVar[Cutter | None] = ContextVar("genesys_webmessaging_cutter", default=None)


def _hide_url(record: logging.LogRecord) -> bool:
    exchange = _current.get(None)
    if exchange is not None and isinstance(record.args, tuple):
        record.args = tuple(
            exchange.label if isinstance(arg, str) and (arg.startswith("/") or "://" in arg) else arg
            for arg in record.args
        )
    return True


# Presigned URLs and the paths of push devices are secrets, and this logger writes both at DEBUG.
logging.getLogger("urllib3.connectionpool").addFilter(_hide_url)


class BoundedSocket:
    """A connected socket, as http.client wants it, that waits no longer than its exchange may.

    Args:
        sock: The socket, plain or under TLS.
        exchange: What it carries first.
    """

    def __init__(self, sock: Any, exchange: Exchange) -> None:
        self._sock = sock
        self.exchange = exchange
        renew_after_fork(self)

    def bound(self) -> None:
        """Let the next wait take as long as the exchange allows."""
        self._sock.settimeout(self.exchange.step())

    def sendall(self, data: Any) -> None:
        self.bound()
        self._sock.sendall(data)

    def makefile(self, *_args: Any, **_named: Any) -> io.BufferedReader:
        return io.BufferedReader(_BoundedReader(self, self._sock.makefile("rb", buffering=0)))

    def settimeout(self, _seconds: float | None) -> None:
        """The exchange sets it, for each wait."""

    def fileno(self) -> int:
        return int(self._sock.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def _after_fork(self) -> None:
        # Closed here without a byte to the server, for which it goes on in the parent.
        tcp = self._sock if isinstance(self._sock, socket.socket) else self._sock.socket
        descriptor = tcp.detach()
        if descriptor >= 0:
            os.close(descriptor)


class _BoundedReader(io.RawIOBase):
    def __init__(self, owner: BoundedSocket, raw: io.RawIOBase) -> None:
        self._owner = owner
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._owner.bound()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedConnection:
    """In front of a connection class of urllib3's, makes it tell the exchange of its socket, and bounds its waits."""

    sock: Any
    timeout: Any
    _carried = False  # whether the socket has carried a request
    _idle_since = math.inf

    def _new_conn(self) -> Any:
        exchange = _current.get()
        limit = Deadline(exchange.deadline.at_most(math.inf if self.timeout is None else self.timeout))
        try:
            sock = exchange.connected(super()._new_conn, limit.remaining)  # type: ignore[misc]
        except FutureTimeoutError as error:
            raise ConnectTimeoutError(self, "no connection in time") from error
        exchange.use_socket(sock)
        # The handshake of TLS, which comes next, takes this for a bound over all of it.
        sock.settimeout(None if limit.at == math.inf else max(limit.remaining, 0.001))
        return sock

    def _tunnel(self) -> None:
        plain, self.sock = self.sock, BoundedSocket(self.sock, _current.get())
        super()._tunnel()  # type: ignore[misc]
        self.sock = plain

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        self.sock = BoundedSocket(self.sock, _current.get())
        self._carried = False

    def request(self, *args: Any, **named: Any) -> None:
        exchange = _current.get()
        if self.sock is not None:
            exchange.reused = self._carried
            self.sock.exchange = exchange
            exchange.use_socket(self.sock)
        super().request(*args, **named)  # type: ignore[misc]
        self._carried = True

    def getresponse(self) -> Any:
        response = super().getresponse()  # type: ignore[misc]
        self._idle_since = time.monotonic()
        return response

    @property
    def is_connected(self) -> bool:
        """Whether urllib3 may use it once more."""
        return super().is_connected and time.monotonic() - self._idle_since < _LONGEST_IDLE  # type: ignore[misc]


def bound(manager: Any) -> Any:
    """Have a pool manager of urllib3's make bounded connections, and return it."""
    manager.pool_classes_by_scheme = {
        scheme: _bounded_pool(pool) for scheme, pool in manager.pool_classes_by_scheme.items()
    }
    return manager


@functools.cache
def _bounded_pool(pool: Any) -> Any:
    if issubclass(pool.ConnectionCls, _BoundedConnection):
        return pool
    connection = type(pool.ConnectionCls.__name__, (_BoundedConnection, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})
