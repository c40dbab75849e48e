"""The command itself: its subcommands, its help, and how it ends."""

from __future__ import annotations

import codecs
import importlib
import io
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from .._version import __version__
from ._exit_status import Status, did_you_mean, epilog, sentence_of, status_of

NAME = "genesys-webmessaging"

# Each command lives in a module of its own, which is loaded only when it is called.
_COMMANDS = {
    "chat": "Talk to a deployment: type, and read the answers.",
    "check": "Try every step of reaching a deployment, and say which one fails.",
    "demo": "Watch a whole conversation, on a simulator in this process.",
    "history": "Print the messages of a session.",
    "load": "Have many guests do what a scenario file says.",
    "regions": "List the regions of Genesys Cloud.",
    "schema": "Print the JSON Schema of scenario files or bot scripts.",
    "send": "Say one thing, and print what is answered.",
    "simulate": "Run a local Genesys to develop against.",
    "test": "Run scenario files: conversations, and what must be answered.",
    "transcript": "Write a session's conversation to a file.",
}

# How the few signs that we use ourselves look where they cannot be written.
_PLAIN_SIGNS = {
    "\u2192": "->",
    "\u2026": "...",
    "\u00b7": "-",
    "\u2502": "|",
    "\u00a0": " ",
    "\u00d7": "x",
    "\u2013": "-",
}
_PLAIN_HANDLER = "genesys-webmessaging-plain"


def _log(_: click.Context, __: click.Parameter, verbose: bool) -> None:
    """Log to standard error, from now on."""
    log = logging.getLogger(__package__.partition(".")[0])
    if verbose and log.level != logging.DEBUG:
        logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
        log.setLevel(logging.DEBUG)


# Understood before the name of a command and after it.
_VERBOSE = click.Option(
    ["-v", "--verbose"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_log,
    help="Log to standard error: every frame, secrets and texts masked.",
)


class Commands(click.Group):
    """The subcommands, by the table above."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show what there is if nothing was asked for."""
        if not args and not ctx.resilient_parsing:  # which is how words are completed
            click.echo(ctx.get_help(), err=True)
            ctx.exit(Status.USAGE)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. Nobody is bothered if whoever reads the output has seen enough."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return _exit_on_broken_pipe()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is asked for, or say which one may have been meant."""
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"there is no command {args[0]!r}{did_you_mean(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one of them, and let it be talkative too."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f".{cmd_name}", __package__).command
        if not any(parameter.name == _VERBOSE.name for parameter in command.params):
            command.params.append(_VERBOSE)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=epilog(),
)
@click.version_option(__version__, prog_name=NAME)
def app() -> None:
    """Genesys Cloud Web Messaging from the guest's side.

    \b
    See what it does, without an account:
      genesys-webmessaging demo
    Talk to a deployment of yours:
      genesys-webmessaging chat --region eu_central_1 --deployment-id ID
    Every command has a --help with examples.
    """


app.params.append(_VERBOSE)


def run(args: Sequence[str] | None = None) -> int:
    """Run a command, and turn whatever it ends with into a sentence and a status.

    Args:
        args: The arguments; those of the process if None.

    Returns:
        The exit status.
    """
    _replace_unencodable()
    try:
        result = app.main(args, standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return Status.INTERRUPTED
    except BrokenPipeError:
        return _exit_on_broken_pipe()
    except Exception as error:
        status = status_of(error)
        if status is None or isinstance(error, ImportError):
            raise
        click.echo(f"Error: {sentence_of(error)}", err=True)
        if status is Status.MACHINE:
            _silence_stdout()
        return status
    return int(result or 0)


def _replace_unencodable() -> None:
    """Let the standard streams replace what their encoding has no sign for, instead of raising."""
    codecs.register_error(_PLAIN_HANDLER, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_PLAIN_HANDLER)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN_SIGNS.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


def _exit_on_broken_pipe() -> Status:
    """End well though nobody reads the output any more."""
    _silence_stdout()
    return Status.OK


def _silence_stdout() -> None:
    """Leave nothing that Python would try to write at its exit, which would fail once more."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
