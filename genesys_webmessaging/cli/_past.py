"""The history of a session that was there before."""

from __future__ import annotations

from ..exceptions import RequestError
from ..models import WebMessagingMessage
from ._opening import session
from ._options import Place


def messages_of(place: Place, token: str) -> list[WebMessagingMessage]:
    """The messages of a session, oldest first.

    Raises:
        RequestError: There is no such session any more.
    """
    with session(place, token) as (client, response):
        if response.newSession:
            raise RequestError("there is no session with that token, or it has expired")
        return list(reversed(client.getHistory().entities))
