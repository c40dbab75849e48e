"""Uploads to a scripted store: what goes over the wire, and what is made of files and stores that misbehave."""

from __future__ import annotations

import io
import logging
import os
import threading

import pytest
from _rest_calls import shown
from _rest_server import Answer, RestServer
from _transfers import IMPATIENT, PNG, accepting, running, uploading
from _websockets_peer import frame

from genesys_webmessaging import AttachmentError
from genesys_webmessaging.attachments import uploadAttachment
from genesys_webmessaging.rest import ApiClient


@pytest.mark.parametrize("size", [1, 65_536, 65_537, 300_000])
def test_the_store_gets_the_given_headers_and_no_others(guest, talker, size):
    data = os.urandom(size)
    talker.setApiClient(ApiClient(talker.address, "JWT-SECRET", defaultHeaders={"Origin": "https://shop.example"}))
    headers = {"x-amz-tagging": "Prefix=käse", "x-empty": "", "x-null": None}
    with RestServer(accepting(guest)) as server, uploading(guest, talker, server, data, headers) as (upload, id_):
        assert upload.result(5) == id_
    [seen] = server.seen
    assert (seen.method, seen.target) == ("PUT", f"/bucket/{id_}?X-Amz-Signature=URL-SECRET")
    assert seen.body == data
    assert {name.lower(): value for name, value in seen.headers} == {
        "host": server.address.removeprefix("http://"),
        "x-amz-tagging": "Prefix=käse".encode().decode("latin-1"),
        "x-empty": "",
        "content-type": "image/png",
        "content-length": str(size),
    }


def test_a_content_type_among_the_given_headers_is_sent_once(guest, talker):
    headers = {"content-type": "image/webp"}
    with RestServer(accepting(guest)) as server, uploading(guest, talker, server, PNG, headers) as (upload, _):
        upload.result(5)
    assert server.seen[0].header("Content-Type") == "image/webp"


def test_the_server_cannot_say_whom_the_bytes_are_for_nor_how_they_travel(guest, talker):
    headers = {
        "Host": "evil.example",
        "AUTHORIZATION": "Bearer x",
        "Transfer-Encoding": "chunked",
        "Content-Length": "3",
        "Connection": "close",
        "x-amz-tagging": "a=b",
    }
    with RestServer(accepting(guest)) as server, uploading(guest, talker, server, PNG, headers) as (upload, _):
        upload.result(5)
    [seen] = server.seen
    assert seen.body == PNG
    assert {name.lower(): value for name, value in seen.headers} == {
        "host": server.address.removeprefix("http://"),
        "x-amz-tagging": "a=b",
        "content-type": "image/png",
        "content-length": str(len(PNG)),
    }


def test_the_answer_to_the_put_is_not_yet_success(guest, talker):
    with RestServer(Answer(200)) as server, uploading(guest, talker, server, timeout=30) as (upload, id_):
        server.wait_for(lambda: len(server.seen) == 1)
        guest.send(frame("UploadSuccessEvent", {"attachmentId": "somebody-elses"}, type="message"))
        guest.send(frame("UploadFailureEvent", {"attachmentId": "somebody-elses", "errorCode": 4003}, type="message"))
        talker.awaitResponse(ping_answered(guest, talker), 5)
        assert not upload.done()
        guest.send(frame("UploadSuccessEvent", {"attachmentId": id_}, type="message"))
        assert upload.result(5) == id_


def ping_answered(guest, talker):
    tracingId = talker.ping()
    guest.answer(guest.receive("echo"), "StructuredMessage", {"text": "ping"})
    return tracingId


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(guest, talker, status):
    with (
        RestServer(Answer(200)) as elsewhere,
        RestServer(Answer(status, headers={"Location": f"{elsewhere.address}/stolen"})) as server,
    ):
        with uploading(guest, talker, server) as (upload, _), pytest.raises(AttachmentError, match=f"{status}"):
            upload.result(5)
        assert elsewhere.seen == []


def test_what_the_store_says_is_on_the_error_and_its_code_in_the_message(guest, talker):
    said = "<Error><Code>RequestTimeTooSkewed</Code><Signature>BODY-SECRET</Signature></Error>"
    with (
        RestServer(Answer(403, said, {"x-amz-request-id": "r-1"})) as server,
        uploading(guest, talker, server) as (upload, id_),
        pytest.raises(AttachmentError, match=r"a\.png .* 403 Forbidden \(RequestTimeTooSkewed\)") as caught,
    ):
        upload.result(5)
    error = caught.value
    assert (error.statusCode, error.body, error.attachmentId) == (403, said, id_)
    assert error.headers["x-amz-request-id"] == "r-1"
    assert "SECRET" not in shown(error)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(raw=b"", end="close"), "the connection broke"),
        (Answer(raw=b"", end="reset"), "the connection broke"),
        (Answer(raw=b"", end="hang"), "no answer in time"),
    ],
    ids=["close", "reset", "silent"],
)
def test_a_store_that_breaks_is_an_attachment_error_that_does_not_show_the_url(guest, talker, answer, words):
    with (
        RestServer(answer) as server,
        uploading(guest, talker, server, network=IMPATIENT) as (upload, _),
        pytest.raises(AttachmentError, match=words) as caught,
    ):
        upload.result(5)
    assert "SECRET" not in shown(caught.value)


def test_a_store_that_refuses_before_it_has_read_everything_is_heard(guest, talker):
    refusal = Answer(raw=b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", end="close")
    with (
        RestServer(refusal, read_body=False) as server,
        uploading(guest, talker, server, b"x" * 30_000_000) as (upload, _),
        pytest.raises(AttachmentError, match=r"413|the connection broke"),
    ):
        upload.result(10)


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ({"x-bad": "a\r\nHEADER-SECRET"}, None),
        ({}, "http://[URL-SECRET/file"),
        ({}, "http://a b/file?URL-SECRET"),
        ({}, "http:///file?URL-SECRET"),
        ({}, "http://host:99999/file?URL-SECRET"),
        ({}, "http://" + "x" * 70 + ".example/file?URL-SECRET"),
    ],
)
def test_what_cannot_be_requested_is_an_attachment_error_that_does_not_show_it(guest, talker, headers, url):
    with running(uploadAttachment, talker, PNG, "a.png", timeout=5) as upload:
        request = guest.receive("onAttachment")
        body = {"attachmentId": request["attachmentId"], "url": url or "http://127.0.0.1:1/", "headers": headers}
        guest.answer(request, "PresignedUrlResponse", body)
        with pytest.raises(AttachmentError, match="could not be uploaded") as caught:
            upload.result(5)
    error = caught.value
    assert "SECRET" not in shown(error)
    while error is not None:
        assert "SECRET" not in f"{error!r} {error}"
        error = error.__cause__ or error.__context__


# Files that change while they are read


class Changing(io.BytesIO):
    """A file that is no longer what it was when it is read for the second time."""

    def __init__(self, data, change):
        super().__init__(data)
        self._change = change
        self.reads = 0

    def read(self, size=-1):
        if size:
            self.reads += 1
            if self.reads == 2:
                self._change(self)
        return super().read(size)


def cut(file):
    file.truncate(70_000)


def extend(file):
    with_more = file.getvalue() + b"more"
    at = file.tell()
    file.seek(0)
    file.write(with_more)
    file.seek(at)


def vanish(_):
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("change", "words"),
    [(cut, "shrunk while it was read"), (extend, "grown while it was read"), (vanish, "cannot be read: Input/output")],
)
def test_a_file_that_changes_is_an_attachment_error_and_the_store_gets_no_whole_file(guest, talker, change, words):
    with RestServer(accepting(guest)) as server:
        with (
            uploading(guest, talker, server, Changing(b"x" * 200_000, change)) as (upload, id_),
            pytest.raises(AttachmentError, match=words) as caught,
        ):
            upload.result(5)
        server.wait_for(lambda: server.open_connections == 0)
    assert [len(seen.body) for seen in server.seen if len(seen.body) >= 200_000] == []
    assert caught.value.attachmentId == id_


# Progress


def test_progress_is_told_after_each_part(guest, talker):
    told = []
    with (
        RestServer(accepting(guest)) as server,
        uploading(guest, talker, server, b"x" * 150_000, progress=lambda *step: told.append(step)) as (upload, _),
    ):
        upload.result(5)
    assert told == [(65_536, 150_000), (131_072, 150_000), (150_000, 150_000)]


class EnoughError(OSError):
    """What a callback raises to end a transfer. An OSError, which must not be taken for one of the network's."""


def test_what_progress_raises_ends_the_upload_and_is_passed_on(guest, talker):
    def stop(sent, _):
        if sent > 100_000:
            raise EnoughError

    with RestServer(accepting(guest)) as server:
        with (
            uploading(guest, talker, server, b"x" * 1_000_000, progress=stop) as (upload, _),
            pytest.raises(EnoughError),
        ):
            upload.result(5)
        server.wait_for(lambda: server.open_connections == 0)
    assert [len(seen.body) for seen in server.seen if len(seen.body) >= 1_000_000] == []


# Memory, threads, secrets


def test_a_large_file_is_not_held_in_memory(guest, talker, tmp_path):
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(60_000_000)
    received = threading.Event()

    def swallow(seen):
        received.set()
        return accepting(guest)(seen)

    largest = []

    class Peeking(io.FileIO):
        def read(self, size=-1):
            largest.append(size)
            return super().read(size)

    with (
        RestServer(swallow) as server,
        Peeking(path) as file,
        uploading(guest, talker, server, file, timeout=30) as (upload, _),
    ):
        upload.result(30)
    assert received.is_set()
    assert max(largest) <= 65_536
    assert len(server.seen[0].body) == 60_000_000


def test_no_secret_of_an_upload_reaches_the_log(guest, talker, caplog):
    caplog.set_level(logging.DEBUG)
    headers = {"x-amz-security-token": "HEADER-SECRET"}
    with RestServer(accepting(guest)) as server, uploading(guest, talker, server, PNG, headers) as (upload, _):
        upload.result(5)
    ours = [record for record in caplog.records if not record.name.startswith("websockets")]
    assert "SECRET" not in "".join(f"{record.getMessage()} {record.args}" for record in ours)
    assert "the upload URL" in caplog.text
