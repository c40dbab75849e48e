"""What bounds a REST call: its time, the size of its answer, the end of its client and of its connections."""

from __future__ import annotations

import gzip
import io
import os
import select
import signal
import socket
import threading
import time
from contextlib import contextmanager

import pytest
from _certificates import certificate
from _rest_calls import JWT, PAGE, fetch
from _rest_server import Answer, RestServer
from _transfers import running

from genesys_webmessaging._base.threads import Deadline
from genesys_webmessaging.exceptions import (
    ConnectError,
    ConnectionClosedError,
    ConnectTimeoutError,
    DecodeError,
    ResponseTimeoutError,
)
from genesys_webmessaging.rest import ApiClient, NetworkSettings, RetryConfiguration, WebMessagingApi, _connection
from genesys_webmessaging.rest._presigned import Body, Transfers

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"


@contextmanager
def taking_at_most(seconds):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


# Time


@pytest.mark.parametrize(
    "raw", [b"HTTP/1.1 200 OK\r\nX-Drip: ", HEAD], ids=["headers that come a byte at a time", "such a body"]
)
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_an_answer_that_drips_ends_with_the_call(raw, secure):
    made = certificate()
    with (
        RestServer(Answer(raw=raw, end="drip"), tls=made.server if secure else None) as server,
        taking_at_most(3),
        pytest.raises(ResponseTimeoutError, match=r"within 0\.4 seconds"),
    ):
        fetch(server, callTimeout=0.4, sslContext=made.client if secure else None)


def test_a_server_that_drips_through_its_tls_handshake_is_a_connect_timeout():
    with (
        one_who(drip(b"\x16\x03\x03\x40\x00")) as port,
        taking_at_most(3),
        ApiClient(f"https://127.0.0.1:{port}", connectionTimeout=0.4) as client,
        pytest.raises((ConnectTimeoutError, ResponseTimeoutError)),
    ):
        WebMessagingApi(client).getWebmessagingMessages()


def test_a_proxy_that_drips_ends_with_the_call():
    with (
        one_who(drip(b"HTTP/1.1 200 OK\r\nX-Drip: ")) as port,
        taking_at_most(3),
        ApiClient("https://api.example", proxy=f"http://127.0.0.1:{port}", callTimeout=0.4) as client,
        pytest.raises((ConnectTimeoutError, ResponseTimeoutError)),
    ):
        WebMessagingApi(client).getWebmessagingMessages()


def test_the_timeout_of_a_call_covers_its_retries_and_the_waiting_between_them():
    patient = RetryConfiguration(maxRetryTimeSec=600, retryAfterDefaultMs=100)
    with (
        RestServer(Answer(503)) as server,
        ApiClient(server.address, JWT, retryConfiguration=patient) as client,
        taking_at_most(3),
        pytest.raises(Exception, match="503"),
    ):
        client.invoke("GET", "/x", timeout=0.5)
    assert 2 <= len(server.seen) <= 6


@pytest.mark.parametrize("value", [0, -1, "5", float("nan")])
def test_a_limit_that_cannot_be_right_is_refused(value):
    with pytest.raises((TypeError, ValueError), match="callTimeout"):
        ApiClient("http://127.0.0.1:1", callTimeout=value)


def test_an_upload_that_nobody_reads_ends_with_the_call():
    with socket.create_server(("127.0.0.1", 0)) as listener, taking_at_most(3):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with (
            Transfers(NetworkSettings(readTimeout=None), Deadline(0.5)) as transfers,
            pytest.raises(ResponseTimeoutError, match=r"within 0\.5 seconds"),
        ):
            transfers.put(url, {}, Body(io.BytesIO(bytes(50_000_000)), 50_000_000, None))


def test_threads_that_call_while_the_client_is_closed_get_an_answer_or_an_error_and_leave_nothing_open():
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    outcomes = []

    def call(client):
        for _ in range(30):
            try:
                outcomes.append(client.invoke("GET", "/x").statusCode)
            except (ConnectionClosedError, ConnectError) as error:
                outcomes.append(type(error))

    with RestServer(Answer(body=PAGE)) as server:
        client = ApiClient(server.address, JWT)
        threads = [threading.Thread(target=call, args=(client,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            client.close()
            threads[0].join(0.01)
        for thread in threads:
            thread.join(10)
        client.close()
    for thread in threading.enumerate():
        if thread.name.startswith("genesys-webmessaging"):
            thread.join(5)  # it was connecting
    assert len(outcomes) == 240
    assert set(outcomes) <= {200, ConnectionClosedError}
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before + 2


# The end of the client


@pytest.mark.parametrize("raw", [b"", HEAD], ids=["before the answer", "within its body"])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_close_cuts_the_call_under_way(raw, secure):
    made = certificate()
    with RestServer(Answer(raw=raw, end="hang"), tls=made.server if secure else None) as server:
        client = ApiClient(server.address, JWT, sslContext=made.client if secure else None)
        with running(WebMessagingApi(client).getWebmessagingMessages) as call, taking_at_most(3):
            server.wait_for(lambda: len(server.seen) == 1)
            client.close()
            with pytest.raises(ConnectionClosedError, match="closed"):
                call.result(5)


def test_close_cuts_a_call_that_is_still_connecting(monkeypatch):
    looking_up, stop = threading.Event(), threading.Event()

    def stuck(*_args, **_named):
        looking_up.set()
        stop.wait(20)
        raise socket.gaierror("stopped")

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    client = ApiClient("http://api.example", trustEnv=False)
    with running(WebMessagingApi(client).getWebmessagingMessages) as call, taking_at_most(3):
        assert looking_up.wait(5)
        client.close()
        with pytest.raises(ConnectionClosedError, match="closed"):
            call.result(5)
        stop.set()


def test_a_name_that_is_not_found_in_time_is_a_connect_timeout(monkeypatch):
    stop = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: stop.wait(20))
    with (
        ApiClient("http://api.example", trustEnv=False, connectionTimeout=0.3) as client,
        taking_at_most(3),
        pytest.raises(ConnectTimeoutError),
    ):
        WebMessagingApi(client).getWebmessagingMessages()
    stop.set()


def test_a_client_that_was_closed_can_be_used_again():
    with RestServer(Answer(body=PAGE)) as server:
        client = ApiClient(server.address, JWT)
        client.close()
        with client:
            assert WebMessagingApi(client).getWebmessagingMessages().total == 1


# The size of the answer


def test_an_answer_that_is_too_large_is_given_up():
    answer = Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b" " * 4096 + b"\r\n")
    with RestServer(answer) as server, pytest.raises(DecodeError, match="more than 4000 bytes"):
        fetch(server, maxBodySize=4000)


@pytest.mark.parametrize("status", [200, 302, 500])
def test_the_size_of_an_answer_counts_after_decompression(status):
    bomb = gzip.compress(b" " * 50_000_000)
    with (
        RestServer(Answer(status, bomb, {"Content-Encoding": "gzip", "Location": "/elsewhere"})) as server,
        pytest.raises(DecodeError, match="more than"),
    ):
        fetch(server)


def test_an_answer_that_was_compressed_twice_is_refused():
    body = gzip.compress(gzip.compress(b'{"total": 1}'))
    with (
        RestServer(Answer(body=body, headers={"Content-Encoding": "gzip, gzip"})) as server,
        pytest.raises(DecodeError, match="compress"),
    ):
        fetch(server)


# Connections that were kept


def test_an_idle_connection_that_has_died_costs_no_call():
    answers = (Answer(body=PAGE), Answer(raw=b"", end="reset"), Answer(body=PAGE))
    with RestServer(*answers) as server, ApiClient(server.address, JWT) as client:
        api = WebMessagingApi(client)
        assert api.getWebmessagingMessages().total == 1
        # The server reads the second request on the old connection, and resets it.
        assert api.getWebmessagingMessages().total == 1
    assert [seen.connection for seen in server.seen] == [1, 1, 2]


def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch):
    with RestServer(Answer(body=PAGE)) as server, ApiClient(server.address, JWT) as client:
        for _ in range(2):
            client.invoke("POST", "/x", body={})
        monkeypatch.setattr(_connection, "_LONGEST_IDLE", 0.0)
        client.invoke("POST", "/x", body={})
    assert [seen.connection for seen in server.seen] == [1, 1, 2]


def test_what_is_not_a_get_is_sent_once():
    answers = (Answer(body=PAGE), Answer(raw=b"", end="close"), Answer(body=PAGE))
    with RestServer(*answers) as server, ApiClient(server.address, JWT) as client:
        client.invoke("GET", "/x")
        with pytest.raises(ConnectionClosedError):
            client.invoke("POST", "/x", body={})
    assert len(server.seen) == 2


def test_a_new_connection_that_breaks_is_not_tried_again():
    with RestServer(Answer(raw=b"", end="close")) as server, pytest.raises(ConnectionClosedError):
        fetch(server)
    assert len(server.seen) == 1


# Forked processes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_shares_no_connection_with_its_parent():
    def own(seen):
        return Answer(body={"entities": [{"id": seen.header("Authorization")}], "total": 1})

    def asked(client, name, times):
        api = WebMessagingApi(client)
        pages = [api.getWebmessagingMessages(accessToken=f"{name}-{n}") for n in range(times)]
        return [page.entities[0].id for page in pages] == [f"Bearer {name}-{n}" for n in range(times)]

    with RestServer(own) as server, ApiClient(server.address, historyCallsPerMinute=None) as client:
        assert asked(client, "before", 1)
        children = []
        for number in range(4):
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                # os._exit: the child must not run what is left of the tests.
                os._exit(0 if asked(client, f"child-{number}", 10) else 1)
            children.append(child)
        assert asked(client, "parent", 10)
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert len({seen.connection for seen in server.seen}) == 5


@contextmanager
def one_who(chunks):
    """The port of a server that answers who comes with some chunks, one after another."""
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            if select.select([listener], [], [], 0.05)[0]:
                peer, _ = listener.accept()
                with peer:
                    peer.recv(4096)
                    for chunk in chunks:
                        if stop.wait(0.05):
                            break
                        try:
                            peer.sendall(chunk)
                        except OSError:
                            break

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, name="one-who")
        thread.start()
        yield listener.getsockname()[1]
        stop.set()
        thread.join(5)


def drip(first):
    yield first
    while True:
        yield b"x"
