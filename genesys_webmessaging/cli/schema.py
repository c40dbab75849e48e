"""``schema``: the JSON Schema of the files that people write, for editors."""

from __future__ import annotations

import json
from typing import Any

import click

from ._exit_status import epilog


@click.command(
    "schema",
    epilog=epilog(
        "genesys-webmessaging schema > scenario.schema.json",
        "genesys-webmessaging schema bot > bot.schema.json",
    ),
)
@click.argument("kind", type=click.Choice(["scenario", "bot"]), default="scenario")
def command(kind: str) -> None:
    """Print the JSON Schema of scenario files, or of the simulator's bot scripts.

    An editor that knows JSON Schema (VS Code with the YAML extension, the JetBrains editors, Neovim with
    yaml-language-server) completes and checks a file that begins with the line

    \b
      # yaml-language-server: $schema=scenario.schema.json

    The path is relative to the file.
    """
    schema: dict[str, Any]
    if kind == "bot":
        from ..simulator.bot import BotScript

        schema = BotScript.model_json_schema()
    else:
        from .. import scenarios

        schema = scenarios.schema()
    click.echo(json.dumps(schema, indent=2))
