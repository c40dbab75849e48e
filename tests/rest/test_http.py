"""What the network does to REST calls, and what is never shown of them."""

from __future__ import annotations

import logging
import socket
import ssl
from contextlib import ExitStack, contextmanager

import pytest
from _certificates import certificate
from _proxies import HttpProxy
from _raw_peer import RawPeer
from _rest_calls import JWT, MESSAGES, PAGE, fetch, shown
from _rest_server import Answer, RestServer
from urllib3.exceptions import InsecureRequestWarning

from genesys_webmessaging.exceptions import (
    ApiError,
    ConnectError,
    ConnectionClosedError,
    ConnectTimeoutError,
    ResponseTimeoutError,
)
from genesys_webmessaging.rest import (
    ApiClient,
    DetailLevel,
    WebMessagingApi,
)


@contextmanager
def full_backlog():
    """The address of a server that lets nobody in: its queue is full and it never accepts."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_certificate_that_does_not_verify_is_a_connect_error():
    with RestServer(Answer(body=PAGE), tls=certificate().server) as server:
        with pytest.raises(ConnectError, match="no secure connection") as caught:
            fetch(server)
        assert isinstance(caught.value.__cause__, ssl.SSLError)
    assert server.seen == []


def test_a_ca_file_or_a_context_makes_it_verify(monkeypatch):
    made = certificate()
    # An environment that knows another CA must not beat what was said here.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate().ca_file))
    with RestServer(Answer(body=PAGE), tls=made.server) as server:
        assert fetch(server, caFile=str(made.ca_file)).total == 1
        assert fetch(server, sslContext=made.client).total == 1
        with pytest.raises(ConnectError, match="no secure connection"):
            fetch(server)


def test_the_environments_certificates_count_unless_it_is_not_trusted(monkeypatch):
    made = certificate()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.ca_file))
    with RestServer(Answer(body=PAGE), tls=made.server) as server:
        assert fetch(server).total == 1
        with pytest.raises(ConnectError, match="no secure connection"):
            fetch(server, trustEnv=False)


def test_a_context_of_ones_own_gets_no_certificates_added():
    made = certificate()
    before = made.client.cert_store_stats()
    with RestServer(Answer(body=PAGE), tls=made.server) as server:
        fetch(server, sslContext=made.client)
    assert made.client.cert_store_stats() == before


def test_a_context_that_verifies_nobody_is_left_alone():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        RestServer(Answer(body=PAGE), tls=certificate().server) as server,
        pytest.warns(InsecureRequestWarning),
    ):
        assert fetch(server, sslContext=context).total == 1
    assert context.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_whom_to_trust_is_decided_as_for_a_websocket(monkeypatch, variable):
    made = certificate()
    monkeypatch.setenv(variable, str(made.ca_file))
    with RestServer(Answer(body=PAGE), tls=made.server) as server:
        assert fetch(server).total == 1


def test_a_ca_file_that_is_not_there_is_named(tmp_path):
    with (
        RestServer(Answer(body=PAGE), tls=certificate().server) as server,
        pytest.raises(ConnectError, match=r"nowhere\.pem"),
    ):
        fetch(server, caFile=str(tmp_path / "nowhere.pem"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    with RestServer(Answer(body=PAGE)) as elsewhere:
        with (
            RestServer(Answer(status, headers={"Location": f"{elsewhere.address}{MESSAGES}"})) as server,
            pytest.raises(ApiError, match="redirects are not followed") as caught,
        ):
            fetch(server)
        assert caught.value.statusCode == status
        assert elsewhere.seen == []


def test_nobody_listening_is_a_connect_error():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with ApiClient(address, JWT) as client, pytest.raises(ConnectError, match="no connection") as caught:
            WebMessagingApi(client).getWebmessagingMessages()
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert isinstance(caught.value, ConnectionError)
    assert caught.value.statusCode == -1


def test_a_host_that_does_not_exist_is_a_connect_error():
    with (
        ApiClient("http://no-such-host.invalid", trustEnv=False) as client,
        pytest.raises(ConnectError, match=r"no-such-host\.invalid.*no connection"),
    ):
        WebMessagingApi(client).getWebmessagingMessages()


def test_a_connection_that_does_not_open_in_time_is_a_connect_timeout():
    with (
        full_backlog() as address,
        ApiClient(address, connectionTimeout=0.2) as client,
        pytest.raises(ConnectTimeoutError, match="in time") as caught,
    ):
        WebMessagingApi(client).getWebmessagingMessages()
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(raw=b"", end="hang"),
        Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Le", end="hang"),
        Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", end="hang"),
    ],
    ids=["no answer", "half a header", "half a body"],
)
def test_a_silent_server_is_a_response_timeout(answer):
    with RestServer(answer) as server, pytest.raises(ResponseTimeoutError, match="no answer in time"):
        fetch(server, readTimeout=0.2)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(raw=b"", end="close"),
        Answer(raw=b"", end="reset"),
        Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", end="close"),
        Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", end="reset"),
        Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", end="close"),
        Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", end="close"),
        Answer(raw=b"SMTP ready\r\n", end="close"),
    ],
    ids=["close", "reset", "truncated", "reset in body", "chunk cut", "chunk nonsense", "not HTTP"],
)
def test_a_connection_that_breaks_is_said_to_be_broken(answer):
    with RestServer(answer) as server, pytest.raises(ConnectionClosedError, match="the connection broke"):
        fetch(server)


def test_a_proxy_that_refuses_is_a_connect_error_with_its_status():
    refusal = Answer(407, raw=b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", end="close")
    with RestServer(refusal) as proxy:
        url = proxy.address.replace("http://", "http://me:PROXYSECRET@")
        with (
            ApiClient("https://api.invalid", JWT, proxy=url) as client,
            pytest.raises(ConnectError, match=r"the proxy refused.*407") as caught,
        ):
            WebMessagingApi(client).getWebmessagingMessages()
    assert caught.value.statusCode == 407
    assert "PROXYSECRET" not in shown(caught.value)


@pytest.mark.parametrize("front", [False, True], ids=["plain proxy", "proxy behind TLS"])
def test_a_call_goes_through_a_proxy_with_tls_on_both_ways(pki, front):
    proxy = HttpProxy()
    with (
        RestServer(Answer(body=PAGE), tls=pki.server) as server,
        RawPeer(proxy, pki.server if front else None) as relay,
    ):
        url = f"{'https' if front else 'http'}://me:pass@127.0.0.1:{relay.port}"
        with ApiClient(server.address, JWT, proxy=url, caFile=str(pki.ca_file)) as client:
            api = WebMessagingApi(client)
            assert [api.getWebmessagingMessages().total for _ in range(2)] == [1, 1]
    assert len(proxy.requests) == 1
    assert [seen.connection for seen in server.seen] == [1, 1]


@pytest.mark.parametrize("level", list(DetailLevel))
def test_no_secret_reaches_the_log_on_any_level(level, caplog):
    caplog.set_level(logging.DEBUG)
    page = {"entities": [{"id": "m1", "text": "TEXTSECRET"}], "jwt": "BODYSECRET", "note": JWT}
    answers = (
        Answer(200, page, {"Set-Cookie": "a=COOKIESECRET"}),
        Answer(
            401,
            {"message": f"bad token {JWT}", "refreshToken": "BODYSECRET"},
            {"Location": "https://me:USERSECRET@x.example/?sig=QUERYSECRET", "Content-Location": "/x?QUERYSECRET"},
        ),
    )
    with RestServer(*answers) as server, ApiClient(server.address, JWT, detailLevel=level) as client:
        WebMessagingApi(client).getWebmessagingMessages(25, 1)
        with pytest.raises(ApiError) as caught:
            WebMessagingApi(client).getWebmessagingMessages(25, 1)
    logged = "".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
    assert "SECRET" not in logged
    assert "SECRET" not in shown(caught.value)
    ours = [record.getMessage() for record in caplog.records if record.name == "genesys_webmessaging.rest"]
    assert any("answered 200" in message for message in ours) is (level is not DetailLevel.NONE)
    assert any("User-Agent" in message for message in ours) is (level in {DetailLevel.HEADERS, DetailLevel.FULL})
    assert any("<10 characters>" in message for message in ours) is (level is DetailLevel.FULL)


def test_the_libraries_below_do_not_log_the_path_of_our_calls(caplog):
    caplog.set_level(logging.DEBUG)
    with RestServer(Answer(204)) as server, ApiClient(server.address) as client:
        client.invoke("DELETE", "/devices/{token}", pathParameters={"token": "PATH/SECRET"})
        assert server.seen[0].target == "/devices/PATH%2FSECRET"
    assert "SECRET" not in caplog.text
    assert any(record.name == "urllib3.connectionpool" for record in caplog.records)


def test_a_failure_of_the_network_does_not_show_the_path():
    parameters = {"token": "PATH/SECRET"}
    with (
        RestServer(Answer(raw=b"", end="close")) as server,
        ApiClient(server.address, JWT) as client,
        pytest.raises(ConnectionClosedError) as caught,
    ):
        client.invoke("DELETE", "/devices/{token}", pathParameters=parameters)
    error = caught.value
    assert "SECRET" not in shown(error)
    while error is not None:
        assert "SECRET" not in repr(error)
        error = error.__cause__ or error.__context__
