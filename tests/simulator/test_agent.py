"""The other side in the hands of a test."""

from __future__ import annotations

import re
import threading

import pytest

from genesys_webmessaging.simulator import Role, Simulator


def test_an_agent_says_everything_a_guest_can_be_shown(simulator, guest):
    with simulator.agent(name="Kim") as agent:
        agent.typing(3000)
        typing = guest.wait("StructuredMessage")["body"]
        assert typing["events"] == [{"eventType": "Typing", "typing": {"type": "On", "duration": 3000}}]
        assert typing["channel"]["from"] == {"nickname": "Kim"}

        agent.quickReplies("Sure?", ["Yes", {"text": "No", "payload": "nope"}])
        assert [item["quickReply"] for item in guest.outbound("Sure?")["content"]] == [
            {"action": "Message", "text": "Yes", "payload": "Yes"},
            {"action": "Message", "text": "No", "payload": "nope"},
        ]

        agent.card("Hat", "Straw", actions=["Buy", {"text": "Site", "url": "https://shop.example"}])
        card = guest.outbound()["content"][0]["card"]
        assert card == {
            "title": "Hat",
            "description": "Straw",
            "actions": [
                {"type": "Postback", "text": "Buy", "payload": "Buy"},
                {"type": "Link", "text": "Site", "url": "https://shop.example"},
            ],
        }

        agent.carousel([{"title": "One", "actions": ["A"]}, {"title": "Two", "actions": ["B"]}])
        assert [each["title"] for each in guest.outbound()["content"][0]["carousel"]["cards"]] == ["One", "Two"]

        agent.datePicker(["2030-01-07T09:00:00.000Z"], title="When?")
        picker = guest.outbound()["content"][0]["datePicker"]
        assert picker["availableTimes"] == [{"dateTime": "2030-01-07T09:00:00.000Z", "duration": 1800}]

        sections = [
            {"title": "Bicycle", "items": ["City", {"id": "cargo", "title": "Cargo"}]},
            {"title": "Work", "multipleSelection": True, "items": ["Oil"]},
        ]
        agent.listPicker(sections, receivedMessage="What?")
        assert guest.outbound()["content"][0]["listPicker"] == {
            "sections": [
                {
                    "title": "Bicycle",
                    "multipleSelection": False,
                    "items": [{"id": "City", "title": "City"}, {"id": "cargo", "title": "Cargo"}],
                },
                {"title": "Work", "multipleSelection": True, "items": [{"id": "Oil", "title": "Oil"}]},
            ],
            "receivedMessage": {"title": "What?"},
            "replyMessage": {"title": "Thank you", "subtitle": "Your choice"},
        }

        components = [
            {"input": {"id": "name", "title": "Name", "isRequired": True}},
            {"datePicker": {"id": "day", "title": "Day", "dateDisplayFormat": "dayMonthYear"}},
            {"listPicker": {"id": "parts", "sections": sections}},
            {"wheelPicker": {"id": "size", "items": ["S", "L"]}},
        ]
        agent.form([{"title": "You", "pageComponents": components}], cannedResponseId="canned")
        form = guest.outbound()["content"][0]["form"]
        assert form["cannedResponseId"] == "canned"
        (page,) = form["formPages"]
        assert [each["formComponentType"] for each in page["pageComponents"]] == [
            "Input",
            "DatePicker",
            "ListPicker",
            "WheelPicker",
        ]
        assert page["pageComponents"][0]["input"] == {
            "id": "name",
            "title": "Name",
            "isRequired": True,
            "isMultipleLine": False,
        }
        assert page["pageComponents"][1]["datePicker"]["availableTimes"] == []

        agent.send(text="Sure?", buttonResponses=["Yes"])
        assert guest.outbound("Sure?")["content"] == [
            {
                "contentType": "ButtonResponse",
                "buttonResponse": {"type": "QuickReply", "text": "Yes", "payload": "Yes"},
            }
        ]
        with pytest.raises(ValueError, match=r"the message: card\.title: is missing"):
            agent.send(card={})

        agent.attach("bill.pdf", b"%PDF-1", text="Your bill")
        attachment = guest.outbound("Your bill")["content"][0]["attachment"]
        assert (attachment["filename"], attachment["mime"], attachment["fileSize"]) == (
            "bill.pdf",
            "application/pdf",
            6,
        )
        assert guest.rest("GET", attachment["url"]).content == b"%PDF-1"

        agent.send(text="odd", content=[{"contentType": "Hologram", "hologram": {"depth": 3}}])
        assert guest.outbound("odd")["content"] == [{"contentType": "Hologram", "hologram": {"depth": 3}}]


def test_an_agent_hears_everything_a_guest_can_send(simulator, guest):
    with simulator.agent() as agent:
        guest.presence("Join")
        guest.typing()
        question = agent.quickReplies("Sure?", ["Yes"])
        guest.say("hello there")
        guest.press("QuickReply", "Yes", "yes-payload", question.id)
        guest.press("Button", "Buy", "buy", question.id, type="Structured")
        guest.press("DatePicker", "Monday", "2030-01-07T09:00:00.000Z", question.id)
        assert agent.received("buy").type == "Structured"
        assert agent.received("Yes").payload == "yes-payload"
        assert agent.received(re.compile("hello")).text == "hello there"
        assert agent.received().payload == "2030-01-07T09:00:00.000Z"
        assert agent.receivedPresence("Join")
        assert agent.receivedTyping()
        with pytest.raises(TimeoutError, match="0 of 1 message 'more'"):
            agent.received("more", timeout=0.1)
    assert simulator.violations == []


def test_a_message_is_taken_once(simulator, guest):
    with simulator.agent() as agent:
        guest.say("same")
        guest.say("same")
        assert agent.received("same") is not agent.received("same")
        with pytest.raises(TimeoutError):
            agent.received("same", timeout=0.1)


def test_an_agent_waits_for_a_guest(simulator, connect):
    with simulator.agent() as agent:
        said = []
        thread = threading.Thread(target=lambda: said.append(agent.say("welcome")), name="agent")
        thread.start()
        guest = connect(simulator)
        assert guest.outbound("welcome")
        thread.join(5)
        assert said[0].sender.role is Role.AGENT


def test_an_agent_without_a_guest_gives_up(simulator):
    with simulator.agent(patience=0.1) as agent, pytest.raises(TimeoutError, match="no guest"):
        agent.say("anybody?")


def test_an_agent_of_one_token_hears_that_guest_only(simulator, guest, connect):
    other = connect(simulator)
    with simulator.agent(token=guest.token) as agent:
        other.say("from the other")
        guest.say("from mine")
        assert agent.received().text == "from mine"
        agent.say("to mine")
        assert guest.outbound("to mine")
        assert other.fence() == []


def test_the_bot_is_silent_while_an_agent_is_there(connect):
    with Simulator() as simulator:
        guest = connect(simulator)
        with simulator.agent() as agent:
            guest.say("hours")
            assert agent.received("hours")
            assert guest.fence() == []
        guest.say("hours")
        assert guest.outbound("We are open from 9 to 17, Monday to Friday.")
        conversation = simulator.session(guest.token).conversation
        assert [participant.role for participant in conversation.participants] == [Role.GUEST, Role.BOT]


def test_an_agent_of_an_unknown_deployment_is_refused(simulator):
    with pytest.raises(ValueError, match="there are demo"):
        simulator.agent("nobody")


def test_an_agent_needs_a_running_simulator():
    with pytest.raises(RuntimeError, match="does not run"):
        Simulator().agent()
