"""The regions of Genesys Cloud, and the addresses that follow from them."""

from __future__ import annotations

import re
from enum import Enum
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from ._base import checks

__all__ = ["GenesysCloudRegionWebSocketHosts", "asApiHost"]


class GenesysCloudRegionWebSocketHosts(Enum):
    """The public regions, by the names of the Java SDK.

    ``GenesysCloudRegionWebSocketHosts.eu_central_1.webSocketHost`` is what a client connects to,
    ``.apiHost`` is where the REST calls of that region go.
    """

    us_east_1 = "us_east_1"
    eu_west_1 = "eu_west_1"
    ap_southeast_2 = "ap_southeast_2"
    ap_northeast_1 = "ap_northeast_1"
    eu_central_1 = "eu_central_1"
    us_west_2 = "us_west_2"
    ca_central_1 = "ca_central_1"
    ap_northeast_2 = "ap_northeast_2"
    eu_west_2 = "eu_west_2"
    ap_south_1 = "ap_south_1"
    us_east_2 = "us_east_2"
    sa_east_1 = "sa_east_1"
    me_central_1 = "me_central_1"
    ap_northeast_3 = "ap_northeast_3"
    eu_central_2 = "eu_central_2"
    mx_central_1 = "mx_central_1"
    ap_southeast_1 = "ap_southeast_1"

    @property
    def domain(self) -> str:
        """The domain of this region, "mypurecloud.de" for instance."""
        return _DOMAINS[self.value]

    @property
    def webSocketHost(self) -> str:
        """The address that a client of this region connects to."""
        return f"wss://webmessaging.{self.domain}/v1"

    @property
    def apiHost(self) -> str:
        """The base address of this region's REST calls."""
        return f"https://api.{self.domain}"

    def asApiHost(self: GenesysCloudRegionWebSocketHosts | str) -> str:
        """Tell where the REST calls of this region go; asked of the class, those of the region or address given."""
        return asApiHost(self)


_DOMAINS = {
    "us_east_1": "mypurecloud.com",
    "eu_west_1": "mypurecloud.ie",
    "ap_southeast_2": "mypurecloud.com.au",
    "ap_northeast_1": "mypurecloud.jp",
    "eu_central_1": "mypurecloud.de",
    "us_west_2": "usw2.pure.cloud",
    "ca_central_1": "cac1.pure.cloud",
    "ap_northeast_2": "apne2.pure.cloud",
    "eu_west_2": "euw2.pure.cloud",
    "ap_south_1": "aps1.pure.cloud",
    "us_east_2": "use2.us-gov-pure.cloud",
    "sa_east_1": "sae1.pure.cloud",
    "me_central_1": "mec1.pure.cloud",
    "ap_northeast_3": "apne3.pure.cloud",
    "eu_central_2": "euc2.pure.cloud",
    "mx_central_1": "mxc1.pure.cloud",
    "ap_southeast_1": "apse1.pure.cloud",
}

# Not the beginning of a host, as in wss://v1.example.com/v1.
_VERSION = re.compile(r"(?<!/)/v1(?=[/?]|$)")

AddressOrRegion: TypeAlias = str | GenesysCloudRegionWebSocketHosts


def asApiHost(address: AddressOrRegion) -> str:
    """Tell where the REST calls go that belong to a WebSocket address.

    Args:
        address: The address of the socket, ``wss://webmessaging.mypurecloud.com/v1`` for instance, or a region.

    Returns:
        The base address of the REST calls, ``https://api.mypurecloud.com`` for instance;
        of ``ws://host:port/v1`` it is ``http://host:port``.
    """
    if isinstance(address, GenesysCloudRegionWebSocketHosts):
        return address.apiHost
    host = _VERSION.sub("", address.replace("wss://webmessaging.", "https://api."))
    if host.startswith("wss://"):
        return "https://" + host[len("wss://") :]
    if host.startswith("ws://"):
        return "http://" + host[len("ws://") :]
    return host


def address_of(place: AddressOrRegion) -> str:
    """The WebSocket address of a region, of a region's name, or that was given as it is.

    Raises:
        TypeError: It is neither text nor a region.
        ValueError: It is neither a ws:// or wss:// address with a host nor a region's name.
    """
    if isinstance(place, GenesysCloudRegionWebSocketHosts):
        return place.webSocketHost
    if not isinstance(place, str):
        raise TypeError(
            "address must be a str like 'wss://webmessaging.mypurecloud.com/v1' or a member of "
            f"GenesysCloudRegionWebSocketHosts, not {type(place).__name__}"
        )
    if place.replace("-", "_") in _DOMAINS:
        return GenesysCloudRegionWebSocketHosts(place.replace("-", "_")).webSocketHost
    if place.lower().startswith(("ws://", "wss://")):
        scheme, colon, rest = place.partition(":")
        address = scheme.lower() + colon + rest
        checks.url("address", address, "ws", "wss")
        return address
    raise ValueError(
        f"address {place!r} starts with neither ws:// nor wss://, and is not the name of a region either. "
        f"The regions are: {', '.join(_DOMAINS)}"
    )


def host_of(address: str) -> str:
    """The host of an address, as it stands in a URL (an IPv6 address in brackets)."""
    return checks.bracketed(urlsplit(address).hostname or "")


def deployment_url_of(address: str, deploymentId: str, document: str) -> str:
    """Where a document of a deployment can be fetched from (docs/protocol: connection).

    The public regions serve it from their ``api-cdn`` host, anything else from the REST host itself.
    """
    host = asApiHost(address).rstrip("/")
    if address.startswith("wss://webmessaging."):
        host = host.replace("https://api.", "https://api-cdn.", 1)
    return f"{host}/webdeployments/v1/deployments/{quote(deploymentId, safe='')}/{document}"
