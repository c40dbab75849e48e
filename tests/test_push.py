"""Push devices: registered, changed, taken away, whatever the server knew before."""

from __future__ import annotations

import logging

import pytest
from _rest_calls import shown
from _rest_server import Answer, RestServer

from genesys_webmessaging.exceptions import ApiError
from genesys_webmessaging.models import DeviceType, Provider
from genesys_webmessaging.push import PushDevice, PushDevices, PushErrorCode
from genesys_webmessaging.rest import ApiClient, DetailLevel

TOKEN = "token-SECRET-1"
PATH = f"/api/v2/webmessaging/deployments/dep%2F1/pushdevices/{TOKEN}"


def device(**fields):
    return PushDevice(
        **{
            "deviceToken": "device-SECRET-2",
            "language": "en-us",
            "deviceType": DeviceType.ANDROID,
            "notificationProvider": Provider.FCM,
            **fields,
        }
    )


def refusal(code, status=400):
    def answer(seen):
        said = f"refused {TOKEN} {seen.body.decode()}"
        return Answer(status, {"message": said, "code": code, "status": status})

    return answer


def devices(client):
    return PushDevices(client, "dep/1")


def test_a_device_is_registered_changed_and_deleted():
    with RestServer(Answer(204)) as server, ApiClient(server.address, "jwt") as client:
        devices(client).register(TOKEN, device())
        devices(client).update(TOKEN, PushDevice(deviceToken="device-SECRET-3"))
        devices(client).delete(TOKEN)
    assert [(seen.method, seen.target) for seen in server.seen] == [("POST", PATH), ("PATCH", PATH), ("DELETE", PATH)]
    assert server.seen[0].json == {
        "deviceToken": "device-SECRET-2",
        "language": "en-us",
        "deviceType": "Android",
        "notificationProvider": "FCM",
    }
    assert server.seen[0].header("Content-Type") == "application/json"
    assert server.seen[1].json == {"deviceToken": "device-SECRET-3"}
    assert server.seen[2].body == b""
    assert {seen.header("Authorization") for seen in server.seen} == {None}


def test_a_device_that_is_registered_already_is_updated():
    answers = (refusal("device.already.registered", 409), Answer(204))
    with RestServer(*answers) as server, ApiClient(server.address) as client:
        devices(client).register(TOKEN, device())
    assert [seen.method for seen in server.seen] == ["POST", "PATCH"]
    assert server.seen[0].json == server.seen[1].json


def test_a_device_that_is_not_registered_yet_is_registered():
    with RestServer(refusal("device.not.found", 404), Answer(204)) as server, ApiClient(server.address) as client:
        devices(client).update(TOKEN, device())
    assert [seen.method for seen in server.seen] == ["PATCH", "POST"]


def test_a_server_that_contradicts_itself_is_not_asked_for_ever():
    answers = (refusal("device.already.registered"), refusal("device.not.found"))
    with RestServer(*answers) as server, ApiClient(server.address) as client, pytest.raises(ApiError) as caught:
        devices(client).register(TOKEN, device())
    assert caught.value.errorBody.code == PushErrorCode.DEVICE_NOT_FOUND
    assert [seen.method for seen in server.seen] == ["POST", "PATCH"]


def test_deleting_a_device_that_is_not_registered_is_done_already():
    with RestServer(refusal("device.not.found", 404)) as server, ApiClient(server.address) as client:
        devices(client).delete(TOKEN)
    assert len(server.seen) == 1


DONE = {
    "register": PushErrorCode.DEVICE_ALREADY_REGISTERED,
    "update": PushErrorCode.DEVICE_NOT_FOUND,
    "delete": PushErrorCode.DEVICE_NOT_FOUND,
}
REFUSALS = [(call, code) for call, done in DONE.items() for code in [*PushErrorCode, "something.new"] if code != done]


@pytest.mark.parametrize(("call", "code"), REFUSALS)
def test_every_other_refusal_is_raised_with_its_code(call, code):
    with RestServer(refusal(str(code))) as server, ApiClient(server.address) as client:
        arguments = (TOKEN,) if call == "delete" else (TOKEN, device())
        with pytest.raises(ApiError) as caught:
            getattr(devices(client), call)(*arguments)
    assert caught.value.errorBody.code == code
    assert len(server.seen) == 1
    assert "SECRET" not in shown(caught.value)


@pytest.mark.parametrize(
    ("token", "one", "error"), [("", device(), ValueError), (5, device(), TypeError), ("t", {}, TypeError)]
)
def test_arguments_that_cannot_be_right_are_refused(token, one, error):
    with RestServer() as server, ApiClient(server.address) as client, pytest.raises(error):
        devices(client).register(token, one)
    assert server.seen == []


def test_no_secret_reaches_the_log(caplog):
    caplog.set_level(logging.DEBUG)
    with RestServer(Answer(204)) as server, ApiClient(server.address, detailLevel=DetailLevel.FULL) as client:
        devices(client).register(TOKEN, device())
    assert "SECRET" not in caplog.text
    assert "pushdevices" in caplog.text
    assert "SECRET" not in repr(device())


def test_a_whole_service_takes_devices(simulator):
    with ApiClient(simulator.restAddress, defaultHeaders={"Origin": "https://shop.example"}) as client:
        phones = PushDevices(client, "demo")
        phones.update(TOKEN, device())
        phones.register(TOKEN, device(language="de-de"))
        phones.delete(TOKEN)
        phones.delete(TOKEN)
        with pytest.raises(ApiError) as caught:
            PushDevices(client, "no-such-deployment").register(TOKEN, device())
    assert caught.value.errorBody.code == PushErrorCode.DEPLOYMENT_NOT_FOUND
