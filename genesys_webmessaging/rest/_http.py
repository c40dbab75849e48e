"""HTTP as this package does it: requests underneath, its traps avoided, its failures under our names."""

from __future__ import annotations

import contextlib
import math
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError as Urllib3Error
from urllib3.exceptions import LocationValueError, NewConnectionError, ProxyError, ReadTimeoutError
from urllib3.util import SKIP_HEADER

from .._base import checks as _checks
from .._base.fork import renew_after_fork
from .._base.threads import Deadline
from .._wire.proxy import choose_proxy
from .._wire.tls import ClientCertificate, shared_context
from ..exceptions import (
    ConnectError,
    ConnectionClosedError,
    ConnectTimeoutError,
    DecodeError,
    ResponseTimeoutError,
    WebMessagingException,
)
from ._connection import Exchange, bound

Body = bytes | Iterable[bytes] | None

T = TypeVar("T")

MAX_BODY_SIZE = 32 * 1024 * 1024
# Bytes read at a time. A part that was compressed can be a thousand times as long.
_PART = 16 * 1024

# What requests lets through of its own and of the layers below it.
HTTP_FAILURES = (requests.RequestException, Urllib3Error, OSError, ValueError)


@dataclass(frozen=True)
class NetworkSettings:
    """How to reach a server.

    Attributes:
        connectionTimeout: Seconds that opening a connection may take; None waits for ever.
        readTimeout: Seconds that the server may stay silent; None waits for ever.
        callTimeout: Seconds that a call may take, from the lookup of the name to the last byte; None sets no limit.
        maxBodySize: Bytes that an answer may have, decompressed.
        proxy: ``http://host:port``, with ``user:password@`` if it wants them; None asks the environment.
        caFile: Certificates to trust instead of the usual ones, a PEM file or a directory of them.
        clientCertificate: A PEM file with certificate and key, or (certificate, key[, password]).
        sslContext: Everything about TLS, instead of ``caFile`` and ``clientCertificate``.
        trustEnv: Whether HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE count.
            A .netrc never does.
    """

    connectionTimeout: float | None = 10.0
    readTimeout: float | None = 30.0
    proxy: str | None = field(default=None, repr=False)
    caFile: str | None = None
    clientCertificate: ClientCertificate | None = None
    sslContext: ssl.SSLContext | None = None
    trustEnv: bool = True
    callTimeout: float | None = 60.0
    maxBodySize: int = MAX_BODY_SIZE

    def __post_init__(self) -> None:
        for name in ("connectionTimeout", "readTimeout", "callTimeout"):
            if getattr(self, name) is not None:
                _checks.seconds(name, getattr(self, name))
        _checks.whole_number("maxBodySize", self.maxBodySize)
        if self.sslContext is not None and (self.caFile is not None or self.clientCertificate is not None):
            raise ValueError("caFile and clientCertificate have no effect beside an sslContext: load them into it")

    def proxiesFor(self, url: str) -> dict[str, str]:
        """Tell through which proxies a URL is reached, as requests wants to hear it.

        Raises:
            ValueError: The URL of a proxy cannot be right.
        """
        parts = urlsplit(url)
        asked = parts._replace(scheme="wss" if parts.scheme == "https" else "ws")
        found = choose_proxy(asked, self.proxy, trust_env=self.trustEnv)
        if found is None:
            return {}
        proxy = str(found)
        if found.username or found.password:
            proxy = with_credentials(proxy, found.username, found.password)
        return {"http": proxy, "https": proxy}

    def tlsContext(self) -> ssl.SSLContext:
        """Tell whom to trust, and what to show: the same as a WebSocket would.

        Raises:
            ValueError: A file that was given cannot be read or used.
            ConnectError: One that the environment names cannot.
        """
        return self.sslContext or shared_context(self.caFile, self.clientCertificate, trust_env=self.trustEnv)


class Http:
    """Keep-alive connections to HTTP servers.

    Requests carry the headers given and no others, follow no redirect, and neither send nor keep cookies. May be used
    by several threads at once. A GET that met a kept connection which had died goes out once more, on a new one.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        self.settings = settings
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._session = _Session()
        self._session.mount("http://", _Adapter(None))
        self._context: ssl.SSLContext | None = None
        self._under_way: set[Exchange] = set()
        # Guards _under_way.
        self._lock = threading.Lock()

    def send(
        self,
        method: str,
        url: str,
        *,
        label: str,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        deadline: Deadline | None = None,
    ) -> Answer:
        """Send one request, and read the whole answer.

        Args:
            method: GET, PUT and so on.
            url: The whole URL.
            label: What stands for the URL in exceptions and logs, free of secrets.
            headers: Everything to send besides Host and the length of the body.
            body: Bytes, or something with a length that yields them.
            deadline: When the answer must be whole; after ``callTimeout`` if None.

        Raises:
            ConnectError: The server could not be reached, or did not prove who it is.
            ConnectTimeoutError: The connection was not there in time.
            ResponseTimeoutError: The server was silent for too long, or the answer was not whole in time.
            ConnectionClosedError: The connection broke before the answer was whole, or :meth:`close` was called.
            DecodeError: The answer is too large, or compressed in a way that cannot be undone.
        """
        with self.answered(method, url, label=label, headers=headers, body=body, deadline=deadline) as answer:
            answer.read()
        return answer

    @contextlib.contextmanager
    def answered(
        self,
        method: str,
        url: str,
        *,
        label: str,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        deadline: Deadline | None = None,
    ) -> Iterator[Answer]:
        """Within: the answer to a request, whose body is still to be read. Arguments and errors are those of send."""
        if deadline is None:
            deadline = Deadline(math.inf if self.settings.callTimeout is None else self.settings.callTimeout)
        answer = self._answer(method, url, label, headers, body, deadline)
        try:
            yield answer
        finally:
            answer.close()
            self._ended(answer.exchange)

    def _answer(
        self, method: str, url: str, label: str, headers: Mapping[str, str] | None, body: Body, deadline: Deadline
    ) -> Answer:
        exchange = Exchange(label, deadline, self.settings.readTimeout)
        with self._lock:
            self._under_way.add(exchange)
        try:
            response = self._response(method, url, exchange, headers, body)
        except ConnectionClosedError:
            self._ended(exchange)
            died_while_idle = exchange.reused and not exchange.is_cut
            if method != "GET" or not died_while_idle:
                raise
        except BaseException:
            self._ended(exchange)
            raise
        else:
            return Answer(response, exchange, f"{method} {label}", self.settings.maxBodySize)
        self._session.close()
        return self._answer(method, url, label, headers, body, deadline)

    def _response(
        self, method: str, url: str, exchange: Exchange, headers: Mapping[str, str] | None, body: Body
    ) -> requests.Response:
        settings, what = self.settings, f"{method} {exchange.label}"
        try:
            proxies = settings.proxiesFor(url)
            self._trust(url)
        except ValueError as error:
            raise ConnectError(f"{what}: no connection: {error}") from error

        def send() -> requests.Response:
            prepared = requests.Request(method, url, headers=_exact_headers(headers or {}), data=body).prepare()
            return self._session.send(
                prepared,
                allow_redirects=False,
                stream=True,
                timeout=(settings.connectionTimeout, settings.readTimeout),
                proxies=proxies,
                verify=True,
                cert=None,
            )

        return _named(what, exchange, send)

    def _trust(self, url: str) -> None:
        context = self.settings.tlsContext() if url.lower().startswith("https:") else self._context
        if context is not self._context:
            self._context = context
            self._session.mount("https://", _Adapter(context))

    def _ended(self, exchange: Exchange) -> None:
        with self._lock:
            self._under_way.discard(exchange)
        exchange.end()

    def close(self) -> None:
        """Cut what is under way, and close the connections that are kept for the next request."""
        with self._lock:
            under_way = list(self._under_way)
        for exchange in under_way:
            exchange.cut()
        self._session.close()


class Answer:
    """The answer to a request.

    Attributes:
        status: The HTTP status.
        reason: The words that came with it.
        headers: The headers; their names count in any case.
        body: What :meth:`read` has read.
        exchange: The request and this answer, as long as it is under way.
    """

    def __init__(self, response: requests.Response, exchange: Exchange, what: str, max_size: int) -> None:
        self.status = response.status_code
        self.reason = response.reason or ""
        self.headers = response.headers
        self.body = b""
        self.exchange = exchange
        self._response = response
        self._what = what
        self._max_size = max_size

    @property
    def text(self) -> str:
        """The body as text; JSON is UTF-8 whatever the headers say."""
        return self.body.decode("utf-8", "replace").removeprefix("\ufeff")

    @property
    def seconds(self) -> float:
        """How long it took to come."""
        return self._response.elapsed.total_seconds()

    def read(self) -> None:
        """Read the whole body. Raises what :meth:`Http.send` raises."""
        parts, size = [], 0
        for part in self.parts(_PART):
            parts.append(part)
            size += len(part)
            if size > self._max_size:
                raise DecodeError(
                    f"{self._what} was answered with more than {self._max_size} bytes",
                    statusCode=self.status,
                    headers=self.headers,
                )
        self.body = b"".join(parts)

    def parts(self, size: int) -> Iterator[bytes]:
        """Yield the body in parts of this many bytes, about. Raises what :meth:`Http.send` raises."""
        if "," in self.headers.get("Content-Encoding", ""):
            # Each layer can be a thousand times what it was before.
            raise DecodeError(f"{self._what}: the answer is compressed more than once")
        parts = self._response.iter_content(size)
        while True:
            part: bytes | None = _named(self._what, self.exchange, lambda: next(parts, None))
            if part is None:
                break
            yield part
        announced = self.headers.get("Content-Length", "")
        if announced.isdigit() and self._response.raw.tell() < int(announced):
            # urllib3 1 does not mind.
            came = f"{self._response.raw.tell()} of {announced} bytes came"
            raise ConnectionClosedError(f"{self._what}: the connection broke: {came}")

    def close(self) -> None:
        """Let go of the connection: of one whose answer was read, for the next request."""
        self._response.close()


class _Session(requests.Session):
    """Looks at no redirect: requests would read the whole body of one that it does not follow."""

    def get_redirect_target(self, resp: Any) -> None:  # noqa: ARG002 - a hook of requests
        return None


class _Adapter(HTTPAdapter):
    """Makes bounded connections, with a context for TLS to which neither requests nor urllib3 adds anything."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **options, ssl_context=self._context)
        bound(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        if proxy.startswith("http"):
            options["proxy_ssl_context"] = self._context
        return bound(super().proxy_manager_for(proxy, **options, ssl_context=self._context))

    def build_connection_pool_key_attributes(self, *args: Any, **named: Any) -> Any:
        host, _ = super().build_connection_pool_key_attributes(*args, **named)
        return host, {}

    def cert_verify(self, conn: Any, url: str, verify: bool | str, cert: Any) -> None:
        """Nothing to add: the context knows."""


def _exact_headers(headers: Mapping[str, str]) -> dict[str, str | bytes]:
    """The headers as they are to go out: urllib3 must not add its own, http.client cannot encode beyond Latin-1."""
    wire: dict[str, str | bytes] = {
        name: value if value.isascii() else value.encode("utf-8") for name, value in headers.items()
    }
    given = {name.lower() for name in headers}
    for added in ("User-Agent", "Accept-Encoding"):
        if added.lower() not in given:
            wire[added] = SKIP_HEADER
    return wire


def _named(what: str, exchange: Exchange, call: Callable[[], T]) -> T:
    """Return what a call returns; what the HTTP libraries raise in it gets one of our names.

    Args:
        what: What is tried, free of secrets; the beginning of the message.
        exchange: What is under way.
        call: What is tried.
    """
    try:
        with exchange.under_way():
            return call()
    except HTTP_FAILURES as error:
        failure, cause = _translated(what, error, exchange)
    # Raised out here because the libraries' own exceptions hold the URL: the context of ours must not be one of them.
    try:
        raise failure from cause
    finally:
        # The frame that an exception was raised in must not hold it: sockets would wait for the garbage collector.
        del failure, cause


def _translated(what: str, error: BaseException, exchange: Exchange) -> tuple[WebMessagingException, BaseException]:
    """The exception to raise, and the failure at the bottom of theirs, to raise it from."""
    chain = [error]
    while (deeper := _inner_error(chain[-1])) is not None and deeper not in chain:
        chain.append(deeper)
    cause = chain[-1]
    if isinstance(cause, (requests.RequestException, LocationValueError, ValueError)) and not _is_system(cause):
        cause = ValueError(f"{type(cause).__name__}, whose text shows the URL or a header")
    if exchange.is_cut:
        return ConnectionClosedError(f"{what}: the client was closed meanwhile"), cause
    return _failure(what, chain, str(cause) or type(cause).__name__, exchange), cause


def _is_system(error: BaseException) -> bool:
    return isinstance(error, OSError) and not isinstance(error, requests.RequestException)


def _inner_error(error: BaseException) -> BaseException | None:
    # urllib3 1 raises this one in an except clause, and does not name the cause.
    context = error.__context__ if isinstance(error, NewConnectionError) else None
    inner = (getattr(error, "reason", None), error.__cause__, context, *error.args)
    return next((one for one in inner if isinstance(one, BaseException)), None)


def _failure(what: str, chain: list[BaseException], why: str, exchange: Exchange) -> WebMessagingException:
    def is_a(*kinds: type[BaseException]) -> bool:
        return any(isinstance(error, kinds) for error in chain)

    if is_a(requests.ConnectTimeout):
        return ConnectTimeoutError(f"{what}: no connection in time")
    if is_a(requests.ReadTimeout, ReadTimeoutError) or (is_a(TimeoutError) and not is_a(NewConnectionError)):
        if exchange.deadline.passed:
            return ResponseTimeoutError(f"{what}: no whole answer within {exchange.deadline.seconds:.3g} seconds")
        return ResponseTimeoutError(f"{what}: no answer in time")
    if is_a(requests.exceptions.SSLError, ssl.SSLError):
        return ConnectError(f"{what}: no secure connection: {why}")
    if is_a(requests.exceptions.ProxyError, ProxyError):
        return ConnectError(f"{what}: the proxy refused or is not there: {why}", statusCode=_tunnel_status(why))
    if is_a(requests.exceptions.ContentDecodingError):
        return DecodeError(f"{what}: the answer's compression is broken")
    if is_a(NewConnectionError):
        return ConnectError(f"{what}: no connection: {why}")
    if is_a(requests.ConnectionError, requests.exceptions.ChunkedEncodingError, Urllib3Error, ConnectionError):
        return ConnectionClosedError(f"{what}: the connection broke: {why}")
    if "SOCKS" in str(chain[0]):
        return ConnectError(f"{what}: a SOCKS proxy needs the package PySocks here")
    if is_a(requests.RequestException, ValueError):
        return ConnectError(f"{what}: that cannot be requested ({type(chain[0]).__name__})")
    return ConnectError(f"{what}: {why}")


def _tunnel_status(why: str) -> int:
    """The status in http.client's "Tunnel connection failed: 407 Proxy Authentication Required", else -1."""
    words = why.partition("Tunnel connection failed: ")[2].split()
    return int(words[0]) if words and words[0].isdigit() else -1


def with_credentials(proxy: str, user: str, password: str) -> str:
    """The URL of a proxy that wants to know who asks."""
    scheme, separator, host = proxy.rpartition("://")
    return f"{scheme or 'http'}{separator or '://'}{quote(user, safe='')}:{quote(password, safe='')}@{host}"
