"""A conversation at a terminal: a prompt below, and what happens above it."""

from __future__ import annotations

import importlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

from rich.cells import cell_len

from ..exceptions import ConnectionClosedError, NotConnectedError, WebMessagingException
from ._hearing import Hearing, Notice
from ._message import Shown
from ._screen import Screen
from ._status import sentence_of
from ._talk import Leave, Talk

_PROMPT = "> "
# Seconds that the last lines may take to be shown.
_LAST_WORDS = 2.0


def _line_editor() -> ModuleType | None:
    try:
        return importlib.import_module("readline")
    except ImportError:
        return None


class PromptScreen(Screen):
    """A screen that prints above the line being typed. Any thread may use it."""

    def __init__(self) -> None:
        super().__init__()
        self._editor = _line_editor()
        # Guards the terminal and the two facts below.
        self._lock = threading.RLock()
        self._prompting = False
        self._typing_shown = False

    def read(self) -> str:
        """What the guest types on one line.

        Raises:
            EOFError: It was the end of the input.
        """
        # Held until the prompt stands, so that nothing is printed between the two.
        self._lock.acquire()
        try:
            typed = self._read()
        except BaseException:
            if not self._prompting:
                self._lock.release()
            with self._lock:
                self._prompting = False
                self._out("\n")
            raise
        with self._lock:
            self._prompting = False
            self._tidy(typed)
        return typed

    def _read(self) -> str:
        if self._editor is not None and hasattr(self._editor, "set_pre_input_hook"):
            self._editor.set_pre_input_hook(self._begin_prompting)
            return input(_PROMPT)
        self._out(_PROMPT)
        self._begin_prompting()
        return input()

    def _begin_prompting(self) -> None:
        self._prompting = True
        self._lock.release()

    @property
    def prompting(self) -> bool:
        """Whether somebody may be typing."""
        return self._prompting

    def message(self, shown: Shown) -> None:
        """Show a message."""
        with self._lock:
            self.typing_over()
            super().message(shown)

    def typing(self, told: str) -> None:
        """Show that somebody is typing, on a line that goes away again where lines can."""
        with self._lock:
            if self._typing_shown:
                return
            self.note(f"{told} \u2026")
            self._typing_shown = not self.plain

    def typing_over(self) -> None:
        """Nobody is typing any more."""
        with self._lock:
            if self._typing_shown:
                self._typing_shown = False
                with self._writing():
                    self._out("\x1b[1A\x1b[2K")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock:
            if not self._prompting:
                yield
                return
            waiting = _PROMPT + (self._editor.get_line_buffer() if self._editor is not None else "")
            self._erase(waiting)
            yield
            self._out(waiting)

    def _erase(self, waiting: str) -> None:
        """Take away the line being typed."""
        width = cell_len(waiting)
        if not self.plain:
            self._out("\r\x1b[2K" + "\x1b[1A\x1b[2K" * (width // self.console.width))
        elif width < self.console.width:
            self._out("\r" + " " * width + "\r")
        else:
            self._out("\n")

    def _tidy(self, typed: str) -> None:
        """Take away the line that was typed: what was said is shown when the server has it."""
        if self.plain:
            return
        rows = 1 + cell_len(_PROMPT + typed) // self.console.width
        if self._typing_shown:
            self._typing_shown = False
            rows += 1
        self._out("\x1b[1A\x1b[2K" * rows)

    def _out(self, text: str) -> None:
        self.console.file.write(text)
        self.console.file.flush()


def converse(talk: Talk, hearing: Hearing, screen: PromptScreen, leave: Callable[[], None]) -> None:
    """Let somebody type until they leave.

    Args:
        talk: The conversation.
        hearing: What is heard in it.
        screen: The terminal.
        leave: Ends it.

    Raises:
        ConnectionClosedError: The conversation ended first.
    """
    ending: list[str] = []
    printer = threading.Thread(
        target=_print, args=(talk, hearing, screen, ending.append), name="genesys-webmessaging-printer", daemon=True
    )
    printer.start()
    screen.note("type and press Enter; /help lists what else there is, /quit leaves")
    try:
        while not ending:
            _enter(talk, screen)
    except (Leave, EOFError):
        pass
    except KeyboardInterrupt:
        if not ending:
            raise
    finally:
        ended_by_itself = list(ending)
        leave()
        printer.join(_LAST_WORDS)
    if ended_by_itself:
        raise ConnectionClosedError(ended_by_itself[0])


def _enter(talk: Talk, screen: PromptScreen) -> None:
    typed = screen.read()
    try:
        talk.enter(typed)
    except (ConnectionClosedError, NotConnectedError):
        raise
    except (WebMessagingException, ValueError, OSError) as error:
        screen.note(sentence_of(error), "bad")


def _print(talk: Talk, hearing: Hearing, screen: PromptScreen, end: Callable[[str], None]) -> None:
    """Show what is heard until nothing more will come."""
    while True:
        heard = hearing.next(3_600)
        if heard is None:
            continue
        talk.hear(heard)
        if isinstance(heard, Notice) and heard.over:
            if screen.prompting:
                end(heard.text)
                _interrupt()
            return


def _interrupt() -> None:
    """Wake the main thread from its input()."""
    main = threading.main_thread().ident
    if main is not None and sys.platform != "win32":
        signal.pthread_kill(main, signal.SIGINT)
