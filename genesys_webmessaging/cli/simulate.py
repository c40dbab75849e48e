"""``simulate``: a local Genesys."""

from __future__ import annotations

import logging
from importlib import resources
from pathlib import Path
from typing import Literal

import click

from ._exit_status import epilog


@click.command(
    "simulate",
    epilog=epilog(
        "genesys-webmessaging simulate",
        "genesys-webmessaging simulate --port 8080 --frames",
        "genesys-webmessaging simulate --script bot.yaml --deployment-id shop --deployment-id support",
        "genesys-webmessaging chat --address ws://127.0.0.1:8080/v1 --deployment-id demo",
    ),
)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, show_default=True, help="0: any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Anything but loopback lets others in.")
@click.option("--deployment-id", "deployments", multiple=True, default=["demo"], show_default=True, metavar="ID")
@click.option(
    "--script",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="What the bot says (.yaml or .json) instead of the demonstration.",
)
@click.option("--example-script", is_flag=True, help="Print a script with everything in it, and end.")
@click.option("--no-bot", is_flag=True, help="Nobody answers.")
@click.option("--tls", is_flag=True, help="wss and https, with a certificate made on the fly.")
@click.option(
    "--certificate",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where the certificate to trust is kept, with its key beside it; implies --tls.",
)
@click.option("--domain", metavar="DOMAIN", help="The certificate is good for webmessaging.DOMAIN, api.… and api-cdn.…")
@click.option("--strict", is_flag=True, help="Take only what the protocol allows, and list violations at the end.")
@click.option(
    "--limits",
    type=click.Choice(["documented", "none"]),
    default="documented",
    show_default=True,
    help="How often things may be done: as the service documents it, or as often as one likes.",
)
@click.option(
    "--token",
    envvar="GENESYS_WEBMESSAGING_SIMULATOR_TOKEN",
    metavar="KEY",
    help="Opens the desk and /simulator/ from anywhere; a random one if none is given.",
)
@click.option("--frames", is_flag=True, help="Log every frame to standard error, secrets masked.")
def command(
    port: int,
    host: str,
    deployments: tuple[str, ...],
    script: Path | None,
    example_script: bool,
    no_bot: bool,
    tls: bool,
    certificate: Path | None,
    domain: str | None,
    strict: bool,
    limits: Literal["documented", "none"],
    token: str | None,
    frames: bool,
) -> None:
    """Run a local Genesys until it is interrupted.

    The first line tells the address of the WebSocket and the deployments, the second that of the
    desk, a page on which you are the agent; REST and uploads are on the same port. Any Origin is
    welcome, files up to 10 MB, and a scripted bot answers.
    """
    from ..simulator import maskFrame, serve

    if example_script:
        click.echo((resources.files("genesys_webmessaging.simulator") / "example.yaml").read_text("utf-8"), nl=False)
        return
    if script is not None and no_bot:
        raise click.UsageError("--script and --no-bot exclude each other")

    frames = frames or logging.getLogger(__package__.partition(".")[0]).level == logging.DEBUG  # -v before the command

    frames = frames or logging.getLogger(__package__.partition(".")[0]).level == logging.DEBUG  # --verbose

    def log_frame(connection: int, direction: str, text: str) -> None:
        click.echo(f"{connection} {direction} {maskFrame(text)}", err=True)

    serve(
        announce=click.echo,
        deployments=list(dict.fromkeys(deployments)),
        bot=False if no_bot else script or True,
        host=host,
        port=port,
        tls=tls or certificate is not None,
        certificate=certificate,
        domain=domain,
        strict=strict,
        limits=limits,
        token=token,
        onFrame=log_frame if frames else None,
    )
