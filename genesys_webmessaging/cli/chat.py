"""``chat``: talk to a deployment."""

from __future__ import annotations

import sys

import click

from . import _interactive as interactive
from . import _piped as piped
from ._hearing import Hearing
from ._help import epilog
from ._lasting import lasting_session
from ._options import Place, place_options
from ._screen import Screen
from ._status import Status
from ._talk import Talk
from ._token import Keeper, token_options

# Seconds that a lost connection may take to be replaced while somebody sits there.
_PATIENCE = 300.0


@click.command(
    "chat",
    epilog=epilog(
        "genesys-webmessaging chat --region eu_central_1 --deployment-id ID",
        "genesys-webmessaging chat --token-file guest.token     (and the same again to go on)",
        "printf 'hello\\n1\\n' | genesys-webmessaging chat --address ws://127.0.0.1:8080/v1 --deployment-id demo",
    ),
)
@place_options()
@token_options
@click.option("--join/--no-join", default=True, show_default=True, help="Tell that the guest has come, if it is new.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0, max=86_400),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="In a pipe: how long to wait for each answer.",
)
def command(place: Place, keeper: Keeper, join: bool, wait: float) -> Status:
    """Talk to a deployment as a guest.

    At a terminal, what you type is sent, and what comes appears above. Quick replies and the
    buttons of cards have numbers: type one to press it. In a pipe, each line is said, and what is
    answered within --wait seconds comes out before the next line is read. A connection that is
    lost is replaced; what was said meanwhile is caught up with.

    Lines that begin with a slash are commands: /attach FILE sends a file, /history shows what was
    said, /quit ends; /help lists them all.
    """
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    screen = interactive.PromptScreen() if at_terminal else Screen()
    hearing = Hearing(lasting=True)
    patience = _PATIENCE if at_terminal else place.timeout
    try:
        with lasting_session(place, keeper.known(), hearing, patience=patience) as lasting:
            keeper.keep(lasting.client.token or "")
            screen.note(f"connected to {place.host}")
            talk = Talk(lasting, place, screen, echoing=not at_terminal or not screen.plain)
            talk.begin(joining=join)
            if isinstance(screen, interactive.PromptScreen):
                interactive.converse(talk, hearing, screen, lasting.leave)
            else:
                piped.converse(talk, hearing, sys.stdin, wait)
                lasting.leave()
                while (heard := hearing.next(0)) is not None:
                    talk.hear(heard)
    finally:
        screen.close()
    return Status.OK
