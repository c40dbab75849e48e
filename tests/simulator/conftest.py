"""A strict simulator for each test, guests to connect to it, and no thread left behind."""

from __future__ import annotations

import threading

import pytest

from genesys_webmessaging.simulator import Simulator

from .independent_client import Guest


@pytest.fixture(autouse=True)
def no_thread_outlives_its_test():
    yield
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("genesys-webmessaging")]
    for thread in ours:
        thread.join(2)
    assert [thread.name for thread in ours if thread.is_alive()] == []


@pytest.fixture
def simulator():
    with Simulator(bot=False) as running:
        yield running


@pytest.fixture
def connect():
    """Guests, closed at the end: connect(simulator, token=…, …)."""
    guests = []

    def to(simulator, deploymentId="demo", **more):
        guest = Guest(simulator.address, deploymentId, **more)
        guests.append(guest)
        return guest

    yield to
    for guest in guests:
        guest.close()


@pytest.fixture
def guest(simulator, connect):
    return connect(simulator)
