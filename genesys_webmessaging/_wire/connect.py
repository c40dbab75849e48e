"""Opening a connection: name, addresses, proxy, TLS and handshake, under one deadline."""

from __future__ import annotations

import errno
import ipaddress
import itertools
import math
import os
import queue
import selectors
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult

from .._base import checks
from .._base.threads import Deadline, daemon_thread, seconds_text
from ..exceptions import ConnectError, ConnectTimeoutError
from .connection import MAX_MESSAGE_SIZE, SEND_PATIENCE, Connection
from .handshake import do_handshake
from .proxy import Proxy, choose_proxy, netloc
from .tls import ClientCertificate, shared_context
from .transport import OverdueError, Transport, describe

__all__ = ["CONNECT_TIMEOUT", "ClientCertificate", "open_connection"]

CONNECT_TIMEOUT = 30.0  # seconds

Address = tuple[socket.AddressFamily, tuple[Any, ...]]

# The addresses of names that were just connected to, and until when they need not be looked up again: connections that
# are opened in a row cost 6 % less without a lookup, and a thread, each. A second is short for the name service.
_LOOKUP_LASTS = 1.0  # seconds
_MAX_LOOKUPS = 64
_lookups: dict[tuple[str, int], tuple[list[Address], float]] = {}

_NEXT_ADDRESS_AFTER = 0.25  # seconds; as RFC 8305 has it
_IN_PROGRESS = frozenset((0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN, getattr(errno, "WSAEWOULDBLOCK", 0)))

# A link that is dead is noticed within two minutes, whether something is being sent or not.
_SOCKET_OPTIONS = (
    (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 60),
    (socket.IPPROTO_TCP, "TCP_KEEPALIVE", 60),  # macOS calls it so
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 15),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 4),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 120_000),  # milliseconds
)


def open_connection(
    url: str,
    headers: Sequence[tuple[str, str]] = (),
    *,
    ssl_context: ssl.SSLContext | None = None,
    ca_file: str | None = None,
    client_certificate: ClientCertificate | None = None,
    proxy: str | None = None,
    trust_env: bool = True,
    timeout: float = CONNECT_TIMEOUT,
    max_message_size: int = MAX_MESSAGE_SIZE,
    send_patience: float = SEND_PATIENCE,
    refusals: Mapping[int, str] | None = None,
) -> Connection:
    """Open a WebSocket.

    Args:
        url: A ws or wss URL.
        headers: Request headers; there are no others but those of the WebSocket protocol and Host.
        ssl_context: Used as it is, instead of the two below.
        ca_file: The certificates to trust (PEM) instead of the system's.
        client_certificate: The path of a certificate with its key (PEM), or (certificate, key[, password]).
        proxy: ``http://user:password@host:port``, ``https://…``, ``socks5://…``, ``socks5h://…``, ``socks4://…``,
            ``socks4a://…``.
        trust_env: Whether the environment may name a proxy when ``proxy`` is None.
        timeout: Seconds for all of it.
        max_message_size: The largest message taken later, in bytes.
        send_patience: How many seconds the server may later take to accept the next 64 KB.
        refusals: What a refusal of the handshake usually means, by its HTTP status; put into the error.

    Raises:
        ConnectError: It could not be opened; status, headers and body are those of a refused handshake.
        ConnectTimeoutError: It could not be opened in time.
        ValueError: An argument cannot be right. Nothing was sent.
    """
    if not 0 < timeout < math.inf:
        raise ValueError("timeout must be a number of seconds above 0")
    deadline = Deadline(timeout)
    target = checks.url("address", url, "ws", "wss")
    for name, value in headers:
        checks.header_field(name, value)
    if ssl_context is not None:
        if ca_file is not None or client_certificate is not None:
            raise ValueError("Give either an SSL context or a CA file and a client certificate, not both")
        if not isinstance(ssl_context, ssl.SSLContext):
            raise TypeError(f"The SSL context must be an ssl.SSLContext, not {type(ssl_context).__name__}")
    through = choose_proxy(target, proxy, trust_env=trust_env)
    host, port = _host_and_port(target)
    context = ssl_context
    if target.scheme == "wss" and context is None:
        context = shared_context(ca_file, client_certificate, trust_env=trust_env)
    if through is not None and through.scheme == "https":
        through_context = ssl_context or shared_context(ca_file, trust_env=trust_env)
    else:
        through_context = None
    transport: Transport | None = None
    try:
        transport = _connect(through, through_context, host, port, deadline)
        server = netloc(host, port)
        if target.scheme == "wss" and context is not None:
            with _step(f"The TLS handshake with {server}"):
                transport.start_tls(context, host.rstrip("."))
        with _step(f"The WebSocket handshake with {server}"):
            web_socket, early = do_handshake(transport, target, headers, deadline, max_message_size, refusals or {})
        transport.expire_reads_at(math.inf)
        transport.keep_session()
        return Connection(transport, web_socket, early, send_patience=send_patience)
    except BaseException as error:
        if transport is not None:
            transport.close()
        if isinstance(error, OverdueError):
            raise ConnectTimeoutError(f"{error} (all of {seconds_text(timeout)})") from error.__cause__
        raise


@contextmanager
def _step(what: str) -> Iterator[None]:
    """Put what was going on into the errors of the network; an OverdueError stays one for the caller to finish."""
    try:
        yield
    except ConnectError:
        raise
    except OverdueError as error:
        raise OverdueError(f"{what} took too long") from error
    except OSError as error:
        failure = ConnectTimeoutError if isinstance(error, TimeoutError) else ConnectError
        raise failure(f"{what} failed: {describe(error)}") from error


def _host_and_port(url: SplitResult) -> tuple[str, int]:
    return url.hostname or "", url.port or (443 if url.scheme == "wss" else 80)


# TCP.


def _connect(
    proxy: Proxy | None, proxy_context: ssl.SSLContext | None, host: str, port: int, deadline: Deadline
) -> Transport:
    """Connect to the server, or to the proxy and through it."""
    if proxy is None:
        return _connect_tcp(host, port, deadline)
    destination = host
    if proxy.wants_address:
        family = socket.AF_INET if proxy.wants_ipv4 else socket.AF_UNSPEC
        destination = _resolve(host, port, deadline, family)[0][1][0]
    transport = _connect_tcp(proxy.host, proxy.port, deadline, what="the proxy ")
    try:
        if proxy_context is not None:
            with _step(f"The TLS handshake with the proxy {proxy}"):
                transport.start_tls(proxy_context, proxy.host.rstrip("."))
        with _step(f"Getting to {netloc(host, port)} through the proxy {proxy}"):
            proxy.tunnel(transport, destination, port, deadline)
    except BaseException:
        transport.close()
        raise
    return transport


def _connect_tcp(host: str, port: int, deadline: Deadline, *, what: str = "") -> Transport:
    # Taken out, so that what cannot be connected to is looked up the next time.
    addresses, until = _lookups.pop((host, port), ([], 0.0))
    if time.monotonic() >= until:
        addresses, until = _resolve(host, port, deadline, what=what), time.monotonic() + _LOOKUP_LASTS
    with _step(f"The TCP connection to {what}{netloc(host, port)}"):
        sock = _first_connected(addresses, deadline)
        if len(_lookups) >= _MAX_LOOKUPS:
            _lookups.clear()
        _lookups[host, port] = addresses, until
        try:
            return Transport(sock, deadline.at)
        except BaseException:
            sock.close()
            raise


def _resolve(
    host: str, port: int, deadline: Deadline, family: socket.AddressFamily = socket.AF_UNSPEC, *, what: str = ""
) -> list[Address]:
    """Look a name up on a thread of its own: nothing can be done about a resolver that hangs but to leave it."""
    known = _numeric(host, port)
    if known is not None and family in (socket.AF_UNSPEC, known[0]):
        return [known]
    answers: queue.SimpleQueue[list[Address] | OSError | UnicodeError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
            answers.put([(each[0], each[4]) for each in found])
        except (OSError, UnicodeError) as error:
            answers.put(error)

    with _step(f"The name lookup of {what}{host}"):
        daemon_thread("lookup", look_up).start()
        try:
            answer = answers.get(timeout=deadline.remaining)
        except queue.Empty:
            raise OverdueError("The resolver did not answer in time") from None
        if isinstance(answer, UnicodeError):
            raise ConnectError(f"The name lookup of {what}{host} failed: it cannot be the name of a host") from answer
        if isinstance(answer, OSError):
            raise answer
        return answer


def _numeric(host: str, port: int) -> Address | None:
    """The address that a host is already. getaddrinfo would take a thread for it, under gevent one of the system's."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return socket.AF_INET, (str(address), port)
    # What interface a scope is, the system knows.
    return None if address.scope_id else (socket.AF_INET6, (str(address), port, 0, 0))


def _first_connected(addresses: Sequence[Address], deadline: Deadline) -> socket.socket:
    """Connect to the first address that answers.

    Each gets a quarter of a second before the next one is tried beside it, families taking turns, so one that hangs
    costs little (RFC 8305, "Happy Eyeballs").
    """
    waiting = _interleaved_families(addresses)
    failures: list[tuple[Address, OSError]] = []
    with selectors.DefaultSelector() as selector:
        try:
            next_start = time.monotonic()
            while waiting or selector.get_map():
                if waiting and (time.monotonic() >= next_start or not selector.get_map()):
                    address = waiting.pop(0)
                    next_start = time.monotonic() + _NEXT_ADDRESS_AFTER
                    try:
                        selector.register(_begin_to_connect(address), selectors.EVENT_WRITE, address)
                    except OSError as error:
                        failures.append((address, error))
                        continue
                next_step = deadline.at_most(next_start - time.monotonic()) if waiting else deadline.remaining
                for key, _ in selector.select(max(0.0, next_step)):
                    sock = key.fileobj
                    assert isinstance(sock, socket.socket)  # noqa: S101 - for the type checker
                    selector.unregister(sock)
                    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if code == 0:
                        return sock
                    sock.close()
                    failures.append((key.data, OSError(code, os.strerror(code))))
                    next_start = time.monotonic()
                if deadline.passed:
                    raise OverdueError("No address answered in time")
        finally:
            for key in list(selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]  # all of them are sockets
    raise _all_failed(failures)


def _interleaved_families(addresses: Sequence[Address]) -> list[Address]:
    """The resolver's order within a family, and its first choice first."""
    families = list(dict.fromkeys(address[0] for address in addresses))
    columns = [[address for address in addresses if address[0] == family] for family in families]
    return [address for row in itertools.zip_longest(*columns) for address in row if address is not None]


def _begin_to_connect(address: Address) -> socket.socket:
    sock = socket.socket(address[0], socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        for level, name, value in _SOCKET_OPTIONS:
            if hasattr(socket, name):
                sock.setsockopt(level, getattr(socket, name), value)
        code = sock.connect_ex(address[1])
        if code not in _IN_PROGRESS:
            raise OSError(code, os.strerror(code))
    except BaseException:
        sock.close()
        raise
    return sock


def _all_failed(failures: list[tuple[Address, OSError]]) -> OSError:
    if len(failures) == 1:
        return failures[0][1]
    each = [f"{address[1][0]!s}: {describe(error)}" for address, error in failures]
    return ConnectionError("; ".join(each) or "the name has no address")
