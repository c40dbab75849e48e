"""The pytest plugin, as a user's test suite sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

USERS_TEST = """
from simulator_user import Guest


def test_my_bot_answers_a_human(genesys_simulator, genesys_agent):
    with Guest(genesys_simulator.address) as guest:
        genesys_agent.say("What is your order number?")
        assert guest.outbound()["text"] == "What is your order number?"
        guest.say("4711")
        assert genesys_agent.received(timeout=5).text == "4711"
    assert genesys_simulator.violations == []


def test_the_next_test_has_a_fresh_one(genesys_simulator):
    assert genesys_simulator.sessions == []
"""

MARKED = """
import pytest
from genesys_webmessaging import Conversation

seen = []


@pytest.mark.genesys(bot={"otherwise": ["I am another bot."]}, deployments=["shop"])
def test_the_marker_says_what_it_is(genesys_simulator):
    with Conversation.open(genesys_simulator.address, "shop", origin="https://shop.example") as chat:
        chat.send("hi")
        assert chat.receive(5).text == "I am another bot."


@pytest.mark.parametrize("number", [1, 2])
def test_one_is_shared(genesys_shared_simulator, number):
    seen.append(genesys_shared_simulator.address)
    assert len(set(seen)) == 1
"""

NOTHING_IMPORTED = """
import sys


def test_nothing_is_imported_unless_used():
    assert "aiohttp" not in sys.modules
    assert "genesys_webmessaging.simulator.simulator" not in sys.modules
"""


def run(tmp_path, **sources):
    from . import independent_client

    (tmp_path / "simulator_user.py").write_bytes(Path(independent_client.__file__).read_bytes())
    for name, source in sources.items():
        (tmp_path / f"test_{name}.py").write_text(source, encoding="utf-8")
    strict = [sys.executable, "-X", "dev", "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    return subprocess.run(strict, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)


def test_fixtures_and_marker_are_there_once_the_package_is_installed(tmp_path):
    done = run(tmp_path, users=USERS_TEST, marked=MARKED)
    assert "5 passed" in done.stdout, done.stdout + done.stderr


def test_the_plugin_imports_nothing_unless_used(tmp_path):
    done = run(tmp_path, users=NOTHING_IMPORTED)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
