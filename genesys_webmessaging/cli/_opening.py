"""From a place to a client with a session."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from ..client import WebMessagingClient
from ..listener import SessionListener
from ..models import SessionResponse
from ..regions import asApiHost
from ..rest import ApiClient
from ._options import Place


def client_for(place: Place) -> WebMessagingClient:
    """A client for a place, not yet connected; its REST calls go the same way as its socket."""
    client = WebMessagingClient(place.address)
    client.setApiClient(
        ApiClient(
            asApiHost(place.address),
            defaultHeaders={"Origin": place.origin},
            connectionTimeout=place.timeout,
            readTimeout=place.timeout,
            proxy=place.proxy,
            caFile=place.ca_file,
        )
    )
    return client


def connect(client: WebMessagingClient, place: Place) -> None:
    """Open the connection."""
    client.connect(place.deployment_id, place.origin, place.timeout, proxy=place.proxy, caFile=place.ca_file)


def configure(client: WebMessagingClient, place: Place, token: str | None = None) -> SessionResponse:
    """Make or resume a session, and wait for it.

    Args:
        client: Connected.
        place: Names the deployment.
        token: The session's; a new one if None.
    """
    tracing_id = client.configureSession(place.deployment_id, token or str(uuid.uuid4()), place.origin)
    response = client.awaitResponse(tracing_id, place.timeout)
    return response if isinstance(response, SessionResponse) else SessionResponse()


@contextmanager
def session(
    place: Place, token: str | None = None, listener: SessionListener | None = None
) -> Iterator[tuple[WebMessagingClient, SessionResponse]]:
    """A client that is connected and has a session, for the length of a ``with`` block.

    Args:
        place: Where.
        token: The session's; a new one if None.
        listener: Hears everything from the first moment.

    Yields:
        The client, and what the server said of the session.
    """
    with client_for(place) as client:
        if listener is not None:
            client.addSessionListener(listener)
        connect(client, place)
        yield client, configure(client, place, token)
