"""``regions``: the regions of Genesys Cloud."""

from __future__ import annotations

import json

import click

from ..regions import GenesysCloudRegionWebSocketHosts
from ._status import epilog


@click.command(
    "regions",
    epilog=epilog("genesys-webmessaging regions", "genesys-webmessaging regions --format json"),
)
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(shape: str) -> None:
    """List the regions of Genesys Cloud: name, address of the WebSocket, address of the REST calls."""
    rows = [(region.name, region.webSocketHost, region.apiHost) for region in GenesysCloudRegionWebSocketHosts]
    if shape == "json":
        names = ("name", "webSocketHost", "apiHost")
        click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2))
        return
    for name, socket, api in rows:
        click.echo(f"{name:<15} {socket:<44} {api}")
