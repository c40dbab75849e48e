"""The client of the REST API: one call, its errors, its retries and its log."""

from __future__ import annotations

import json
import logging
import ssl
import threading
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import requests
from requests.structures import CaseInsensitiveDict

from .._base import arguments as _checks
from .._base.redact import MASK, redact
from .._version import __version__
from ..models._base import WireModel
from ..regions import GenesysCloudRegionWebSocketHosts, address_of, asApiHost
from ._http import Http, NetworkSettings, check_base, check_header, with_credentials
from ._response import ApiResponse, Call, decoded, text_of
from ._retry import RetryConfiguration, Schedule

logger = logging.getLogger("genesys_webmessaging.rest")

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})

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


class ApiClient:
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
        clientCertificate: A PEM file with certificate and key, or a pair of files.
        sslContext: Everything about TLS, instead of ``caFile`` and ``clientCertificate``.
        trustEnv: Whether HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE count. A .netrc never does.

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
        clientCertificate: str | tuple[str, str] | None = None,
        sslContext: ssl.SSLContext | None = None,
        trustEnv: bool = True,
    ) -> None:
        self.basePath = _base_path(basePath)
        self.networkSettings = NetworkSettings(
            connectionTimeout, readTimeout, proxy, caFile, clientCertificate, sslContext, trustEnv
        )
        self.shouldThrowErrors = shouldThrowErrors
        self.detailLevel = DetailLevel(detailLevel)
        self.retryConfiguration = RetryConfiguration() if retryConfiguration is None else retryConfiguration
        self._defaultHeaders: CaseInsensitiveDict[str] = CaseInsensitiveDict()
        self.addDefaultHeader("User-Agent", userAgent or f"genesys-webmessaging/{__version__}")
        for name, value in (defaultHeaders or {}).items():
            self.addDefaultHeader(name, value)
        self._accessToken: str | None = None
        self.setAccessToken(accessToken)
        self._http = Http(self.networkSettings)
        self._closed = threading.Event()

    @property
    def defaultHeaders(self) -> dict[str, str]:
        """The headers that every call sends; a copy."""
        return dict(self._defaultHeaders)

    def addDefaultHeader(self, name: str, value: str) -> None:
        """Send a header with every call from now on, Origin for instance."""
        check_header(name, value)
        self._defaultHeaders[name] = value

    def setAccessToken(self, accessToken: str | None) -> None:
        """Authenticate with another jwt from now on; None: with none."""
        if accessToken is not None:
            check_header("Authorization", accessToken)
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
        answer = self._tries(method, url, call, sent, payload)
        return decoded(answer, call, returnType)

    def close(self) -> None:
        """Close the kept connections, and end the waiting for another try. The client can still be used."""
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
            check_header("Authorization", token)
            sent["Authorization"] = f"Bearer {token}"
        for name, value in (headers or {}).items():
            check_header(name, value)
            sent[name] = value
        return sent

    def _tries(
        self, method: str, url: str, call: Call, headers: CaseInsensitiveDict[str], payload: bytes | None
    ) -> requests.Response:
        schedule = Schedule(self.retryConfiguration)
        closed = self._closed
        while True:
            self._log_request(call, headers, payload)
            answer = self._http.send(method, url, label=call.label, headers=headers, body=payload)
            self._log_answer(call, answer)
            wait = schedule.wait_after(answer.status_code, answer.headers)
            if wait is None:
                return answer
            logger.info("%s answered %d: next try in %.1f s", call.what, answer.status_code, wait)
            if closed.wait(wait):
                return answer

    def _log_request(self, call: Call, headers: Mapping[str, str], payload: bytes | None) -> None:
        if not logger.isEnabledFor(logging.DEBUG):
            return
        if self.detailLevel.shows(DetailLevel.HEADERS):
            logger.debug("> %s %s", call.what, call.mask(str(_shown_headers(headers))))
        if self.detailLevel.shows(DetailLevel.FULL) and payload is not None:
            logger.debug("> %s", redact(payload.decode("utf-8"), call.secrets))

    def _log_answer(self, call: Call, answer: requests.Response) -> None:
        if not logger.isEnabledFor(logging.DEBUG):
            return
        if self.detailLevel.shows(DetailLevel.MINIMAL):
            seconds = answer.elapsed.total_seconds()
            logger.debug("%s answered %d after %.3f s", call.what, answer.status_code, seconds)
        if self.detailLevel.shows(DetailLevel.HEADERS):
            logger.debug("< %s", call.mask(str(_shown_headers(answer.headers))))
        if self.detailLevel.shows(DetailLevel.FULL):
            logger.debug("< %s", redact(text_of(answer), call.secrets))


class ApiClientBuilder:
    """Java's way to make an ApiClient: ``ApiClient.Builder.standard().withAccessToken(jwt).build()``."""

    def __init__(self) -> None:
        self._options: dict[str, Any] = {}
        self._headers: dict[str, str] = {}

    @classmethod
    def standard(cls) -> ApiClientBuilder:
        """Begin with the default settings."""
        return cls()

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


def _from_milliseconds(name: str, milliseconds: int) -> float | None:
    return _checks.whole_number(name, milliseconds) / 1000 or None


def _base_path(place: str | GenesysCloudRegionWebSocketHosts) -> str:
    if isinstance(place, str) and place.lower().startswith(("http://", "https://")):
        return check_base(place, "basePath")
    return check_base(asApiHost(address_of(place)), "basePath")


def _shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: MASK if name.lower() in _SECRET_HEADERS else value for name, value in headers.items()}
