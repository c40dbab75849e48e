"""Proxies: which one to use, and how to get through it."""

from __future__ import annotations

import base64
import fnmatch
import ipaddress
import os
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, getproxies_environment, proxy_bypass

from requests.utils import select_proxy

from .._base import checks
from .._base.threads import Deadline
from ..exceptions import ConnectError
from .handshake import Answer
from .transport import CHUNK, OverdueError, Transport

__all__ = ["Proxy", "choose_proxy", "environment_proxy", "netloc"]

_DEFAULT_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
_RESOLVES_ITSELF = frozenset(("http", "https", "socks4a", "socks5h"))
# An entry of NO_PROXY: a name or an address, in brackets or not, and a port.
_ENTRY = re.compile(r"\[(?P<bracketed>[^]]*)\](?::(?P<its_port>\d+))?|(?P<name>[^:]*)(?::(?P<port>\d+))?|(?P<bare>.*)")


def netloc(host: str, port: int) -> str:
    """``host:port``, with the brackets an IPv6 address needs."""
    return f"{checks.bracketed(host)}:{port}"


@dataclass(frozen=True)
class Proxy:
    """Where a proxy is and how to talk to it."""

    scheme: str
    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{netloc(self.host, self.port)}"

    @property
    def wants_address(self) -> bool:
        """Whether it has to be given an address, as it does not look up names."""
        return self.scheme not in _RESOLVES_ITSELF

    @property
    def wants_ipv4(self) -> bool:
        """Whether that address has to be one of IPv4."""
        return self.scheme == "socks4"

    def tunnel(self, transport: Transport, host: str, port: int, deadline: Deadline) -> None:
        """Have the proxy connect to a server.

        Args:
            transport: Connected to the proxy.
            host: The server's name or address.
            port: The server's port.
            deadline: When to give up.

        Raises:
            ConnectError: The proxy refused.
            OverdueError: It took too long.
            OSError: The connection broke.
        """
        if self.scheme in ("http", "https"):
            self._tunnel_http(transport, netloc(host, port), deadline)
        else:
            self._tunnel_socks(transport, host, port, deadline)

    def _tunnel_http(self, transport: Transport, target: str, deadline: Deadline) -> None:
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if self.username or self.password:
            credentials = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            lines.append(f"Proxy-Authorization: Basic {credentials}")
        transport.write("\r\n".join([*lines, "", ""]).encode(), deadline.remaining)
        answer = Answer(transport)
        if not 200 <= answer.status <= 299:
            raise ConnectError(
                f"The proxy {self} refused to connect to {target}: {answer.reason}",
                statusCode=answer.status,
                headers=answer.headers,
                body=answer.body(deadline),
            )
        if answer.early():
            raise ConnectError(f"The proxy {self} sent bytes before the server could")

    def _tunnel_socks(self, transport: Transport, host: str, port: int, deadline: Deadline) -> None:
        in_front: Any = _ConnectedProxy(_ProxyStream(transport, deadline))
        try:
            from python_socks import ProxyError, ProxyTimeoutError, ProxyType
            from python_socks.sync.v2 import Proxy as SocksProxy

            client = SocksProxy(
                ProxyType.SOCKS4 if self.scheme.startswith("socks4") else ProxyType.SOCKS5,
                self.host,
                self.port,
                username=self.username or None,
                password=self.password or None,
                rdns=True,
                forward=in_front,
            )
        except (ImportError, TypeError) as error:
            raise ConnectError(
                f"The proxy {self} needs python-socks: pip install 'genesys-webmessaging[socks]'"
            ) from error
        try:
            client.connect(host, port)
        except ProxyTimeoutError as error:
            raise OverdueError("The proxy did not answer in time") from error
        except ProxyError as error:
            raise ConnectError(f"The proxy {self} refused to connect to {netloc(host, port)}: {error}") from error


class _ConnectedProxy:
    """What python-socks takes for the proxy in front of its proxy: it is asked for a stream, and has one already."""

    def __init__(self, stream: _ProxyStream) -> None:
        self._stream = stream

    def connect(self, **_: Any) -> _ProxyStream:
        return self._stream


class _ProxyStream:
    """A transport as python-socks wants it, so that one deadline holds for all of its steps."""

    def __init__(self, transport: Transport, deadline: Deadline) -> None:
        self._transport = transport
        self._deadline = deadline
        self._received = b""

    def write(self, data: bytes) -> None:
        self._transport.write(data, self._deadline.remaining)

    def read(self, size: int = CHUNK) -> bytes:
        if not self._received:
            self._received = self._transport.read() or b""
        data, self._received = self._received[:size], self._received[size:]
        return data

    def read_exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.read(size - len(data))
            if not part:
                raise ConnectionError("the other side hung up in the middle of its answer")
            data += part
        return data

    # What python-socks 2 calls them.
    write_all = write
    read_exact = read_exactly

    def close(self) -> None:
        """Whoever opened the transport closes it."""


def choose_proxy(url: SplitResult, proxy: str | None, *, trust_env: bool) -> Proxy | None:
    """The proxy to reach a WebSocket URL through, if any.

    Args:
        url: The WebSocket's URL.
        proxy: The URL of the proxy to use whatever the environment says.
        trust_env: Whether to look into the environment when there is no such URL.

    Raises:
        ValueError: The proxy's URL cannot be right, or its kind is not supported.
        ConnectError: That of the environment's.
    """
    if proxy is not None:
        return _parse(proxy, "proxy")
    if not trust_env:
        return None
    found = environment_proxy(f"{'https' if url.scheme == 'wss' else 'http'}://{url.netloc}/")
    try:
        return _parse(found, "it") if found else None
    except ValueError as error:
        raise ConnectError(f"The proxy that the environment names cannot be used: {error}") from error


def environment_proxy(url: str) -> str | None:
    """The URL of the proxy that the environment names for an http or https URL.

    NO_PROXY may be written as for curl, Java or Go: ``domain``, ``.domain``, ``*.domain``, ``host:port``, networks
    (``10.0.0.0/8``, ``fd00::/8``), IPv6 addresses with brackets and without; with commas, blanks or ``|`` between them.
    """
    if getproxies is getproxies_environment and not any(name[-6:].lower() == "_proxy" for name in os.environ):
        return None  # usual, and a fifth of the cost of getproxies()
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip("."), parts.port or _DEFAULT_PORTS[parts.scheme]
    excepted = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if any(_covers(entry, host, port) for entry in re.split(r"[\s,|]+", excepted.lower()) if entry):
        return None
    proxies = getproxies()
    return None if not proxies or proxy_bypass(host) else select_proxy(url, proxies)


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY means this host and port."""
    address = _address(host)
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    parts = _ENTRY.fullmatch(entry)
    assert parts is not None  # noqa: S101 - its last branch takes anything
    wanted_port = parts["its_port"] or parts["port"]
    if wanted_port is not None and int(wanted_port) != port:
        return False
    name = (parts["bracketed"] or parts["name"] or parts["bare"] or "").rstrip(".")
    if address is not None and _address(name) is not None:
        return _address(name) == address
    return fnmatch.fnmatchcase(host, name) or (address is None and host.endswith(f".{name.lstrip('.')}") and name != "")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _parse(text: str, what: str) -> Proxy:
    """Take a proxy's URL apart. No message here quotes it: there may be a password in it."""
    try:
        url = urlsplit(text if "://" in text else f"http://{text}")
        host, port = url.hostname, url.port
    except ValueError:
        raise ValueError(f"{what} is not the URL of a proxy") from None
    if url.scheme == "socks":  # as desktops write it
        url = url._replace(scheme="socks5")
    if url.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"{what} must be one of {', '.join(f'{scheme}://' for scheme in _DEFAULT_PORTS)}")
    if not host:
        raise ValueError(f"{what} has no host in it")
    username, password = unquote(url.username or ""), unquote(url.password or "")
    if url.scheme.startswith("socks") and not (username + password).isascii():
        raise ValueError(f"{what} is a SOCKS proxy, whose user name and password must be ASCII")
    return Proxy(url.scheme, host, port or _DEFAULT_PORTS[url.scheme], username, password)
