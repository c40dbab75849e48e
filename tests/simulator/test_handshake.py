"""Who is let in, and how the others are told."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as websocket

from genesys_webmessaging.simulator import Deployment, Simulator

from .independent_client import ORIGIN


def refused(address, query="deploymentId=demo", **more):
    with pytest.raises(InvalidStatus) as caught, websocket(f"{address}?{query}", **more):
        pass
    return caught.value.response


def test_an_unknown_deployment_is_refused_with_403_and_a_reason(simulator):
    response = refused(simulator.address, "deploymentId=nobody", origin=ORIGIN)
    assert response.status_code == 403
    assert response.headers["Content-Type"].startswith("application/json")
    assert b"Unknown deployment" in response.body


def test_a_missing_deployment_is_refused(simulator):
    assert refused(simulator.address, "", origin=ORIGIN).status_code == 403


def test_an_inactive_deployment_is_refused():
    with Simulator(deployments=[Deployment(id="off", active=False)]) as simulator:
        assert refused(simulator.address, "deploymentId=off", origin=ORIGIN).status_code == 403


def test_an_origin_that_is_not_listed_is_refused(connect):
    with Simulator(deployments=[Deployment(allowedOrigins=[ORIGIN])]) as simulator:
        assert b"Origin" in refused(simulator.address, origin="https://evil.example").body
        assert refused(simulator.address).status_code == 403
        assert connect(simulator, origin=ORIGIN).session["connected"] is True


def test_a_lenient_simulator_lets_in_who_has_no_origin_and_no_application(connect):
    deployment = Deployment(allowedOrigins=[ORIGIN], applicationRequired=True)
    with Simulator(deployments=[deployment], strict=False) as simulator:
        guest = connect(simulator, origin=None, application=None)
        assert guest.session["connected"] is True
        assert simulator.violations == []


def test_a_strict_simulator_can_demand_the_application():
    with Simulator(deployments=[Deployment(applicationRequired=True)]) as simulator:
        assert refused(simulator.address, origin=ORIGIN).status_code == 400


def test_what_the_handshake_said_is_kept(simulator, connect):
    connect(simulator, deploymentId="demo", application="my app/1")
    connection = simulator.guest()
    assert (connection.number, connection.origin, connection.application) == (1, ORIGIN, "my app/1")
    assert connection.headers["User-Agent"]
    assert connection.query == {"deploymentId": "demo", "application": "my app/1"}


def test_a_plain_http_request_to_the_socket_address_is_told_so(simulator):
    import requests

    with requests.get(f"{simulator.restAddress}/v1?deploymentId=demo", timeout=5) as answer:
        assert (answer.status_code, answer.json()["message"]) == (400, "This is a WebSocket address")


def test_several_deployments_have_their_own_sessions(connect):
    with Simulator(deployments=["one", "two"], bot=False) as simulator:
        first = connect(simulator, "one")
        second = connect(simulator, "two", token=first.token)
        first.say("only here")
        assert second.history().json()["total"] == 0
        elsewhere = first.ask("configureSession", deploymentId="two")
        assert (elsewhere["code"], elsewhere["class"]) == (400, "string")
