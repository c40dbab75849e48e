"""``load``: a scenario file as a load test, on Locust."""

from __future__ import annotations

import importlib.util
import ipaddress
import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from ..client import WebMessagingClient
from ._exit_status import Status, epilog

# Connections a minute that Genesys documents for a deployment, as guests in a second.
_SPAWN_LIMIT = 1000 / 60


def _time(_: click.Context, __: click.Parameter, value: str) -> str:
    """Refuse what Locust would refuse later, or take for no limit at all."""
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", value)
    if parts is None or not any(int(part or 0) for part in parts.groups()):
        raise click.BadParameter(f"{value!r} is not a time like 90s, 10m or 1h30m")
    return value


@click.command(
    "load",
    epilog=epilog(
        "genesys-webmessaging load shop.scenario.yaml --users 50 --spawn-rate 5 --time 1m --html report.html",
        "genesys-webmessaging load shop.scenario.yaml --users 2000 --spawn-rate 10 --time 10m --processes 2",
        "genesys-webmessaging load shop.scenario.yaml --worker --master-host 192.0.2.7",
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--users", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="Guests.")
@click.option(
    "--spawn-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="R",
    help="Guests that come in a second.",
)
@click.option("--time", "seconds", default="1m", show_default=True, metavar="T", callback=_time,
              help="How long: 90s, 10m, 1h.")  # fmt: skip
@click.option("--pause", type=click.FloatRange(min=0), default=1.0, show_default=True, metavar="SECONDS",
              help="What a guest waits between two conversations.")  # fmt: skip
@click.option("--region", metavar="REGION", help="A region, by name or domain, instead of the file's own.")
@click.option("--address", metavar="URL", help="A WebSocket address instead of the file's own.")
@click.option("--deployment-id", metavar="ID", help="The Messenger deployment instead of the file's own.")
@click.option("--origin", metavar="URL", help="The web page's origin instead of the file's own.")
@click.option("--ca-file", metavar="FILE", help="Trust the authorities in this PEM file instead of the system's.")
@click.option("--processes", type=int, metavar="P", help="Workers on this machine; -1 for one on each core.")
@click.option("--master", is_flag=True, help="Direct workers on other machines.")
@click.option("--expect-workers", type=click.IntRange(min=1), metavar="N", help="Begin when so many are there.")
@click.option("--worker", is_flag=True, help="Work for a master.")
@click.option("--master-host", metavar="HOST", help="Where the master is.")
@click.option("--master-port", type=int, metavar="PORT", help="Its port, 5557 if left out.")
@click.option("--web", is_flag=True, help="Show Locust's web page, and begin there.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Locust's report.")
@click.option("--csv", "csv_prefix", metavar="PREFIX", help="Locust's tables, as files with this prefix.")
@click.option("--no-mark", is_flag=True, help="Do not set the custom attribute IsAutomatedTest on the sessions.")
@click.option("--approved", is_flag=True, help="The load test was agreed upon with Genesys.")
def command(
    file: Path,
    users: int,
    spawn_rate: float,
    seconds: str,
    pause: float,
    region: str | None,
    address: str | None,
    deployment_id: str | None,
    origin: str | None,
    ca_file: str | None,
    processes: int | None,
    master: bool,
    expect_workers: int | None,
    worker: bool,
    master_host: str | None,
    master_port: int | None,
    web: bool,
    html: Path | None,
    csv_prefix: str | None,
    no_mark: bool,
    approved: bool,
) -> Status:
    """Have many guests do what a scenario file says, and tell how long the service and the bot took.

    Locust runs it: its table, its web page, its reports, on one machine or several. Without an address in the options
    or in the file, a simulator is started.
    """
    from ..scenarios import Places, load

    if importlib.util.find_spec("locust") is None:
        raise ModuleNotFoundError("Locust is not installed", name="locust")
    if sum((processes is not None, master, worker)) > 1:
        raise click.UsageError("--processes, --master and --worker exclude each other")
    if processes is not None and processes != -1 and processes < 1:
        raise click.UsageError("--processes is a number of workers, or -1 for one on each core")
    if region and address:
        raise click.UsageError("--region and --address exclude each other")
    scenarios = load(file).scenarios
    with ExitStack() as stack:
        options: dict[str, Any] = {} if ca_file is None else {"caFile": ca_file}
        places = stack.enter_context(
            Places(address=address or region, deploymentId=deployment_id, origin=origin, connectOptions=options)
        )
        place = places.of(scenarios[0])
        _warn_of_limits(place.address, users, spawn_rate, pause, approved)
        if not worker:
            with WebMessagingClient(place.address) as client:
                client.connect(place.deploymentId, place.origin or _origin_of(place.address), **options)
        told = {
            "scenario": str(file.resolve()),
            "deploymentId": place.deploymentId,
            "origin": place.origin,
            "connectOptions": options,
            "automatedTest": not no_mark,
            "pause": pause,
        }
        arguments = [
            *("-f", str(Path(__file__).with_name("_locustfile.py")), "--host", place.address),
            *_locust_options(users, spawn_rate, seconds, web=web, worker=worker),
            *(["--processes", str(processes)] if processes is not None else []),
            *(["--master"] if master else []),
            *(["--expect-workers", str(expect_workers)] if expect_workers is not None else []),
            *(["--worker"] if worker else []),
            *(["--master-host", master_host] if master_host else []),
            *(["--master-port", str(master_port)] if master_port is not None and worker else []),
            *(["--master-bind-port", str(master_port)] if master_port is not None and master else []),
            *(["--html", str(html)] if html is not None else []),
            *(["--csv", csv_prefix] if csv_prefix else []),
        ]
        return _run(arguments, json.dumps(told))


def _locust_options(users: int, spawn_rate: float, seconds: str, *, web: bool, worker: bool) -> Sequence[str]:
    if worker:
        return []
    size = ["--users", str(users), "--spawn-rate", f"{spawn_rate:g}"]
    return size if web else ["--headless", *size, "--run-time", seconds, "--exit-code-on-error", "1"]


def _run(arguments: Sequence[str], told: str) -> Status:
    environment = {**os.environ, "GENESYS_WEBMESSAGING_LOAD": told}
    # Ctrl-C reaches Locust as well, which ends its run and prints its tables.
    command = [sys.executable, "-m", "locust", *arguments]
    with subprocess.Popen(command, env=environment) as process, _passed_on(process):  # noqa: S603 - our own arguments
        while True:
            try:
                code = process.wait()
            except KeyboardInterrupt:
                continue
            if code < 0:
                click.echo(f"Locust was ended by signal {-code}.", err=True)
                return Status.MACHINE
            return Status.OK if code == 0 else Status.REFUSED


@contextmanager
def _passed_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Within: who ends this process ends Locust, which would go on alone. It ends its run, and prints its tables."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _warn_of_limits(address: str, users: int, spawn_rate: float, pause: float, approved: bool) -> None:
    """Say what is documented before anything is done to others."""
    if not _is_loopback(address) and not approved:
        raise click.UsageError(
            f"{urlsplit(address).hostname} is not this machine. Genesys wants load tests agreed upon two weeks before; "
            "if this one is, say --approved"
        )
    limit = "the 1,000 connections a minute (16 a second) that Genesys documents for a deployment"
    if spawn_rate > _SPAWN_LIMIT:
        click.echo(
            f"Warning: {spawn_rate:,.0f} guests a second are more than {limit}; those above are refused.", err=True
        )
    if users > _SPAWN_LIMIT * pause:
        click.echo(
            f"Warning: each conversation is a connection, and {users:,} guests who pause for {pause:g} s between two "
            f"may open more than {limit}. With --pause {math.ceil(users / _SPAWN_LIMIT)} they do not.",
            err=True,
        )
    if users > 1:
        click.echo(
            "Documented limits of each guest: 5 messages a second, 60 requests a minute, 2 echoes a minute, "
            "10 history calls a minute.",
            err=True,
        )


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _origin_of(address: str) -> str:
    return f"https://{urlsplit(address).hostname}"
