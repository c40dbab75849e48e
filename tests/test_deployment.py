"""The configuration of a deployment: fetched, and asked."""

from __future__ import annotations

import pytest
from _rest_server import Answer, RestServer

from genesys_webmessaging.deployment import (
    AllowedDomains,
    Deployment,
    getAllowedDomains,
    getDeploymentConfiguration,
)
from genesys_webmessaging.exceptions import ApiError, DecodeError
from genesys_webmessaging.models import DeploymentConfiguration
from genesys_webmessaging.rest import RetryConfiguration

CONFIGURATION = {
    "id": "dep-1",
    "version": "3",
    "status": "Active",
    "languages": ["en-us"],
    "defaultLanguage": "en-us",
    "apiEndpoint": "https://api.mypurecloud.com",
    "messenger": {
        "enabled": True,
        "apps": {
            "conversations": {
                "showAgentTypingIndicator": True,
                "showUserTypingIndicator": True,
                "autoStart": {"enabled": True},
                "conversationDisconnect": {"enabled": True, "type": "ReadOnly"},
                "conversationClear": {"enabled": True},
                "notifications": {"enabled": True, "notificationContentType": "IncludeMessagesContent"},
                "markdown": {"enabled": True},
                "humanize": {"enabled": True},
            }
        },
        "styles": {"primaryColor": "#ff0000"},
        "launcherButton": {"visibility": "On"},
        "fileUpload": {
            "enableAttachments": True,
            "modes": [
                {"fileTypes": ["image/png", "application/pdf"], "maxFileSizeKB": 10000},
                {"fileTypes": ["image/*"], "maxFileSizeKB": 500},
            ],
        },
    },
    "journeyEvents": {"enabled": True},
    "auth": {"enabled": True, "allowSessionUpgrade": True},
}
ANSWERS = [
    "isActive",
    "isAutoStartEnabled",
    "isUserTypingIndicated",
    "isAgentTypingIndicated",
    "isClearAllowed",
    "isMarkdownEnabled",
    "isPushEnabled",
    "isSignInEnabled",
    "isStepUpAllowed",
    "isAttachingAllowed",
]


def get(server, deploymentId="dep-1", **options):
    return getDeploymentConfiguration(server.address.replace("http", "ws", 1) + "/v1", deploymentId, **options)


def test_it_is_fetched_without_signing_in():
    with RestServer(Answer(body=CONFIGURATION)) as server:
        deployment = get(server, "a/b c?d", defaultHeaders={"Origin": "https://shop.example"})
    [seen] = server.seen
    assert (seen.method, seen.target) == ("GET", "/webdeployments/v1/deployments/a%2Fb%20c%3Fd/config.json")
    assert seen.header("Authorization") is None
    assert seen.header("Origin") == "https://shop.example"
    assert isinstance(deployment, DeploymentConfiguration)
    assert deployment.to_dict() == CONFIGURATION
    assert deployment.messenger.styles.primaryColor == "#ff0000"


def test_it_answers_what_people_ask():
    deployment = Deployment.from_dict(CONFIGURATION)
    assert [name for name in ANSWERS if getattr(deployment, name) is not True] == []
    assert deployment.disconnectType == "ReadOnly"
    assert deployment.allowedFileTypes == ["image/png", "application/pdf", "image/*"]
    assert deployment.maxFileSizeKB("image/png") == 10000
    assert deployment.maxFileSizeKB("image/jpeg") == 500
    assert deployment.maxFileSizeKB("text/plain") == 0


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"messenger": None, "auth": None},
        {"messenger": {}, "auth": {}},
        {"messenger": {"apps": {}, "fileUpload": {}}},
        {"messenger": {"apps": {"conversations": None}, "fileUpload": {"enableAttachments": True, "modes": None}}},
        {"messenger": {"apps": {"conversations": {"autoStart": {}, "conversationDisconnect": {"type": "Send"}}}}},
        {"status": "Retired", "surprise": {"a": [1]}, "auth": {"allowSessionUpgrade": True}},
    ],
)
def test_what_is_missing_counts_as_switched_off(document):
    with RestServer(Answer(body=document)) as server:
        deployment = get(server)
    switched_on = [name for name in ANSWERS if getattr(deployment, name) is not False]
    assert switched_on in ([], ["isAttachingAllowed"])
    assert deployment.disconnectType is None
    assert deployment.allowedFileTypes == []
    assert deployment.maxFileSizeKB("image/png") == 0


def test_a_mode_without_a_limit_and_types_that_may_not_be_attached():
    modes = {"modes": [{"fileTypes": ["*/*", None]}, None]}
    unlimited = Deployment.from_dict({"messenger": {"fileUpload": {"enableAttachments": True, **modes}}})
    assert unlimited.maxFileSizeKB("video/mp4") == float("inf")
    assert unlimited.allowedFileTypes == ["*/*"]
    switched_off = Deployment.from_dict({"messenger": {"fileUpload": {"enableAttachments": False, **modes}}})
    assert switched_off.allowedFileTypes == []


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_deployment_that_is_not_there_is_an_api_error(status):
    answer = Answer(status, b"<Error><Code>AccessDenied</Code></Error>", {"Content-Type": "application/xml"})
    with RestServer(answer) as server, pytest.raises(ApiError, match=f"config.json answered {status}") as caught:
        get(server)
    assert caught.value.statusCode == status
    assert ("knows no such deployment" in str(caught.value)) is (status != 500)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"messenger": []}'])
def test_what_is_no_configuration_is_a_decode_error(body):
    with RestServer(Answer(200, body)) as server, pytest.raises(DecodeError):
        get(server)


def test_options_reach_the_api_client():
    with RestServer(Answer(503), Answer(body=CONFIGURATION)) as server:
        deployment = get(server, retryConfiguration=RetryConfiguration(maxRetryTimeSec=5, retryAfterDefaultMs=1))
    assert deployment.id == "dep-1"


@pytest.mark.parametrize(
    ("address", "deploymentId", "error"),
    [("nowhere", "d", ValueError), ("eu_central_1", "", ValueError), ("eu_central_1", None, TypeError)],
)
def test_arguments_that_cannot_be_right_are_refused(address, deploymentId, error):
    with pytest.raises(error):
        getDeploymentConfiguration(address, deploymentId)


def test_a_whole_service_tells_its_configuration(simulator):
    deployment = getDeploymentConfiguration(simulator.address, "demo")
    assert deployment.id == "demo"
    assert deployment.isActive
    assert deployment.isAutoStartEnabled
    assert deployment.maxFileSizeKB("image/png") == 10_240
    with pytest.raises(ApiError):
        getDeploymentConfiguration(simulator.address, "no-such-deployment")


# Allowed domains


def test_the_domains_of_a_deployment_are_fetched():
    with RestServer(Answer(body={"allowAllDomains": False, "allowedDomains": ["Shop.example", None]})) as server:
        domains = getAllowedDomains(server.address.replace("http", "ws"), "dep-1")
    assert server.seen[0].path == "/webdeployments/v1/deployments/dep-1/domains.json"
    assert domains.allowedDomains == ["Shop.example", None]
    assert domains.allows("https://shop.example")


@pytest.mark.parametrize(
    ("origin", "outcome"),
    [
        ("https://shop.example", True),
        ("http://SHOP.example:8080", True),
        ("shop.example", True),
        ("https://www.shop.example", True),
        ("https://evilshop.example", False),
        ("https://example", False),
        ("null", False),
    ],
)
def test_a_domain_allows_its_pages_and_those_below_it(origin, outcome):
    assert AllowedDomains(allowedDomains=["shop.EXAMPLE"]).allows(origin) is outcome
    assert AllowedDomains(allowAllDomains=True).allows(origin)
    assert not AllowedDomains().allows(origin)
