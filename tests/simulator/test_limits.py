"""What the service allows a guest or an agent to do in a minute, on the simulator's clock."""

from __future__ import annotations

import pytest
import requests
from websockets.exceptions import InvalidStatus

from genesys_webmessaging.simulator import Deployment, LimitReached, Limits, RateLimit, Simulator

PING = {"type": "Text", "text": "ping"}


@pytest.fixture
def limited():
    with Simulator(bot=False, limits="documented") as simulator:
        simulator.clock.freeze()
        yield simulator


def refused(frame):
    assert (frame["class"], frame["code"], frame["body"]["errorCode"]) == ("TooManyRequestsErrorMessage", 429, 4029)
    return frame["body"]["retryAfter"]


def test_a_session_may_say_five_things_a_second_on_however_many_connections(limited, connect):
    guest = connect(limited)
    other = connect(limited, token=guest.token)
    assert [one.say("x")["code"] for one in (guest, other, guest, other, guest)] == [200] * 5
    assert refused(other.say("x")) == 1
    limited.clock.advance(1)
    assert other.say("x")["code"] == 200


def test_a_connection_may_ask_for_sixty_things_a_minute(limited, connect):
    guest = connect(limited)
    assert [guest.ask("getConfiguration", deploymentId="demo")["code"] for _ in range(59)] == [200] * 59
    limited.clock.advance(20)
    assert refused(guest.ask("getConfiguration", deploymentId="demo")) == 40
    limited.clock.advance(40)
    assert guest.ask("getConfiguration", deploymentId="demo")["code"] == 200


def test_a_connection_may_send_two_health_checks_a_minute(limited, connect):
    guest = connect(limited)
    assert [guest.ask("echo", message=PING)["code"] for _ in range(2)] == [200, 200]
    limited.clock.advance(30)
    assert refused(guest.ask("echo", message=PING)) == 30
    limited.clock.advance(30)
    assert guest.ask("echo", message=PING)["code"] == 200


def test_a_session_may_be_configured_so_often_even_if_it_begins_anew(connect):
    with Simulator(bot=False, limits=Limits(configures=RateLimit(3, 60))) as simulator:
        guest = connect(simulator)
        for start_new in (False, True, False):
            guest.configure(startNew=start_new)
        assert refused(guest.ask("configureSession", deploymentId="demo")) in (59, 60)


def test_a_session_may_read_ten_pages_of_history_a_minute(limited, connect):
    guest = connect(limited)
    jwt = guest.jwt()["jwt"]
    assert [guest.history(jwt=jwt).status_code for _ in range(10)] == [200] * 10
    answer = guest.history(jwt=jwt)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    limited.clock.advance(60)
    assert guest.history(jwt=guest.jwt()["jwt"]).status_code == 200


def test_a_deployment_takes_so_many_connections_a_minute(connect):
    with Simulator(bot=False, limits=Limits(connections=RateLimit(2, 60))) as simulator:
        simulator.clock.freeze()
        for _ in range(2):
            connect(simulator)
        with pytest.raises(InvalidStatus) as wrong:
            connect(simulator)
        assert wrong.value.response.status_code == 429
        assert wrong.value.response.headers["Retry-After"] == "60"
        simulator.clock.advance(60)
        connect(simulator)


def test_an_agent_types_twelve_times_a_minute_and_says_four_thousand_characters(limited, connect):
    guest = connect(limited)
    with limited.agent() as agent:
        for _ in range(12):
            agent.typing()
        with pytest.raises(LimitReached, match="too many typing events") as reached:
            agent.typing()
        assert reached.value.retryAfter == 60
        agent.say("x" * 4000)
        assert guest.outbound()
        with pytest.raises(LimitReached, match="has 4001 characters; at most 4000"):
            agent.say("x" * 4001)
    answer = requests.post(f"{limited.restAddress}/simulator/agent", json={"typing": True}, timeout=5)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")


def test_the_text_of_a_message_is_measured_in_bytes(limited, connect):
    guest = connect(limited)
    assert guest.say("ü" * 2048)["code"] == 200
    assert guest.say("ü" * 2048 + "x")["code"] == 4011


def test_without_limits_there_are_none_and_a_deployment_may_have_its_own(connect):
    own = Deployment(id="own", limits=Limits(messages=RateLimit(1)))
    with Simulator(deployments=["demo", own], bot=False) as simulator:
        simulator.clock.freeze()
        guest = connect(simulator)
        assert [guest.say("x")["code"] for _ in range(20)] == [200] * 20
        limited = connect(simulator, "own")
        limited.say("x")
        assert refused(limited.say("x")) == 1


def test_the_history_forgets_after_fifteen_days(connect):
    with Simulator(deployments=[Deployment(sessionSeconds=60 * 86_400)], bot=False) as simulator:
        guest = connect(simulator)
        guest.say("old")
        simulator.clock.advance(14 * 86_400)
        guest.say("young")
        simulator.clock.advance(2 * 86_400)
        assert [entity["text"] for entity in guest.history().json()["entities"]] == ["young"]
