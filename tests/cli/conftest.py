"""The real command in a process of its own, against a simulator in this one."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from genesys_webmessaging.cli import main
from genesys_webmessaging.simulator import Agent, Simulator

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


def said(errors: str) -> str:
    """Standard error without asyncio's remarks on a slow machine, which it makes in Python's development mode."""
    return "".join(line for line in errors.splitlines(keepends=True) if not line.startswith("Executing <"))


@pytest.fixture
def process() -> Command:
    """Run ``python -m genesys_webmessaging`` with some arguments in a process of its own, to its end."""

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
        return Ended(ended.returncode, ended.stdout, said(ended.stderr))

    return run


@contextmanager
def logging_untouched() -> Iterator[None]:
    """Within: -v sets up the log as in a process of its own, where pytest has no handlers."""
    root, ours = logging.getLogger(), logging.getLogger("genesys_webmessaging")
    handlers, level = root.handlers[:], ours.level
    root.handlers.clear()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        ours.setLevel(level)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the same in this process, which is faster."""

    def run(*args: str, typed: str = "", env: dict[str, str] | None = None) -> Ended:
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True), io.StringIO()
        with monkeypatch.context() as patch, logging_untouched():
            for name in [name for name in os.environ if name.startswith("GENESYS_")]:
                patch.delenv(name)
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.StringIO(typed))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            try:
                status = main(args)
            except SystemExit as ended:  # so click ends when a shell asks for completions
                status = int(ended.code or 0)
        return Ended(status, out.buffer.getvalue().decode(), err.getvalue())

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


@contextmanager
def talking(agent: Agent) -> Iterator[None]:
    """Within: an agent says something ten times a second, from the moment that somebody is there."""
    done = threading.Event()

    def talk() -> None:
        assert agent.session is not None  # waits for the guest
        while not done.wait(0.1):
            agent.say("blah")

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(PATIENCE)


class Running:
    """A command that runs beside the test until it is told to end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> str:
        """The next line of its output; the test's own timeout bounds the wait."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self, number: int) -> Ended:
        """Send it a signal and wait for its end."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return Ended(self.process.returncode, out, said(err))


@pytest.fixture
def background() -> Iterator[Callable[..., Running]]:
    """Start ``python -m genesys_webmessaging`` with some arguments."""
    started: list[Running] = []

    def start(*args: str, env: dict[str, str] | None = None) -> Running:
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-W", "error", "-m", "genesys_webmessaging", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment(**(env or {})),
        )
        started.append(Running(process))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
        running.process.communicate(timeout=PATIENCE)
