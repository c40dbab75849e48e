"""What a person at a terminal sees."""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import sys
import time

import pytest

from .conftest import environment

fcntl = pytest.importorskip("fcntl")
pty = pytest.importorskip("pty")
pyte = pytest.importorskip("pyte")
termios = pytest.importorskip("termios")

PATIENCE = 30.0
COLUMNS, LINES = 100, 40


class Terminal:
    """A command at a terminal of its own.

    Attributes:
        seen: Everything that came, as it came.
    """

    def __init__(self, *args: str, **env: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "genesys_webmessaging", *args],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment(**{"TERM": "xterm-256color", **env}),
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.Stream(self._screen)

    @property
    def shown(self) -> str:
        """What stands on the terminal now."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    @property
    def line(self) -> str:
        """The line that the cursor is in."""
        return self._screen.display[self._screen.cursor.y].rstrip()

    def until(self, pattern: str) -> None:
        """Read until something stands on the terminal."""
        deadline = time.monotonic() + PATIENCE
        while re.search(pattern, self.shown) is None:
            assert self._read(deadline), f"{pattern!r} did not come before the end:\n{self.shown}"

    def until_prompt(self, pattern: str = "> ?$") -> None:
        """Read until a prompt, with what was typed, stands where the cursor is."""
        deadline = time.monotonic() + PATIENCE
        while re.match(pattern, self.line) is None:
            assert self._read(deadline), f"{pattern!r} did not come before the end:\n{self.shown}"

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """Read to the end, and return the exit status."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Make sure that it is over."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        os.close(self._ours)

    def _read(self, deadline: float) -> str:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"nothing more comes; what stands there:\n{self.shown}"
        try:
            part = os.read(self._ours, 65_536).decode("utf-8", "replace")
        except OSError:
            return ""  # Linux says so when the other side is gone
        self.seen += part
        self._stream.feed(part)
        return part


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
    assert time.monotonic() - began < 30  # a machine with other things to do included
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
    shown.until("\u2192 Opening hours")
    shown.until("9 to 17")
    shown.type("/nonsense\r")
    shown.until("there is no /nonsense")
    shown.type("/quit\r")

    assert shown.end() == 0
    assert "disconnected" in shown.shown
    assert "> hello" not in shown.shown
    assert simulator.sessions[0].conversation.texts.count("hello") == 1


def test_what_comes_leaves_what_is_being_typed_alone(terminal, place, simulator):
    shown = terminal("chat", *place, "--no-join")
    shown.until("/quit leaves")
    with simulator.agent("demo", name="Ann") as agent:
        shown.until_prompt()
        shown.type("half a")
        shown.until_prompt("> half a")
        agent.say("Are you there?")
        shown.until("Ann         Are you there\\?")
        shown.until_prompt("> half a")
        shown.type(" sentence\r")
        agent.received("half a sentence", timeout=10)
    shown.until("You         half a sentence")
    shown.until_prompt()
    shown.type("\x04")

    assert shown.end() == 0


def test_somebody_is_typing_above_the_prompt_and_then_says_it(terminal, place, simulator):
    shown = terminal("chat", *place, "--no-join")
    shown.until_prompt()
    with simulator.agent("demo", name="Ann") as agent:
        agent.typing()
        shown.until("Ann is typing")
        shown.until_prompt()
        agent.say("Good morning")
        shown.until("Ann         Good morning")
        shown.until_prompt()
        assert "typing" not in shown.shown


def test_the_end_of_the_connection_takes_the_prompt_away_and_says_what_was_not_sent(terminal, place, simulator):
    shown = terminal("chat", *place)
    shown.until("Book a date")
    shown.until_prompt()
    shown.type("I was about to")
    shown.until_prompt("> I was about to")
    simulator.guest().close(1000, "closing time")

    assert shown.end() == 3
    assert "not sent: I was about to" in shown.shown
    assert shown.shown.splitlines()[-1].startswith("Error: the connection was closed")
    assert "closing time" in shown.shown.splitlines()[-1]
    assert "> I was" not in shown.shown


def test_interrupting_is_no_crash(terminal, place):
    shown = terminal("chat", *place)
    shown.until("Book a date")
    shown.until_prompt()
    shown.process.send_signal(2)

    assert shown.end() == 130
    assert "Traceback" not in shown.seen
    assert "Interrupted." in shown.seen


def test_interrupting_while_a_message_waits_for_a_connection_is_no_crash(terminal, place, simulator):
    shown = terminal("chat", *place)
    shown.until("Book a date")
    shown.until_prompt()
    simulator.faults.refuseHandshake(503, times=None)
    simulator.guest().reset()
    shown.until("trying again")
    shown.until_prompt()
    shown.type("hello\r")
    shown.until("still on its way: hello")
    shown.process.send_signal(2)

    assert shown.end() == 130
    assert "Traceback" not in shown.seen
    assert "this may not have arrived: hello" in shown.shown


def test_what_is_logged_stands_above_the_prompt(terminal, place, simulator):
    shown = terminal("chat", *place, "--no-join", "-v")
    shown.until("/quit leaves")
    with simulator.agent("demo", name="Ann") as agent:
        shown.until_prompt()
        shown.type("half a line")
        shown.until_prompt("> half a line")
        agent.say("Hello")
        shown.until('"<5 characters>"')
        shown.until_prompt("> half a line")


def test_the_tabulator_completes_commands_and_files(terminal, place, tmp_path):
    (tmp_path / "picture.png").touch()
    shown = terminal("chat", *place, "--no-join")
    shown.until_prompt()
    shown.type("/att\t")
    shown.until_prompt("> /attach$")
    shown.type(f" {tmp_path}/pic\t")
    shown.until_prompt(f"> /attach {tmp_path}/picture.png$")
    shown.type("\x15/quit\r")

    assert shown.end() == 0


def test_the_bar_of_an_upload_goes_when_it_is_refused(terminal, place, simulator, tmp_path):
    picture = tmp_path / "picture.png"
    picture.write_bytes(bytes(3_000_000))
    simulator.faults.failUpload()
    shown = terminal("chat", *place, "--no-join")
    shown.until_prompt()
    shown.type(f"/attach {picture}\r")
    shown.until("\u00b7 +.*picture.png")
    shown.until_prompt()

    assert "uploading" in shown.seen
    assert "uploading" not in shown.shown
