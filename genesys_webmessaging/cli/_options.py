"""What commands share: the options that name a deployment, and the way there."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from ..conversation import Conversation
from ..listener import SessionListener
from ..regions import GenesysCloudRegionWebSocketHosts, host_of
from ._events import Events
from ._exit_status import did_you_mean

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_TIMEOUT = 30.0
# How results can be written. A command that is not told has a default of its own.
FORMATS = ("text", "json", "jsonl", "markdown", "csv")
LIST_THEM = "; 'genesys-webmessaging regions' lists them"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which deployment to talk to, and how to get there.

    Attributes:
        address: Of the WebSocket.
        deployment_id: The deployment.
        origin: The origin of the web page that the guest claims to be on.
        timeout: Seconds that connecting, and each answer, may take.
        proxy: The proxy to go through; None: what the environment says.
        ca_file: Authorities to trust instead of the system's.
    """

    address: str
    deployment_id: str
    origin: str
    timeout: float = DEFAULT_TIMEOUT
    proxy: str | None = None
    ca_file: str | None = None

    @property
    def host(self) -> str:
        """The host of the address, with its port if it names one."""
        return urlsplit(self.address).netloc

    def open(
        self,
        token: str | None,
        events: Events | None = None,
        *,
        listeners: Sequence[SessionListener] = (),
        reconnect: float = 0.0,
        heartbeat: float | None = None,
    ) -> Conversation:
        """Begin a conversation, or go on with one.

        Args:
            token: The session's; a new one if None.
            events: Hears everything from the first moment.
            listeners: They do too.
            reconnect: Seconds that a lost connection may take to be replaced; 0 for never.
            heartbeat: Seconds between two signs of life; None for none.
        """
        return Conversation.open(
            self.address,
            self.deployment_id,
            origin=self.origin,
            token=token,
            timeout=self.timeout,
            reconnectSeconds=reconnect,
            heartbeat=heartbeat,
            listeners=(*(() if events is None else (events,)), *listeners),
            onEnded=None if events is None else events.ended,
            proxy=self.proxy,
            caFile=self.ca_file,
        )


def place_options(*, here: bool = False) -> Callable[[F], F]:
    """Give a command the options that name a deployment; it gets them as ``place``.

    Args:
        here: Whether the command does without them (``place`` is None then). Where to go is not
            taken from the environment in that case.
    """
    from_environment: Callable[[str], str | None] = lambda name: None if here else name  # noqa: E731
    options = (
        click.option(
            "--region",
            envvar=from_environment("GENESYS_REGION"),
            show_envvar=not here,
            metavar="REGION",
            shell_complete=_regions_like,
            help="A region of Genesys Cloud: eu_central_1, for instance ('regions' lists them).",
        ),
        click.option(
            "--address",
            envvar=from_environment("GENESYS_ADDRESS"),
            show_envvar=not here,
            metavar="URL",
            help="A WebSocket address instead of a region: ws://127.0.0.1:8080/v1.",
        ),
        click.option(
            "--deployment-id",
            envvar="GENESYS_DEPLOYMENT_ID",
            show_envvar=True,
            metavar="ID",
            help="The Messenger deployment.",
        ),
        click.option(
            "--origin",
            envvar="GENESYS_ORIGIN",
            show_envvar=True,
            metavar="URL",
            help="The web page's origin, if the deployment is particular: https://shop.example.",
        ),
        click.option(
            "--timeout",
            envvar="GENESYS_TIMEOUT",
            show_envvar=True,
            type=click.FloatRange(min=0, min_open=True, max=86_400),
            default=DEFAULT_TIMEOUT,
            show_default=True,
            metavar="SECONDS",
            help="How long connecting, and each answer, may take.",
        ),
        click.option("--proxy", metavar="URL", help="http://host:port or socks5://host:port; else the environment's."),
        click.option(
            "--ca-file",
            type=click.Path(exists=True, dir_okay=False),
            metavar="FILE",
            help="Trust the authorities in this PEM file instead of the system's.",
        ),
    )

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def command(
            *args: Any,
            region: str | None,
            address: str | None,
            deployment_id: str | None,
            origin: str | None,
            timeout: float,
            proxy: str | None,
            ca_file: str | None,
            **rest: Any,
        ) -> Any:
            place = None
            if not here or region or address:
                where = _address_of(region, address)
                if not deployment_id:
                    raise click.UsageError("say which deployment: --deployment-id, or GENESYS_DEPLOYMENT_ID")
                place = Place(
                    address=where,
                    deployment_id=deployment_id,
                    origin=origin or f"https://{host_of(where)}",
                    timeout=timeout,
                    proxy=proxy,
                    ca_file=ca_file,
                )
            elif _given("deployment_id") or _given("origin"):
                raise click.UsageError("say where that deployment is: --region or --address")
            return function(*args, place=place, **rest)

        for option in reversed(options):
            command = option(command)
        return command  # type: ignore[return-value]

    return decorate


def format_option(function: F) -> F:
    """Give a command the options that say how its results are written; it gets the one of ``FORMATS`` as ``shape``."""

    @click.option(
        "--format",
        "shape",
        type=click.Choice(FORMATS),
        help="How to write it: text to read, JSON, a JSON object on each line, Markdown, or CSV.  [default: text]",
    )
    @click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
    @functools.wraps(function)
    def command(*args: Any, shape: str | None, as_json: bool, **rest: Any) -> Any:
        if as_json and shape not in (None, "json"):
            raise click.UsageError(f"--json and --format {shape} exclude each other")
        return function(*args, shape="json" if as_json else shape, **rest)

    return command  # type: ignore[return-value]


def _regions_like(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    return [name for name in GenesysCloudRegionWebSocketHosts.__members__ if name.startswith(begun.replace("-", "_"))]


def _given(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def _address_of(region: str | None, address: str | None) -> str:
    if region and address:
        # What was typed beats what the environment says.
        if _given("region") == _given("address"):
            raise click.UsageError("--region and --address exclude each other")
        region, address = (region, None) if _given("region") else (None, address)
    if region:
        name = region.strip().replace("-", "_").lower()
        if name not in GenesysCloudRegionWebSocketHosts.__members__:
            meant = did_you_mean(name, GenesysCloudRegionWebSocketHosts.__members__)
            raise click.UsageError(f"there is no region {region!r}{meant or LIST_THEM}")
        return GenesysCloudRegionWebSocketHosts[name].webSocketHost
    if address:
        if not address.lower().startswith(("ws://", "wss://")):
            raise click.UsageError(f"the address {address!r} begins with neither ws:// nor wss://")
        return address
    raise click.UsageError("say where: --region or --address, or GENESYS_REGION or GENESYS_ADDRESS")
