"""``regions``: the regions of Genesys Cloud."""

from __future__ import annotations

import click

from ..regions import GenesysCloudRegionWebSocketHosts
from ._exit_status import epilog
from ._formats import as_rows
from ._options import format_option


@click.command(
    "regions",
    epilog=epilog("genesys-webmessaging regions", "genesys-webmessaging regions --json"),
)
@format_option
def command(shape: str | None) -> None:
    """List the regions of Genesys Cloud: name, address of the WebSocket, address of the REST calls."""
    rows = [(region.name, region.webSocketHost, region.apiHost) for region in GenesysCloudRegionWebSocketHosts]
    if shape not in (None, "text"):
        names = ("name", "webSocketHost", "apiHost")
        click.echo(as_rows([dict(zip(names, row, strict=True)) for row in rows], shape), nl=False)
        return
    for name, socket, api in rows:
        click.echo(f"{name:<15} {socket:<44} {api}")
