"""A conversation whose lines come out of a pipe: one line in, the replies out."""

from __future__ import annotations

from typing import TextIO

from ..exceptions import ConnectionClosedError
from ..models import StructuredMessage
from ._hearing import Hearing, Notice
from ._talk import Leave, Talk

# Seconds without anything that end an answer.
QUIET = 1.0


def converse(talk: Talk, hearing: Hearing, lines: TextIO, wait: float) -> None:
    """Say each line, and show what is answered before the next one is read.

    Args:
        talk: The conversation.
        hearing: What is heard in it.
        lines: What to say.
        wait: Seconds to wait for each answer at most.

    Raises:
        ConnectionClosedError: The conversation ended before the lines did.
        WebMessagingException: A line could not be said.
    """
    _listen(talk, hearing, wait)
    try:
        for line in lines:
            if talk.enter(line):
                _listen(talk, hearing, wait)
    except Leave:
        return


def _listen(talk: Talk, hearing: Hearing, wait: float) -> None:
    limit = wait
    while (heard := hearing.next(limit)) is not None:
        answered = talk.hear(heard)
        if isinstance(heard, Notice) and heard.over:
            raise ConnectionClosedError(heard.text)
        if answered:
            limit = min(QUIET, wait)
        elif isinstance(heard, StructuredMessage):
            limit = wait
    talk.screen.typing_over()
