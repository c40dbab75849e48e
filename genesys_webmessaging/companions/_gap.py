"""What was said while nobody listened: the messages of the history that were not heard."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from ..models import JwtResponse, WebMessagingMessage
from ._ledger import Ledger

if TYPE_CHECKING:
    from ..client import WebMessagingClient

# The history comes in pages of so many.
PAGE = 100

# A jwt with fewer seconds to live is replaced before the history is read.
MARGIN = 30.0


class Gap:
    """Reads the history of a client's session, and tells what of it was not heard.

    Args:
        client: Whose session.
        ledger: What was heard; what is found is noted in it.
        answerTimeout: Seconds that the server may take for the jwt.
    """

    def __init__(self, client: WebMessagingClient, ledger: Ledger, answerTimeout: Callable[[], float]) -> None:
        self._client = client
        self._ledger = ledger
        self._answer_timeout = answerTimeout

    def missing(self, *, thorough: bool = False, silently: bool = False) -> list[WebMessagingMessage]:
        """Read as much of the history as it takes, and note what was not heard.

        Args:
            thorough: Whether to read all of it.
            silently: Whether to note only that these messages are there, because nobody is to hear them.

        Returns:
            The messages that had not been heard, oldest first.

        Raises:
            WebMessagingException: The history cannot be read now.
        """
        self._need_jwt()
        newest_first = self._client.iterateHistory()
        entities: list[WebMessagingMessage] = []
        while page := list(islice(newest_first, PAGE)):
            entities += page
            if not thorough and self._ledger.reaches(entities):
                break
        return self._ledger.missing(entities, silently=silently)

    def _need_jwt(self) -> None:
        # The client would ask for one itself, but wait longer for it than a dead connection deserves.
        known: JwtResponse | None = self._client.jwtResponse
        if known is None or (known.exp is not None and known.exp < time.time() + MARGIN):
            self._client.awaitResponse(self._client.getJwt(), self._answer_timeout())
