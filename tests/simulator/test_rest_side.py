"""REST: history, deployment configuration, signing in, push devices, and the faults of each."""

from __future__ import annotations

import pytest
import requests

from genesys_webmessaging.simulator import Deployment, Simulator

MESSAGES = "/api/v2/webmessaging/messages"
TOKENS = "/api/v2/webdeployments/token"
DEVICE = {"deviceToken": "d-1", "language": "en", "deviceType": "Android", "notificationProvider": "fcm"}


def error_of(answer):
    body = answer.json()
    assert body["status"] == answer.status_code
    assert set(body) == {"message", "code", "status", "contextId", "details", "errors"}
    return answer.status_code, body["code"]


def test_the_history_needs_a_jwt_that_is_good(simulator, guest):
    jwt = guest.jwt()
    assert jwt["exp"] - simulator.clock.now() == pytest.approx(60, abs=2)
    assert error_of(guest.rest("GET", MESSAGES)) == (401, "authentication.required")
    assert error_of(guest.history(jwt="no.such.jwt")) == (401, "bad.credentials")
    assert guest.history(jwt=jwt["jwt"]).status_code == 200
    simulator.clock.advance(61)
    assert error_of(guest.history(jwt=jwt["jwt"])) == (401, "token.expired")


@pytest.mark.parametrize(
    "query", ["pageSize=0", "pageSize=501", "pageSize=x", "pageNumber=0", "pageNumber=-1", "pageSize="]
)
def test_pages_that_cannot_be_are_refused(guest, query):
    assert error_of(guest.rest("GET", f"{MESSAGES}?{query}", guest.jwt()["jwt"])) == (400, "invalid.value")


def test_an_empty_history_has_no_pages(guest):
    assert guest.history().json() == {"entities": [], "pageSize": 25, "pageNumber": 1, "total": 0, "pageCount": 0}


def test_the_history_is_refused_to_a_foreign_origin(connect):
    with Simulator(deployments=[Deployment(allowedOrigins=["https://shop.example"])]) as simulator:
        guest = connect(simulator)
        guest.origin = "https://evil.example"
        assert guest.history().status_code == 403


def test_a_browser_may_read_answers_across_origins(guest):
    answer = guest.rest("OPTIONS", MESSAGES, headers={"Access-Control-Request-Headers": "authorization"})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == guest.origin
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization"
    assert guest.history().headers["Access-Control-Allow-Origin"] == guest.origin


def test_the_configuration_of_a_deployment_is_there_for_everybody(connect):
    deployment = Deployment(id="mine", autoStart=False, conversationDisconnect="Send", fileTypes=())
    with Simulator(deployments=[deployment]) as simulator:
        url = f"{simulator.restAddress}/webdeployments/v1/deployments/mine/config.json"
        config = requests.get(url, timeout=5).json()
        assert (config["id"], config["status"], config["apiEndpoint"]) == ("mine", "Active", simulator.restAddress)
        conversations = config["messenger"]["apps"]["conversations"]
        assert conversations["messagingEndpoint"] == simulator.address
        assert conversations["autoStart"] == {"enabled": False}
        assert conversations["conversationDisconnect"] == {"enabled": True, "type": "Send"}
        assert config["messenger"]["fileUpload"] == {"enableAttachments": False, "modes": []}
        assert conversations["sessionDurationSeconds"] == 259_200
        assert config["messenger"]["launcherButton"]["displayType"] == "Icon"
        domains = url.replace("config.json", "domains.json")
        assert requests.get(domains, timeout=5).json() == {"allowAllDomains": True, "allowedDomains": []}
        for file in (url, domains):
            missing = requests.get(file.replace("mine", "other"), timeout=5)
            assert error_of(missing) == (403, "not.authorized")


def test_allowed_domains_are_matched_as_messenger_matches_them(connect):
    deployment = Deployment(allowedOrigins=["Shop.example", "https://www.other.example:8443"])
    with Simulator(deployments=[deployment], bot=False) as simulator:
        url = f"{simulator.restAddress}/webdeployments/v1/deployments/demo/domains.json"
        assert requests.get(url, timeout=5).json() == {
            "allowAllDomains": False,
            "allowedDomains": ["shop.example", "www.other.example"],
        }
        for origin in ("https://shop.example", "http://m.SHOP.example:3000", "https://www.other.example"):
            assert connect(simulator, origin=origin).history().status_code == 200
        for origin in ("https://myshop.example", "https://other.example", "https://shop.example.evil"):
            assert not deployment.allowsOrigin(origin)


def test_what_is_not_there_is_404(simulator):
    assert error_of(requests.get(f"{simulator.restAddress}/api/v2/users/me", timeout=5)) == (404, "not.found")


def test_a_registered_code_must_come_with_what_it_was_made_for(simulator, guest):
    simulator.world.identities.register("secret", "Ann", "Lee", redirectUri="https://shop.example/cb", codeVerifier="v")
    assert error_of(guest.signIn("secret", codeVerifier="wrong")) == (400, "invalid.grant")
    granted = guest.signIn("secret", codeVerifier="v")
    assert set(granted.json()) == {"jwt", "refreshToken"}
    assert error_of(guest.signIn("secret", codeVerifier="v")) == (400, "invalid.grant")
    simulator.world.identities.acceptsAny = False
    assert error_of(guest.signIn("unknown")) == (400, "invalid.grant")


def test_an_id_token_is_exchanged_too(simulator, guest):
    simulator.world.identities.register("id-token", "Ann", "Lee", nonce="n-1")
    body = {"deploymentId": "demo", "oauth": {"idToken": "id-token", "nonce": "n-1"}}
    answer = guest.rest("POST", f"{TOKENS}/oauthcodegrantjwtexchange", json=body)
    assert guest.configureAuthenticated(answer.json()["jwt"])["body"]["connected"] is True


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"deploymentId": "nobody", "oauth": {"code": "c"}}, (400, "deployment.not.found")),
        ({"deploymentId": "demo"}, (400, "required.fields.missing")),
        ({"deploymentId": "demo", "oauth": {}}, (400, "required.fields.missing")),
        ([], (400, "bad.request")),
    ],
)
def test_an_exchange_that_lacks_something_is_refused(guest, body, expected):
    assert error_of(guest.rest("POST", f"{TOKENS}/oauthcodegrantjwtexchange", json=body)) == expected


def test_a_refresh_token_stays_good_until_logout(simulator, guest):
    granted = guest.signIn().json()
    for _ in range(2):
        refreshed = guest.rest("POST", f"{TOKENS}/refresh", json={"refreshToken": granted["refreshToken"]})
        assert refreshed.json()["jwt"] != granted["jwt"]
    assert guest.rest("DELETE", f"{TOKENS}/revoke", granted["jwt"]).status_code == 204
    gone = guest.rest("POST", f"{TOKENS}/refresh", json={"refreshToken": granted["refreshToken"]})
    assert error_of(gone) == (401, "bad.credentials")
    assert guest.rest("DELETE", f"{TOKENS}/revoke", granted["jwt"]).status_code == 401
    assert error_of(guest.rest("POST", f"{TOKENS}/refresh", json={})) == (400, "required.fields.missing")


def test_a_device_is_registered_updated_and_deleted(simulator, guest):
    path = f"/api/v2/webmessaging/deployments/demo/pushdevices/{guest.token}"
    assert error_of(guest.rest("PATCH", path, json={"language": "de"})) == (404, "device.not.found")
    assert error_of(guest.rest("DELETE", path)) == (404, "device.not.found")
    assert error_of(guest.rest("POST", path, json={"language": "de"})) == (400, "required.fields.missing")
    assert guest.rest("POST", path, json=DEVICE).status_code == 200
    assert error_of(guest.rest("POST", path, json=DEVICE)) == (409, "device.already.registered")
    assert error_of(guest.rest("PATCH", path, json={})) == (400, "update.fields.missing")
    assert guest.rest("PATCH", path, json={"language": "de"}).status_code == 200
    assert simulator.world.devices["demo", guest.token] == {**DEVICE, "language": "de"}
    assert guest.rest("DELETE", path).status_code == 204
    assert simulator.world.devices == {}
    elsewhere = path.replace("demo", "nobody")
    assert error_of(guest.rest("POST", elsewhere, json=DEVICE)) == (404, "deployment.not.found")
    assert error_of(guest.rest("POST", path.rsplit("/", 1)[0] + "/%20", json=DEVICE)) == (400, "invalid.path.parameter")


def test_push_can_be_off(connect):
    with Simulator(deployments=[Deployment(pushEnabled=False)]) as simulator:
        guest = connect(simulator)
        path = f"/api/v2/webmessaging/deployments/demo/pushdevices/{guest.token}"
        assert error_of(guest.rest("POST", path, json=DEVICE)) == (403, "feature.toggle.disabled")


def test_requests_are_recorded(simulator, guest):
    guest.history()
    recorded = simulator.requests.waitFor(lambda request: request.path == MESSAGES)[0]
    assert (recorded.method, recorded.status, recorded.query["pageSize"]) == ("GET", 200, "25")
    assert recorded.headers["Origin"] == guest.origin
    assert recorded.headers["Authorization"] not in repr(recorded)


# -- faults


def test_rest_fails_with_a_status_and_a_retry_after(guest, simulator):
    jwt = guest.jwt()["jwt"]
    simulator.faults.rest(429, retryAfter=3, times=2)
    for _ in range(2):
        answer = guest.history(jwt=jwt)
        assert error_of(answer) == (429, "too.many.requests")
        assert answer.headers["Retry-After"] == "3"
    assert guest.history(jwt=jwt).status_code == 200


def test_rest_fails_with_any_body_on_one_path_only(guest, simulator):
    simulator.faults.rest(502, body="<html>", headers={"Content-Type": "text/html"}, path=MESSAGES)
    assert guest.rest("GET", "/webdeployments/v1/deployments/demo/config.json").status_code == 200
    answer = guest.history()
    assert (answer.status_code, answer.text, answer.headers["Content-Type"]) == (502, "<html>", "text/html")


def test_a_body_breaks_off(guest, simulator):
    simulator.faults.cutBody()
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        guest.history()
    assert guest.history().status_code == 200


def test_a_jwt_expires_on_demand(guest, simulator):
    jwt = guest.jwt()["jwt"]
    simulator.faults.expireJwt()
    assert error_of(guest.history(jwt=jwt)) == (401, "token.expired")
    assert guest.history(jwt=jwt).status_code == 200


def test_rest_stalls_until_the_clock_says_so(guest, simulator):
    jwt = guest.jwt()["jwt"]
    simulator.faults.stallRest(60)
    url = f"{simulator.restAddress}{MESSAGES}"
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(url, headers={"Authorization": f"Bearer {jwt}"}, timeout=0.2)
    assert guest.history(jwt=jwt).status_code == 200
