"""Where a conversation is shown: in colour on a terminal, in plain lines anywhere else."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.padding import Padding
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.spinner import Spinner
from rich.text import Text
from rich.theme import Theme

from ._content import Piece
from ._message import Shown
from ._text import size

_THEME = Theme(
    {
        "time": "dim",
        "me": "bold cyan",
        "them": "bold green",
        "note": "dim",
        "bar": "green",
        "choice": "bold yellow",
        "pressed": "yellow",
        "aside": "dim",
        "title": "bold",
        "link": "underline",
        "good": "bold green",
        "bad": "bold red",
    }
)
_NAME_WIDTH = 10
_INDENT = 8 + 2 + _NAME_WIDTH + 2
# Narrower than this there is no room for columns.
_NARROWEST = 48
_ENDLESS = 100_000


def is_plain(file: TextIO) -> bool:
    """Whether a stream gets neither colours nor anything that moves."""
    dumb = os.environ.get("TERM") == "dumb"
    return dumb or bool(os.environ.get("NO_COLOR")) or not file.isatty()


class _Console(Console):
    """A console that leaves it to the command how to end when nobody reads on."""

    def on_broken_pipe(self) -> None:
        """Raise the error instead of ending the process with 1."""
        raise BrokenPipeError


def make_console(file: TextIO, like: TextIO | None = None) -> Console:
    """A console that keeps its hands off the text, and is plain where it should be.

    Args:
        file: Where it writes.
        like: Whose width and colours it has, if not that file's.
    """
    model = file if like is None else like
    plain = is_plain(model)
    return _Console(
        file=file,
        theme=_THEME,
        force_terminal=False if plain else model.isatty(),
        color_system=None if plain else "auto",
        force_interactive=not plain,
        width=None if model.isatty() else _ENDLESS,
        highlight=False,
        markup=False,
        emoji=False,
    )


class Screen:
    """Shows what happens in a conversation, line by line.

    Args:
        file: Where to; standard output if None.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        out = sys.stdout if file is None else file
        self.console = make_console(out)
        self.plain = is_plain(out)
        # Held while a paragraph is printed, so that those of two threads do not mix.
        self._printing = threading.RLock()
        self._typing: Live | None = None

    @property
    def takes_back_what_is_typed(self) -> bool:
        """Whether what the guest has typed is to be seen only as a message: True where nothing is typed."""
        return True

    def line(self, text: str | Text = "") -> None:
        """Print a line as it is."""
        with self._printing:
            self.console.print(text, soft_wrap=True)

    def note(self, text: str, style: str = "note") -> None:
        """Tell of something that happened, with the time of day."""
        self._row(f"{datetime.now().astimezone():%H:%M:%S}", "\u00b7", "note", [Piece(Text(text, style))])

    def message(self, shown: Shown) -> None:
        """Show a message; typing is over then, unless that is what it tells."""
        if shown.typing:
            if shown.notes and not shown.mine:
                self.typing(shown.notes[0])
            return
        self.typing_over()
        if shown.pieces:
            self._row(shown.time, shown.who, "me" if shown.mine else "them", shown.pieces)
        for note in shown.notes:
            self._row(shown.time, "\u00b7", "note", [Piece(Text(note, "note"))])

    def typing(self, told: str) -> None:
        """Show that somebody is typing, until a message comes or :meth:`typing_over` is called."""
        if self.plain:
            self.note(f"{told} \u2026")
            return
        self.typing_over()
        spinner = Spinner("dots", Text(told, "note"), style="note")
        self._typing = Live(Padding(spinner, (0, 0, 0, _INDENT)), console=self.console, transient=True)
        self._typing.start()

    def typing_over(self) -> None:
        """Nobody is typing any more."""
        if self._typing is not None:
            self._typing.stop()
            self._typing = None

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int | None], None]]:
        """Show how far a transfer has come. The bar stays when it is complete, and goes if it fails.

        Args:
            what: "uploading picture.png", for instance.

        Yields:
            A function to call with the bytes so far and the bytes in all.
        """
        self.typing_over()
        if self.plain:
            yield _QuarterProgress(self, what)
            return
        columns = (
            TextColumn(" " * _INDENT + "{task.description}", style="note"),
            BarColumn(16),
            DownloadColumn(),
        )
        with Progress(*columns, console=self.console) as bar:
            task = bar.add_task(what, total=None)
            try:
                yield lambda done, total: bar.update(task, completed=done, total=total)
            except BaseException:
                bar.live.transient = True
                raise

    def close(self) -> None:
        """Take away whatever moves."""
        self.typing_over()

    def print_hanging(self, head: Text, *paragraphs: Text) -> None:
        """Print paragraphs beside a head, so that their lines stand below each other."""
        self._hanging(head, cell_len(head.plain), [Piece(paragraph) for paragraph in paragraphs])

    def _row(self, time: str, who: str, style: str, pieces: list[Piece]) -> None:
        if self.console.width < _NARROWEST:
            self._hanging(Text.assemble((time, "time"), " ", (who, style), "\n  "), 2, pieces)
        else:
            self._hanging(Text.assemble((time, "time"), "  ", _padded(who, style), "  "), _INDENT, pieces)

    def _hanging(self, head: Text, indent: int, pieces: list[Piece]) -> None:
        with self._printing:
            for line in self._lines(pieces, self.console.width - indent):
                self.console.print(head + line, soft_wrap=True)
                head = Text(" " * indent)

    def _lines(self, pieces: list[Piece], room: int) -> Iterator[Text]:
        for piece in pieces:
            width = room - 2 if piece.inside else room
            for paragraph in piece.text.split("\n", allow_blank=True):
                for line in paragraph.wrap(self.console, max(width, 10)):
                    line.rstrip()
                    line.plain = line.plain.replace("\u00a0", " ")
                    yield Text.assemble(("\u2502 ", "bar"), line) if piece.inside else line


def _padded(name: str, style: str) -> Text:
    text = Text(name, style)
    text.truncate(_NAME_WIDTH, overflow="ellipsis", pad=True)
    return text


class _QuarterProgress:
    """Tells of a transfer at every quarter of it."""

    def __init__(self, screen: Screen, what: str) -> None:
        self._screen = screen
        self._what = what
        self._told = 0

    def __call__(self, done: int, total: int | None) -> None:
        if not total:
            return
        quarter = 4 * done // total
        if quarter > self._told:
            self._told = quarter
            self._screen.note(f"{self._what}: {25 * quarter} % of {size(total)}")
