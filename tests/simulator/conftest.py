"""A strict simulator for each test, and guests to connect to it."""

from __future__ import annotations

import pytest

from genesys_webmessaging.simulator import Simulator

from .independent_client import Guest


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
