"""What the two callbacks of a connection heard."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

from _raw_peer import RawPeer

from genesys_webmessaging._wire.connect import open_connection
from genesys_webmessaging._wire.connection import Connection, Ending, State

PATIENCE = 10.0  # seconds

# The server's context, and the arguments that tell the client about it; None and none without TLS.
Tls = tuple[ssl.SSLContext | None, dict[str, str]]


class ConnectionRecorder:
    """Listens to one connection.

    Attributes:
        texts: The messages, in order.
        batches: How many came at a time.
        endings: How it ended: one at most, if all is right.
        states_at_end: The connection's state during each ``on_end``.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.batches: list[int] = []
        self.endings: list[Ending] = []
        self.states_at_end: list[State] = []
        self._changed = threading.Condition()

    def start(self, connection: Connection) -> ConnectionRecorder:
        def on_end(ending: Ending) -> None:
            with self._changed:
                self.endings.append(ending)
                self.states_at_end.append(connection.state)
                self._changed.notify_all()

        connection.start(self.on_texts, on_end)
        return self

    def on_texts(self, texts: list[str]) -> None:
        with self._changed:
            self.texts.extend(texts)
            self.batches.append(len(texts))
            self._changed.notify_all()

    def wait_for_texts(self, number: int) -> list[str]:
        self._wait(lambda: len(self.texts) >= number, f"{number} texts")
        return self.texts

    def wait_for_end(self) -> Ending:
        """The ending. There must be no second one."""
        self._wait(lambda: bool(self.endings), "an ending")
        assert len(self.endings) == 1
        return self.endings[0]

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        with self._changed:
            came = self._changed.wait_for(condition, PATIENCE)
            assert came, f"{what} did not come; there are {len(self.texts)} texts and the endings {self.endings}"


@contextlib.contextmanager
def connected(peer: RawPeer, **options: Any) -> Iterator[tuple[Connection, ConnectionRecorder]]:
    """A connection to a peer, being read, and cut when the test is through."""
    connection = open_connection(peer.url, **{"trust_env": False, **options})
    try:
        yield connection, ConnectionRecorder().start(connection)
    finally:
        connection.abort()
