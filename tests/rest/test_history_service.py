"""The history that a whole service tells: all of it, whatever it holds, and what can go wrong on the way."""

from __future__ import annotations

import pytest
from _fixtures import ORIGIN
from _listeners import Doing
from _rest_calls import shown
from _rest_server import Answer, RestServer
from _transfers import configured

from genesys_webmessaging import (
    ApiError,
    ConnectError,
    DecodeError,
    RetryConfiguration,
)
from genesys_webmessaging.models import WebMessagingContent, WebMessagingMessage
from genesys_webmessaging.rest import ApiClient


@pytest.fixture
def session(client):
    configured(client)
    return client


@pytest.fixture
def agent(simulator, session):
    with simulator.agent("demo") as agent:
        yield agent


def say(agent, count):
    for number in range(count):
        agent.say(f"message {number}")
    return [f"message {number}" for number in reversed(range(count))]


def pages(simulator):
    return [request for request in simulator.requests if request.path.endswith("/webmessaging/messages")]


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (250, 3)])
def test_everything_comes_newest_first_and_with_no_request_more_than_needed(session, agent, simulator, count, requests):
    texts = say(agent, count)
    history = session.getHistory()
    assert [message.text for message in history.entities] == texts
    assert (history.total, history.pageNumber, history.pageSize) == (count, 1, count)
    assert all(isinstance(message, WebMessagingMessage) for message in history.entities)
    assert len(pages(simulator)) == requests
    assert len(simulator.received.of("getJwt")) == 1


def test_one_s_own_messages_are_in_it_too(session, agent):
    session.awaitResponse(session.sendMessage("from me", {"colour": "green"}), 5)
    agent.received("from me")
    agent.say("from them")
    first, second = session.getHistory().entities
    assert (first.text, str(first.direction), first.originatingEntity) == ("from them", "Outbound", "Human")
    assert (second.text, str(second.direction)) == ("from me", "Inbound")


def test_a_jwt_that_expires_between_two_pages_is_renewed(session, agent, simulator):
    texts = say(agent, 250)
    simulator.faults.expireJwt(after=1)
    assert [message.text for message in session.getHistory().entities] == texts
    assert [request.status for request in pages(simulator)] == [200, 401, 200, 200]
    assert len(simulator.received.of("getJwt")) == 2


def test_a_jwt_that_is_refused_again_is_an_error(session, agent, simulator):
    say(agent, 1)
    simulator.faults.expireJwt(times=None)
    with pytest.raises(ApiError) as caught:
        session.getHistory()
    assert caught.value.statusCode == 401
    assert len(pages(simulator)) == 2
    assert session.jwtResponse is None or session.jwtResponse.jwt not in shown(caught.value)


def test_pages_are_fetched_as_they_are_needed(session, agent, simulator):
    texts = say(agent, 250)
    messages = session.iterateHistory()
    assert pages(simulator) == []
    assert [next(messages).text for _ in range(100)] == texts[:100]
    assert len(pages(simulator)) <= 2
    assert [message.text for message in messages] == texts[100:]
    assert len(pages(simulator)) == 3


def test_what_is_said_while_the_history_is_read_repeats_nothing(session, agent):
    texts = say(agent, 150)
    messages = session.iterateHistory()
    read = [next(messages).text]
    agent.say("in between")
    read += [message.text for message in messages]
    assert read == texts


def test_it_can_be_fetched_inside_a_listener(session, agent):
    fetching = Doing("structuredMessage", lambda *_: len(session.getHistory().entities))
    session.addSessionListener(fetching)
    agent.say("ring")
    assert fetching.waitForOutcome() == 1


def test_every_kind_of_content_survives(session, agent):
    agent.quickReplies("choose", ["Yes", "No"])
    agent.card("title", "description", actions=[{"type": "Postback", "text": "Buy", "payload": "buy"}])
    agent.carousel([{"title": "one"}, {"title": "two"}])
    agent.datePicker(["2026-11-23T10:00:00Z"], "when")
    agent.attach("a.png", b"\x89PNG", "image/png")
    agent.send(content=[{"contentType": "Hologram", "hologram": {"depth": [1, 2]}}], text="new")
    newest_first = session.getHistory().entities
    kinds = [str(content.contentType) for message in reversed(newest_first) for content in message.content]
    assert kinds == ["QuickReply", "QuickReply", "Card", "Carousel", "DatePicker", "Attachment", "Hologram"]
    [unknown] = newest_first[0].content
    assert isinstance(unknown, WebMessagingContent)
    assert unknown.contentType == "Hologram"
    assert not unknown.contentType.isRecognized
    assert unknown.to_dict() == {"contentType": "Hologram", "hologram": {"depth": [1, 2]}}


def test_receipts_and_kinds_not_heard_of_survive(session, simulator):
    entities = [
        {"id": "1", "type": "Receipt", "status": "Read", "direction": "Outbound"},
        {"id": "1", "type": "Text", "text": "the message itself"},
        {"id": "2", "type": "Telepathy", "direction": "Sideways", "originatingEntity": "", "status": "Felt"},
        {"id": "3", "type": "Event", "events": [{"eventType": "Wink", "wink": {"eye": "left"}}]},
    ]
    with RestServer(Answer(body={"entities": entities, "total": 4, "pageCount": 1})) as server:
        session.setApiClient(ApiClient(server.address))
        history = session.getHistory()
    assert history.to_dict()["entities"] == entities


# When it cannot be had


@pytest.mark.parametrize("status", [400, 403, 404, 408, 429, 500, 502, 503, 504])
def test_a_refusal_is_an_api_error(session, simulator, status):
    simulator.faults.rest(status, path="/api/v2/webmessaging/messages")
    with pytest.raises(ApiError) as caught:
        session.getHistory()
    assert caught.value.statusCode == status
    assert caught.value.errorBody.status == status
    assert session.getHistory().total == 0


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"entities": {}}'])
def test_what_is_no_history_is_a_decode_error(session, simulator, body):
    simulator.faults.rest(200, body=body, path="/api/v2/webmessaging/messages")
    with pytest.raises(DecodeError):
        session.getHistory()


def test_a_page_that_was_cut_is_an_error_of_ours(session, agent, simulator):
    say(agent, 5)
    simulator.faults.cutBody(path="/api/v2/webmessaging/messages")
    with pytest.raises((ConnectionError, DecodeError)):
        session.getHistory()
    assert session.getHistory().total == 5


def test_a_service_that_is_busy_is_asked_again_if_the_client_says_so(session, agent, simulator):
    say(agent, 1)
    simulator.faults.rest(429, retryAfter=0, path="/api/v2/webmessaging/messages")
    simulator.faults.rest(503, retryAfter=0, path="/api/v2/webmessaging/messages")
    patient = RetryConfiguration(maxRetryTimeSec=10)
    session.setApiClient(ApiClient(session.address, defaultHeaders={"Origin": ORIGIN}, retryConfiguration=patient))
    assert session.getHistory().total == 1


def test_a_rest_server_that_is_not_there_is_a_connect_error(session):
    session.setApiClient(ApiClient("http://127.0.0.1:1"))
    with pytest.raises(ConnectError):
        session.getHistory()
