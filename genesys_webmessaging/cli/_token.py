"""The token of a session on the command line: out of the environment or a file, never an argument."""

from __future__ import annotations

import functools
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

VARIABLE = "GENESYS_TOKEN"


@dataclass(frozen=True, kw_only=True)
class TokenSource:
    """Where a session's token comes from and goes to.

    Attributes:
        given: What the environment says.
        file: A file of the user's.
        reveal: Whether the user wants to see the token.
    """

    given: str | None = None
    file: Path | None = None
    reveal: bool = False

    def known(self) -> str | None:
        """The token of the session to go on with, None if there is none.

        Raises:
            click.UsageError: What is there is not a token.
        """
        if self.file is not None and not self.file.exists() and not self.file.absolute().parent.is_dir():
            raise click.UsageError(f"there is no directory {self.file.parent} for the file of the token")
        if self.file is not None and self.file.exists():
            return _checked(self.file.read_text(encoding="utf-8", errors="replace").strip(), str(self.file))
        return _checked(self.given, VARIABLE) if self.given else None

    def required(self) -> str:
        """The token of the session to go on with.

        Raises:
            click.UsageError: There is none.
        """
        if self.file is not None and not self.file.exists():
            raise click.UsageError(f"there is no file {self.file}, which --token-file or GENESYS_TOKEN_FILE names")
        token = self.known()
        if token is None:
            raise click.UsageError(
                f"say which session: put its token into {VARIABLE}, or name a file with --token-file "
                "(as 'chat' and 'send' write it)"
            )
        return token

    def keep(self, token: str) -> None:
        """Write the token of a new session into the user's file, if there is one, and show it if that was asked for."""
        if self.file is not None and not self.file.exists():
            # Whoever has the token has the session.
            descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{token}\n")
            click.echo(f"{self.file} is new: it holds the token of a new session", err=True)
        if self.reveal:
            click.echo(f"token: {token}", err=True)


def token_options(function: F) -> F:
    """Give a command the options that name a session; it gets them as ``keeper``."""

    @click.option(
        "--token-file",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="GENESYS_TOKEN_FILE",
        show_envvar=True,
        metavar="FILE",
        help=f"Go on with the session whose token is in this file, or write a new one's to it. Else {VARIABLE} counts.",
    )
    @click.option("--show-token", is_flag=True, help="Print the session's token to standard error. It is a secret.")
    @functools.wraps(function)
    def command(*args: Any, token_file: Path | None, show_token: bool, **rest: Any) -> Any:
        given = os.environ.get(VARIABLE)
        return function(*args, keeper=TokenSource(given=given, file=token_file, reveal=show_token), **rest)

    return command  # type: ignore[return-value]


def _checked(token: str, place: str) -> str:
    try:
        uuid.UUID(token)
    except ValueError:
        raise click.UsageError(f"there is no token of a session in {place}: a token is a UUID") from None
    return token
