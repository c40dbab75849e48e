"""The REST half of the client: its jwt, its ApiClient and the history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .._base import arguments as checks
from ..exceptions import RequestError
from ..models import GetJwtRequest, JwtResponse, WebMessagingMessage, WebMessagingMessageEntityList
from ..regions import AddressOrRegion, asApiHost, host_of
from .engine import ClientCore

if TYPE_CHECKING:
    from ..rest import ApiClient


class HistoryClient(ClientCore):
    """What :class:`~genesys_webmessaging.WebMessagingClient` does over REST."""

    def __init__(self, address: AddressOrRegion) -> None:
        super().__init__(address)
        # Guarded, like what they stand beside, by the lock of the core.
        self._given_api_client: ApiClient | None = None
        self._made_api_client: ApiClient | None = None
        self._rest_origin: str | None = None
        self._network: dict[str, Any] = {}

    def getJwt(self, *, tracingId: str | None = None) -> str:
        """Ask for a jwt for the REST calls. The answer is a JwtResponse, which the client remembers.

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self._send(GetJwtRequest(), tracingId)

    def getHistory(self) -> WebMessagingMessageEntityList:
        """Fetch every message of the session, over REST. Asks for a jwt itself when it has none that is good.

        Returns:
            All entities in the server's order, newest first; ``total`` as the server gave it,
            ``pageNumber`` 1, ``pageSize`` the number of entities.

        Raises:
            NotConnectedError, NotConfiguredError: A jwt is needed and cannot be asked for.
            ApiError: The REST call was refused.
            WebMessagingException: One of the others, when the jwt or the network fails.
        """
        entities: list[WebMessagingMessage] = []
        total: int | None = None
        for page in self._history_pages():
            entities += page.entities
            total = page.total if total is None else total
        return WebMessagingMessageEntityList(
            entities=entities, pageSize=len(entities), pageNumber=1, total=total, pageCount=1
        )

    def iterateHistory(self) -> Iterator[WebMessagingMessage]:
        """Yield the messages of the session, newest first, fetching a page of 100 only when it is needed.

        Raises:
            WebMessagingException: As :meth:`getHistory`, at the first message or at a later page.
        """
        for page in self._history_pages():
            yield from page.entities

    def _history_pages(self) -> Iterator[WebMessagingMessageEntityList]:
        from ..rest import historyPages

        return historyPages(self.apiClient, self._jwt, self._renewed_jwt)

    def _jwt(self) -> str:
        return self._session.good_jwt() or self._fetched_jwt()

    def _renewed_jwt(self, refused: str) -> str:
        self._session.forget_jwt(refused)
        return self._jwt()

    def _fetched_jwt(self) -> str:
        response: JwtResponse = self.awaitResponse(self.getJwt())
        if not response.jwt:
            raise RequestError("the server answered getJwt without a jwt")
        return response.jwt

    @property
    def apiClient(self) -> ApiClient:
        """The client of the REST calls: the one that was set, else one made for this address.

        The latter goes the way that connect() went: the same proxy, the same certificates.
        """
        with self._lock:
            given = self._given_api_client or self._made_api_client
            origin = self._rest_origin or f"https://{host_of(self._address)}"
        return given or self._make_api_client(origin)

    def initializeApiClient(self, origin: str) -> None:
        """Make the client of the REST calls, for this address and a page's origin. One that was set stays.

        Args:
            origin: What the calls carry as ``Origin``.
        """
        self._make_api_client(checks.origin(origin, empty=False))

    def _make_api_client(self, origin: str) -> ApiClient:
        from ..rest import ApiClient

        base = asApiHost(self._address.partition("?")[0])
        made = ApiClient(base, defaultHeaders={"Origin": origin}, **self._network)
        with self._lock:
            self._rest_origin = origin
            self._made_api_client = made
        return made

    def setApiClient(self, apiClient: ApiClient) -> None:
        """Use a client of one's own for the REST calls: with a proxy, time limits or retries, for instance."""
        from ..rest import ApiClient

        checks.instance("apiClient", apiClient, ApiClient)
        with self._lock:
            self._given_api_client = apiClient

    def _provide_api_client(self, origin: str) -> None:
        with self._lock:
            if self._rest_origin is None and origin:
                self._rest_origin = origin

    def _use_network(self, **how: Any) -> None:
        with self._lock:
            if how != self._network:
                self._network = how
                self._made_api_client = None
