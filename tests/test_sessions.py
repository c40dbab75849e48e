"""Ending a session, beginning afresh, clearing a conversation: calls that wait for the outcome."""

from __future__ import annotations

import pytest
from _fixtures import ORIGIN, TOKEN
from _listeners import Doing
from _transfers import configured, running
from _websockets_peer import frame

from genesys_webmessaging import (
    ConnectionClosedError,
    NotConfiguredError,
    NotConnectedError,
    RequestError,
    ResponseTimeoutError,
)
from genesys_webmessaging.sessions import clearConversation, closeSession, startNewChat

CALLS = [(closeSession, ()), (startNewChat, ("demo",)), (clearConversation, ())]


@pytest.fixture
def session(client):
    configured(client)
    return client


def test_a_closed_session_is_told_to_be_closed(session, simulator):
    response = closeSession(session, 5)
    assert (response.connected, response.readOnly) == (False, True)
    [request] = simulator.received.of("closeSession")
    assert request["closeAllConnections"] is True
    assert not session.isOutputClosed()


def test_a_new_chat_has_the_same_token_and_no_history(session, simulator):
    token = session.token
    session.awaitResponse(session.sendMessage("old"), 5)
    with simulator.agent("demo") as agent:
        agent.disconnect(readOnly=True)
    response = startNewChat(session, "demo", 5)
    assert (response.connected, response.newSession) == (True, True)
    assert session.token == token
    assert simulator.received.of("configureSession")[-1]["startNew"] is True
    session.awaitResponse(session.sendMessage("new"), 5)
    assert [message.text for message in session.getHistory().entities] == ["new"]


def test_a_cleared_conversation_is_over_and_its_token_may_begin_another(session, recorder):
    session.addSessionListener(recorder)
    clearConversation(session, 5)
    assert session.isInputClosed()
    recorder.waitFor("webSocketDisconnected")
    assert "sessionClearedEvent" in recorder.methods
    assert "connectionClosedEvent" in recorder.methods
    session.connect("demo", ORIGIN)
    response = session.awaitResponse(session.configureSession("demo", session.token, ORIGIN), 5)
    assert response.newSession is True


def test_a_server_that_does_not_close_is_left(guest, talker):
    with running(clearConversation, talker, 0.5) as clearing:
        request = guest.receive("onMessage")
        assert request["message"]["events"] == [{"eventType": "Presence", "presence": {"type": "Clear"}}]
        guest.send(frame("SessionClearedEvent", {}, type="message"))
        clearing.result(5)
    assert guest.ended.wait(5)
    assert talker.isInputClosed()


def test_a_refused_clear_is_an_error_and_the_session_goes_on(session, simulator):
    simulator.faults.refuse("onMessage", 403, "Presence events of Clear type are not supported")
    with pytest.raises(RequestError, match="not supported") as caught:
        clearConversation(session, 5)
    assert caught.value.code == 403
    session.awaitResponse(session.sendMessage("still here"), 5)


def test_another_request_s_refusal_does_not_end_the_waiting(guest, talker):
    with running(clearConversation, talker, 5) as clearing:
        guest.receive("onMessage")
        tracingId = talker.sendMessage("x")
        guest.answer(guest.receive("onMessage"), "string", "Message too long", code=4011)
        with pytest.raises(RequestError, match="too long"):
            talker.awaitResponse(tracingId, 5)
        assert not clearing.done()
        guest.send(frame("SessionClearedEvent", {}, type="message"))
        guest.close()
        clearing.result(5)


@pytest.mark.parametrize(("call", "arguments"), CALLS)
def test_they_work_inside_a_listener(session, call, arguments):
    calling = Doing("jwtResponse", lambda *_: call(session, *arguments, 5))
    session.addSessionListener(calling)
    session.getJwt()
    calling.waitForOutcome()


@pytest.mark.parametrize(("call", "arguments"), CALLS)
def test_a_server_that_is_silent_is_a_timeout(guest, talker, call, arguments):
    with pytest.raises(ResponseTimeoutError, match=r"within 0\.2"):
        call(talker, *arguments, 0.2)


@pytest.mark.parametrize(("call", "arguments"), CALLS)
def test_a_connection_that_ends_is_said_to_have_ended(guest, talker, call, arguments):
    with running(call, talker, *arguments, 5) as calling:
        guest.receive()
        guest.close(1011, "gone")
        with pytest.raises(ConnectionClosedError):
            calling.result(5)


@pytest.mark.parametrize(("call", "arguments"), CALLS)
def test_without_a_session_there_is_nothing_to_end(client, call, arguments):
    with pytest.raises(NotConnectedError):
        call(client, *arguments, 1)
    client.connect("demo", ORIGIN)
    with pytest.raises(NotConfiguredError):
        call(client, *arguments, 1)


@pytest.mark.parametrize(("call", "arguments"), CALLS)
@pytest.mark.parametrize(("timeout", "error"), [(0, ValueError), (-1, ValueError), ("5", TypeError), (None, TypeError)])
def test_a_timeout_that_cannot_be_right_is_refused(session, simulator, call, arguments, timeout, error):
    with pytest.raises(error, match="timeout"):
        call(session, *arguments, timeout)
    assert len(simulator.received) == 1


def test_a_server_that_does_not_close_the_session_has_refused(guest, talker):
    with running(startNewChat, talker, "demo", 5) as starting:
        guest.answer(guest.receive("closeSession"), "SessionResponse", {"connected": True})
        with pytest.raises(RequestError, match="did not close"):
            starting.result(5)


def test_a_server_that_does_not_open_the_new_session_has_refused(guest, talker):
    with running(startNewChat, talker, "demo", 5) as starting:
        guest.answer(guest.receive("closeSession"), "SessionResponse", {"connected": False, "readOnly": True})
        request = guest.receive("configureSession")
        assert (request["token"], request["deploymentId"], request["startNew"]) == (TOKEN, "demo", True)
        guest.answer(request, "SessionResponse", {"connected": False})
        with pytest.raises(RequestError, match="did not open"):
            starting.result(5)
