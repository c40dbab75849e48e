"""A line to type at, below what is shown: prompt_toolkit's, in the colours of the screen above it."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

from prompt_toolkit import PromptSession
from prompt_toolkit.application import in_terminal
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.output import create_output
from prompt_toolkit.patch_stdout import StdoutProxy
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.utils import is_dumb_terminal

from ._screen import Screen

_PROMPT = "> "
# Seconds after which nobody is believed to type any more, if nothing else is heard.
_TYPING = 6.0


class TypedLineLostError(Exception):
    """The prompt was taken away while something stood on it."""

    def __init__(self, typed: str) -> None:
        super().__init__(typed)
        self.typed = typed


class Prompt(Screen):
    """A screen with a prompt below. All of it is used on the thread of one event loop, but for :meth:`progress`.

    Args:
        commands: What may be typed after a slash, and whether the name of a file follows it.
    """

    def __init__(self, commands: Iterable[tuple[str, bool]]) -> None:
        super().__init__()
        output = None
        if not is_dumb_terminal():
            output = create_output()
            output.enable_cpr = False  # type: ignore[attr-defined] # a terminal that does not answer gets no warning
        self._session: PromptSession[str] = PromptSession(
            self._prompt,
            output=output,
            erase_when_done=True,
            completer=_SlashCompleter(dict(commands)),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
        )
        self._told = ""
        self._told_until = 0.0
        self._gone = False

    @property
    def takes_back_what_is_typed(self) -> bool:
        """Whether the terminal can take a line away again."""
        return not is_dumb_terminal()

    async def read(self) -> str:
        """What the guest types on one line, which goes away again: what was said is shown when the server has it.

        Raises:
            EOFError, KeyboardInterrupt: The guest pressed Ctrl-D or Ctrl-C. Signals are left to the caller.
            TypedLineLostError: :meth:`end` was called; it holds what had been typed.
        """
        if self._gone:
            raise TypedLineLostError("")
        return await self._session.prompt_async(handle_sigint=False)

    def end(self) -> None:
        """Take the prompt away for good."""
        self._gone = True
        app = self._session.app
        if app.is_running and not app.is_done:
            app.exit(exception=TypedLineLostError(self._session.default_buffer.text))

    @asynccontextmanager
    async def above(self) -> AsyncIterator[None]:
        """Within: what is printed stands above the prompt."""
        async with in_terminal():
            yield

    @contextmanager
    def log_above(self) -> Iterator[None]:
        """Within: what is logged to the terminal stands above the prompt, too."""
        handlers = [
            handler
            for handler in logging.getLogger().handlers
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr and sys.stderr.isatty()
        ]
        if not handlers:
            yield
            return
        with StdoutProxy() as proxy:
            for handler in handlers:
                handler.setStream(proxy)
            try:
                yield
            finally:
                for handler in handlers:
                    handler.setStream(sys.stderr)

    def typing(self, told: str) -> None:
        """Show that somebody is typing: above the prompt, until something else comes or some seconds have passed."""
        if self.plain:
            super().typing(told)
            return
        self._told, self._told_until = told, time.monotonic() + _TYPING
        self._session.app.invalidate()
        asyncio.get_running_loop().call_later(_TYPING, self._session.app.invalidate)

    def typing_over(self) -> None:
        """Nobody is typing any more."""
        self._told_until = 0.0

    def _prompt(self) -> StyleAndTextTuples:
        if time.monotonic() < self._told_until:
            return [("ansibrightblack", f"{'':22}{self._told} \u2026\n"), ("", _PROMPT)]
        return [("", _PROMPT)]


class _SlashCompleter(Completer):
    """Completes commands, and the names of files after those that take one.

    Args:
        commands: Their names, and whether they take a file.
    """

    def __init__(self, commands: Mapping[str, bool]) -> None:
        self._commands = commands
        self._files = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What may stand where the cursor is."""
        typed = document.text_before_cursor
        if not typed.startswith("/"):
            return
        name, space, rest = typed[1:].partition(" ")
        if space and self._commands.get(name):
            yield from self._files.get_completions(Document(rest), complete_event)
        elif not space:
            yield from (Completion(known, -len(name)) for known in self._commands if known.startswith(name))
