"""Uploads: what is refused before, what goes over the wire, and what may come of it."""

from __future__ import annotations

import io
import logging
import os
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest
from _listeners import Doing
from _peer import frame
from _rest_calls import shown
from _rest_server import Answer, RestServer
from _transfers import Store, configured, impatient, running

from genesys_webmessaging import (
    AttachmentError,
    ConnectionClosedError,
    NotConnectedError,
    TooManyRequestsError,
    WebMessagingClient,
)
from genesys_webmessaging.attachments import FileUtils, uploadAttachment
from genesys_webmessaging.models import AllowedMedia, FileType, FileUploadMode
from genesys_webmessaging.simulator import Deployment, Simulator

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1000


@pytest.fixture
def session(client):
    configured(client)
    return client


def stored(simulator, attachmentId):
    attachment = simulator.world.attachments[attachmentId]
    return attachment.path.read_bytes(), attachment


# Sources


def test_a_path_is_uploaded_under_its_name(session, simulator, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(PNG)
    told = []
    attachmentId = uploadAttachment(session, path, progress=lambda sent, total: told.append((sent, total)))

    content, attachment = stored(simulator, attachmentId)
    assert content == PNG
    assert (attachment.fileName, attachment.fileType, attachment.fileSize) == ("picture.png", "image/png", len(PNG))
    assert told[-1] == (len(PNG), len(PNG))
    assert [sent for sent, _ in told] == sorted({sent for sent, _ in told})
    session.awaitResponse(session.sendMessage("look", attachmentId), 5)
    [put] = [request for request in simulator.requests if request.method == "PUT"]
    assert put.status == 200


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_bytes_are_uploaded_under_the_name_given(session, simulator, make):
    attachmentId = uploadAttachment(session, make(PNG), "a.bin", "image/x-own")
    content, attachment = stored(simulator, attachmentId)
    assert content == PNG
    assert (attachment.fileName, attachment.fileType) == ("a.bin", "image/x-own")


def test_a_file_object_is_read_from_where_it_stands(session, simulator, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"skipped" + PNG)
    with path.open("rb") as file:
        file.seek(7)
        attachmentId = uploadAttachment(session, file)
        assert not file.closed
    content, attachment = stored(simulator, attachmentId)
    assert content == PNG
    assert attachment.fileName == "picture.png"


def test_a_pipe_is_uploaded_too(session, simulator):
    reader, writer = os.pipe()
    with open(writer, "wb") as end, ThreadPoolExecutor(1) as pool:
        done = pool.submit(lambda: (end.write(PNG), end.close()))
        with open(reader, "rb") as pipe:
            attachmentId = uploadAttachment(session, pipe, "piped.png")
        done.result(5)
    assert stored(simulator, attachmentId)[0] == PNG


def test_several_uploads_at_once_are_told_apart(session, simulator):
    simulator.faults.loseTracingId(class_="PresignedUrlResponse", times=None)
    contents = {f"{n}.png": bytes([n]) * (200_000 + n) for n in range(8)}
    with ThreadPoolExecutor(8) as pool:
        ids = dict(zip(contents, pool.map(lambda name: uploadAttachment(session, contents[name], name), contents)))
    assert {name: stored(simulator, ids[name])[0] for name in contents} == contents


def test_an_upload_works_inside_a_listener(session, simulator):
    uploading = Doing("jwtResponse", lambda *_: uploadAttachment(session, PNG, "a.png", timeout=5))
    session.addSessionListener(uploading)
    session.getJwt()
    assert stored(simulator, uploading.waitForOutcome())[0] == PNG


@pytest.mark.parametrize(
    ("source", "name", "error"),
    [(5, "a.png", TypeError), (io.StringIO("text"), "a.png", TypeError), (PNG, None, TypeError), (PNG, "", ValueError)],
)
def test_arguments_that_cannot_be_right_are_refused(session, simulator, source, name, error):
    with pytest.raises(error):
        uploadAttachment(session, source, name)
    assert simulator.received.of("onAttachment") == []


# Refused before the server is asked


def refused(client, simulator, words, *args, **named):
    with pytest.raises(AttachmentError, match=words) as caught:
        uploadAttachment(client, *args, **named)
    assert simulator.received.of("onAttachment") == []
    assert caught.value.code is None
    return caught.value


def test_an_empty_file_is_refused(session, simulator, tmp_path):
    path = tmp_path / "empty.png"
    path.touch()
    refused(session, simulator, "empty.png is empty", path)
    refused(session, simulator, "a.png is empty", b"", "a.png")


def test_a_file_over_the_limit_is_refused_and_one_at_the_limit_is_not():
    with Simulator(Deployment(maxFileSizeKB=2), bot=False) if False else Simulator(
        deployments=(Deployment("demo", maxFileSizeKB=2),), bot=False
    ) as simulator, WebMessagingClient(simulator.address) as client:
        configured(client)
        refused(client, simulator, "2001 bytes, and the session allows 2", b"x" * 2001, "a.png")
        assert uploadAttachment(client, b"x" * 2000, "a.png")


@pytest.mark.parametrize("name", ["virus.exe", "VIRUS.EXE", "picture.png.exe"])
def test_a_blocked_extension_is_refused_in_any_case(session, simulator, name):
    refused(session, simulator, "extension", PNG, name, "image/png")


@pytest.mark.parametrize("type_", ["text/plain", "image", "application/octet-stream"])
def test_a_type_that_is_not_allowed_is_refused(session, simulator, type_):
    refused(session, simulator, f"type {type_}", PNG, "a.png", type_)


def test_a_type_is_guessed_from_the_name(session, simulator):
    refused(session, simulator, "type application/octet-stream", PNG, "no-extension")
    refused(session, simulator, "type application/pdf", PNG, "a.pdf")


def test_a_file_that_is_not_there_is_an_attachment_error(session, simulator, tmp_path):
    error = refused(session, simulator, "nowhere.png cannot be read: No such file", tmp_path / "nowhere.png")
    assert isinstance(error.__cause__, FileNotFoundError)
    refused(session, simulator, "cannot be read: Is a directory", tmp_path)


def test_without_a_session_nothing_is_read_or_sent(simulator, client):
    with pytest.raises(NotConnectedError):
        uploadAttachment(client, PNG, "a.png")


def test_a_server_that_has_not_said_what_it_allows_decides_itself(guest, talker):
    with running(uploadAttachment, talker, PNG, "virus.exe", timeout=5) as upload:
        request = guest.receive("onAttachment")
        guest.answer(request, "GenerateUrlError", {"errorCode": 4001, "errorMessage": "File type not allowed"})
        with pytest.raises(AttachmentError, match="File type not allowed") as caught:
            upload.result(5)
    assert caught.value.code == 4001


# What goes over the wire


def test_the_request_names_an_id_of_its_own_and_asks_for_errors_as_json(guest, talker):
    with running(uploadAttachment, talker, PNG, "a.png", timeout=5) as upload:
        request = guest.receive("onAttachment")
        guest.answer(request, "PresignedUrlResponse", {"attachmentId": request["attachmentId"]})
        with pytest.raises(AttachmentError, match="gave no URL"):
            upload.result(5)
    assert {name: request[name] for name in ("fileName", "fileType", "fileSize", "errorsAsJson")} == {
        "fileName": "a.png",
        "fileType": "image/png",
        "fileSize": len(PNG),
        "errorsAsJson": True,
    }


@pytest.mark.parametrize("size", [1, 65_536, 65_537, 300_000])
def test_the_store_gets_the_given_headers_and_no_others(guest, talker, size):
    data = os.urandom(size)
    ids = []

    def answer(seen):
        guest.send(frame("UploadSuccessEvent", {"attachmentId": ids[0]}))
        return Answer(200)

    talker.setApiClient_headers = None
    with RestServer(answer) as server:
        store = Store(guest, server, {"x-amz-tagging": "Prefix=käse", "x-empty": "", "x-null": None})
        with running(uploadAttachment, talker, data, "a.png", timeout=5) as upload:
            request = guest.receive("onAttachment")
            ids.append(request["attachmentId"])
            guest.answer(request, "PresignedUrlResponse", {**presigned(store), "attachmentId": ids[0]})
            assert upload.result(5) == ids[0]
    [seen] = server.seen
    assert (seen.method, seen.target, seen.body) == ("PUT", "/bucket/file?X-Amz-Signature=URLSECRET", data)
    headers = {name.lower(): value for name, value in seen.headers}
    assert headers == {
        "host": server.address.removeprefix("http://"),
        "x-amz-tagging": "Prefix=käse".encode().decode("latin-1"),
        "x-empty": "",
        "content-type": "image/png",
        "content-length": str(size),
    }


def presigned(store):
    return {"url": store.url, "headers": store.headers}
