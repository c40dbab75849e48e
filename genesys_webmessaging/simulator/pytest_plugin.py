"""Fixtures for people who test their own guest: `genesys_simulator`, `genesys_agent` and `genesys_shared_simulator`.

pytest finds them by itself once the package is installed. A test of a bot of one's own takes ten lines::

    from genesys_webmessaging.conversation import Conversation


    def test_my_bot_answers_a_human(genesys_simulator, genesys_agent):
        with Conversation.open(genesys_simulator.address, "demo", origin="https://shop.example") as chat:
            start_my_bot(chat)
            genesys_agent.say("What is your order number?")
            assert genesys_agent.received(timeout=5).text == "4711"
        assert genesys_simulator.violations == []

The marker `genesys` says what the simulator of a test is to be: its arguments are those of
:class:`~genesys_webmessaging.simulator.Simulator`::

    @pytest.mark.genesys(bot="shop-bot.yaml", deployments=["shop"], limits="documented")
    def test_my_guest_waits_when_it_is_told_to(genesys_simulator): ...

Nothing of the simulator is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .agent import Agent
    from .simulator import Simulator

__all__ = ["genesys_agent", "genesys_shared_simulator", "genesys_simulator"]


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "genesys(bot=…, deployments=…, limits=…): what the simulator of genesys_simulator is to be"
    )


@pytest.fixture
def genesys_simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A running simulator in strict mode, fresh for each test.

    It has one deployment, "demo", with its bot, unless the marker `genesys` says otherwise.
    """
    from . import Simulator

    marker = request.node.get_closest_marker("genesys")
    if marker is not None and marker.args:
        raise pytest.UsageError("the marker genesys takes keyword arguments alone, such as bot=…")
    with Simulator(**(marker.kwargs if marker is not None else {})) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def genesys_shared_simulator() -> Iterator[Simulator]:
    """One simulator for all tests of a run, for those whose guests do not mind each other."""
    from . import Simulator

    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def genesys_agent(genesys_simulator: Simulator) -> Iterator[Agent]:
    """A human agent of that simulator; the bot is silent."""
    with genesys_simulator.agent() as agent:
        yield agent
