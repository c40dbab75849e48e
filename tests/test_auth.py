"""Signing in and out over REST."""

from __future__ import annotations

import logging

import pytest
from _rest_calls import shown
from _rest_server import Answer, RestServer

from genesys_webmessaging.auth import AuthApi, AuthTokens, Pkce
from genesys_webmessaging.exceptions import ApiError, DecodeError
from genesys_webmessaging.models import JourneyContext, JourneyCustomer, JourneyCustomerSession
from genesys_webmessaging.rest import ApiClient, DetailLevel

TOKENS = {"jwt": "jwt-SECRET-1", "refreshToken": "refresh-SECRET-2"}
EXCHANGE = "/api/v2/webdeployments/token/oauthcodegrantjwtexchange"


def test_a_code_is_exchanged():
    with RestServer(Answer(body=TOKENS)) as server, ApiClient(server.address, "old-jwt") as client:
        tokens = AuthApi(client).exchangeCode("dep", "code-1", "https://shop.example/back", "verifier-1")
        AuthApi(client).exchangeCode("dep", "code-1", "https://shop.example/back")
    assert (tokens.jwt, tokens.refreshToken) == ("jwt-SECRET-1", "refresh-SECRET-2")
    first, second = server.seen
    assert (first.method, first.target) == ("POST", EXCHANGE)
    oauth = {"code": "code-1", "redirectUri": "https://shop.example/back"}
    assert first.json == {"deploymentId": "dep", "oauth": {**oauth, "codeVerifier": "verifier-1"}}
    assert second.json == {"deploymentId": "dep", "oauth": oauth}
    assert first.header("Authorization") is None


def test_an_id_token_is_exchanged():
    with RestServer(Answer(body={"jwt": "jwt-1"})) as server, ApiClient(server.address) as client:
        tokens = AuthApi(client).exchangeIdToken("dep", "id-1", "nonce-1")
    assert server.seen[0].json == {"deploymentId": "dep", "oauth": {"idToken": "id-1", "nonce": "nonce-1"}}
    assert (tokens.jwt, tokens.refreshToken) == ("jwt-1", None)


def test_the_journey_goes_with_the_exchange():
    journey = JourneyContext(
        customer=JourneyCustomer(id="cookie-1", idType="cookie"),
        customerSession=JourneyCustomerSession(id="visit-1", type="app"),
    )
    with RestServer(Answer(body=TOKENS)) as server, ApiClient(server.address) as client:
        AuthApi(client).exchangeCode("dep", "code-1", "https://shop.example/back", journeyContext=journey)
        AuthApi(client).exchangeIdToken(
            "dep", "id-1", "nonce-1", journeyContext=JourneyContext(customer=JourneyCustomer(id="c", idType="cookie"))
        )
        with pytest.raises(TypeError, match="journeyContext"):
            AuthApi(client).exchangeCode("dep", "code-1", "https://shop.example/back", journeyContext={})
    first, second = server.seen
    assert first.json["journeyContext"] == {
        "customer": {"id": "cookie-1", "idType": "cookie"},
        "customerSession": {"id": "visit-1", "type": "app"},
    }
    assert second.json["journeyContext"] == {"customer": {"id": "c", "idType": "cookie"}}


def test_refreshing_keeps_the_refresh_token():
    with RestServer(Answer(body={"jwt": "jwt-2"})) as server, ApiClient(server.address) as client:
        tokens = AuthApi(client).refresh("refresh-1")
    assert (server.seen[0].method, server.seen[0].path) == ("POST", "/api/v2/webdeployments/token/refresh")
    assert server.seen[0].json == {"refreshToken": "refresh-1"}
    assert (tokens.jwt, tokens.refreshToken) == ("jwt-2", "refresh-1")


def test_signing_out_names_the_jwt():
    with RestServer(Answer(204)) as server, ApiClient(server.address, "another") as client:
        AuthApi(client).logout("jwt-1")
    [seen] = server.seen
    assert (seen.method, seen.target) == ("DELETE", "/api/v2/webdeployments/token/revoke")
    assert seen.header("Authorization") == "Bearer jwt-1"


@pytest.mark.parametrize("body", [{}, {"jwt": ""}, {"jwt": None}, {"refreshToken": "r"}])
def test_an_answer_without_a_jwt_is_a_decode_error(body):
    with RestServer(Answer(body=body)) as server, ApiClient(server.address) as client:
        with pytest.raises(DecodeError, match="without a jwt"):
            AuthApi(client).exchangeCode("dep", "code", "https://a")
        with pytest.raises(DecodeError, match="without a jwt"):
            AuthApi(client).refresh("r")


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_a_refusal_is_an_api_error_that_shows_no_secret(status, caplog):
    caplog.set_level(logging.DEBUG)
    said = "code-SECRET id-SECRET verifier-SECRET nonce-SECRET refresh-SECRET jwt-SECRET"
    answer = Answer(status, {"message": said, "code": "bad", "status": status})
    calls = [
        ("exchangeCode", ("dep", "code-SECRET", "https://a", "verifier-SECRET")),
        ("exchangeIdToken", ("dep", "id-SECRET", "nonce-SECRET")),
        ("refresh", ("refresh-SECRET",)),
        ("logout", ("jwt-SECRET",)),
    ]
    own = {
        "exchangeCode": ["code-SECRET", "verifier-SECRET"],
        "exchangeIdToken": ["id-SECRET", "nonce-SECRET"],
        "refresh": ["refresh-SECRET"],
        "logout": ["jwt-SECRET"],
    }
    with RestServer(answer) as server, ApiClient(server.address, detailLevel=DetailLevel.FULL) as client:
        for name, arguments in calls:
            caplog.clear()
            with pytest.raises(ApiError) as caught:
                getattr(AuthApi(client), name)(*arguments)
            for secret in own[name]:
                assert secret not in str(caught.value)
                assert secret not in caplog.text
            assert caught.value.errorBody.code == "bad"


def test_tokens_show_in_no_log_and_no_repr(caplog):
    caplog.set_level(logging.DEBUG)
    with RestServer(Answer(body=TOKENS)) as server, ApiClient(server.address, detailLevel=DetailLevel.FULL) as client:
        tokens = AuthApi(client).exchangeCode("dep", "code-SECRET-3", "https://a", "verifier-SECRET-4")
        AuthApi(client).refresh("refresh-SECRET-2")
    assert "SECRET" not in caplog.text
    assert "SECRET" not in repr(tokens)
    assert "SECRET" not in repr(AuthTokens(jwt="SECRET", refreshToken="SECRET"))


def test_a_verifier_and_its_challenge_are_those_of_the_rfc():
    pair = Pkce.of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert (pair.codeChallenge, pair.codeChallengeMethod) == ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S256")
    assert pair.codeVerifier not in repr(pair)


def test_every_pair_is_a_new_one():
    pairs = {Pkce.generate().codeVerifier for _ in range(50)}
    assert len(pairs) == 50
    assert {len(verifier) for verifier in pairs} == {43}


@pytest.mark.parametrize("verifier", ["", "x" * 42, "x" * 129, "x" * 42 + "ä", "x" * 42 + " "])
def test_a_verifier_that_the_rfc_forbids_is_refused(verifier):
    with pytest.raises(ValueError, match="codeVerifier"):
        Pkce.of(verifier)


@pytest.mark.parametrize(
    ("call", "arguments", "error", "name"),
    [
        ("exchangeCode", ("", "c", "r"), ValueError, "deploymentId"),
        ("exchangeCode", ("d", None, "r"), TypeError, "code"),
        ("exchangeCode", ("d", "c", ""), ValueError, "redirectUri"),
        ("exchangeIdToken", ("d", "", "n"), ValueError, "idToken"),
        ("exchangeIdToken", ("d", "i", 5), TypeError, "nonce"),
        ("refresh", (None,), TypeError, "refreshToken"),
        ("logout", ("",), ValueError, "jwt"),
        ("logout", ("SECRET\r\nX: y",), ValueError, "Authorization"),
    ],
)
def test_arguments_that_cannot_be_right_are_refused_by_name(call, arguments, error, name):
    with RestServer() as server, ApiClient(server.address) as client, pytest.raises(error, match=name) as caught:
        getattr(AuthApi(client), call)(*arguments)
    assert server.seen == []
    assert "SECRET" not in str(caught.value)
    assert "Traceback" in shown(caught.value)
