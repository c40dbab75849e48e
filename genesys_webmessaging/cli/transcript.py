"""``transcript``: a session's conversation, to keep."""

from __future__ import annotations

from pathlib import Path

import click

from ._exit_status import epilog
from ._formats import as_transcript, messages_of
from ._options import Place, format_option, place_options
from ._token import TokenSource, token_options

_BY_SUFFIX = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
}


@click.command(
    "transcript",
    epilog=epilog(
        "genesys-webmessaging transcript --region eu_central_1 --deployment-id ID --token-file guest.token",
        "genesys-webmessaging transcript --output conversation.md",
        "genesys-webmessaging transcript --format jsonl | jq .text",
    ),
)
@place_options()
@token_options
@format_option
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it there, for its owner's eyes, instead of to standard output.",
)
def command(place: Place, keeper: TokenSource, shape: str | None, output: Path | None) -> None:
    """Write down what was said in a session, to keep. URLs of files are left out.

    Without --format, what the name of the file ends with says how: .md, .json, .jsonl, .csv; else it
    is text.
    """
    token = keeper.required()
    chosen = shape or (_BY_SUFFIX.get(output.suffix.lower()) if output else None) or "text"
    messages = messages_of(place, token)
    written = as_transcript(messages, chosen)
    if output is None:
        click.echo(written, nl=False)
        return
    output.touch(mode=0o600)
    output.write_text(written, encoding="utf-8")
    click.echo(f"{output}: {len(messages)} messages", err=True)
