"""``send``: say one thing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from ..client import WebMessagingClient
from ..models import StructuredMessage
from . import _events as events
from ._files import upload
from ._hearing import Hearing, Notice
from ._help import epilog
from ._message import show
from ._opening import session
from ._options import Place, place_options
from ._screen import Screen
from ._status import Status
from ._token import Keeper, token_options

# Seconds without anything that end an answer.
_QUIET = 1.0


@click.command(
    "send",
    epilog=epilog(
        'genesys-webmessaging send --region eu_central_1 --deployment-id ID "Hello!"',
        'genesys-webmessaging send --token-file guest.token --attribute plan=gold "It is me again"',
        "genesys-webmessaging send --attach picture.png --wait 0",
        'genesys-webmessaging send --json "Hello!" | jq .text',
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
@click.option("--json", "as_json", is_flag=True, help="Print answers as JSON, one object on a line.")
@click.argument("text", default="")
def command(
    place: Place,
    keeper: Keeper,
    attributes: tuple[str, ...],
    files: tuple[Path, ...],
    join: bool,
    wait: float,
    as_json: bool,
    text: str,
) -> Status:
    """Say one thing as a guest, and print what is answered.

    It ends with 0 as soon as the server has the message and the answer, if there is one, seems to
    be complete; that nobody answers in time is no failure.
    """
    if not text and not files:
        raise click.UsageError("there is nothing to send: give a text, or a file with --attach")
    custom = dict(_pair(attribute) for attribute in attributes)
    screen = Screen()
    hearing = Hearing()
    with session(place, keeper.known(), hearing) as (client, _):
        keeper.keep(client.token or "")
        if join:
            client.awaitResponse(client.sendPresenceEventJoin(), place.timeout)
        progress = Screen(sys.stderr)
        ids = [upload(client, progress, file, place.timeout) for file in files]
        _sent(client, text, custom, ids, place.timeout)
        for message in _answers(hearing, wait):
            if as_json:
                click.echo(json.dumps(message.to_dict(), ensure_ascii=False))
            else:
                screen.message(show(message))
    return Status.OK


def _pair(attribute: str) -> tuple[str, str]:
    key, equals, value = attribute.partition("=")
    if not key or not equals:
        raise click.BadParameter(f"{attribute!r} is no KEY=VALUE", param_hint="--attribute")
    return key, value


def _sent(client: WebMessagingClient, text: str, attributes: dict[str, str], ids: list[str], timeout: float) -> None:
    tracing_id = client.sendMessage(text, attributes or None, attachmentIds=ids)
    client.awaitResponse(tracing_id, timeout)


def _answers(hearing: Hearing, wait: float) -> Iterator[StructuredMessage]:
    """What the other side says, until it has been quiet for a while."""
    limit = wait
    while limit > 0 and (heard := hearing.next(limit)) is not None:
        if isinstance(heard, Notice):
            if heard.over:
                return
        elif events.is_typing(heard):
            limit = wait
        elif str(heard.direction) == "Outbound":
            yield heard
            limit = min(_QUIET, wait)
