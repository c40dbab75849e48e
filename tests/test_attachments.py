"""Uploads to a whole service: what can be uploaded, what is refused before, what the server may say after."""

from __future__ import annotations

import io
import mimetypes
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from _listeners import Doing
from _transfers import PNG, configured, running

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


@pytest.fixture
def simulator():
    """A simulator whose deployment takes pictures only."""
    with Simulator(deployments=[Deployment(fileTypes=["image/*"])], bot=False) as simulator:
        yield simulator
        assert [str(violation) for violation in simulator.violations] == []


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
    assert told == sorted(set(told))
    session.awaitResponse(session.sendMessage("look", attachmentId), 5)


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

    def fill():
        with open(writer, "wb") as end:
            end.write(PNG)

    with running(fill), open(reader, "rb") as pipe:
        attachmentId = uploadAttachment(session, pipe, "piped.png")
    assert stored(simulator, attachmentId)[0] == PNG


def test_several_uploads_at_once_are_told_apart(session, simulator):
    simulator.faults.loseTracingId(class_="PresignedUrlResponse", times=None)
    contents = {f"{n}.png": bytes([n]) * (200_000 + n) for n in range(8)}
    with ThreadPoolExecutor(8) as pool:
        ids = dict(
            zip(contents, pool.map(lambda name: uploadAttachment(session, contents[name], name), contents), strict=True)
        )
    assert {name: stored(simulator, ids[name])[0] for name in contents} == contents


def test_an_upload_works_inside_a_listener(session, simulator):
    uploading = Doing("jwtResponse", lambda *_: uploadAttachment(session, PNG, "a.png", timeout=5))
    session.addSessionListener(uploading)
    session.getJwt()
    assert stored(simulator, uploading.waitForOutcome())[0] == PNG


class OnlyText:
    def read(self, _):
        return "text"


@pytest.mark.parametrize(
    ("source", "name", "error"),
    [
        (5, "a.png", TypeError),
        (OnlyText(), "a.png", TypeError),
        (io.StringIO("text"), "a.png", TypeError),
        (PNG, None, TypeError),
        (PNG, "", ValueError),
    ],
)
def test_arguments_that_cannot_be_right_are_refused(session, simulator, source, name, error):
    with pytest.raises(error):
        uploadAttachment(session, source, name)
    assert simulator.received.of("onAttachment") == []


class OnlyRead:
    """What a stream of some library is: it has a read(), and nothing else."""

    def __init__(self, data):
        self._file = io.BytesIO(data)

    def read(self, size):
        # Many take 0 for "all of it".
        return self._file.read(size or -1)


class Upload(OnlyRead):
    """A file of a form, as werkzeug makes it: the name of the field is not the name of the file."""

    name = "attachment"
    filename = "holiday.png"


def test_any_object_that_can_be_read_is_uploaded(session, simulator):
    assert stored(simulator, uploadAttachment(session, OnlyRead(PNG), "a.png"))[0] == PNG


def test_an_upload_of_a_form_has_the_name_of_its_file(session, simulator):
    content, attachment = stored(simulator, uploadAttachment(session, Upload(PNG)))
    assert (content, attachment.fileName, attachment.fileType) == (PNG, "holiday.png", "image/png")


def test_a_name_that_is_not_utf_8_is_sent_repaired(session, simulator, tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9.png")
    with open(path, "wb") as file:
        file.write(PNG)
    for source in (os.fsdecode(path), open(path, "rb")):  # noqa: SIM115 - closed below
        assert stored(simulator, uploadAttachment(session, source))[1].fileName == "caf\ufffd.png"
    source.close()
    assert stored(simulator, uploadAttachment(session, PNG, "\udce9.png"))[1].fileName == "\ufffd.png"


# Refused before the server is asked


def refused(words, client, simulator, *args):
    with pytest.raises(AttachmentError, match=words) as caught:
        uploadAttachment(client, *args)
    assert simulator.received.of("onAttachment") == []
    assert caught.value.code is None
    return caught.value


def test_an_empty_file_is_refused(session, simulator, tmp_path):
    path = tmp_path / "empty.png"
    path.touch()
    refused("empty.png is empty", session, simulator, path)
    refused("a.png is empty", session, simulator, b"", "a.png")


def test_a_kilobyte_has_1024_bytes():
    small = Deployment(id="demo", maxFileSizeKB=2)
    with Simulator(deployments=(small,), bot=False) as simulator, WebMessagingClient(simulator.address) as client:
        configured(client)
        refused("a.png has 2049 bytes, and the session allows 2 KB", client, simulator, b"x" * 2049, "a.png")
        assert stored(simulator, uploadAttachment(client, b"x" * 2048, "a.png"))[0] == b"x" * 2048


@pytest.mark.parametrize("name", ["virus.exe", "VIRUS.EXE", "picture.png.exe"])
def test_a_blocked_extension_is_refused_in_any_case(session, simulator, name):
    refused("extension", session, simulator, PNG, name, "image/png")


@pytest.mark.parametrize("name", ["README", ".png", "a.", "a.b/c", "x" * 1020 + ".png"])
def test_a_name_that_the_service_refuses_is_refused(session, simulator, name):
    refused("extension|fewer than 1024 characters", session, simulator, PNG, name, "image/png")


@pytest.mark.parametrize("type_", ["text/plain", "image", "application/octet-stream"])
def test_a_type_that_is_not_allowed_is_refused(session, simulator, type_):
    refused(f"type {type_}", session, simulator, PNG, "a.png", type_)


def test_a_type_is_guessed_from_the_name(session, simulator):
    refused("type application/octet-stream", session, simulator, PNG, "a.unheard-of")
    refused("type application/pdf", session, simulator, PNG, "a.pdf")


def test_a_file_that_cannot_be_read_is_refused(session, simulator, tmp_path):
    error = refused(r"nowhere\.png cannot be read: No such file", session, simulator, tmp_path / "nowhere.png")
    assert isinstance(error.__cause__, FileNotFoundError)
    refused("cannot be read: Is a directory", session, simulator, tmp_path)


def test_without_a_connection_nothing_is_uploaded(client):
    with pytest.raises(NotConnectedError):
        uploadAttachment(client, PNG, "a.png")


# Refused by the server


def test_a_server_that_has_not_said_what_it_allows_decides_itself(guest, talker):
    with running(uploadAttachment, talker, PNG, "virus.exe", timeout=5) as upload:
        request = guest.receive("onAttachment")
        assert {name: request[name] for name in ("fileName", "fileSize", "errorsAsJson")} == {
            "fileName": "virus.exe",
            "fileSize": len(PNG),
            "errorsAsJson": True,
        }
        body = {"attachmentId": request["attachmentId"], "errorCode": 4001, "errorMessage": "File type not allowed"}
        guest.answer(request, "GenerateUrlError", body)
        with pytest.raises(AttachmentError, match="File type not allowed") as caught:
            upload.result(5)
    assert (caught.value.code, caught.value.attachmentId) == (4001, request["attachmentId"])


@pytest.mark.parametrize("body", [{}, {"url": ""}, {"url": "file:///etc/passwd"}, {"url": "//host/path"}])
def test_an_answer_without_a_url_is_an_attachment_error(guest, talker, body):
    with running(uploadAttachment, talker, PNG, "a.png", timeout=5) as upload:
        guest.answer(guest.receive("onAttachment"), "PresignedUrlResponse", body)
        with pytest.raises(AttachmentError, match="gave no URL"):
            upload.result(5)


def test_a_string_error_is_an_attachment_error_with_its_code(session, simulator):
    simulator.faults.refuse("onAttachment", 4005, "File name too long")
    with pytest.raises(AttachmentError, match="File name too long") as caught:
        uploadAttachment(session, PNG, "a.png")
    assert caught.value.code == 4005


def test_too_many_requests_say_when_to_try_again(guest, talker):
    with running(uploadAttachment, talker, PNG, "a.png", timeout=5) as upload:
        body = {"retryAfter": 3, "errorCode": 4029, "errorMessage": "Too many requests"}
        guest.answer(guest.receive("onAttachment"), "TooManyRequestsErrorMessage", body, code=429)
        with pytest.raises(TooManyRequestsError) as caught:
            upload.result(5)
    assert caught.value.retryAfter == 3


def test_a_file_that_the_scan_refuses_is_an_attachment_error(session, simulator):
    simulator.faults.failScan(4003, "File content not allowed")
    with pytest.raises(AttachmentError, match="File content not allowed") as caught:
        uploadAttachment(session, PNG, "a.png")
    assert caught.value.code == 4003
    assert caught.value.attachmentId in simulator.world.attachments


def test_a_store_that_refuses_is_an_attachment_error_with_its_status(session, simulator):
    simulator.faults.failUpload(403)
    with pytest.raises(AttachmentError, match="answered 403") as caught:
        uploadAttachment(session, PNG, "a.png")
    assert caught.value.statusCode == 403
    assert caught.value.code is None


@pytest.mark.parametrize("lost", ["PresignedUrlResponse", "UploadSuccessEvent"])
def test_an_answer_that_does_not_come_is_an_attachment_error(session, simulator, lost):
    simulator.faults.lose(class_=lost)
    with pytest.raises(AttachmentError, match=r"within 0\.\d+ seconds"):
        uploadAttachment(session, PNG, "a.png", timeout=0.2)


@pytest.mark.parametrize("cut", ["PresignedUrlResponse", "UploadSuccessEvent"])
def test_a_connection_that_is_lost_meanwhile_is_said_to_be_lost(session, simulator, cut):
    simulator.faults.drop("reset", class_=cut)
    with pytest.raises(ConnectionClosedError):
        uploadAttachment(session, PNG, "a.png", timeout=5)


# FileUtils


def media(*types, limit=None):
    return AllowedMedia(inbound=FileUploadMode(fileTypes=[FileType(type=one) for one in types], maxFileSizeKB=limit))


@pytest.mark.parametrize(
    ("types", "asked", "outcome"),
    [
        (["image/png"], "image/png", True),
        (["image/png"], "IMAGE/PNG", True),
        (["IMAGE/PNG"], "image/png", True),
        (["image/*"], "image/svg+xml", True),
        (["image/*"], "video/mp4", False),
        (["*/*"], "application/x-zip-compressed", True),
        (["text/plain"], "text/plain; charset=utf-8", True),
        (["*/*"], "unknown", False),
        (["*/*"], "", False),
        ([], "image/png", False),
        ([None], "image/png", False),
    ],
)
def test_mime_types_match_with_wildcards_and_in_any_case(types, asked, outcome):
    assert FileUtils.isMimeTypeSupported(asked, media(*types)) is outcome


def test_nothing_is_allowed_where_nothing_is_said():
    assert not FileUtils.isMimeTypeSupported("image/png", None)
    assert not FileUtils.isMimeTypeSupported("image/png", AllowedMedia())


@pytest.mark.parametrize(
    ("size", "limit", "outcome"),
    [(0, 10, False), (1, 10, True), (10_240, 10, True), (10_241, 10, False), (1, 0, False), (10**12, None, True)],
)
def test_sizes_are_counted_in_kilobytes_of_1024_bytes(size, limit, outcome):
    assert FileUtils.isFileSizeSupported(size, media(limit=limit)) is outcome


@pytest.mark.parametrize(
    ("name", "blocked", "outcome"),
    [
        ("a.exe", [".exe"], True),
        ("a.EXE", [".exe"], True),
        ("a.exe", ["EXE"], True),
        ("a.tar.gz", [".tar.gz"], True),
        ("exe", [".exe"], False),
        ("a.exe.png", [".exe"], False),
        ("a.exe", [], False),
        ("a.exe", None, False),
        ("a.exe", [None, ""], False),
    ],
)
def test_extensions_are_blocked_in_any_case(name, blocked, outcome):
    assert FileUtils.isExtensionBlocked(name, blocked) is outcome


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("a.PNG", "image/png"),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.webp", "image/webp"),
        ("a.m4a", "audio/mp4"),
        ("a.csv.gz", "application/gzip"),
        ("a.heic", "image/heic"),
        ("a.b.txt", "text/plain"),
        ("a", "application/octet-stream"),
        ("png", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
    ],
)
def test_the_type_of_a_file_does_not_depend_on_the_machine(monkeypatch, name, type_):
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_args, **_named: pytest.fail("asked the machine"))
    assert FileUtils.getMimeType(name) == type_


@pytest.mark.parametrize(
    ("type_", "pattern", "outcome"),
    [
        ("image/png", "image/png", True),
        ("IMAGE/png", "image/*", True),
        ("image/png", "*/*", True),
        ("image/png", "video/*", False),
        ("image/svg+xml", "image/svg", False),
        ("text/plain; charset=utf-8", "text/plain", True),
        ("nonsense", "*/*", False),
    ],
)
def test_one_type_is_compared_with_one_pattern(type_, pattern, outcome):
    assert FileUtils.mimeTypeMatches(type_, pattern) is outcome
