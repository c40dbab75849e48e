"""The session of a guest who has signed in: configured, renewed, stepped up, signed out."""

from __future__ import annotations

import logging

import pytest
from _fixtures import ORIGIN, TOKEN
from _listeners import Doing
from _rest_calls import shown
from _rest_server import Answer, RestServer
from _transfers import configured, running
from _websockets_peer import frame

from genesys_webmessaging import (
    ApiError,
    NotConfiguredError,
    RequestError,
    ResponseTimeoutError,
    WebMessagingClient,
)
from genesys_webmessaging.auth import AuthenticatedSession, AuthTokens
from genesys_webmessaging.rest import ApiClient

BACK = "https://shop.example/back"


@pytest.fixture
def signed_in(client):
    session = AuthenticatedSession.withCode(client, "demo", ORIGIN, "code-1", BACK, timeout=5)
    client.connect("demo", ORIGIN)
    return session


# With a whole service


def test_a_guest_signs_in_and_talks(client, signed_in, simulator):
    response = signed_in.configure()
    assert (response.connected, response.newSession) == (True, True)
    client.awaitResponse(client.sendMessage("hello"), 5)
    [request] = simulator.received.of("configureAuthenticatedSession")
    assert request["data"] == {"code": signed_in.tokens.jwt}
    assert simulator.sessions[0].identity is not None
    assert not signed_in.isSignedOut


def test_an_id_token_signs_in_too(client, simulator):
    session = AuthenticatedSession.withIdToken(client, "demo", ORIGIN, "id-1", "nonce-1", timeout=5)
    client.connect("demo", ORIGIN)
    assert session.configure().connected is True


def test_a_lost_connection_is_resumed_with_the_same_token(client, signed_in):
    signed_in.configure()
    token = client.token
    client.disconnect()
    client.connect("demo", ORIGIN)
    assert signed_in.configure().newSession is False
    assert client.token == token


def test_a_guest_session_is_stepped_up(client, simulator, recorder):
    client.addSessionListener(recorder)
    configured(client)
    client.awaitResponse(client.sendMessage("as a guest"), 5)
    token = client.token
    session = AuthenticatedSession.withCode(client, "demo", ORIGIN, "code-1", BACK, timeout=5)
    response = session.stepUp()
    assert response.connected is True
    assert client.token == token
    recorder.waitFor(
        "structuredMessage",
        where=lambda message, _: [event.presence.type for event in message.events if event.presence] == ["SignIn"],
    )
    client.awaitResponse(client.sendMessage("as myself"), 5)


def test_without_a_guest_session_there_is_nothing_to_step_up(client, signed_in):
    with pytest.raises(NotConfiguredError, match="stepUp"):
        signed_in.stepUp()


def test_a_new_chat_begins_signed_in(client, signed_in, simulator):
    signed_in.configure()
    response = signed_in.startNewChat()
    assert (response.connected, response.newSession) == (True, True)
    assert simulator.received.of("configureAuthenticatedSession")[-1]["startNew"] is True


def test_signing_out_waits_for_the_event_and_leaves(client, signed_in, recorder):
    client.addSessionListener(recorder)
    signed_in.configure()
    signed_in.logout()
    assert signed_in.isSignedOut
    assert client.isInputClosed()
    assert [args[0].class_ for method, args in recorder.events if method == "unexpectedMessage"] == ["LogoutEvent"]
    client.connect("demo", ORIGIN)
    with pytest.raises(NotConfiguredError, match="signed out"):
        signed_in.configure()


def test_signing_out_elsewhere_is_noticed(simulator, client, signed_in, recorder):
    signed_in.configure()
    client.addSessionListener(recorder)
    with WebMessagingClient(simulator.address) as other:
        elsewhere = AuthenticatedSession(other, "demo", ORIGIN, signed_in.tokens, timeout=5)
        other.connect("demo", ORIGIN)
        elsewhere.configure(token=client.token)
        elsewhere.logout()
    recorder.waitFor("unexpectedMessage")
    assert signed_in.isSignedOut


def test_signing_out_works_inside_a_listener(client, signed_in):
    signed_in.configure()
    leaving = Doing("jwtResponse", lambda *_: signed_in.logout())
    client.addSessionListener(leaving)
    client.getJwt()
    leaving.waitForOutcome()
    assert signed_in.isSignedOut


def test_an_expired_jwt_is_refreshed_and_the_session_configured(client, signed_in, simulator):
    first = signed_in.tokens.jwt
    simulator.faults.refuse("configureAuthenticatedSession", 401, "Unauthorized", times=2)
    assert signed_in.configure().connected is True
    assert signed_in.tokens.jwt != first
    assert len(simulator.received.of("configureAuthenticatedSession")) == 3
    assert len([one for one in simulator.requests if one.path.endswith("/refresh")]) == 2


def test_a_401_in_the_middle_of_the_session_configures_it_again(client, signed_in, simulator, recorder):
    client.addSessionListener(recorder)
    signed_in.configure()
    first = signed_in.tokens.jwt
    simulator.faults.refuse("onMessage", 401, "Unauthorized")
    with pytest.raises(RequestError):
        client.awaitResponse(client.sendMessage("hello"), 5)
    recorder.waitFor("sessionResponse", 2)
    assert signed_in.tokens.jwt != first
    client.awaitResponse(client.sendMessage("hello again"), 5)


# With a server that does what a test says


@pytest.fixture
def rest():
    """A REST server that refreshes: jwt-SECRET-1, jwt-SECRET-2, …."""

    def refresh(seen):
        number = sum(one.path.endswith("/refresh") for one in server.seen)
        return Answer(body={"jwt": f"jwt-SECRET-{number}"}) if seen.path.endswith("/refresh") else Answer(204)

    with RestServer(refresh) as server:
        yield server


@pytest.fixture
def session(talker, rest):
    talker.setApiClient(ApiClient(rest.address))
    tokens = AuthTokens(jwt="jwt-SECRET-0", refreshToken="refresh-SECRET")
    return AuthenticatedSession(talker, "demo", ORIGIN, tokens, timeout=2)


@pytest.fixture
def connected(talker, session, peer):
    talker.connect("demo", ORIGIN)
    return peer.guest()


def take(guest, jwt):
    request = guest.receive("configureAuthenticatedSession")
    assert request["data"] == {"code": jwt}
    return request


def refuse(guest, request, code=401):
    guest.answer(request, "string", "Unauthorized", code=code)


def accept(guest, request):
    guest.answer(request, "SessionResponse", {"connected": True, "newSession": True})


def test_three_refreshed_jwts_are_tried_and_no_fourth(connected, session, rest):
    with running(session.configure, token=TOKEN) as configuring:
        for number in range(4):
            refuse(connected, take(connected, f"jwt-SECRET-{number}"))
        with pytest.raises(RequestError) as caught:
            configuring.result(5)
    assert caught.value.code == 401
    assert len(rest.seen) == 3
    assert connected.received_nothing()
    assert "SECRET" not in shown(caught.value)


def test_refusals_without_a_tracing_id_count_too(connected, session):
    with running(session.configure) as configuring:
        take(connected, "jwt-SECRET-0")
        connected.send(frame("string", "Unauthorized", code=401))
        accept(connected, take(connected, "jwt-SECRET-1"))
        assert configuring.result(5).connected is True


def test_what_configure_dealt_with_does_not_configure_again(connected, session, talker, rest):
    with running(session.configure) as configuring:
        refuse(connected, take(connected, "jwt-SECRET-0"))
        accept(connected, take(connected, "jwt-SECRET-1"))
        configuring.result(5)
    tracingId = talker.ping()
    connected.answer(connected.receive("echo"), "StructuredMessage", {"text": "ping"})
    talker.awaitResponse(tracingId, 5)
    assert connected.received_nothing()
    assert len(rest.seen) == 1


def test_a_sign_in_with_the_tracing_id_is_not_yet_the_session(connected, session):
    with running(session.configure) as configuring:
        request = take(connected, "jwt-SECRET-0")
        signed_in = {"type": "Event", "events": [{"eventType": "Presence", "presence": {"type": "SignIn"}}]}
        connected.answer(request, "StructuredMessage", signed_in)
        connected.send(frame("SessionResponse", {"connected": True, "clearedExistingSession": True}))
        assert configuring.result(5).clearedExistingSession is True


def test_other_refusals_are_raised_at_once(connected, session, rest):
    with running(session.configure) as configuring:
        refuse(connected, take(connected, "jwt-SECRET-0"), code=403)
        with pytest.raises(RequestError) as caught:
            configuring.result(5)
    assert caught.value.code == 403
    assert rest.seen == []


def test_without_a_refresh_token_a_refusal_is_final(talker, rest, peer):
    talker.setApiClient(ApiClient(rest.address))
    session = AuthenticatedSession(talker, "demo", ORIGIN, AuthTokens(jwt="j"), timeout=2)
    talker.connect("demo", ORIGIN)
    guest = peer.guest()
    with running(session.configure) as configuring:
        refuse(guest, guest.receive("configureAuthenticatedSession"))
        with pytest.raises(RequestError):
            configuring.result(5)
    with pytest.raises(NotConfiguredError, match="refresh token"):
        session.refresh()
    assert rest.seen == []


def test_a_refresh_that_fails_is_raised(connected, session, talker):
    with RestServer(Answer(400, {"message": "no", "code": "bad"})) as refusing:
        talker.setApiClient(ApiClient(refusing.address))
        with running(session.configure) as configuring:
            refuse(connected, take(connected, "jwt-SECRET-0"))
            with pytest.raises(ApiError) as caught:
                configuring.result(5)
    assert "SECRET" not in shown(caught.value)


def test_unasked_refusals_renew_three_times_a_minute_and_no_more(connected, session, talker, rest, recorder):
    with running(session.configure) as configuring:
        accept(connected, take(connected, "jwt-SECRET-0"))
        configuring.result(5)
    for number in range(1, 4):
        connected.send(frame("string", "Unauthorized", code=401))
        accept(connected, take(connected, f"jwt-SECRET-{number}"))
    talker.addSessionListener(recorder)
    connected.send(frame("string", "Unauthorized", code=401))
    connected.send(frame("JwtResponse", {"jwt": "x", "exp": 1}))
    recorder.waitFor("jwtResponse")
    assert connected.received_nothing()
    assert len(rest.seen) == 3


def test_a_renewal_that_fails_is_logged_and_the_connection_lives(connected, session, talker, recorder, caplog):
    with running(session.configure) as configuring:
        accept(connected, take(connected, "jwt-SECRET-0"))
        configuring.result(5)
    talker.addSessionListener(recorder)
    with RestServer(Answer(500)) as broken:
        talker.setApiClient(ApiClient(broken.address))
        connected.send(frame("string", "Unauthorized", code=401))
        connected.send(frame("JwtResponse", {"jwt": "x", "exp": 1}))
        recorder.waitFor("jwtResponse")
    assert "could not be configured again" in caplog.text
    assert not talker.isInputClosed()


def test_signing_out_without_an_event_is_a_timeout_and_disconnects(connected, talker, rest):
    session = AuthenticatedSession(talker, "demo", ORIGIN, AuthTokens(jwt="j"), timeout=0.3)
    with pytest.raises(ResponseTimeoutError, match="LogoutEvent"):
        session.logout()
    assert session.isSignedOut
    assert talker.isInputClosed()


def test_signing_out_with_an_expired_jwt_refreshes_it_first(talker):
    def answer(seen):
        if seen.method == "POST":
            return Answer(body={"jwt": "jwt-2"})
        return Answer(401 if seen.header("Authorization") == "Bearer jwt-1" else 204)

    with RestServer(answer) as server:
        talker.setApiClient(ApiClient(server.address))
        tokens = AuthTokens(jwt="jwt-1", refreshToken="r")
        session = AuthenticatedSession(talker, "demo", ORIGIN, tokens)
        session.logout()
    assert [seen.method for seen in server.seen] == ["DELETE", "POST", "DELETE"]
    assert session.isSignedOut


def test_a_refused_sign_out_leaves_everything_as_it_was(connected, talker):
    with RestServer(Answer(500)) as server:
        talker.setApiClient(ApiClient(server.address))
        session = AuthenticatedSession(talker, "demo", ORIGIN, AuthTokens(jwt="j"))
        with pytest.raises(ApiError):
            session.logout()
    assert not session.isSignedOut
    assert not talker.isInputClosed()


def test_no_secret_reaches_the_log(connected, session, caplog):
    caplog.set_level(logging.DEBUG)
    with running(session.configure) as configuring:
        refuse(connected, take(connected, "jwt-SECRET-0"))
        accept(connected, take(connected, "jwt-SECRET-1"))
        configuring.result(5)
    ours = [record for record in caplog.records if not record.name.startswith("websockets")]
    assert "SECRET" not in "".join(f"{record.getMessage()} {record.args}" for record in ours)
    assert "SECRET" not in repr(session)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        (("", ORIGIN, AuthTokens(jwt="j")), ValueError, "deploymentId"),
        (("d", "a\nb", AuthTokens(jwt="j")), ValueError, "origin"),
        (("d", ORIGIN, AuthTokens()), TypeError, "jwt"),
        (("d", ORIGIN, "jwt"), TypeError, "tokens"),
    ],
)
def test_arguments_that_cannot_be_right_are_refused_by_name(talker, arguments, error, name):
    with pytest.raises(error, match=name):
        AuthenticatedSession(talker, *arguments)
