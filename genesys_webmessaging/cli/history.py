"""``history``: the messages of a session."""

from __future__ import annotations

import click

from ._formats import FORMATS, messages_of
from ._options import Place, place_options
from ._status import epilog
from ._token import Keeper, token_options


@click.command(
    "history",
    epilog=epilog(
        "genesys-webmessaging history --region eu_central_1 --deployment-id ID --token-file guest.token",
        "GENESYS_TOKEN=... genesys-webmessaging history --format json",
        "genesys-webmessaging history --format markdown --last 20",
    ),
)
@place_options()
@token_options
@click.option("--format", "shape", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True)
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the last N messages.")
def command(place: Place, keeper: Keeper, shape: str, last: int | None) -> None:
    """Print the messages of a session, oldest first, as the REST API has them.

    The session is the one whose token is in a file or in the environment. JSON is what the server
    gave, message by message, the URLs of files included.
    """
    messages = messages_of(place, keeper.required())
    click.echo(FORMATS[shape](messages[-last:] if last else messages), nl=False)
