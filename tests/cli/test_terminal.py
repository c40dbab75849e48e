"""What a person at a terminal sees."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time

import pytest

from .conftest import environment

pty = pytest.importorskip("pty")

PATIENCE = 30.0


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, *args: str, **env: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "genesys_webmessaging", *args],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment(**{"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40", **env}),
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def until(self, pattern: str) -> str:
        """Read until something is seen, and return what was seen up to there since the last time."""
        deadline = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.seen)) is None:
            part = self._read(deadline)
            assert part, f"{pattern!r} did not come before the end; what came: {self.seen!r}"
            self.seen += part
        seen, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return seen

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """Read to the end, and return the exit status."""
        deadline = time.monotonic() + PATIENCE
        while part := self._read(deadline):
            self.seen += part
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Make sure that it is over."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        os.close(self._ours)

    def _read(self, deadline: float) -> str:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"nothing more comes; what came: {self.seen!r}"
        try:
            return os.read(self._ours, 65_536).decode("utf-8", "replace")
        except OSError:
            return ""  # Linux says so when the other side is gone


@pytest.fixture
def terminal():
    opened: list[Terminal] = []

    def open_(*args: str, **env: str) -> Terminal:
        opened.append(Terminal(*args, **env))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def test_the_demo_has_colours_and_moves_at_a_terminal(terminal):
    began = time.monotonic()
    shown = terminal("demo")

    assert shown.end() == 0
    assert time.monotonic() - began < 15
    assert "\x1b[1;32mDemo Bot" in shown.seen
    assert "Demo Bot is typing" in shown.seen
    assert "uploading favourite.png" in shown.seen
    assert "the same as heard live" in shown.seen


def test_no_color_is_obeyed(terminal):
    shown = terminal("demo", NO_COLOR="1")

    assert shown.end() == 0
    assert "\x1b" not in shown.seen
    assert "the same as heard live" in shown.seen


def test_somebody_chats(terminal, place, simulator):
    shown = terminal("chat", *place)
    shown.until("Book a date")
    shown.type("hello\r")
    shown.until("Hello! Ask me")
    shown.type("1\r")
    shown.until("Opening hours")
    shown.until("9 to 17")
    shown.type("/nonsense\r")
    shown.until("there is no /nonsense")
    shown.type("/quit\r")

    assert shown.end() == 0
    assert "disconnected" in shown.seen
    assert simulator.sessions[0].conversation.texts.count("hello") == 1


def test_what_comes_leaves_what_is_being_typed_alone(terminal, place, simulator):
    shown = terminal("chat", *place, "--no-join")
    shown.until("/quit leaves")
    with simulator.agent("demo", name="Ann") as agent:
        shown.until("> ")
        shown.type("half a")
        shown.until("half a")
        agent.say("Are you there?")
        shown.until("Are you there\\?")
        shown.until("> half a")
        shown.type(" sentence\r")
        agent.received("half a sentence", timeout=10)
    shown.until("half a sentence")
    shown.until("> ")
    shown.type("\x04")

    assert shown.end() == 0


def test_the_end_of_the_connection_wakes_the_one_who_types(terminal, place, simulator):
    shown = terminal("chat", *place)
    shown.until("Book a date")
    shown.until("> ")
    simulator.guest().close(1000, "closing time")

    assert shown.end() == 3
    assert "Error: the connection was closed (1000, closing time)" in shown.seen


def test_interrupting_is_no_crash(terminal, place):
    shown = terminal("chat", *place)
    shown.until("Book a date")
    shown.until("> ")
    shown.process.send_signal(2)

    assert shown.end() == 130
    assert "Traceback" not in shown.seen
    assert "Interrupted." in shown.seen
