"""The history of a session's messages: one page of it, or all of them in turn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from .._base import checks as _checks
from .._base.hints import Hinting
from .._base.threads import Deadline, daemon_thread
from ..exceptions import ApiError, ErrorCode, WebMessagingException
from ..models import WebMessagingMessage, WebMessagingMessageEntityList
from ..models.message import text_of, time_of
from ._client import ApiClient, Configuration
from ._connection import Cutter
from ._response import ApiResponse

_PATH = "/api/v2/webmessaging/messages"
_PAGE_SIZE = 100
# So many pages are read: 100,000 messages.
_MAX_PAGES = 1000
# Pages with nothing new in them that are read past when the server does not say how many messages there are,
# or says that they are as many as before.
_REPEATED_UNKNOWN = 10
_REPEATED_KNOWN = 2
# How often earlier pages are returned to, as the server says that there are fewer messages now. It may be guessing.
_MAX_RETURNS = 10


@dataclass
class GetWebmessagingMessagesRequest(Hinting):
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

    def addCustomHeader(self, name: str, value: str) -> None:
        """Add a header for this call."""
        self.customHeaders = {**self.customHeaders, name: value}

    def withCustomHeaders(self, customHeaders: Mapping[str, str]) -> GetWebmessagingMessagesRequest:
        """Set the headers for this call, and return this same request."""
        self.customHeaders = customHeaders
        return self

    class Builder(Hinting):
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


class WebMessagingApi(Hinting):
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
            DecodeError: The answer is not a page of messages.
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
    apiClient: ApiClient,
    request: GetWebmessagingMessagesRequest,
    accessToken: str | None,
    deadline: Deadline | None = None,
) -> ApiResponse[WebMessagingMessageEntityList]:
    return apiClient.invoke(
        "GET",
        _PATH,
        WebMessagingMessageEntityList,
        query={"pageSize": request.pageSize, "pageNumber": request.pageNumber},
        headers=request.customHeaders,
        accessToken=accessToken,
        timeout=None if deadline is None or deadline.at == math.inf else max(deadline.remaining, 0.001),
        limit=apiClient.historyLimit,
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
    apiClient: ApiClient,
    jwt: Callable[[], str],
    renew: Callable[[str], str],
    *,
    timeout: float | None = None,
    ahead: bool = True,
) -> Iterator[WebMessagingMessageEntityList]:
    """Yield the pages of a session's history, the newest first.

    All messages that there were at the beginning come, each once, however many new ones move them to other pages
    meanwhile. Stops after the last page that the server announces, a short or empty one, or when there is nothing new
    on them any more. Errors are raised whatever the client's ``shouldThrowErrors`` says.

    Args:
        apiClient: Makes the calls, no more of them than its ``historyCallsPerMinute``: the next page waits.
        jwt: Called before each call; returns a jwt that is still good. May be called on another thread.
        renew: Called once for a page that was answered with 401; gets the jwt that was refused, returns a new one.
        timeout: Seconds for all of it, from the first page on; None sets no limit but those of each call.
        ahead: Whether the next page is fetched while one is read, if it need not wait for its turn. The call, and
            the wait for another try, is cut when the generator is closed.

    Yields:
        The pages as the server gave them, without the nulls and repetitions among their entities.

    Raises:
        ApiError: The server refused.
        DecodeError: An answer is not a page of messages.
        ResponseTimeoutError: It was not done in time.
        ConnectError, ConnectTimeoutError, ConnectionClosedError: The network failed.
        WebMessagingException: The history does not end: it was given up after 1,000 pages.
    """
    deadline = Deadline(math.inf if timeout is None else _checks.seconds("timeout", timeout))

    def fetch(number: int) -> WebMessagingMessageEntityList:
        # Page 1 is asked for without its number, as Java does.
        request = GetWebmessagingMessagesRequest(_PAGE_SIZE, None if number == 1 else number)
        return _page_renewing(apiClient, request, jwt, renew, deadline)

    reading = _PageCursor()
    page = fetch(1)
    cutter = Cutter()
    try:
        while True:
            following = reading.take(page)
            may_go_on = following is not None and reading.pages < _MAX_PAGES
            early = ahead and may_go_on and apiClient.historyLimit.is_free
            coming = _fetched_ahead(fetch, following, cutter) if following is not None and early else None
            if page.entities or reading.pages == 1:
                yield page
            if following is None:
                return
            if not may_go_on:
                raise WebMessagingException(f"the history does not end: given up after {_MAX_PAGES} pages")
            page = fetch(following) if coming is None else coming.result()
    finally:
        cutter.cut()  # who reads no further needs no page ahead


def _fetched_ahead(
    fetch: Callable[[int], WebMessagingMessageEntityList], number: int, cutter: Cutter
) -> Future[WebMessagingMessageEntityList]:
    """Fetch a page on a thread of its own, which ends with the call."""
    outcome: Future[WebMessagingMessageEntityList] = Future()

    def run() -> None:
        try:
            with cutter.around_calls():
                outcome.set_result(fetch(number))
        except Exception as error:  # noqa: BLE001 - whoever asks for the page raises it
            outcome.set_exception(error)

    daemon_thread("history", run).start()
    return outcome


class _PageCursor:
    """What was read of a history, and where to read on.

    New messages move the older ones to later pages, and a history that is cut at its newer end moves them to earlier
    ones. So pages are read in turn, what came before is left out, and pages where nothing is new are read past.
    """

    def __init__(self) -> None:
        self.pages = 0
        self._number = 1
        self._seen: dict[str, list[WebMessagingMessage]] = {}
        self._seen_without_id: set[str] = set()
        self._newest: WebMessagingMessage | None = None
        self._total: int | None = None
        self._first_total: int | None = None
        # Pages with nothing new that may still be read past.
        self._spare = 0
        # How often earlier pages were returned to.
        self._returns = 0

    def take(self, page: WebMessagingMessageEntityList) -> int | None:
        """Leave in a page what is new, and return the number of the next one to read, None after the last."""
        self.pages += 1
        size, entities = len(page.entities), list(filter(None, page.entities))
        full = _full_size(page)
        back = self._moved(page.total if isinstance(page.total, int) else None, full)
        if back:
            # What was to come next is on an earlier page now, and comes before these.
            page.entities = []
            self._number = max(1, self._number - back)
            return self._number
        page.entities = self._new(entities)
        if not page.entities:
            self._spare -= 1
        elif self._total is None:
            self._spare = _REPEATED_UNKNOWN
        if self._newest is None and page.entities:
            self._newest = page.entities[0]
        at_end = not page.entities and (not entities or self._spare < 0 or self._is_complete)
        if at_end or _is_last(page, self._number, size, full):
            return None
        self._number += 1
        return self._number

    @property
    def _is_complete(self) -> bool:
        return self._total is not None and sum(map(len, self._seen.values())) >= self._total

    def _moved(self, total: int | None, full: int) -> int:
        """Note the number of messages. Returns how many pages to go back: as many as have moved there."""
        before, self._total = self._total, total
        if before is None or total is None:
            self._first_total = total
            self._spare = _REPEATED_UNKNOWN if total is None else _REPEATED_KNOWN
            return 0
        moved = -(-abs(total - before) // full)
        self._spare += 2 * moved
        if total >= before or self._returns == _MAX_RETURNS:
            return 0
        self._returns += 1
        return moved

    def _new(self, entities: list[WebMessagingMessage]) -> list[WebMessagingMessage]:
        grown = self._total is not None and self._first_total is not None and self._total > self._first_total
        fresh = {id_: [message] for message in entities if (id_ := message.id).__class__ is str and id_}
        if len(fresh) == len(entities) and not grown and self._seen.keys().isdisjoint(fresh):
            # As it is almost always.
            self._seen.update(fresh)
            return entities
        new: list[WebMessagingMessage] = []
        without_id = [message.to_json() for message in entities if not text_of(message.id)]
        repeated = self._seen_without_id.issuperset(without_id)
        seen, newest = self._seen, self._newest
        newest_id = None if newest is None else text_of(newest.id)
        for message in entities:
            id_ = text_of(message.id)
            if newest is not None and id_ == newest_id and message == newest:
                # What stands before the newest one of the first page has come since.
                new.clear()
            elif not id_:
                new.append(message)
            elif message not in seen.get(id_, ()) and not (grown and _is_newer(message, newest)):
                seen.setdefault(id_, []).append(message)
                new.append(message)
        self._seen_without_id.update(without_id)
        return [] if repeated and all(not text_of(message.id) for message in new) else new


def _is_newer(message: WebMessagingMessage, than: WebMessagingMessage | None) -> bool:
    time, other = time_of(message), None if than is None else time_of(than)
    return time is not None and other is not None and time > other


def _page_renewing(
    apiClient: ApiClient,
    request: GetWebmessagingMessagesRequest,
    jwt: Callable[[], str],
    renew: Callable[[str], str],
    deadline: Deadline,
) -> WebMessagingMessageEntityList:
    token = jwt()
    try:
        answer = _page_of(apiClient, request, token, deadline)
    except ApiError as error:
        if error.statusCode != ErrorCode.UNAUTHORIZED:
            raise
        answer = _page_of(apiClient, request, renew(token), deadline)
    return answer.document


def _full_size(page: WebMessagingMessageEntityList) -> int:
    # A server that allows fewer on a page than were asked for says so.
    return page.pageSize if isinstance(page.pageSize, int) and 0 < page.pageSize < _PAGE_SIZE else _PAGE_SIZE


def _is_last(page: WebMessagingMessageEntityList, number: int, size: int, full: int) -> bool:
    if size < full:
        return True
    if isinstance(page.pageCount, int) and page.pageCount > 0:
        return number >= page.pageCount
    return isinstance(page.total, int) and 0 < page.total <= number * full
