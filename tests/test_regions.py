"""Regions and the addresses that follow from them."""

from __future__ import annotations

import pytest

import genesys_webmessaging
from genesys_webmessaging import GenesysCloudRegionWebSocketHosts as Regions
from genesys_webmessaging import WebMessagingClient, asApiHost
from genesys_webmessaging.regions import address_of, deployment_url_of, host_of

DOMAINS = {
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


def test_every_region_of_the_protocol_is_there() -> None:
    assert {region.value: region.domain for region in Regions} == DOMAINS
    assert [region.name for region in Regions] == list(DOMAINS)


@pytest.mark.parametrize(("name", "domain"), DOMAINS.items())
def test_the_hosts_of_a_region(name: str, domain: str) -> None:
    region = Regions(name)
    assert region.webSocketHost == f"wss://webmessaging.{domain}/v1"
    assert region.apiHost == f"https://api.{domain}"
    assert asApiHost(region.webSocketHost) == region.apiHost == Regions.asApiHost(region.webSocketHost)
    assert address_of(region) == address_of(name) == address_of(name.replace("_", "-")) == region.webSocketHost


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("wss://webmessaging.mypurecloud.com/v1", "https://api.mypurecloud.com"),
        ("wss://webmessaging.mypurecloud.com/v1/", "https://api.mypurecloud.com/"),
        ("ws://127.0.0.1:9/v1", "http://127.0.0.1:9"),
        ("wss://127.0.0.1:9/v1", "https://127.0.0.1:9"),
        ("wss://other.example/v1/x/v1", "https://other.example/x"),
        ("wss://v1.example/v1", "https://v1.example"),
        ("wss://v1/v1", "https://v1"),
        ("ws://[::1]:9/v1", "http://[::1]:9"),
        ("https://x", "https://x"),
        ("", ""),
    ],
)
def test_as_api_host(address: str, expected: str) -> None:
    assert asApiHost(address) == WebMessagingClient.asApiHost(address) == expected


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("ws://localhost:8080/v1", "ws://localhost:8080/v1"),
        ("WSS://Example.org/v1", "wss://Example.org/v1"),
        ("wss://example.org", "wss://example.org"),
        ("ws://[::1]:9/v1?a=b", "ws://[::1]:9/v1?a=b"),
    ],
)
def test_an_address_is_taken_as_it_is_but_for_the_case_of_its_scheme(given: str, address: str) -> None:
    assert address_of(given) == address


@pytest.mark.parametrize(
    ("address", "host"),
    [("wss://webmessaging.mypurecloud.de/v1", "webmessaging.mypurecloud.de"), ("ws://[::1]:9/v1", "[::1]")],
)
def test_the_host_of_an_address(address: str, host: str) -> None:
    assert host_of(address) == host


def test_where_the_configuration_of_a_deployment_is() -> None:
    path = "/webdeployments/v1/deployments/a%2Fb/config.json"
    assert (
        deployment_url_of("wss://webmessaging.usw2.pure.cloud/v1", "a/b", "config.json")
        == f"https://api-cdn.usw2.pure.cloud{path}"
    )
    assert deployment_url_of("ws://127.0.0.1:9/v1", "a/b", "config.json") == f"http://127.0.0.1:9{path}"
    assert deployment_url_of("ws://127.0.0.1:9/v1/", "a/b", "config.json") == f"http://127.0.0.1:9{path}"


def test_the_history_of_an_address_with_a_query_is_asked_for_without_it() -> None:
    client = WebMessagingClient("wss://webmessaging.mypurecloud.de/v1?a=b")
    assert client.apiClient.basePath == "https://api.mypurecloud.de"
    assert genesys_webmessaging.asApiHost is asApiHost
