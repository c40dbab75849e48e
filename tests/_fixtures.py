"""What most tests of the client stand on. conftest.py takes these fixtures in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from _listeners import Recorder
from _websockets_peer import Guest, WebSocketsPeer

from genesys_webmessaging import WebMessagingClient
from genesys_webmessaging._core import engine
from genesys_webmessaging.simulator import Simulator

ORIGIN = "https://shop.example"
TOKEN = "3e8d3c1c-31ae-4ff0-b1de-2c7c8b0a9d4f"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator without a bot; it fails a test whose client broke the protocol."""
    with Simulator(bot=False) as simulator:
        yield simulator
        assert [str(violation) for violation in simulator.violations] == []


@pytest.fixture
def client(simulator: Simulator) -> Iterator[WebMessagingClient]:
    """A client of the simulator, not connected yet."""
    with WebMessagingClient(simulator.address) as client:
        yield client


@pytest.fixture
def short_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer our close is waited for half a second instead of five."""
    monkeypatch.setattr(engine, "CLOSE_TIMEOUT", 0.5)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def peer() -> Iterator[WebSocketsPeer]:
    """A server that says nothing by itself."""
    with WebSocketsPeer() as peer:
        yield peer


@pytest.fixture
def talker(peer: WebSocketsPeer) -> Iterator[WebMessagingClient]:
    """A client of the peer, not connected yet."""
    with WebMessagingClient(peer.address) as client:
        yield client


@pytest.fixture
def guest(peer: WebSocketsPeer, talker: WebMessagingClient) -> Guest:
    """The peer's end of the talker's connection, which is open and configured, and has heard so."""
    listening = Recorder()
    talker.addSessionListener(listening)
    talker.connect("demo", ORIGIN)
    guest = peer.guest()
    talker.configureSession("demo", TOKEN, ORIGIN)
    guest.configure()
    listening.waitFor("sessionResponse")
    talker.removeSessionListener(listening)
    return guest
