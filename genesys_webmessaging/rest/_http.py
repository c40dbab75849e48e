"""HTTP as this package does it: requests underneath, its traps avoided, its failures under our names."""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError as Urllib3Error
from urllib3.exceptions import LocationValueError, NewConnectionError, ProxyError, ReadTimeoutError
from urllib3.util import SKIP_HEADER

from .._base import arguments as _checks
from ..exceptions import (
    ConnectError,
    ConnectionClosedError,
    ConnectTimeoutError,
    DecodeError,
    ResponseTimeoutError,
    WebMessagingException,
)

Body = bytes | Iterable[bytes] | None

# What requests lets through of its own and of the layers below it.
HTTP_FAILURES = (requests.RequestException, Urllib3Error, OSError, ValueError)


@dataclass(frozen=True)
class NetworkSettings:
    """How to reach a server.

    Attributes:
        connectionTimeout: Seconds that opening a connection may take; None waits for ever.
        readTimeout: Seconds that the server may stay silent; None waits for ever.
        proxy: ``http://host:port``, with ``user:password@`` if it wants them; None asks the environment.
        caFile: Certificates to trust instead of the usual ones, a PEM file or a directory of them.
        clientCertificate: A PEM file with certificate and key, or a pair of files.
        sslContext: Everything about TLS, instead of ``caFile`` and ``clientCertificate``.
        trustEnv: Whether HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE count.
            A .netrc never does.
    """

    connectionTimeout: float | None = 10.0
    readTimeout: float | None = 30.0
    proxy: str | None = field(default=None, repr=False)
    caFile: str | None = None
    clientCertificate: str | tuple[str, str] | None = None
    sslContext: ssl.SSLContext | None = None
    trustEnv: bool = True

    def __post_init__(self) -> None:
        if self.connectionTimeout is not None:
            _checks.seconds("connectionTimeout", self.connectionTimeout)
        if self.readTimeout is not None:
            _checks.seconds("readTimeout", self.readTimeout)
        if self.sslContext is not None and (self.caFile is not None or self.clientCertificate is not None):
            raise ValueError("caFile and clientCertificate have no effect beside an sslContext: load them into it")
        if self.proxy is not None and "://" not in self.proxy:
            object.__setattr__(self, "proxy", f"http://{self.proxy}")

    def proxiesFor(self, url: str) -> dict[str, str]:
        """Tell through which proxies a URL is reached, as requests wants to hear it."""
        if self.proxy is not None:
            return {"http": self.proxy, "https": self.proxy}
        return dict(get_environ_proxies(url)) if self.trustEnv else {}

    @property
    def verify(self) -> bool | str:
        """What requests is to check certificates against."""
        if self.sslContext is not None:
            return self.sslContext.verify_mode is not ssl.CERT_NONE
        if self.caFile is not None:
            return self.caFile
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") if self.trustEnv else None
        return bundle or True


class Http:
    """Keep-alive connections to HTTP servers.

    Requests carry the headers given and no others, go out once, follow no redirect, and neither
    send nor keep cookies. May be used by several threads at once.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        self.settings = settings
        self._session = requests.Session()
        if settings.sslContext is not None:
            self._session.mount("https://", _ContextAdapter(settings.sslContext))

    def send(
        self,
        method: str,
        url: str,
        *,
        label: str,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        stream: bool = False,
    ) -> requests.Response:
        """Send one request.

        Args:
            method: GET, PUT and so on.
            url: The whole URL.
            label: What stands for the URL in exceptions and logs, free of secrets.
            headers: Everything to send besides Host and the length of the body.
            body: Bytes, or something with a length that yields them.
            stream: True leaves the body of the answer unread: the caller reads and closes it.

        Raises:
            ConnectError: The server could not be reached, or did not prove who it is.
            ConnectTimeoutError: The connection was not there in time.
            ResponseTimeoutError: The server was silent for too long.
            ConnectionClosedError: The connection broke before the answer was whole.
            DecodeError: The answer is compressed in a way that cannot be undone.
        """
        settings = self.settings
        try:
            with hidden_urls(label):
                prepared = requests.Request(method, url, headers=_exactly(headers or {}), data=body).prepare()
                answer = self._session.send(
                    prepared,
                    allow_redirects=False,
                    stream=stream,
                    timeout=(settings.connectionTimeout, settings.readTimeout),
                    proxies=settings.proxiesFor(url),
                    verify=settings.verify,
                    cert=settings.clientCertificate,
                )
        except HTTP_FAILURES as error:
            failure, cause = translated(f"{method} {label}", error)
        else:
            if not stream:
                check_complete(answer, f"{method} {label}")
            return answer
        raise failure from cause

    def close(self) -> None:
        """Close the connections that are kept for the next request."""
        self._session.close()


class _ContextAdapter(HTTPAdapter):
    """Leaves everything about TLS to one context, which urllib3 would add the usual certificates to."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, **options, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: str, verify: bool | str, cert: Any) -> None:
        """Nothing to add: the context knows."""


def _exactly(headers: Mapping[str, str]) -> dict[str, str | bytes]:
    """The headers as they are to go out: urllib3 must not add its own, http.client cannot encode beyond Latin-1."""
    wire: dict[str, str | bytes] = {
        name: value if value.isascii() else value.encode("utf-8") for name, value in headers.items()
    }
    given = {name.lower() for name in headers}
    for added in ("User-Agent", "Accept-Encoding"):
        if added.lower() not in given:
            wire[added] = SKIP_HEADER
    return wire


# The label of the request that this context is sending, None when it is not ours.
_label: ContextVar[str | None] = ContextVar("genesys_webmessaging_label", default=None)


@contextlib.contextmanager
def hidden_urls(label: str) -> Iterator[None]:
    """Within: urllib3, which logs the path of every request, logs the label instead."""
    before = _label.set(label)
    try:
        yield
    finally:
        _label.reset(before)


def _hide_url(record: logging.LogRecord) -> bool:
    label = _label.get()
    if label is not None and isinstance(record.args, tuple):
        record.args = tuple(
            label if isinstance(arg, str) and (arg.startswith("/") or "://" in arg) else arg for arg in record.args
        )
    return True


# Presigned URLs and the paths of push devices are secrets, and this logger writes both at DEBUG.
logging.getLogger("urllib3.connectionpool").addFilter(_hide_url)


def translated(what: str, error: BaseException) -> tuple[WebMessagingException, BaseException]:
    """Give what the HTTP libraries raised one of our names.

    To be raised outside the ``except`` block: the libraries' own exceptions hold the URL, so
    neither the cause nor the context of ours may be one of them.

    Args:
        what: What was tried, free of secrets; the beginning of the message.
        error: One of HTTP_FAILURES.

    Returns:
        The exception to raise, and the failure at the bottom of theirs, to raise it from.
    """
    chain = [error]
    while (deeper := _beneath(chain[-1])) is not None and deeper not in chain:
        chain.append(deeper)
    cause = chain[-1]
    if isinstance(cause, (requests.RequestException, LocationValueError, ValueError)) and not _is_system(cause):
        cause = ValueError(f"{type(cause).__name__}, whose text shows the URL or a header")
    return _failure(what, chain, str(cause) or type(cause).__name__), cause


def check_complete(answer: requests.Response, what: str) -> None:
    """Raise ConnectionClosedError when fewer bytes came than were announced; urllib3 1 does not mind."""
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and answer.raw.tell() < int(announced):
        raise ConnectionClosedError(f"{what}: the connection broke: {answer.raw.tell()} of {announced} bytes came")


def _is_system(error: BaseException) -> bool:
    return isinstance(error, OSError) and not isinstance(error, requests.RequestException)


def _beneath(error: BaseException) -> BaseException | None:
    # urllib3 1 raises this one in an except clause, and does not name the cause.
    context = error.__context__ if isinstance(error, NewConnectionError) else None
    inner = (getattr(error, "reason", None), error.__cause__, context, *error.args)
    return next((one for one in inner if isinstance(one, BaseException)), None)


def _failure(what: str, chain: list[BaseException], why: str) -> WebMessagingException:
    def is_a(*kinds: type[BaseException]) -> bool:
        return any(isinstance(error, kinds) for error in chain)

    if is_a(requests.ConnectTimeout):
        return ConnectTimeoutError(f"{what}: no connection in time")
    if is_a(requests.ReadTimeout, ReadTimeoutError):
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


def check_base(url: str, name: str) -> str:
    """Return a base URL without its last slash, or raise TypeError or ValueError when it is none."""
    if not isinstance(url, str):
        raise TypeError(f"{name} must be a str, not {type(url).__name__}")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if "@" in url:
        raise ValueError(f"{name} must not hold a user or a password")
    if not usable or not url.isprintable() or set(url) & set(" ?#"):
        raise ValueError(f"{name} must be like https://api.mypurecloud.com, not {url!r}")
    return url.rstrip("/")


def check_header(name: str, value: str) -> None:
    """Raise TypeError or ValueError, without showing the value, when a header cannot be sent."""
    _checks.header("the name of a header", name)
    if set(name) & set(' :"(),/;<=>?@[\\]{}') or not name.isascii():
        raise ValueError(f"{name!r} cannot be the name of a header")
    if not _checks.header(f"header {name}", value, empty=True).isascii() or value != value.strip():
        raise ValueError(f"header {name} has characters beyond ASCII, or blanks at an end")
