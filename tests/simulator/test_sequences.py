"""The fifteen ways a session can go, walked by a client that knows the protocol from its description only."""

from __future__ import annotations

import pytest

from genesys_webmessaging.simulator import Deployment, Limits, RateLimit, Simulator

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 50


def code_of(frame):
    body = frame["body"]
    return body["errorCode"] if isinstance(body, dict) and "errorCode" in body else frame["code"]


def test_connect_and_autostart_brings_the_greeting_of_the_bot(connect):
    with Simulator() as simulator:
        guest = connect(simulator)
        assert guest.session["connected"] is True
        assert guest.session["newSession"] is True
        assert "readOnly" not in guest.session
        assert guest.session["allowedMedia"]["inbound"] == {"fileTypes": [{"type": "*/*"}], "maxFileSizeKB": 10_240}
        assert guest.rest("GET", "/webdeployments/v1/deployments/demo/config.json").json()["messenger"]["apps"][
            "conversations"
        ]["autoStart"] == {"enabled": True}
        echo = guest.presence("Join")
        assert echo["body"]["direction"] == "Inbound"
        typing = guest.wait("StructuredMessage")["body"]
        assert typing["events"][0] == {"eventType": "Typing", "typing": {"type": "On", "duration": 5000}}
        assert guest.outbound()["text"] == "Hello! I am the bot of this simulator."
        question = guest.outbound("What would you like to do?")
        assert [item["quickReply"]["text"] for item in question["content"]] == [
            "Opening hours",
            "Show me a card",
            "Book a date",
        ]
        assert question["originatingEntity"] == "Bot"
        assert simulator.violations == []


def test_text_comes_back_as_an_echo_and_reaches_the_agent(simulator, guest):
    with simulator.agent() as agent:
        echo = guest.say("hello", metadata={"customMessageId": "mine-1"})
        assert echo["type"] == "message"
        assert echo["body"]["direction"] == "Inbound"
        assert echo["body"]["text"] == "hello"
        assert echo["body"]["metadata"] == {"customMessageId": "mine-1"}
        assert echo["body"]["channel"]["time"].endswith("Z")
        assert agent.received("hello").id == echo["body"]["id"]
        answer = agent.say("good morning")
        got = guest.outbound()
        assert (got["text"], got["id"], got["originatingEntity"]) == ("good morning", answer.id, "Human")
    assert simulator.violations == []


def test_what_is_too_long_too_large_or_too_fast_is_refused_and_can_be_sent_smaller_or_later(connect):
    deployment = Deployment(limits=Limits(messages=RateLimit(3)), maxMessageLength=10, maxCustomDataBytes=8)
    with Simulator(deployments=[deployment], bot=False) as simulator:
        simulator.clock.freeze()
        guest = connect(simulator)
        assert guest.say("x" * 11)["code"] == 4011
        channel = {"metadata": {"customAttributes": {"key": "valü"}}}
        assert guest.say("attributes", channel=channel)["code"] == 200
        too_large = {"metadata": {"customAttributes": {"key": "valüe"}}}
        assert guest.ask("onMessage", message={"type": "Text", "text": "a"}, channel=too_large)["code"] == 4013
        too_fast = guest.say("too fast")
        assert too_fast["class"] == "TooManyRequestsErrorMessage"
        assert (too_fast["code"], too_fast["body"]["errorCode"], too_fast["body"]["retryAfter"]) == (429, 4029, 1)
        simulator.clock.advance(too_fast["body"]["retryAfter"])
        assert guest.say("now")["body"]["text"] == "now"
        assert simulator.session(guest.token).customAttributes == {"key": "valü"}
        assert simulator.session(guest.token).conversation.texts == ["attributes", "now"]


def test_an_attachment_is_announced_put_confirmed_and_sent(simulator, guest):
    presigned = guest.presign(PNG, attachmentId="0b5b7c8a-4c0c-4d8f-9a1f-6f3f0c9a7d11")
    assert presigned["class"] == "PresignedUrlResponse"
    assert presigned["body"]["attachmentId"] == "0b5b7c8a-4c0c-4d8f-9a1f-6f3f0c9a7d11"
    attachment_id = presigned["body"]["attachmentId"]
    item = {"contentType": "Attachment", "attachment": {"id": attachment_id}}
    assert guest.say("too early", content=[item])["code"] == 4010
    assert guest.put(presigned, PNG).status_code == 200
    success = guest.wait("UploadSuccessEvent")
    assert success["body"]["attachmentId"] == attachment_id
    assert guest.rest("GET", success["body"]["downloadUrl"]).content == PNG
    echo = guest.say("look", content=[item])
    shown = echo["body"]["content"][0]["attachment"]
    assert (shown["id"], shown["filename"], shown["mime"], shown["mediaType"]) == (
        attachment_id,
        "photo.png",
        "image/png",
        "Image",
    )
    assert guest.rest("GET", shown["url"]).content == PNG
    assert simulator.world.attachments[attachment_id].content() == PNG
    assert simulator.violations == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"fileType": "text/html"}, 4001),
        ({"fileName": "virus.EXE"}, 4001),
        ({"fileSize": 10_485_761}, 4002),
        ({"fileSize": 0}, 4102),
        ({"fileName": "a/b.png"}, 4004),
        ({"fileName": "photo"}, 4004),
        ({"fileName": "x" * 1020 + ".png"}, 4005),
    ],
)
def test_a_file_that_is_not_allowed_is_refused_in_the_form_that_was_asked_for(connect, fields, code):
    deployments = [
        Deployment(fileTypes=["image/*"]),
        Deployment(id="docs", fileTypes=["image/*"], generateUrlErrorForm="documented"),
    ]
    with Simulator(deployments=deployments, bot=False) as simulator:
        guest = connect(simulator)
        plain = guest.presign(PNG, **fields)
        assert (plain["class"], plain["code"]) == ("string", code)
        asked = {"errorsAsJson": True, "attachmentId": "0b5b7c8a-4c0c-4d8f-9a1f-6f3f0c9a7d12", **fields}
        recorded = guest.presignRefused(PNG, **asked)
        assert (recorded["type"], recorded["code"], recorded.get("tracingId")) == ("message", 200, None)
        documented = connect(simulator, "docs").presign(PNG, **asked)
        assert (documented["type"], documented["class"], documented["code"]) == ("response", "GenerateUrlError", 400)
        for refused in (recorded["body"], documented["body"]):
            assert (refused["errorCode"], refused["attachmentId"]) == (code, asked["attachmentId"])


def test_an_upload_that_is_not_what_was_announced_fails_on_the_socket(simulator, guest):
    presigned = guest.presign(PNG, fileSize=len(PNG) + 1)
    assert guest.put(presigned, PNG).status_code == 200
    failure = guest.wait("UploadFailureEvent")["body"]
    assert (failure["attachmentId"], failure["errorCode"]) == (presigned["body"]["attachmentId"], 4002)


def test_an_attachment_can_be_detached_and_its_url_refreshed(simulator, guest):
    attachment_id = guest.upload(PNG)
    old = guest.ask("getAttachment", attachmentId=attachment_id)["body"]
    assert old["headers"] == {}
    simulator.clock.advance(601)
    assert guest.rest("GET", old["url"]).status_code == 403
    fresh = guest.ask("getAttachment", attachmentId=attachment_id)["body"]
    assert guest.rest("GET", fresh["url"]).content == PNG
    deleted = guest.ask("deleteAttachment", attachmentId=attachment_id)
    assert (deleted["class"], deleted["body"]) == ("AttachmentDeletedResponse", {"attachmentId": attachment_id})
    assert guest.ask("getAttachment", attachmentId=attachment_id)["code"] == 4009
    assert guest.rest("GET", fresh["url"]).status_code == 404
    assert simulator.violations == []


def test_the_history_has_what_was_said_newest_first(simulator, guest):
    with simulator.agent() as agent:
        for number in range(3):
            guest.say(f"question {number}", metadata={"customMessageId": f"mine-{number}"})
            agent.say(f"answer {number}")
            guest.outbound(f"answer {number}")
    first = guest.history(pageSize=4).json()
    second = guest.history(pageSize=4, pageNumber=2).json()
    assert [entity["text"] for entity in first["entities"]] == ["answer 2", "question 2", "answer 1", "question 1"]
    assert [entity["text"] for entity in second["entities"]] == ["answer 0", "question 0"]
    assert (first["pageSize"], first["pageNumber"], first["total"], first["pageCount"]) == (4, 1, 6, 2)
    assert first["entities"][1]["metadata"] == {"customMessageId": "mine-2"}
    assert guest.history(pageNumber=9).json()["entities"] == []
    assert simulator.violations == []


def test_an_echo_comes_back_with_the_life_of_the_session(simulator, guest):
    for _ in range(2):
        echo = guest.answer(guest.send("echo", "health", message={"type": "Text", "text": "ping"}))
    assert (echo["class"], echo["type"], echo["body"]["text"]) == ("StructuredMessage", "response", "ping")
    assert echo["body"]["metadata"]["durationSeconds"] == "259200"
    assert int(echo["body"]["metadata"]["expirationDate"]) == int(simulator.session(guest.token).expiresAt)
    assert simulator.session(guest.token).conversation.messages == []
    assert simulator.violations == []


def test_an_agent_who_disconnects_leaves_a_read_only_session_and_a_new_chat_can_begin(simulator, guest):
    with simulator.agent() as agent:
        guest.say("hello")
        agent.disconnect(readOnly=True)
        gone = guest.wait("StructuredMessage")["body"]
        assert gone["events"] == [{"eventType": "Presence", "presence": {"type": "Disconnect"}}]
        assert gone["metadata"]["readOnly"] == "true"
        assert guest.say("are you there?")["code"] == 409
        closed = guest.ask("closeSession", closeAllConnections=True)["body"]
        assert (closed["connected"], closed["readOnly"]) == (False, True)
        anew = guest.configure(startNew=True)
        assert anew["newSession"] is True
        assert guest.say("again")["code"] == 200
    assert [entity["text"] for entity in guest.history().json()["entities"]] == ["again"]
    assert simulator.violations == []


def test_an_agent_who_disconnects_without_read_only_lets_the_conversation_go_on(simulator, guest):
    with simulator.agent() as agent:
        agent.disconnect(readOnly=False)
        assert "readOnly" not in guest.wait("StructuredMessage")["body"]["metadata"]
        assert guest.say("and another thing")["code"] == 200
        assert agent.received("and another thing")


def test_an_agent_who_disconnects_where_that_is_off_is_not_missed(connect):
    with Simulator(deployments=[Deployment(conversationDisconnect="Off")], bot=False) as simulator:
        guest = connect(simulator)
        with simulator.agent() as agent:
            agent.disconnect()
            assert guest.fence() == []
            assert guest.say("still there?")["code"] == 200
        assert guest.history().json()["total"] == 1


def test_clear_ends_the_session_and_the_token_begins_a_new_one(simulator, guest, connect):
    guest.say("forget this")
    assert guest.presence("Clear")["body"]["direction"] == "Inbound"
    assert guest.wait("SessionClearedEvent")["body"] == {}
    assert guest.wait("ConnectionClosedEvent")["body"] == {}
    assert guest.expectClosed() == (1000, "")
    again = connect(simulator, token=guest.token)
    assert again.session["newSession"] is True
    assert again.history().json()["total"] == 0
    assert simulator.violations == []


def test_a_documented_clear_has_neither_code_nor_body(connect):
    with Simulator(deployments=[Deployment(sessionClearedForm="documented")], bot=False) as simulator:
        guest = connect(simulator)
        guest.presence("Clear")
        assert guest.wait("SessionClearedEvent") == {"type": "message", "class": "SessionClearedEvent"}


def test_an_authenticated_session_with_an_expired_jwt_is_refreshed(simulator, connect):
    guest = connect(simulator, configure=False)
    granted = guest.signIn(codeVerifier="verifier").json()
    simulator.clock.advance(3601)
    refused = guest.configureAuthenticated(granted["jwt"])
    assert (refused["class"], refused["code"]) == ("string", 401)
    refreshed = guest.rest(
        "POST", "/api/v2/webdeployments/token/refresh", json={"refreshToken": granted["refreshToken"]}
    ).json()
    session = guest.configureAuthenticated(refreshed["jwt"])["body"]
    assert (session["connected"], session["newSession"]) == (True, True)
    assert guest.say("it is me")["body"]["channel"]["from"]["firstName"] == "Signed"
    assert simulator.violations == []


def test_a_guest_steps_up_and_the_other_device_is_sent_away(simulator, connect):
    simulator.world.identities.register("ann-phone", "Ann", "Lee")
    simulator.world.identities.register("ann-desk", "Ann", "Lee")
    phone = connect(simulator, configure=False)
    phone.configureAuthenticated(phone.signIn("ann-phone").json()["jwt"])
    desk = connect(simulator)
    desk.say("as a guest")
    tracing_id = desk.send(
        "configureAuthenticatedSession", deploymentId="demo", data={"code": desk.signIn("ann-desk").json()["jwt"]}
    )
    signed_in = desk.wait("StructuredMessage")["body"]
    assert signed_in["events"] == [{"eventType": "Presence", "presence": {"type": "SignIn"}}]
    assert signed_in["direction"] == "Inbound"
    assert signed_in["channel"]["from"] == {"firstName": "Ann", "lastName": "Lee"}
    session = desk.answer(tracing_id)["body"]
    assert (session["clearedExistingSession"], session["newSession"]) == (True, False)
    assert phone.wait("ConnectionClosedEvent")["body"] == {"reason": "signedIn", "reasonCode": "signedIn"}
    assert phone.expectClosed() == (1000, "")
    assert simulator.session(desk.token).conversation.texts == ["as a guest"]
    assert simulator.violations == []


def test_logout_reaches_every_connection_and_the_token_is_spent(simulator, connect):
    first = connect(simulator, configure=False)
    jwt = first.signIn().json()["jwt"]
    first.configureAuthenticated(jwt)
    second = connect(simulator, token=first.token, configure=False)
    second.configureAuthenticated(jwt)
    history_jwt = first.jwt()["jwt"]
    assert first.rest("DELETE", "/api/v2/webdeployments/token/revoke", jwt).status_code == 204
    for guest in (first, second):
        assert guest.wait("LogoutEvent")["body"] == {}
        assert guest.say("still here")["code"] == 4007
        guest.close()
    assert first.history(jwt=history_jwt).status_code == 401
    again = connect(simulator, token=first.token, configure=False)
    refused = again.ask("configureSession", deploymentId="demo")
    assert refused["code"] == 4017
    assert again.configureAuthenticated(jwt)["code"] == 403
    again.token = connect(simulator, configure=False).token
    assert again.ask("configureSession", deploymentId="demo")["body"]["newSession"] is True


def test_a_session_expires_and_the_token_begins_a_new_one(simulator, guest):
    guest.say("I shall be silent")
    simulator.clock.advance(guest.session["durationSeconds"] - 10)
    assert guest.fence() == []
    simulator.clock.advance(guest.session["durationSeconds"] + 1)
    assert guest.say("too late")["code"] == 4006
    assert guest.ask("getJwt")["code"] == 4006
    expired = guest.ask("echo", message={"type": "Text", "text": "ping"})
    assert (expired["class"], expired["body"]) == ("SessionExpiredEvent", {})
    assert guest.configure()["newSession"] is True
    assert guest.say("anew")["code"] == 200
    assert simulator.violations == []


def test_a_dropped_socket_resumes_and_the_history_has_what_was_missed(simulator, guest, connect):
    guest.say("before")
    with simulator.agent() as agent:
        simulator.guest().reset()
        assert guest.expectClosed()[0] == 1006
        agent.say("meanwhile")
        back = connect(simulator, token=guest.token, startNew=False)
        assert back.session["newSession"] is False
        back.say("after")
    texts = [entity["text"] for entity in back.history().json()["entities"]]
    assert texts == ["after", "meanwhile", "before"]


def test_an_authenticated_session_cannot_become_a_guests_again(simulator, connect):
    guest = connect(simulator, configure=False)
    guest.configureAuthenticated(guest.signIn().json()["jwt"])
    other = connect(simulator, token=guest.token, configure=False)
    assert other.ask("configureSession", deploymentId="demo")["code"] == 4017
    assert other.ask("configureSession", deploymentId="demo", startNew=True)["code"] == 4017
    assert guest.say("still signed in")["code"] == 200
