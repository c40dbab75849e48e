"""``check``: every step of reaching a deployment, and which one fails."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from ..client import WebMessagingClient
from ._help import epilog
from ._opening import client_for
from ._options import Place, place_options
from ._recording import Recorder, recording
from ._screen import Screen
from ._status import Status, plain_sentence_of, status_of
from ._steps import STEPS, Doubt, Journey, Skipped
from ._text import clean
from ._token import Keeper, token_options

_SIGNS = {"ok": "good", "FAILED": "bad", "maybe": "choice", "-": "aside"}


@click.command(
    "check",
    epilog=epilog(
        "genesys-webmessaging check --region eu_central_1 --deployment-id ID",
        "genesys-webmessaging check --region us_east_1 --deployment-id ID --origin https://shop.example",
        "genesys-webmessaging check --record frames.jsonl     (to show others what the server does)",
    ),
)
@place_options()
@token_options
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write every frame to a file: secrets, texts and names masked, so that it can be given away.",
)
def command(place: Place, keeper: Keeper, record: Path | None) -> Status:
    """Try every step of reaching a deployment, and say which one fails and what that means.

    Name, network, encryption, the deployment's public configuration, WebSocket, session, echo,
    history. Nothing is said in the conversation, and no agent is called.
    """
    screen = Screen()
    with recording(record) as recorder, client_for(place) as client:
        status = _walk(place, client, keeper, screen, recorder)
    if record is not None:
        click.echo(f"The frames are in {record}: secrets, texts and names are masked.", err=True)
    return status


def _walk(
    place: Place, client: WebMessagingClient, keeper: Keeper, screen: Screen, recorder: Recorder | None
) -> Status:
    journey = Journey(place, client, keeper.known())
    failure: BaseException | None = None
    where = ""
    for step in STEPS:
        if failure is not None:
            _tell(screen, recorder, "-", step.name, "not tried")
            continue
        try:
            _tell(screen, recorder, "ok", step.name, step.tries(journey))
        except Skipped as reason:
            _tell(screen, recorder, "-", step.name, str(reason))
        except Doubt as doubt:
            _tell(screen, recorder, "maybe", step.name, str(doubt), step.means(doubt))
        except Exception as error:
            if status_of(error) is None:
                raise
            _tell(screen, recorder, "FAILED", step.name, plain_sentence_of(error), step.means(error))
            failure, where = error, step.name
    if failure is None:
        return Status.OK
    click.echo(f"Error: the step {where!r} failed: {plain_sentence_of(failure)}", err=True)
    # A name that is not known, or a port that nobody listens on, is no fault of the one who typed it.
    found = status_of(failure) or Status.CONNECTION
    return Status.CONNECTION if found is Status.USAGE else found


def _tell(screen: Screen, recorder: Recorder | None, sign: str, name: str, told: str, means: str = "") -> None:
    head = Text.assemble((f"{sign:<8}", _SIGNS[sign]), f"{name:<12}")
    screen.hang(head, Text(clean(told)), *([Text(means, "aside")] if means else []))
    if recorder is not None:
        recorder.write("step", {"name": name, "outcome": sign, "told": told})
