"""Bytes in and out by presigned URLs, and what can go wrong there."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from genesys_webmessaging.simulator import AttachmentState, Deployment, Simulator

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 50


def test_the_header_that_was_given_must_be_sent(simulator, guest):
    presigned = guest.presign(PNG)
    assert list(presigned["body"]["headers"]) == ["x-amz-tagging"]
    answer = requests.put(presigned["body"]["url"], data=PNG, headers={"Content-Type": "image/png"}, timeout=5)
    assert (answer.status_code, "x-amz-tagging" in answer.json()["message"]) == (403, True)
    assert guest.put(presigned, PNG).status_code == 200


def test_a_url_is_good_for_its_method_and_its_file_only(simulator, guest):
    one, two = guest.presign(PNG), guest.presign(PNG)
    assert guest.rest("GET", one["body"]["url"]).status_code == 403
    swapped = one["body"]["url"].replace(one["body"]["attachmentId"], two["body"]["attachmentId"])
    assert requests.put(swapped, data=PNG, timeout=5).status_code == 403


def test_an_upload_url_expires(simulator, guest):
    presigned = guest.presign(PNG)
    simulator.clock.advance(601)
    assert guest.put(presigned, PNG).status_code == 403
    assert guest.fence() == []


def test_a_file_expires(simulator, guest):
    attachment_id = guest.upload(PNG)
    simulator.clock.advance(2 * 86_400)
    guest.fence()
    simulator.clock.advance(13 * 86_400)
    guest.configure(startNew=False)
    assert guest.ask("getAttachment", attachmentId=attachment_id)["code"] == 4008
    item = {"contentType": "Attachment", "attachment": {"id": attachment_id}}
    assert guest.say("old", content=[item])["code"] == 4008


def test_more_bytes_than_the_deployment_allows_are_not_read_to_the_end(connect):
    with Simulator(deployments=[Deployment(maxFileSizeKB=100)], bot=False) as simulator:
        guest = connect(simulator)
        presigned = guest.presign(b"", fileSize=102_400)
        answer = guest.put(presigned, b"x" * 102_401)
        assert (answer.status_code, answer.json()["message"]) == (400, "EntityTooLarge")
        assert simulator.world.attachments[presigned["body"]["attachmentId"]].state is AttachmentState.PRESIGNED


def test_an_upload_that_is_broken_off_leaves_nothing(simulator, guest, caplog):
    presigned = guest.presign(PNG)
    headers = {**presigned["body"]["headers"], "Content-Type": "image/png", "Content-Length": "1000000"}
    parts = urlsplit(presigned["body"]["url"])
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as wire:
        head = [f"PUT {parts.path}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        wire.sendall(("\r\n".join(head) + "\r\n\r\n").encode() + PNG)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    simulator.requests.waitFor(lambda request: request.method == "PUT", timeout=5)
    assert list(Path(simulator.world.files.newPath()).parent.iterdir()) == []
    assert "Traceback" not in caplog.text
    assert guest.put(presigned, PNG).status_code == 200


def test_a_digest_that_was_announced_must_fit(simulator, guest):
    md5 = base64.b64encode(hashlib.md5(PNG).digest()).decode()
    good, bad = guest.presign(PNG, fileMd5=md5), guest.presign(PNG, fileMd5=md5)
    assert guest.put(good, PNG).status_code == 200
    assert guest.put(bad, PNG[::-1]).status_code == 400


def test_the_content_can_be_checked(connect):
    with Simulator(deployments=[Deployment(checkFileContent=True)], bot=False) as simulator:
        guest = connect(simulator)
        guest.upload(PNG)
        presigned = guest.presign(b"no png")
        guest.put(presigned, b"no png")
        assert guest.wait("UploadFailureEvent")["body"]["errorCode"] == 4003


def test_a_download_has_type_and_name(simulator, guest):
    attachment_id = guest.upload(PNG, fileName="Füße.png")
    answer = guest.rest("GET", guest.ask("getAttachment", attachmentId=attachment_id)["body"]["url"])
    assert answer.headers["Content-Type"] == "image/png"
    assert "F%C3%BC%C3%9Fe.png" in answer.headers["Content-Disposition"]
    assert hashlib.sha256(answer.content).hexdigest() == simulator.world.attachments[attachment_id].sha256


def test_an_attachment_is_its_owners_alone(simulator, guest, connect):
    attachment_id = guest.upload(PNG)
    other = connect(simulator)
    assert other.ask("getAttachment", attachmentId=attachment_id)["code"] == 4009
    assert other.ask("deleteAttachment", attachmentId=attachment_id)["code"] == 4009


def test_an_attachment_id_is_used_once(simulator, guest):
    attachment_id = guest.upload(PNG)
    assert guest.presign(PNG, attachmentId=attachment_id)["code"] == 400


def test_every_connection_of_the_session_hears_of_an_upload(simulator, guest, connect):
    other = connect(simulator, token=guest.token)
    attachment_id = guest.upload(PNG)
    assert other.wait("UploadSuccessEvent")["body"]["attachmentId"] == attachment_id


def test_uploaded_bytes_are_gone_when_the_simulator_is(connect):
    with Simulator(bot=False) as simulator:
        path = simulator.world.attachments[connect(simulator).upload(PNG)].path
        assert path.exists()
    assert not path.parent.exists()


# -- faults


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_a_put_fails_with_any_status(simulator, guest, status):
    simulator.faults.failUpload(status)
    presigned = guest.presign(PNG)
    assert guest.put(presigned, PNG).status_code == status
    assert guest.fence() == []
    assert guest.put(presigned, PNG).status_code == 200


def test_a_put_stalls_until_the_clock_says_so(simulator, guest):
    presigned = guest.presign(PNG)
    simulator.faults.stallUpload(60)
    headers = {**presigned["body"]["headers"], "Content-Type": "image/png"}
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.put(presigned["body"]["url"], data=PNG, headers=headers, timeout=0.2)
    assert guest.put(presigned, PNG).status_code == 200


def test_an_upload_fails_after_the_put(simulator, guest):
    simulator.faults.failScan(4003, "A virus")
    presigned = guest.presign(PNG)
    assert guest.put(presigned, PNG).status_code == 200
    failure = guest.wait("UploadFailureEvent")["body"]
    assert (failure["errorCode"], failure["errorMessage"]) == (4003, "A virus")
    assert simulator.world.attachments[failure["attachmentId"]].state is AttachmentState.FAILED


def test_the_success_of_an_upload_is_lost(simulator, guest):
    simulator.faults.loseUploadSuccess()
    presigned = guest.presign(PNG)
    assert guest.put(presigned, PNG).status_code == 200
    assert guest.fence() == []
    item = {"contentType": "Attachment", "attachment": {"id": presigned["body"]["attachmentId"]}}
    assert guest.say("ready all the same", content=[item])["code"] == 200


def test_a_download_breaks_off(simulator, guest):
    url = guest.ask("getAttachment", attachmentId=guest.upload(PNG))["body"]["url"]
    simulator.faults.cutBody(path="/files/")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        guest.rest("GET", url)
    assert guest.rest("GET", url).content == PNG
