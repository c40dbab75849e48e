"""The real command in a process of its own, against a simulator in this one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from genesys_webmessaging.simulator import Simulator

# Seconds that a command may take before the test fails.
PATIENCE = 30


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Ended]


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what would steer the commands, and with some changes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GENESYS_")}
    return {**kept, "PYTHONIOENCODING": "utf-8", "TZ": "UTC", **changes}


@pytest.fixture
def command() -> Command:
    """Run ``python -m genesys_webmessaging`` with some arguments, to its end."""

    def run(*args: str, typed: str = "", env: dict[str, str] | None = None) -> Ended:
        ended = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error", "-m", "genesys_webmessaging", *args],
            input=typed,
            capture_output=True,
            encoding="utf-8",
            env=environment(**(env or {})),
            timeout=PATIENCE,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator with the demo bot, which records violations of the protocol."""
    with Simulator() as running:
        yield running
        assert running.violations == []


@pytest.fixture
def place(simulator: Simulator) -> tuple[str, ...]:
    """The options that lead to the simulator."""
    return ("--address", simulator.address, "--deployment-id", "demo")
