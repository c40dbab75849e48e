"""Sessions by token: new, resumed, shared, replaced."""

from __future__ import annotations

import re
import uuid

from genesys_webmessaging.simulator import Deployment, SessionState, Simulator


def test_a_token_comes_back_to_its_session(simulator, guest, connect):
    guest.say("first")
    guest.close()
    back = connect(simulator, token=guest.token)
    assert back.session["newSession"] is False
    assert [entity["text"] for entity in back.history().json()["entities"]] == ["first"]


def test_start_new_puts_the_old_session_out_of_reach(simulator, guest, connect):
    guest.say("old")
    jwt = guest.jwt()["jwt"]
    other = connect(simulator, token=guest.token, startNew=True)
    assert other.session["newSession"] is True
    assert other.history().json()["total"] == 0
    assert other.history(jwt=jwt).status_code == 401
    assert guest.say("where am I?")["code"] == 4007


def test_clients_of_one_token_see_each_others_messages(simulator, guest, connect):
    other = connect(simulator, token=guest.token)
    echo = guest.say("from the phone")
    seen = other.wait("StructuredMessage")
    assert seen["body"] == echo["body"]
    assert seen["body"]["direction"] == "Inbound"
    with simulator.agent() as agent:
        agent.say("to both")
        assert guest.outbound()["id"] == other.outbound()["id"]


def test_a_fourth_connection_sends_the_oldest_away(simulator, guest, connect):
    others = [connect(simulator, token=guest.token) for _ in range(3)]
    assert guest.wait("ConnectionClosedEvent")["body"] == {}
    assert guest.expectClosed() == (1000, "")
    assert others[0].say("we are three")["code"] == 200
    assert len(simulator.session(guest.token).connections) == 3


def test_configuring_the_same_connection_twice_is_one_connection(simulator, guest):
    assert guest.configure()["newSession"] is False
    assert len(simulator.session(guest.token).connections) == 1


def test_close_session_sends_the_other_connections_away(simulator, guest, connect):
    other = connect(simulator, token=guest.token)
    closed = guest.ask("closeSession", closeAllConnections=True)
    assert (closed["class"], closed["body"]["connected"], closed["body"]["readOnly"]) == (
        "SessionResponse",
        False,
        True,
    )
    other.wait("ConnectionClosedEvent")
    assert other.expectClosed() == (1000, "")
    assert simulator.session(guest.token).state is SessionState.CLOSED


def test_a_closed_session_can_be_looked_at_again(simulator, guest, connect):
    guest.say("last words")
    guest.ask("closeSession", closeAllConnections=True)
    back = connect(simulator, token=guest.token)
    assert (back.session["newSession"], back.session["readOnly"]) == (False, True)
    assert back.history().json()["total"] == 1


def test_a_read_only_session_stays_so_for_its_time(simulator, guest, connect):
    with simulator.agent() as agent:
        agent.disconnect(readOnly=True)
    back = connect(simulator, token=guest.token)
    assert (back.session["newSession"], back.session["readOnly"]) == (False, True)
    simulator.clock.advance(300_000)
    assert connect(simulator, token=guest.token).session["newSession"] is True


def test_sessions_are_forgotten_at_their_expiry_unless_somebody_is_there(simulator, guest, connect):
    gone = connect(simulator)
    attachment_id = gone.upload(b"x")
    path = simulator.world.attachments[attachment_id].path
    gone.close()
    simulator.clock.advance(300_000)
    connect(simulator)
    assert [session.number for session in simulator.sessions] == [1, 3]
    assert guest.say("too late")["code"] == 4006
    simulator.clock.advance(61)
    connect(simulator)
    assert attachment_id not in simulator.world.attachments
    assert not path.exists()


def test_the_oldest_sessions_without_a_connection_go_when_there_are_too_many(simulator, guest, connect, monkeypatch):
    monkeypatch.setattr("genesys_webmessaging.simulator.state.world.MOST_SESSIONS", 10)
    for _ in range(20):
        connect(simulator).close()
        simulator.connections[-1].waitClosed()
    numbers = [session.number for session in simulator.sessions]
    assert numbers[0] == 1
    assert numbers[-1] == 21
    assert len(numbers) <= 11


def test_a_message_prolongs_the_session(simulator, guest):
    before = simulator.session(guest.token).expiresAt
    simulator.clock.advance(1000)
    guest.say("I am alive")
    assert simulator.session(guest.token).expiresAt >= before + 1000
    assert guest.configure()["expirationDate"] == int(simulator.session(guest.token).expiresAt)


def test_a_deployment_can_announce_the_expiry(connect):
    with Simulator(deployments=[Deployment(announcesExpiry=True, sessionSeconds=100)], bot=False) as simulator:
        guest = connect(simulator)
        simulator.clock.advance(60)
        guest.say("once more")
        simulator.clock.advance(60)
        assert guest.fence() == []
        simulator.clock.advance(60)
        simulator.clock.advance(60)
        assert guest.wait("SessionExpiredEvent")["type"] == "message"


def test_the_journey_context_is_kept(simulator, guest):
    context = {"customer": {"id": guest.token, "idType": "cookie"}, "customerSession": {"id": "", "type": "web"}}
    guest.configure(journeyContext=context)
    assert simulator.session(guest.token).journeyContext == context
    assert simulator.violations == []


def test_custom_message_ids_and_equal_ids_can_be_switched_off(connect):
    with Simulator(bot=False, idsInHistory=False, returnsCustomMessageId=False) as simulator:
        guest = connect(simulator)
        live = guest.say("hello", metadata={"customMessageId": "mine"})["body"]
        entity = guest.history().json()["entities"][0]
        again = guest.history().json()["entities"][0]
        assert entity["id"] == again["id"] != live["id"]
        assert "metadata" not in live
        assert "metadata" not in entity


def test_ids_look_as_they_do_on_the_service_and_agree_with_the_history(simulator, guest):
    with simulator.agent() as agent:
        own = guest.say("hello", metadata={"id": "mine", "parentMessageId": "theirs"})["body"]
        agent.say("good morning")
        theirs = guest.outbound()
    for message in (own, theirs):
        assert re.fullmatch("[0-9a-f]{32}", message["id"])
    assert set(own["channel"]) == {"time", "messageId", "from"}
    assert uuid.UUID(own["channel"]["messageId"]).hex != own["id"]
    assert own["channel"]["from"] == {}
    assert own["metadata"] == {"id": "mine", "parentMessageId": "theirs"}
    assert set(theirs["channel"]) == {"time", "type", "from", "to"}
    assert theirs["channel"]["type"] == "Private"
    assert uuid.UUID(theirs["metadata"]["correlationId"])
    for entity, live in zip(guest.history().json()["entities"], (theirs, own), strict=True):
        assert {**live, "status": entity["status"]} == entity


def test_a_bot_without_a_name_has_none(connect):
    with Simulator(bot={"otherwise": "hm"}) as simulator:
        guest = connect(simulator)
        guest.say("hello")
        assert guest.outbound()["channel"]["from"] == {}


def test_typing_is_echoed_but_not_remembered(simulator, guest):
    with simulator.agent() as agent:
        assert guest.typing()["body"]["events"][0]["typing"] == {"type": "On"}
        assert agent.receivedTyping()
    assert guest.history().json()["total"] == 0


def test_a_simulator_that_was_stopped_starts_again_where_it_was(connect):
    simulator = Simulator(bot=False)
    with simulator:
        address = simulator.address
        guest = connect(simulator)
        guest.say("before")
    assert guest.expectClosed() == (1001, "")
    with simulator:
        assert simulator.address == address
        back = connect(simulator, token=guest.token)
        assert back.session["newSession"] is False
        assert back.history().json()["total"] == 1
