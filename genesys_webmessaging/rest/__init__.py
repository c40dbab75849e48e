"""The REST side: the client of the API, and the history of a session's messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._base import arguments as _checks
from ..exceptions import ApiError, WebMessagingException
from ..models import WebMessagingMessage, WebMessagingMessageEntityList
from ._client import ApiClient, ApiClientBuilder, DetailLevel
from ._http import NetworkSettings
from ._response import ApiResponse
from ._retry import RetryConfiguration

__all__ = [
    "ApiClient",
    "ApiClientBuilder",
    "ApiResponse",
    "Configuration",
    "DetailLevel",
    "GetWebmessagingMessagesRequest",
    "NetworkSettings",
    "RetryConfiguration",
    "WebMessagingApi",
    "historyPages",
]

_PATH = "/api/v2/webmessaging/messages"
_PAGE_SIZE = 100


class Configuration:
    """The ApiClient of those who name none. Java's process-wide default; a WebMessagingClient never uses it."""

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


@dataclass
class GetWebmessagingMessagesRequest:
    """The parameters of ``getWebmessagingMessages`` as one object.

    Attributes:
        pageSize: Messages on a page; None leaves it to the server (25).
        pageNumber: 1 is the page with the newest messages; None is page 1.
        customHeaders: Headers for this call only.
    """

    pageSize: int | None = None
    pageNumber: int | None = None
    customHeaders: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def builder(cls) -> GetWebmessagingMessagesRequest.Builder:
        """Begin Java's ``builder().withPageSize(100).build()``."""
        return cls.Builder()

    def withPageSize(self, pageSize: int) -> GetWebmessagingMessagesRequest:
        """Set the page size, and return this same request."""
        self.pageSize = pageSize
        return self

    def withPageNumber(self, pageNumber: int) -> GetWebmessagingMessagesRequest:
        """Set the page number, and return this same request."""
        self.pageNumber = pageNumber
        return self

    def withCustomHeaders(self, customHeaders: Mapping[str, str]) -> GetWebmessagingMessagesRequest:
        """Set the headers for this call, and return this same request."""
        self.customHeaders = customHeaders
        return self

    class Builder:
        """Makes the request step by step, as in Java."""

        def __init__(self) -> None:
            self._request = GetWebmessagingMessagesRequest()

        def withPageSize(self, pageSize: int) -> GetWebmessagingMessagesRequest.Builder:
            """Set the page size."""
            self._request.withPageSize(pageSize)
            return self

        def withPageNumber(self, pageNumber: int) -> GetWebmessagingMessagesRequest.Builder:
            """Set the page number."""
            self._request.withPageNumber(pageNumber)
            return self

        def build(self) -> GetWebmessagingMessagesRequest:
            """Return the request."""
            return replace(self._request)


class WebMessagingApi:
    """The calls of the web messaging API that a guest may make.

    Args:
        apiClient: Makes the calls; None takes that of :class:`Configuration`.
    """

    def __init__(self, apiClient: ApiClient | None = None) -> None:
        self.apiClient: ApiClient = (
            _checks.instance("apiClient", apiClient, ApiClient, optional=True) or Configuration.getDefaultApiClient()
        )

    def getWebmessagingMessages(
        self,
        pageSize: int | GetWebmessagingMessagesRequest | None = None,
        pageNumber: int | None = None,
        *,
        accessToken: str | None = None,
    ) -> WebMessagingMessageEntityList | None:
        """Fetch one page of the history, newest messages first.

        Args:
            pageSize: Messages on a page, or the whole request as one object; None leaves it to the server.
            pageNumber: 1 is the page with the newest messages; None is page 1.
            accessToken: The jwt for this call only; None takes that of the ApiClient.

        Returns:
            The page; None after an error when the ApiClient was told not to raise errors.

        Raises:
            ApiError: The server refused.
            DecodeError: The answer is no page of messages.
            ConnectError, ConnectTimeoutError, ResponseTimeoutError, ConnectionClosedError: The network failed.
        """
        return self.getWebmessagingMessagesWithHttpInfo(pageSize, pageNumber, accessToken=accessToken).body

    def getWebmessagingMessagesWithHttpInfo(
        self,
        pageSize: int | GetWebmessagingMessagesRequest | None = None,
        pageNumber: int | None = None,
        *,
        accessToken: str | None = None,
    ) -> ApiResponse[WebMessagingMessageEntityList]:
        """Fetch one page of the history, with status and headers.

        The arguments and errors are those of :meth:`getWebmessagingMessages`.

        Returns:
            The answer; after an error, when the ApiClient was told not to raise errors, one that holds it.
        """
        request = _request_of(pageSize, pageNumber)
        try:
            return _page_of(self.apiClient, request, accessToken)
        except WebMessagingException as error:
            if self.apiClient.shouldThrowErrors:
                raise
            return ApiResponse(error.statusCode, "", error.headers, None, error.body or "", error)


def _page_of(
    apiClient: ApiClient, request: GetWebmessagingMessagesRequest, accessToken: str | None
) -> ApiResponse[WebMessagingMessageEntityList]:
    return apiClient.invoke(
        "GET",
        _PATH,
        WebMessagingMessageEntityList,
        query={"pageSize": request.pageSize, "pageNumber": request.pageNumber},
        headers=request.customHeaders,
        accessToken=accessToken,
    )


def _request_of(first: Any, pageNumber: int | None) -> GetWebmessagingMessagesRequest:
    if isinstance(first, GetWebmessagingMessagesRequest):
        if pageNumber is not None:
            raise TypeError("pageNumber is part of the request object already")
        request = first
    else:
        request = GetWebmessagingMessagesRequest(first, pageNumber)
    for name in ("pageSize", "pageNumber"):
        value = getattr(request, name)
        if value is not None:
            _checks.whole_number(name, value)
    return request


def historyPages(
    apiClient: ApiClient, jwt: Callable[[], str], renew: Callable[[str], str]
) -> Iterator[WebMessagingMessageEntityList]:
    """Yield the pages of a session's history, each fetched when it is asked for.

    Stops after the last page that the server announces, a short or empty one, or one that came before.
    A message that moved to the next page because a newer one came in between is yielded once.
    Errors are raised whatever the client's ``shouldThrowErrors`` says.

    Args:
        apiClient: Makes the calls.
        jwt: Called before each call; returns a jwt that is still good.
        renew: Called once for a page that was answered with 401; gets the jwt that was refused, returns a new one.

    Yields:
        The pages as the server gave them, without the nulls and repetitions among their entities.
    """
    came: set[tuple[str, ...]] = set()
    before: dict[str, WebMessagingMessage] = {}
    number = 1
    while True:
        # Page 1 is asked for without its number, as Java does.
        request = GetWebmessagingMessagesRequest(_PAGE_SIZE, None if number == 1 else number)
        page = _page_renewing(apiClient, request, jwt, renew)
        size = len(page.entities)
        page.entities = [message for message in page.entities if message is not None]
        fingerprint = tuple(message.id or message.to_json() for message in page.entities)
        if number > 1 and (not fingerprint or fingerprint in came):
            return
        came.add(fingerprint)
        current = {message.id: message for message in page.entities if message.id}
        page.entities = [message for message in page.entities if not message.id or before.get(message.id) != message]
        before = current
        yield page
        if _is_last(page, number, size):
            return
        number += 1


def _page_renewing(
    apiClient: ApiClient,
    request: GetWebmessagingMessagesRequest,
    jwt: Callable[[], str],
    renew: Callable[[str], str],
) -> WebMessagingMessageEntityList:
    token = jwt()
    try:
        answer = _page_of(apiClient, request, token)
    except ApiError as error:
        if error.statusCode != 401:
            raise
        answer = _page_of(apiClient, request, renew(token))
    return answer.document


def _is_last(page: WebMessagingMessageEntityList, number: int, size: int) -> bool:
    # A server that allows fewer on a page than were asked for says so.
    full = page.pageSize if isinstance(page.pageSize, int) and 0 < page.pageSize < _PAGE_SIZE else _PAGE_SIZE
    if size < full:
        return True
    if isinstance(page.pageCount, int) and page.pageCount > 0:
        return number >= page.pageCount
    return isinstance(page.total, int) and 0 < page.total <= number * full
