"""Downloads: whole or not at all."""

from __future__ import annotations

import gzip
import io
import logging
import os
import resource
import stat

import pytest
from _certificates import certificate
from _listeners import Doing
from _rest_calls import shown
from _rest_server import Answer, RestServer
from _transfers import IMPATIENT, PNG, configured, running

from genesys_webmessaging import (
    AttachmentError,
    ConnectError,
    ConnectionClosedError,
    NotConnectedError,
    ResponseTimeoutError,
    WebMessagingClient,
)
from genesys_webmessaging.attachments import downloadAttachment, uploadAttachment
from genesys_webmessaging.rest import ApiClient, NetworkSettings

QUERY = "?X-Amz-Signature=URL-SECRET"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def session(client):
    configured(client)
    return client


def url_of(server):
    return f"{server.address}/bucket/a.png{QUERY}"


# From a whole service


def test_what_was_uploaded_is_downloaded_again(session, simulator, tmp_path):
    attachmentId = uploadAttachment(session, PNG, "a.png")
    path = tmp_path / "copy.png"
    told = []
    downloadAttachment(session, attachmentId, path, progress=lambda received, total: told.append((received, total)))
    assert path.read_bytes() == PNG
    assert told[-1] == (len(PNG), len(PNG))
    assert os.listdir(tmp_path) == ["copy.png"]
    [get] = simulator.requests.waitFor(lambda request: request.method == "GET" and "files" in request.path)
    assert {name.lower() for name in get.headers} <= {"host", "accept-encoding"}


def test_a_url_that_is_still_good_is_used(session, simulator, tmp_path, recorder):
    session.addSessionListener(recorder)
    attachmentId = uploadAttachment(session, PNG, "a.png")
    event = recorder.waitFor("uploadSuccessEvent")[0]
    downloadAttachment(session, attachmentId, tmp_path / "a.png", url=event.downloadUrl)
    assert (tmp_path / "a.png").read_bytes() == PNG
    assert simulator.received.of("getAttachment") == []


def test_a_url_that_has_expired_is_replaced(session, simulator, tmp_path, recorder):
    session.addSessionListener(recorder)
    attachmentId = uploadAttachment(session, PNG, "a.png")
    event = recorder.waitFor("uploadSuccessEvent")[0]
    simulator.clock.advance(700)
    downloadAttachment(session, attachmentId, tmp_path / "a.png", url=event.downloadUrl)
    assert (tmp_path / "a.png").read_bytes() == PNG
    assert len(simulator.received.of("getAttachment")) == 1


def test_a_download_works_inside_a_listener(session, tmp_path):
    attachmentId = uploadAttachment(session, PNG, "a.png")
    path = tmp_path / "a.png"
    downloading = Doing("jwtResponse", lambda *_: downloadAttachment(session, attachmentId, path, timeout=5))
    session.addSessionListener(downloading)
    session.getJwt()
    downloading.waitForOutcome()
    assert path.read_bytes() == PNG


def test_an_attachment_that_is_not_there_is_an_attachment_error(session, tmp_path):
    with pytest.raises(AttachmentError, match="refused") as caught:
        downloadAttachment(session, "00000000-0000-0000-0000-000000000000", tmp_path / "a.png")
    assert isinstance(caught.value.code, int)
    assert os.listdir(tmp_path) == []


def test_without_a_connection_only_a_good_url_helps(client, tmp_path):
    with RestServer(Answer(200, PNG), Answer(403)) as server:
        downloadAttachment(client, "a-1", tmp_path / "a.png", url=url_of(server))
        with pytest.raises(NotConnectedError):
            downloadAttachment(client, "a-1", tmp_path / "b.png", url=url_of(server))
    assert os.listdir(tmp_path) == ["a.png"]


# Destinations


def test_a_file_object_gets_the_bytes(client):
    target = io.BytesIO()
    with RestServer(Answer(200, PNG)) as server:
        downloadAttachment(client, "a-1", target, url=url_of(server))
    assert target.getvalue() == PNG


def test_an_empty_file_is_a_file(client, tmp_path):
    with RestServer(Answer(200, b"")) as server:
        downloadAttachment(client, "a-1", tmp_path / "a.png", url=url_of(server))
    assert (tmp_path / "a.png").read_bytes() == b""


def test_what_was_there_is_replaced_and_a_link_leads_on(client, tmp_path):
    (tmp_path / "target.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to(tmp_path / "target.png")
    with RestServer(Answer(200, PNG)) as server:
        downloadAttachment(client, "a-1", tmp_path / "link.png", url=url_of(server))
    assert (tmp_path / "target.png").read_bytes() == PNG
    assert (tmp_path / "link.png").is_symlink()


def test_a_new_file_has_the_usual_permissions(client, tmp_path):
    (tmp_path / "usual").touch()
    with RestServer(Answer(200, PNG)) as server:
        downloadAttachment(client, "a-1", str(tmp_path / "a.png"), url=url_of(server))
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("destination", [5, io.StringIO(), None])
def test_a_destination_that_cannot_be_right_is_refused(client, destination):
    with RestServer(Answer(200, PNG)) as server, pytest.raises(TypeError):
        downloadAttachment(client, "a-1", destination, url=url_of(server))
    assert server.seen == []


@pytest.mark.parametrize("name", ["nowhere/a.png", "."])
def test_a_path_that_cannot_be_written_is_an_attachment_error(client, tmp_path, name):
    with RestServer(Answer(200, PNG)) as server, pytest.raises(AttachmentError, match="cannot be written"):
        downloadAttachment(client, "a-1", tmp_path / name, url=url_of(server))
    assert os.listdir(tmp_path) == []


# Nothing half is left behind


@pytest.fixture
def half_a_disk():
    """Let no file grow over 100,000 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_an_attachment_error(client, tmp_path, half_a_disk):
    (tmp_path / "a.png").write_bytes(b"old")
    with (
        RestServer(Answer(200, PNG)) as server,
        pytest.raises(AttachmentError, match="cannot be written: File too large") as caught,
    ):
        downloadAttachment(client, "a-1", tmp_path / "a.png", url=url_of(server))
    assert isinstance(caught.value.__cause__, OSError)
    assert os.listdir(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"old"


def test_a_full_device_is_an_attachment_error(client):
    with (
        RestServer(Answer(200, PNG)) as server,
        open("/dev/full", "wb", buffering=0) as full,
        pytest.raises(AttachmentError, match="No space left"),
    ):
        downloadAttachment(client, "a-1", full, url=url_of(server))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(raw=LONG + PNG, end="close"), ConnectionClosedError),
        (Answer(raw=LONG + PNG, end="reset"), ConnectionClosedError),
        (Answer(raw=LONG + PNG, end="hang"), ResponseTimeoutError),
        (
            Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", end="close"),
            ConnectionClosedError,
        ),
        (Answer(500), AttachmentError),
        (Answer(302, headers={"Location": "http://127.0.0.1:1/"}), ConnectError),
    ],
    ids=["truncated", "reset", "silent", "chunk cut", "500", "redirect"],
)
def test_a_download_that_fails_leaves_nothing_and_shows_no_url(client, tmp_path, answer, error):
    (tmp_path / "a.png").write_bytes(b"old")
    with RestServer(answer) as server, pytest.raises(error) as caught:
        downloadAttachment(client, "a-1", tmp_path / "a.png", url=url_of(server), network=IMPATIENT)
    assert os.listdir(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert "SECRET" not in shown(caught.value)


def test_a_fresh_url_that_is_refused_is_an_attachment_error(guest, talker, tmp_path):
    said = "<Error><Code>AccessDenied</Code><Resource>BODY-SECRET</Resource></Error>"
    with (
        RestServer(Answer(403, said)) as server,
        running(downloadAttachment, talker, "a-1", tmp_path / "a.png", url=url_of(server), timeout=5) as download,
    ):
        request = guest.receive("getAttachment")
        guest.answer(request, "PresignedUrlResponse", {"attachmentId": "a-1", "url": url_of(server)})
        with pytest.raises(AttachmentError, match=r"403 Forbidden \(AccessDenied\)") as caught:
            download.result(5)
    assert len(server.seen) == 2
    assert (caught.value.statusCode, caught.value.body) == (403, said)
    assert "SECRET" not in shown(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_server_that_gives_no_url_in_time_is_an_attachment_error(guest, talker, tmp_path):
    with pytest.raises(AttachmentError, match=r"within 0\.\d+ seconds"):
        downloadAttachment(talker, "a-1", tmp_path / "a.png", timeout=0.2)
    assert os.listdir(tmp_path) == []


class EnoughError(OSError):
    """What a callback raises to end a transfer. An OSError, which must not be taken for one of the disk's."""


def test_what_progress_raises_ends_the_download_and_is_passed_on(client, tmp_path):
    def stop(*_):
        raise EnoughError

    with RestServer(Answer(200, PNG)) as server, pytest.raises(EnoughError):
        downloadAttachment(client, "a-1", tmp_path / "a.png", url=url_of(server), progress=stop)
    assert os.listdir(tmp_path) == []


def test_a_store_that_compresses_is_undone_and_has_no_total(client, tmp_path):
    told = []
    zipped = Answer(200, gzip.compress(PNG), {"Content-Encoding": "gzip"})
    with RestServer(zipped) as server:
        downloadAttachment(
            client, "a-1", tmp_path / "a.png", url=url_of(server), progress=lambda *step: told.append(step)
        )
    assert (tmp_path / "a.png").read_bytes() == PNG
    assert told[-1] == (len(PNG), None)


def test_no_secret_of_a_download_reaches_the_log(session, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    attachmentId = uploadAttachment(session, PNG, "a.png")
    with RestServer(Answer(403)) as server:
        downloadAttachment(session, attachmentId, tmp_path / "a.png", url=url_of(server))
    logged = "".join(
        f"{record.getMessage()} {record.args}" for record in caplog.records if "simulator" not in record.name
    )
    assert "SECRET" not in logged
    assert "Signature" not in logged
    assert "has expired: asking for another" in logged


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_without_our_headers(client, tmp_path, status):
    client.setApiClient(ApiClient(client.address, "JWT-SECRET", defaultHeaders={"Origin": "https://shop.example"}))
    with RestServer(Answer(200, PNG)) as store, RestServer() as server:
        server.script = [
            Answer(status, headers={"Location": "/elsewhere"}),
            Answer(status, headers={"Location": f"{store.address}/b?X-Amz-Signature=URL-SECRET"}),
        ]
        downloadAttachment(client, "a-1", tmp_path / "a.png", url=url_of(server))
        assert [seen.path for seen in server.seen] == ["/bucket/a.png", "/elsewhere"]
        assert [seen.path for seen in store.seen] == ["/b"]
        for seen in (*server.seen, *store.seen):
            assert {name.lower() for name, _ in seen.headers} == {"host"}
    assert (tmp_path / "a.png").read_bytes() == PNG


@pytest.mark.parametrize("location", ["/bucket/a.png?SECRET", "file:///etc/passwd?SECRET", "http://[SECRET"])
def test_redirects_that_lead_nowhere_are_connect_errors(client, tmp_path, location):
    with (
        RestServer(Answer(302, headers={"Location": location})) as server,
        pytest.raises(ConnectError, match="redirect") as caught,
    ):
        downloadAttachment(client, "a-1", tmp_path / "a.png", url=url_of(server))
    assert "SECRET" not in shown(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_redirect_from_https_to_http_is_not_followed(client, tmp_path):
    made = certificate()
    with (
        RestServer(Answer(200, PNG)) as elsewhere,
        RestServer(Answer(302, headers={"Location": elsewhere.address}), tls=made.server) as server,
    ):
        network = NetworkSettings(sslContext=made.client)
        with pytest.raises(ConnectError, match="not https"):
            downloadAttachment(client, "a-1", tmp_path / "a.png", url=url_of(server), network=network)
        assert elsewhere.seen == []


def test_a_secure_session_downloads_by_https_only(tmp_path):
    with (
        RestServer(Answer(200, PNG)) as server,
        WebMessagingClient("wss://127.0.0.1:1/v1") as client,
        pytest.raises(AttachmentError, match="not https"),
    ):
        downloadAttachment(client, "a-1", tmp_path / "a.png", url=url_of(server))
    assert server.seen == []


# Modes


@pytest.mark.skipif(os.name != "posix", reason="needs file modes")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_file_that_is_replaced_is_opened_to_nobody_else(client, tmp_path, mode):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    path.chmod(mode)
    with RestServer(Answer(200, PNG)) as server:
        downloadAttachment(client, "a-1", path, url=url_of(server))
    assert path.read_bytes() == PNG
    assert stat.S_IMODE(path.stat().st_mode) & ~mode == 0


def test_the_timeout_covers_the_whole_download(client, tmp_path):
    dripping = Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", end="drip")
    with RestServer(dripping) as server, pytest.raises(ResponseTimeoutError, match=r"within 0\.4 seconds"):
        downloadAttachment(client, "a-1", tmp_path / "a.png", url=url_of(server), timeout=0.4)
    assert os.listdir(tmp_path) == []
