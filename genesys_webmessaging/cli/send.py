"""``send``: say one thing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from .._base.threads import Deadline
from ..companions import textMessage
from ..companions._seen import is_typing
from ..conversation import Conversation
from ..models import StructuredMessage
from ._events import Ended, Events, Notice
from ._exit_status import Status, epilog
from ._formats import MessageWriter
from ._options import Place, format_option, place_options
from ._screen import Screen
from ._text import one_line
from ._token import TokenSource, token_options

# Seconds without anything that end an answer.
_QUIET = 1.0


@click.command(
    "send",
    epilog=epilog(
        'genesys-webmessaging send --region eu_central_1 --deployment-id ID "Hello!"',
        'genesys-webmessaging send --token-file guest.token --attribute plan=gold "It is me again"',
        "genesys-webmessaging send --attach picture.png --wait 0",
        'genesys-webmessaging send --json "Hello!" | jq .text',
        "git log -1 | genesys-webmessaging send -",
    ),
)
@place_options()
@token_options
@click.option("--attribute", "attributes", multiple=True, metavar="KEY=VALUE", help="A custom attribute; repeatable.")
@click.option(
    "--attach",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Upload a file and send it along; repeatable.",
)
@click.option("--join", is_flag=True, help="Tell first that the guest has come, which starts some bots.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0, max=86_400),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for an answer; 0: not at all.",
)
@format_option
@click.argument("text", default="")
def command(
    place: Place,
    keeper: TokenSource,
    attributes: tuple[str, ...],
    files: tuple[Path, ...],
    join: bool,
    wait: float,
    shape: str | None,
    text: str,
) -> Status:
    """Say one thing as a guest, and print what is answered.

    TEXT - is read from standard input, to its end; so it is without TEXT and --attach in a pipe.
    Answers are printed as they come, in JSON each as an object on a line of its own.

    It ends with 0 as soon as the server has the message and the answer, if there is one, seems to
    be complete; that nobody answers in time is not a failure.
    """
    if text == "-" or (not text and not files and not sys.stdin.isatty()):
        text = sys.stdin.read().rstrip("\n")
    if not text and not files:
        raise click.UsageError("there is nothing to send: give a text, or a file with --attach")
    custom = dict(_pair(attribute) for attribute in attributes)
    progress = Screen(sys.stderr)
    events = Events()
    with place.open(keeper.known(), events, reconnect=place.timeout) as conversation:
        keeper.keep(conversation.token or "")
        if join:
            conversation.join()
        ids = [_uploaded(conversation, file, progress) for file in files]
        conversation.deliver(textMessage(text, custom, ids))
        writer = MessageWriter(shape or "text", Screen())
        for message in _answers(events, wait):
            writer.write(message)
    return Status.OK


def _pair(attribute: str) -> tuple[str, str]:
    key, equals, value = attribute.partition("=")
    if not key or not equals:
        raise click.BadParameter(f"{attribute!r} is not KEY=VALUE", param_hint="--attribute")
    return key, value


def _uploaded(conversation: Conversation, file: Path, screen: Screen) -> str:
    with screen.progress(f"uploading {one_line(file.name)}") as progress:
        return conversation.upload(file, progress=progress)


def _answers(events: Events, wait: float) -> Iterator[StructuredMessage]:
    """What the other side says, until it has been quiet for a while; one that goes on is not listened to for ever."""
    deadline = Deadline(2 * wait)
    limit = wait
    while not deadline.passed and (event := events.next(deadline.at_most(limit))) is not None:
        if isinstance(event, Ended):
            return
        if isinstance(event, Notice):
            continue
        if is_typing(event):
            limit = wait
        elif str(event.direction) == "Outbound":
            yield event
            limit = min(_QUIET, wait)
