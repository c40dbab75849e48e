"""The client of the REST API: one call, its errors, its retries and its log."""

from __future__ import annotations

import json
import logging
import math
import ssl
import threading
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from enum import Enum
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from requests.structures import CaseInsensitiveDict

from .._base import checks as _checks
from .._base.fork import renew_after_fork
from .._base.hints import Hinting
from .._base.redact import MASK, redact, redact_url
from .._base.threads import Deadline, logger_of
from .._version import __version__
from .._wire.tls import ClientCertificate
from ..exceptions import ConnectionClosedError, ResponseTimeoutError
from ..models._base import WireModel
from ..regions import GenesysCloudRegionWebSocketHosts, address_of, asApiHost
from ._connection import paused
from ._http import MAX_BODY_SIZE, Answer, Http, NetworkSettings, with_credentials
from ._response import ApiResponse, Call, decoded
from ._retry import RateLimit, RetryConfiguration, RetryState, requested_wait

logger = logger_of("genesys_webmessaging.rest")

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_URL_HEADERS = frozenset({"location", "content-location", "referer"})

M = TypeVar("M", bound=WireModel)


class DetailLevel(Enum):
    """How much of each REST call is logged (logger ``genesys_webmessaging.rest``, level DEBUG).

    Secrets are masked on every level.
    """

    NONE = "NONE"
    MINIMAL = "MINIMAL"
    HEADERS = "HEADERS"
    FULL = "FULL"

    def shows(self, other: DetailLevel) -> bool:
        """Tell whether what belongs to another level is logged on this one."""
        levels = list(DetailLevel)
        return levels.index(self) >= levels.index(other)


class ApiClient(Hinting):
    """Calls the REST API of Genesys Cloud over connections that are kept alive.

    May be used by several threads at once. Redirects are not followed, cookies neither sent nor kept.

    Args:
        basePath: Where the API is: a URL, a region, or the address that a WebMessagingClient connects to.
        accessToken: The jwt to authenticate with.
        defaultHeaders: Sent with every call, Origin for instance.
        userAgent: Instead of ``genesys-webmessaging/<version>``.
        connectionTimeout: Seconds that opening a connection may take; None waits for ever.
        readTimeout: Seconds that the server may stay silent; None waits for ever.
        shouldThrowErrors: False makes calls return None, or an ApiResponse with the error, instead of raising it.
        detailLevel: How much is logged.
        retryConfiguration: When to try again; the default is never.
        proxy: ``http://host:port``, with ``user:password@`` if it wants them; None asks the environment.
        caFile: Certificates to trust instead of the usual ones, a PEM file or a directory of them.
        clientCertificate: A PEM file with certificate and key, or (certificate, key[, password]).
        sslContext: Everything about TLS, instead of ``caFile`` and ``clientCertificate``.
        trustEnv: Whether HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE count. A .netrc
            never does.
        callTimeout: Seconds that one try of a call may take, from the lookup of the host's name to the last byte of
            the answer; None sets no limit.
        maxBodySize: Bytes that an answer may have, decompressed.
        historyCallsPerMinute: Calls for pages of a history that are made in any minute; the next one waits. The
            service allows 10 for each session; None sets no limit, for a server of one's own for instance.

    Raises:
        TypeError, ValueError: An argument cannot be right.
    """

    Builder: type[ApiClientBuilder]

    def __init__(
        self,
        basePath: str | GenesysCloudRegionWebSocketHosts = GenesysCloudRegionWebSocketHosts.us_east_1,
        accessToken: str | None = None,
        *,
        defaultHeaders: Mapping[str, str] | None = None,
        userAgent: str | None = None,
        connectionTimeout: float | None = 10.0,
        readTimeout: float | None = 30.0,
        shouldThrowErrors: bool = True,
        detailLevel: DetailLevel = DetailLevel.MINIMAL,
        retryConfiguration: RetryConfiguration | None = None,
        proxy: str | None = None,
        caFile: str | None = None,
        clientCertificate: ClientCertificate | None = None,
        sslContext: ssl.SSLContext | None = None,
        trustEnv: bool = True,
        callTimeout: float | None = 60.0,
        maxBodySize: int = MAX_BODY_SIZE,
        historyCallsPerMinute: int | None = 10,
    ) -> None:
        self.basePath = _base_path(basePath)
        self.networkSettings = NetworkSettings(
            connectionTimeout,
            readTimeout,
            proxy,
            caFile,
            clientCertificate,
            sslContext,
            trustEnv,
            callTimeout,
            maxBodySize,
        )
        self.shouldThrowErrors = shouldThrowErrors
        self.detailLevel = DetailLevel(detailLevel)
        self.retryConfiguration = RetryConfiguration() if retryConfiguration is None else retryConfiguration
        if (
            historyCallsPerMinute is not None
            and _checks.whole_number("historyCallsPerMinute", historyCallsPerMinute) < 1
        ):
            raise ValueError("historyCallsPerMinute must be at least 1, or None for no limit")
        self.historyLimit = RateLimit(historyCallsPerMinute)
        self._defaultHeaders: CaseInsensitiveDict[str] = CaseInsensitiveDict()
        self.addDefaultHeader("User-Agent", f"genesys-webmessaging/{__version__}")
        for name, value in (defaultHeaders or {}).items():
            self.addDefaultHeader(name, value)
        if userAgent:
            self.addDefaultHeader("User-Agent", userAgent)
        self._accessToken: str | None = None
        self.setAccessToken(accessToken)
        self._http = Http(self.networkSettings)
        self._closed = threading.Event()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        # Each process keeps the limit for itself. What the parent waits for is not to be ended here.
        self.historyLimit = RateLimit(self.historyLimit.calls)
        self._closed = threading.Event()

    @property
    def defaultHeaders(self) -> dict[str, str]:
        """The headers that every call sends; a copy."""
        return dict(self._defaultHeaders)

    def addDefaultHeader(self, name: str, value: str) -> None:
        """Send a header with every call from now on, Origin for instance."""
        _checks.header_field(name, value)
        self._defaultHeaders[name] = value

    def setAccessToken(self, accessToken: str | None) -> None:
        """Authenticate with another jwt from now on; None: with none."""
        if accessToken is not None:
            _checks.header_field("Authorization", accessToken)
        self._accessToken = accessToken or None

    def invoke(
        self,
        method: str,
        path: str,
        returnType: type[M] | None = None,
        *,
        pathParameters: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        accessToken: str | None = None,
        authenticated: bool = True,
        secrets: Iterable[str] = (),
        timeout: float | None = None,
        limit: RateLimit | None = None,
    ) -> ApiResponse[M]:
        """Make one call, with the retries that the configuration allows. Raises whatever ``shouldThrowErrors`` says.

        Args:
            method: GET, POST and so on.
            path: Below the base path, with a ``{name}`` for each path parameter. Shown in logs and exceptions.
            returnType: The class of the document that must come; None: whatever comes is left undecoded.
            pathParameters: Values for ``path``; percent-encoded here, shown nowhere.
            query: The query; members that are None are left out.
            body: The JSON document to send.
            headers: Sent with this call only.
            accessToken: The jwt for this call only.
            authenticated: False sends no jwt at all.
            secrets: What must not be shown, wherever it stands.
            timeout: Seconds that the call may take with all its tries and the waiting between them. Within them a 429
                with a Retry-After is waited out. None leaves it to ``callTimeout`` for each try, and to
                ``maxRetryTimeSec`` of the retry configuration.
            limit: How often such calls may be made; each try waits for its turn.

        Raises:
            ApiError: The answer's status was no success.
            DecodeError: The answer is not the document that it must be.
            ConnectError, ConnectTimeoutError, ResponseTimeoutError, ConnectionClosedError: The network failed.
        """
        token = (accessToken or self._accessToken) if authenticated else None
        parameters = {name: quote(value, safe="") for name, value in (pathParameters or {}).items()}
        call = Call(
            label=f"{self.basePath}{path}",
            what=f"{method} {path}",
            secrets=[token or "", *secrets, *(pathParameters or {}).values(), *parameters.values()],
        )
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        url = f"{self.basePath}{path.format_map(parameters)}" + (f"?{urlencode(asked)}" if asked else "")
        sent = self._headers(token, headers, body is not None)
        payload = None if body is None else json.dumps(body).encode("utf-8")
        deadline = None if timeout is None else Deadline(_checks.seconds("timeout", timeout))
        answer = self._tries(method, url, call, sent, payload, deadline, limit)
        return decoded(answer, call, returnType)

    def close(self) -> None:
        """Cut the calls under way (they raise ConnectionClosedError), and close the kept connections.

        The client can still be used.
        """
        waiting, self._closed = self._closed, threading.Event()
        waiting.set()
        self._http.close()

    def __enter__(self) -> ApiClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ApiClient({self.basePath!r})"

    def _headers(
        self, token: str | None, headers: Mapping[str, str] | None, with_body: bool
    ) -> CaseInsensitiveDict[str]:
        sent: CaseInsensitiveDict[str] = CaseInsensitiveDict(
            {"Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
        )
        if with_body:
            sent["Content-Type"] = "application/json"
        sent.update(self._defaultHeaders)
        if token is not None:
            _checks.header_field("Authorization", token)
            sent["Authorization"] = f"Bearer {token}"
        for name, value in (headers or {}).items():
            _checks.header_field(name, value)
            sent[name] = value
        return sent

    def _tries(
        self,
        method: str,
        url: str,
        call: Call,
        headers: CaseInsensitiveDict[str],
        payload: bytes | None,
        whole: Deadline | None,
        limit: RateLimit | None,
    ) -> Answer:
        tries = RetryState(self.retryConfiguration)
        closed = self._closed
        longest = math.inf if self.networkSettings.callTimeout is None else self.networkSettings.callTimeout
        while True:
            if limit is not None:
                _await_turn(limit, call, closed, whole)
            self._log_request(call, headers, payload)
            deadline = Deadline(longest if whole is None else whole.at_most(longest))
            answer = self._http.send(method, url, label=call.label, headers=headers, body=payload, deadline=deadline)
            self._log_answer(call, answer)
            wait = tries.wait_after(answer.status, answer.headers)
            if wait is None and whole is not None:
                wait = requested_wait(answer.status, answer.headers)
            if wait is None or (whole is not None and wait >= whole.remaining):
                return answer
            logger.info("%s answered %d: next try in %.1f s", call.what, answer.status, wait)
            if not paused(wait, closed):
                return answer

    def _log_request(self, call: Call, headers: Mapping[str, str], payload: bytes | None) -> None:
        if not logger.isEnabledFor(logging.DEBUG):
            return
        if self.detailLevel.shows(DetailLevel.HEADERS):
            logger.debug("> %s %s", call.what, call.mask(str(_shown_headers(headers))))
        if self.detailLevel.shows(DetailLevel.FULL) and payload is not None:
            logger.debug("> %s", redact(payload.decode("utf-8"), call.secrets))

    def _log_answer(self, call: Call, answer: Answer) -> None:
        if not logger.isEnabledFor(logging.DEBUG):
            return
        if self.detailLevel.shows(DetailLevel.MINIMAL):
            logger.debug("%s answered %d after %.3f s", call.what, answer.status, answer.seconds)
        if self.detailLevel.shows(DetailLevel.HEADERS):
            logger.debug("< %s", call.mask(str(_shown_headers(answer.headers))))
        if self.detailLevel.shows(DetailLevel.FULL):
            logger.debug("< %s", redact(answer.text, call.secrets))


class ApiClientBuilder(Hinting):
    """Java's way to make an ApiClient: ``ApiClient.Builder.standard().withAccessToken(jwt).build()``."""

    def __init__(self) -> None:
        self._options: dict[str, Any] = {}
        self._headers: dict[str, str] = {}

    @classmethod
    def standard(cls) -> ApiClientBuilder:
        """Begin with the default settings."""
        return cls()

    @classmethod
    def from_(cls, apiClient: ApiClient) -> ApiClientBuilder:
        """Begin with the settings of another client; Java's ``from``."""
        builder = cls()._with(
            basePath=apiClient.basePath,
            accessToken=apiClient._accessToken,
            shouldThrowErrors=apiClient.shouldThrowErrors,
            detailLevel=apiClient.detailLevel,
            retryConfiguration=replace(apiClient.retryConfiguration),
            historyCallsPerMinute=apiClient.historyLimit.calls,
            **{setting.name: getattr(apiClient.networkSettings, setting.name) for setting in fields(NetworkSettings)},
        )
        builder._headers = apiClient.defaultHeaders
        return builder

    @classmethod
    def defaultClient(cls) -> ApiClient:
        """Make a client with the default settings."""
        return cls.standard().build()

    def withBasePath(self, basePath: str | GenesysCloudRegionWebSocketHosts) -> ApiClientBuilder:
        """Say where the API is: a URL or a region."""
        return self._with(basePath=basePath)

    def withAccessToken(self, accessToken: str | None) -> ApiClientBuilder:
        """Set the jwt to authenticate with."""
        return self._with(accessToken=accessToken)

    def withDefaultHeader(self, header: str, value: str) -> ApiClientBuilder:
        """Add a header to every call, Origin for instance."""
        self._headers[header] = value
        return self

    def withUserAgent(self, userAgent: str) -> ApiClientBuilder:
        """Replace ``genesys-webmessaging/<version>``."""
        return self._with(userAgent=userAgent)

    def withConnectionTimeout(self, connectionTimeout: int) -> ApiClientBuilder:
        """Set how long opening a connection may take, in milliseconds as in Java; 0 waits for ever."""
        return self._with(connectionTimeout=_from_milliseconds("connectionTimeout", connectionTimeout))

    def withReadTimeout(self, readTimeout: int) -> ApiClientBuilder:
        """Set how long the server may stay silent, in milliseconds; 0 waits for ever."""
        return self._with(readTimeout=_from_milliseconds("readTimeout", readTimeout))

    def withCallTimeout(self, callTimeout: int) -> ApiClientBuilder:
        """Set how long one try of a call may take in all, in milliseconds; 0 sets no limit."""
        return self._with(callTimeout=_from_milliseconds("callTimeout", callTimeout))

    def withShouldThrowErrors(self, shouldThrowErrors: bool) -> ApiClientBuilder:
        """Choose between errors that are raised (the default) and calls that return None."""
        return self._with(shouldThrowErrors=shouldThrowErrors)

    def withDetailLevel(self, detailLevel: DetailLevel) -> ApiClientBuilder:
        """Set how much is logged."""
        return self._with(detailLevel=detailLevel)

    def withProxy(self, proxy: str) -> ApiClientBuilder:
        """Go through a proxy, ``http://host:port``."""
        return self._with(proxy=proxy)

    def withAuthenticatedProxy(self, proxy: str, user: str, password: str) -> ApiClientBuilder:
        """Go through a proxy that asks for a name and a password."""
        return self._with(proxy=with_credentials(proxy, user, password))

    def withRetryConfiguration(self, retryConfiguration: RetryConfiguration) -> ApiClientBuilder:
        """Set when to try again."""
        return self._with(retryConfiguration=retryConfiguration)

    def build(self) -> ApiClient:
        """Make the client.

        Raises:
            TypeError, ValueError: A setting cannot be right.
        """
        return ApiClient(defaultHeaders=self._headers, **self._options)

    def _with(self, **option: Any) -> ApiClientBuilder:
        self._options.update(option)
        return self


ApiClient.Builder = ApiClientBuilder


class Configuration:
    """The ApiClient of whoever names none. Java's process-wide default; a WebMessagingClient never uses it."""

    _default: ApiClient | None = None

    @classmethod
    def getDefaultApiClient(cls) -> ApiClient:
        """The one that was set, else one for the region us_east_1, made now."""
        if cls._default is None:
            cls._default = ApiClient()
        return cls._default

    @classmethod
    def setDefaultApiClient(cls, apiClient: ApiClient | None) -> None:
        """Set it, or with None go back to the one that is made when asked for."""
        cls._default = _checks.instance("apiClient", apiClient, ApiClient, optional=True)


def _await_turn(limit: RateLimit, call: Call, closed: threading.Event, whole: Deadline | None) -> None:
    while wait := limit.take():
        if whole is not None and wait >= whole.remaining:
            raise ResponseTimeoutError(
                f"{call.what}: {limit.calls} such calls a minute are allowed, and the next in {wait:.0f} seconds"
            )
        logger.info("%s: next turn in %.1f s", call.what, wait)
        if not paused(wait, closed):
            raise ConnectionClosedError(f"{call.what}: the client was closed meanwhile")


def _from_milliseconds(name: str, milliseconds: int) -> float | None:
    return _checks.whole_number(name, milliseconds) / 1000 or None


def _base_path(place: str | GenesysCloudRegionWebSocketHosts) -> str:
    if isinstance(place, str) and place.lower().startswith(("http://", "https://")):
        base = place
    else:
        base = asApiHost(address_of(place))
    _checks.url("basePath", base, "http", "https")
    if "?" in base:
        raise ValueError(f"basePath must not have a query, but is {base!r}")
    return base.rstrip("/")


def _shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: _shown_header(name.lower(), value) for name, value in headers.items()}


def _shown_header(name: str, value: str) -> str:
    if name in _SECRET_HEADERS:
        return MASK
    return redact_url(value) if name in _URL_HEADERS else value
