"""Exit statuses: which error ends with which, and what the help says of them."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Callable, Iterable
from enum import IntEnum

from .._base.threads import seconds_text
from ..exceptions import (
    ApiError,
    ConnectError,
    ConnectionClosedError,
    NotConnectedError,
    TooManyRequestsError,
    WebMessagingException,
)


class Status(IntEnum):
    """What the process ends with."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    CONNECTION = 3
    TIMEOUT = 4
    MACHINE = 5
    INTERRUPTED = 130


MEANINGS = {
    Status.OK: "all went well",
    Status.REFUSED: "the server refused something, or did not do what it should",
    Status.USAGE: "the command was called wrongly, or something is not installed",
    Status.CONNECTION: "there was no connection, or it broke",
    Status.TIMEOUT: "something took too long",
    Status.MACHINE: "this machine failed: its disk is full, for instance",
    Status.INTERRUPTED: "you interrupted it",
}


def epilog(*examples: str) -> str:
    """What stands at the end of a command's help: its examples, and the exit statuses."""
    shown = "".join(f"\n  {example}" for example in examples)
    begin = f"\b\nExamples:{shown}\n\n" if examples else ""
    statuses = "".join(f"\n  {status.value:<4} {meaning}" for status, meaning in MEANINGS.items())
    return f"{begin}\b\nExit statuses:{statuses}"


def _refused_handshake(error: BaseException) -> bool:
    return isinstance(error, ConnectError) and 400 <= error.statusCode < 500


def _unanswered_call(error: BaseException) -> bool:
    return isinstance(error, ApiError) and error.statusCode == -1


def _is(*kinds: type[BaseException]) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, kinds)


# What an OSError is about that is not the fault of whoever typed the command.
_FAILURES = frozenset(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EIO", "EROFS", "EFBIG", "EMFILE", "ENFILE", "ENOMEM")
    if hasattr(errno, name)
)


def _is_system_error(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in _FAILURES


# The first row that fits decides.
_TABLE: tuple[tuple[Callable[[BaseException], bool], Status], ...] = (
    (_is(TimeoutError), Status.TIMEOUT),
    (_refused_handshake, Status.REFUSED),
    (_unanswered_call, Status.CONNECTION),
    (_is(ConnectionError, NotConnectedError), Status.CONNECTION),
    (_is(WebMessagingException), Status.REFUSED),
    (_is_system_error, Status.MACHINE),
    (_is(OSError, TypeError, ValueError), Status.USAGE),
)


def status_of(error: BaseException) -> Status | None:
    """The exit status for an error; None for one that nobody has foreseen."""
    while isinstance(error, ConnectionClosedError) and isinstance(error.__cause__, WebMessagingException):
        error = error.__cause__
    return next((status for fits, status in _TABLE if fits(error)), None)


_HINTS = {
    401: "the deployment wants guests to sign in, or the sign-in is no longer good",
    403: "see --deployment-id, --region and --origin; 'genesys-webmessaging check' tells more",
    404: "nothing speaks WebSocket at that address",
}


def sentence_of(error: BaseException) -> str:
    """What to tell a person about an error: one sentence, with a hint where there is one."""
    said = plain_sentence_of(error)
    if isinstance(error, TooManyRequestsError) and error.retryAfter is not None:
        return f"{said}; try again in {seconds_text(error.retryAfter)}"
    if isinstance(error, ConnectError) and error.statusCode in _HINTS:
        return f"{said}: {_HINTS[error.statusCode]}"
    return said


def plain_sentence_of(error: BaseException) -> str:
    """The same without a hint."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error).rstrip(".") or type(error).__name__


def did_you_mean(typed: str, names: Iterable[str]) -> str:
    """The end of a sentence about a name that does not exist: which one may have been meant, if one looks like it."""
    like = difflib.get_close_matches(typed.lower(), names, n=1)
    return f"; did you mean {like[0]}?" if like else ""
