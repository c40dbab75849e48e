"""Fixtures for people who test their own guest: `genesys_simulator` and `genesys_agent`.

pytest finds them by itself once the package is installed. A test of a bot of one's own takes ten lines::

    from genesys_webmessaging.conversation import Conversation


    def test_my_bot_answers_a_human(genesys_simulator, genesys_agent):
        with Conversation.open(genesys_simulator.address, "demo", origin="https://shop.example") as chat:
            start_my_bot(chat)
            genesys_agent.say("What is your order number?")
            assert genesys_agent.received(timeout=5).text == "4711"
        assert genesys_simulator.violations == []

Nothing of the simulator is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .agent import Agent
    from .simulator import Simulator

__all__ = ["genesys_agent", "genesys_simulator"]


@pytest.fixture
def genesys_simulator() -> Iterator[Simulator]:
    """A running simulator in strict mode, with one deployment, "demo", and its bot; fresh for each test."""
    from . import Simulator

    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def genesys_agent(genesys_simulator: Simulator) -> Iterator[Agent]:
    """A human agent of that simulator; the bot is silent."""
    with genesys_simulator.agent() as agent:
        yield agent
