"""A session that outlives its connections: what ``chat`` talks through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..client import WebMessagingClient
from ..companions import Delivery, Heartbeat, Reconnector
from ..exceptions import WebMessagingException
from ..models import SessionResponse
from ._hearing import Hearing, Notice
from ._opening import client_for
from ._options import Place

# Seconds that an echo may take before the history is asked whether the message has arrived.
_ECHO_TIMEOUT = 10.0


@dataclass(frozen=True)
class Lasting:
    """A client and who looks after its connections and messages."""

    client: WebMessagingClient
    delivery: Delivery
    response: SessionResponse
    reconnector: Reconnector
    hearing: Hearing

    def leave(self) -> None:
        """Disconnect, and do not come back."""
        self.hearing.leave()
        self.delivery.close()
        self.reconnector.close()


@contextmanager
def lasting_session(place: Place, token: str | None, hearing: Hearing, *, patience: float) -> Iterator[Lasting]:
    """A session within a ``with`` block. The first connect is not tried again; a lost connection is replaced.

    Args:
        place: Where.
        token: The session's; a new one if None.
        hearing: Hears everything from the first moment, each message once.
        patience: Seconds that a lost connection may take to be replaced.
    """
    client = client_for(place)

    def give_up(error: WebMessagingException) -> None:
        hearing.put(Notice(str(error), over=True))

    reconnector = Reconnector(client, hearing, maxSeconds=patience, onGivenUp=give_up, answerTimeout=place.timeout)
    delivery = Delivery(
        client, reconnector, echoTimeout=min(_ECHO_TIMEOUT, place.timeout), timeout=max(patience, place.timeout)
    )
    client.addSessionListener(reconnector)
    client.addSessionListener(delivery)
    client.addSessionListener(Heartbeat(client, onDeadPeer=reconnector.reconnect))
    response = reconnector.connect(
        place.deployment_id, place.origin, place.timeout, token=token, proxy=place.proxy, caFile=place.ca_file
    )
    lasting = Lasting(client, delivery, response, reconnector, hearing)
    try:
        yield lasting
    finally:
        lasting.leave()
