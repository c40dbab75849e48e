"""A client of ours, connected to a peer, with listeners that write down what they hear."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from genesys_webmessaging import WebMessagingClient

from .peer import Peer, Wire
from .recorder import FIRST_WATCH, LAST_WATCH, Log, Recorder, is_watch, wait_for_end

TOKEN = "tok-1111"
DEPLOYMENT = "dep-1"
ORIGIN = "https://o"


class Stage:
    """The client, the peer, and what was heard.

    Attributes:
        wire: The connection, None before there is one.
    """

    def __init__(self, peer: Peer, client: WebMessagingClient, log: Log) -> None:
        self.peer = peer
        self.client = client
        self.log = log
        self.wire: Wire | None = None

    def connect(self) -> Wire:
        """Open the connection."""
        self.client.connect(DEPLOYMENT, ORIGIN)
        self.wire = self.peer.wire()
        return self.wire

    def configure(self) -> Wire:
        """Open the connection and configure the session of the recordings, whose answer never comes."""
        wire = self.connect()
        self.client.configureSession(DEPLOYMENT, TOKEN, ORIGIN)
        if not wire.wait_for(lambda events: any(f'"{TOKEN}"' in event.get("text", "") for event in events)):
            raise AssertionError(f"configureSession was not sent; got {wire.events}")
        return wire

    def forget(self) -> None:
        """Leave what was heard so far out of the facts."""
        with self.log.changed:
            self.log.events = [event for event in self.log.events if is_watch(event["listener"])]

    def forget_everything(self) -> None:
        """Begin anew: the end of one connection is no end of the next."""
        with self.log.changed:
            self.log.events.clear()
            self.log.sentinels.clear()

    def sent(self) -> list[dict[str, Any]]:
        """What came from the client after the session was configured."""
        assert self.wire is not None
        events = self.wire.events
        configured = [index for index, event in enumerate(events) if _is_configure(event)]
        return events[configured[0] + 1 :] if configured else events

    def sent_until_close(self) -> list[dict[str, Any]]:
        """All that came from the client after the session was configured, before the close frame that ends it."""
        assert self.wire is not None
        self.client.disconnect()
        self.wire.wait_for(lambda events: any(event.get("ev") == "close" for event in events))
        sent = self.sent()
        return sent[: next(index for index, event in enumerate(sent) if event.get("ev") == "close")]


def _is_configure(event: dict[str, Any]) -> bool:
    text = event.get("text", "")
    return '"configureSession"' in text and f'"{TOKEN}"' in text


@contextlib.contextmanager
def stage(*listeners: Recorder, log: Log, peer: Peer | None = None) -> Iterator[Stage]:
    """A client with these listeners, between two watches, and a peer; both end with the block."""
    with peer or Peer() as server:
        client = WebMessagingClient(server.address)
        for listener in (Recorder(FIRST_WATCH, log), *listeners, Recorder(LAST_WATCH, log)):
            listener.client = client
            client.addSessionListener(listener)
        scene = Stage(server, client, log)
        try:
            yield scene
        finally:
            end(scene)


def end(scene: Stage) -> None:
    """Close the connection, from the server's side if need be, and wait for the last event."""
    if scene.wire is None:
        return
    scene.peer.on_close = "echo"
    if not scene.client.isInputClosed():
        scene.wire.send_close(1000)
    wait_for_end(scene.log)
    scene.client.disconnect()
