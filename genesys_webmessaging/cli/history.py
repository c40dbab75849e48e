"""``history``: the messages of a session."""

from __future__ import annotations

import click

from ._exit_status import epilog
from ._formats import as_history, messages_of
from ._options import Place, format_option, place_options
from ._token import TokenSource, token_options


@click.command(
    "history",
    epilog=epilog(
        "genesys-webmessaging history --region eu_central_1 --deployment-id ID --token-file guest.token",
        "GENESYS_TOKEN=... genesys-webmessaging history --json",
        "genesys-webmessaging history --format csv --last 20 > talk.csv",
    ),
)
@place_options()
@token_options
@format_option
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the last N messages.")
def command(place: Place, keeper: TokenSource, shape: str | None, last: int | None) -> None:
    """Print the messages of a session, oldest first, as the REST API has them.

    The session is the one whose token is in a file or in the environment. Text is a table; JSON is
    what the server gave, message by message, the URLs of files included; Markdown and CSV tell who
    said what, without those URLs.
    """
    messages = messages_of(place, keeper.required())
    click.echo(as_history(messages[-last:] if last else messages, shape or "text"), nl=False)
