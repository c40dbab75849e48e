"""Secrets planted in a whole conversation are searched for wherever somebody could come upon them."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _fixtures import ORIGIN
from _listeners import Recorder
from _websockets_peer import WebSocketsPeer, frame

from genesys_webmessaging import ConnectError, WebMessagingClient, WebMessagingException
from genesys_webmessaging.attachments import downloadAttachment, uploadAttachment
from genesys_webmessaging.models import (
    ConfigureAuthenticatedSessionRequest,
    ConfigureSessionRequest,
    JourneyContext,
    JourneyCustomer,
    OAuthParams,
    SendMessageRequest,
)
from genesys_webmessaging.models._base import WireModel
from genesys_webmessaging.simulator import Simulator

PLANT = "PLANTED"
# What was said is no secret, but no business of a log either.
SPOKEN = "I am ill"
SIGNED = f"https://user:{PLANT}-password@files.example/a.png?X-Amz-Signature={PLANT}-query#{PLANT}-fragment"
HEADERS = {"x-amz-tagging": f"{PLANT}-header"}

MESSAGE = {
    "text": SPOKEN,
    "direction": "Outbound",
    "channel": {"metadata": {"customAttributes": {"k": f"{PLANT}-attribute"}}},
    "content": [
        {"contentType": "Attachment", "attachment": {"id": "a", "url": SIGNED}},
        {"contentType": "Hologram", "hologram": {"token": f"{PLANT}-token", "link": SIGNED}},
    ],
    "events": [{"eventType": "CoBrowse", "coBrowse": {"type": "Offering", "sessionJoinToken": f"{PLANT}-join"}}],
}
FRAMES = [
    frame("SessionResponse", {"connected": True, "token": f"{PLANT}-token"}),
    frame("StructuredMessage", MESSAGE, type="message"),
    frame("StructuredMessage", MESSAGE, tracingId="t"),
    frame("PresignedUrlResponse", {"attachmentId": "a", "url": SIGNED, "headers": HEADERS}),
    frame("UploadSuccessEvent", {"attachmentId": "a", "downloadUrl": SIGNED}),
    frame("ResumeTokenResponse", {"resumeToken": f"{PLANT}-resume", "exp": 9e9}),
    frame("JwtResponse", {"jwt": f"{PLANT}-jwt", "exp": 9e9}),
    frame("JwtResponse", f"{PLANT}-jwt"),
    frame("PushDevice", {"deviceToken": f"{PLANT}-device", "data": {"code": f"{PLANT}-code"}}),
    frame("string", f"no session for {PLANT}-token and {PLANT}-jwt", code=4007),
    f"{PLANT}-no-json",
    json.dumps([f"{PLANT}-list"]),
]


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that is logged, by whomever, down to DEBUG."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


def said(caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    """Every text that a log record holds, in whatever form."""
    for record in caplog.records:
        if record.name.startswith("websockets"):
            continue  # the server's own
        yield record.getMessage()
        yield repr(record.args)
        yield from (repr(value) for value in vars(record).values() if not isinstance(value, logging.LogRecord))
        if record.exc_info and record.exc_info[1] is not None:
            yield "".join(traceback.format_exception(record.exc_info[1]))


def chain(error: BaseException) -> Iterator[str]:
    """Every text of an exception and of those it came from."""
    seen: set[int] = set()
    following: list[BaseException | None] = [error]
    while following:
        one = following.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield from (str(one), repr(one), repr(one.args))
        if isinstance(one, WebMessagingException):
            yield from (repr(value) for value in vars(one).values())
        yield from traceback.format_exception_only(type(one), one)
        following += [one.__cause__, one.__context__]


def reprs(*things: object) -> Iterator[str]:
    """The reprs of things, and of what they hold; a listener's raw text is a str and may say anything."""
    for thing in things:
        if not isinstance(thing, str):
            yield repr(thing)
            yield str(thing)
        if hasattr(thing, "__dict__") and not isinstance(thing, WireModel):
            yield from (repr(value) for value in vars(thing).values() if not isinstance(value, str))


def clean(texts: Iterator[str], plants: tuple[str, ...] = (PLANT,)) -> int:
    """Fail if one of the texts holds a secret; returns how many were looked at."""
    count = 0
    for text in texts:
        count += 1
        for plant in plants:
            assert plant not in text, text
    return count


def test_a_whole_conversation_shows_no_secret(peer: WebSocketsPeer, everything: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    client = WebMessagingClient(peer.address)
    with client:
        client.addSessionListener(recorder)
        client.connect("demo", ORIGIN)
        guest = peer.guest()
        client.configureAuthenticatedSession("demo", f"{PLANT}-token", ORIGIN, OAuthParams(code=f"{PLANT}-code"))
        for raw in FRAMES:
            guest.send(raw)
        recorder.waitFor("unexpectedMessage", 6)
        journey = JourneyContext(customer=JourneyCustomer(id=f"{PLANT}-token", idType="cookie"))
        client.configureSession("demo", f"{PLANT}-token", ORIGIN, journeyContext=journey)
        client.send(ConfigureSessionRequest(deploymentId="demo", resumeToken=f"{PLANT}-resume"))
        client.sendMessage(SPOKEN, {"k": f"{PLANT}-attribute"})
        client.ping()
        client.getJwt()
        for action in ("configureAuthenticatedSession", "configureSession", "configureSession", "onMessage"):
            assert PLANT in json.dumps(guest.receive(action))
        assert clean(reprs(client)) > 5
    assert clean(said(everything), (PLANT, SPOKEN)) > 100
    received = [record for record in everything.records if record.msg == "received %s"]
    assert len(received) == len(FRAMES)
    assert len([record for record in everything.records if record.msg == "sending %s"]) == 6
    heard = [args[0] for _, args in recorder.events if args]
    assert clean(reprs(*heard)) > 20
    assert PLANT in repr(recorder.events[-2]), "the search would find it in the raw text"


def test_requests_show_no_secret_when_printed() -> None:
    data = OAuthParams(code=f"{PLANT}-code")
    requests = [
        ConfigureSessionRequest(token=f"{PLANT}-t", resumeToken=f"{PLANT}-r", deploymentId="demo"),
        ConfigureAuthenticatedSessionRequest(token=f"{PLANT}-t", resumeToken=f"{PLANT}-r", data=data),
        SendMessageRequest.from_dict({"token": f"{PLANT}-t", "channel": MESSAGE["channel"]}),
        SendMessageRequest.from_dict({"message": {"channel": MESSAGE["channel"]}}),
    ]
    for request in requests:
        assert PLANT in request.to_json()
    assert clean(reprs(*requests)) == 2 * len(requests)


def refusals(client: WebMessagingClient) -> Iterator[Any]:
    """Calls that fail with a secret among their arguments."""
    bad = f"{PLANT}\ud800"
    yield lambda: WebMessagingClient(f"wss://user:{PLANT}@host/v1")
    yield lambda: client.joinConversation("demo", f"{PLANT}-token", "hello")
    yield lambda: client.joinConversation("demo", bad, "hello", ORIGIN)
    yield lambda: client.configureSession("demo", bad, ORIGIN)
    yield lambda: client.configureSession("demo", f"{PLANT}-token", ORIGIN, "yes")
    yield lambda: client.configureSession("demo", f"{PLANT}-token", ORIGIN, None, None)
    yield lambda: client.configureAuthenticatedSession("demo", ORIGIN, OAuthParams(code=bad))
    yield lambda: client.configureAuthenticatedSession("demo", ORIGIN, f"{PLANT}-code")  # type: ignore[call-overload]
    yield lambda: client.sendMessage("hi", {"k": bad})
    yield lambda: client.sendMessage("hi", {"k": f"{PLANT}" * 1000})
    yield lambda: client.sendMessage(bad)
    yield lambda: client.send(SendMessageRequest(time=bad))
    yield lambda: client.deserialize(f'{{"jwt": "{PLANT}"', SendMessageRequest)
    yield lambda: client.deserialize(f'["{PLANT}"]', SendMessageRequest)


def test_what_a_refused_call_raises_shows_no_secret(everything: pytest.LogCaptureFixture, recorder: Recorder) -> None:
    with Simulator(bot=False) as simulator, WebMessagingClient(simulator.address) as client:
        client.connect("demo", ORIGIN)
        client.awaitResponse(client.configureSession("demo", ORIGIN))
        for call in refusals(client):
            with pytest.raises((TypeError, ValueError)) as refused:
                call()
            clean(chain(refused.value))
    clean(said(everything))


def test_what_a_server_refuses_shows_no_secret_of_ours(
    peer: WebSocketsPeer, everything: pytest.LogCaptureFixture
) -> None:
    with WebMessagingClient(peer.address) as client:
        client.connect("demo", ORIGIN)
        guest = peer.guest()
        tracingId = client.configureSession("demo", f"{PLANT}-token", ORIGIN)
        guest.answer(guest.receive(), "TooManyRequestsErrorMessage", {"errorCode": 4029, "retryAfter": 3})
        with pytest.raises(WebMessagingException) as refused:
            client.awaitResponse(tracingId, 5)
        clean(chain(refused.value))
        guest.close()
        with pytest.raises(WebMessagingException) as refused:
            client.awaitResponse(client.getJwt(), 5)
        clean(chain(refused.value))
    with pytest.raises(ConnectError) as unreachable:
        WebMessagingClient("ws://127.0.0.1:9/v1").joinConversation("demo", f"{PLANT}-token", "hi", ORIGIN)
    clean(chain(unreachable.value))
    clean(said(everything))


def test_rest_and_files_show_no_secret(
    everything: pytest.LogCaptureFixture, recorder: Recorder, tmp_path: Path
) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with Simulator(bot=False) as simulator, WebMessagingClient(simulator.address) as client:
        client.addSessionListener(recorder)
        client.joinConversation("demo", "hello")
        client.getHistory()
        attachmentId = uploadAttachment(client, str(picture))
        client.awaitResponse(client.sendMessage("", attachmentId))
        downloadAttachment(client, attachmentId, str(tmp_path / "b.png"))
        history = client.getHistory()
        simulator.faults.rest(401, times=None)
        with pytest.raises(WebMessagingException) as refused:
            client.getHistory()

        presigned = recorder.waitFor("presignedUrlResponse")[0]
        query = presigned.url.partition("?")[2]
        assert client.token is not None
        assert client.jwtResponse is not None
        assert client.jwtResponse.jwt is not None
        plants = (client.token, client.jwtResponse.jwt, *(part for part in query.split("&") if len(part) > 12))
        assert len(plants) > 2, query
        assert clean(said(everything), plants) > 100
        assert any(record.name.startswith("urllib3") for record in everything.records)
        clean(chain(refused.value), plants)
        clean(reprs(client, client.apiClient, history, *history.entities), plants)
        clean(reprs(*(args[0] for _, args in recorder.events if args)), plants)
