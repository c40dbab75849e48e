"""REST calls against a scripted server on a real socket: what goes out, and what is made of the answers."""

from __future__ import annotations

import gzip
import json
import ssl
import threading

import pytest
from _rest_calls import ERROR, JWT, MESSAGES, PAGE, fetch
from _rest_server import Answer, RestServer

from genesys_webmessaging.exceptions import (
    ApiError,
    DecodeError,
    WebMessagingException,
)
from genesys_webmessaging.models import WebMessagingMessageEntityList
from genesys_webmessaging.regions import GenesysCloudRegionWebSocketHosts
from genesys_webmessaging.rest import (
    ApiClient,
    Configuration,
    DetailLevel,
    GetWebmessagingMessagesRequest,
    RetryConfiguration,
    WebMessagingApi,
)


def test_a_page_is_asked_for_as_java_asks():
    with RestServer(Answer(body=PAGE)) as server:
        page = fetch(server, defaultHeaders={"Origin": "https://shop.example"})

    [seen] = server.seen
    assert (seen.method, seen.target) == ("GET", f"{MESSAGES}?pageSize=25&pageNumber=1")
    assert seen.header("Authorization") == f"Bearer {JWT}"
    assert seen.header("Origin") == "https://shop.example"
    assert seen.header("Accept") == "application/json"
    assert seen.header("User-Agent").startswith("genesys-webmessaging/")
    assert seen.header("Cookie") is None
    assert isinstance(page, WebMessagingMessageEntityList)
    assert (page.entities[0].text, page.pageSize, page.total) == ("hello", 25, 1)


def test_parameters_that_are_none_are_left_out_and_zero_is_not():
    with RestServer(Answer(body=PAGE)) as server, ApiClient(server.address) as client:
        WebMessagingApi(client).getWebmessagingMessages()
        WebMessagingApi(client).getWebmessagingMessages(1, 0)
    assert [seen.target for seen in server.seen] == [MESSAGES, f"{MESSAGES}?pageSize=1&pageNumber=0"]
    assert server.seen[0].header("Authorization") is None


def test_the_request_object_says_the_same_as_the_arguments():
    request = GetWebmessagingMessagesRequest.builder().withPageSize(7).withPageNumber(3).build()
    request.withCustomHeaders({"X-Trace": "abc"})
    with RestServer(Answer(body=PAGE)) as server, ApiClient(server.address) as client:
        WebMessagingApi(client).getWebmessagingMessages(request)
    assert server.seen[0].target == f"{MESSAGES}?pageSize=7&pageNumber=3"
    assert server.seen[0].header("X-Trace") == "abc"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("25", 1), TypeError), ((25, True), TypeError), ((25, -1), ValueError), ((1.5, 1), TypeError)],
)
def test_parameters_that_cannot_be_right_are_refused_by_name(arguments, error):
    with RestServer() as server, ApiClient(server.address) as client:
        with pytest.raises(error, match="page"):
            WebMessagingApi(client).getWebmessagingMessages(*arguments)
        with pytest.raises(TypeError, match="pageNumber"):
            WebMessagingApi(client).getWebmessagingMessages(GetWebmessagingMessagesRequest(), 2)
        assert server.seen == []


def test_the_builder_makes_what_the_constructor_makes(monkeypatch):
    retry = RetryConfiguration(maxRetryTimeSec=3)
    client = (
        ApiClient.Builder.standard()
        .withBasePath(GenesysCloudRegionWebSocketHosts.eu_central_1)
        .withAccessToken(JWT)
        .withDefaultHeader("Origin", "https://shop.example")
        .withUserAgent("my-app/1")
        .withConnectionTimeout(1500)
        .withReadTimeout(0)
        .withShouldThrowErrors(False)
        .withDetailLevel(DetailLevel.FULL)
        .withAuthenticatedProxy("http://proxy.example:3128", "me", "p@ss:word/PROXYSECRET")
        .withRetryConfiguration(retry)
        .build()
    )
    assert client.basePath == "https://api.mypurecloud.de"
    assert client.defaultHeaders == {"User-Agent": "my-app/1", "Origin": "https://shop.example"}
    assert (client.networkSettings.connectionTimeout, client.networkSettings.readTimeout) == (1.5, None)
    assert client.networkSettings.proxy == "http://me:p%40ss%3Aword%2FPROXYSECRET@proxy.example:3128"
    assert (client.shouldThrowErrors, client.detailLevel, client.retryConfiguration) == (False, DetailLevel.FULL, retry)
    assert "SECRET" not in repr(client) + repr(client.networkSettings)


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://api.mypurecloud.ie/", "https://api.mypurecloud.ie"),
        ("wss://webmessaging.mypurecloud.ie/v1", "https://api.mypurecloud.ie"),
        ("ws://127.0.0.1:8080/v1", "http://127.0.0.1:8080"),
        ("http://[::1]:80/base", "http://[::1]:80/base"),
        ("us_east_1", "https://api.mypurecloud.com"),
    ],
)
def test_a_base_path_is_a_url_a_region_or_a_socket_address(given, base):
    assert ApiClient(given).basePath == base


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"basePath": "api.mypurecloud.com"}, ValueError, "address"),
        ({"basePath": "https://"}, ValueError, "basePath"),
        ({"basePath": "https://user:SECRET@host"}, ValueError, "basePath"),
        ({"basePath": "https://host/a?b=c"}, ValueError, "basePath"),
        ({"basePath": "https://host:99999"}, ValueError, "basePath"),
        ({"basePath": 5}, TypeError, "address"),
        ({"accessToken": "SECRET\r\nX: y"}, ValueError, "Authorization"),
        ({"accessToken": 5}, TypeError, "Authorization"),
        ({"defaultHeaders": {"X Y": "v"}}, ValueError, "X Y"),
        ({"defaultHeaders": {"Origin": "https://a\nSECRET"}}, ValueError, "Origin"),
        ({"defaultHeaders": {"Origin": "https://äSECRET"}}, ValueError, "Origin"),
        ({"connectionTimeout": 0}, ValueError, "connectionTimeout"),
        ({"readTimeout": float("inf")}, ValueError, "readTimeout"),
        ({"readTimeout": "5"}, TypeError, "readTimeout"),
        ({"sslContext": ssl.create_default_context(), "caFile": "x.pem"}, ValueError, "caFile"),
        ({"detailLevel": "LOUD"}, ValueError, "LOUD"),
    ],
)
def test_settings_that_cannot_be_right_are_refused_without_showing_secrets(options, error, words):
    with pytest.raises(error, match=words) as caught:
        ApiClient(**options)
    assert "SECRET" not in str(caught.value)


def test_a_proxy_is_asked_with_name_and_password():
    with RestServer(Answer(body=PAGE)) as proxy:
        client = (
            ApiClient.Builder.standard()
            .withBasePath("http://api.invalid")
            .withAuthenticatedProxy(proxy.address, "me", "secret")
            .build()
        )
        with client:
            assert WebMessagingApi(client).getWebmessagingMessages(25, 1).total == 1
    assert proxy.seen[0].target == f"http://api.invalid{MESSAGES}?pageSize=25&pageNumber=1"
    assert proxy.seen[0].header("Proxy-Authorization") == "Basic bWU6c2VjcmV0"


def test_connections_are_kept_and_a_dropped_one_is_replaced():
    with RestServer(Answer(body=PAGE), Answer(body=PAGE), Answer(body=PAGE, end="close"), Answer(body=PAGE)) as server:
        with ApiClient(server.address) as client:
            for _ in range(3):
                WebMessagingApi(client).getWebmessagingMessages()
            server.wait_for(lambda: server.open_connections == 0)
            WebMessagingApi(client).getWebmessagingMessages()
        assert [seen.connection for seen in server.seen] == [1, 1, 1, 2]


def test_cookies_are_neither_kept_nor_sent():
    with RestServer(Answer(body=PAGE, headers={"Set-Cookie": "session=1; Path=/"})) as server:
        with ApiClient(server.address) as client:
            for _ in range(2):
                WebMessagingApi(client).getWebmessagingMessages()
        assert [seen.header("Cookie") for seen in server.seen] == [None, None]


def test_a_netrc_does_not_replace_the_token(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password evil\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with RestServer(Answer(body=PAGE)) as server:
        fetch(server)
        with ApiClient(server.address) as client:
            WebMessagingApi(client).getWebmessagingMessages()
    assert [seen.header("Authorization") for seen in server.seen] == [f"Bearer {JWT}", None]


def test_many_threads_may_use_one_client():
    with RestServer(Answer(body=PAGE)) as server, ApiClient(server.address, JWT, historyCallsPerMinute=None) as client:
        totals = []
        threads = [
            threading.Thread(target=lambda: totals.append(WebMessagingApi(client).getWebmessagingMessages(1, 1).total))
            for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert totals == [1] * 16


def test_with_http_info_tells_status_headers_and_text():
    answer = Answer(body=PAGE, reason="Fine", headers={"inin-correlation-id": "corr-1", "X-Other": "1"})
    with RestServer(answer) as server, ApiClient(server.address, JWT) as client:
        response = WebMessagingApi(client).getWebmessagingMessagesWithHttpInfo(25, 1)
    assert (response.statusCode, response.statusReasonPhrase) == (200, "Fine")
    assert response.correlationId == "corr-1"
    assert response.getHeader("x-OTHER") == "1"
    assert response.headers["X-Other"] == "1"
    assert json.loads(response.rawBody) == PAGE
    assert response.body.entities[0].id == "m1"
    assert response.exception is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 429, 500, 502, 503, 504])
def test_an_error_carries_status_headers_body_and_document(status):
    answer = Answer(status, ERROR, {"ININ-Correlation-Id": "corr-9", "X-Why": "because"})
    with RestServer(answer) as server:
        with pytest.raises(ApiError, match=f"answered {status} .*no such thing.*not.found") as caught:
            fetch(server)
        assert len(server.seen) == 1
    error = caught.value
    assert error.statusCode == status
    assert error.headers["X-Why"] == "because"
    assert json.loads(error.body) == ERROR
    assert (error.errorBody.code, error.errorBody.contextId) == ("not.found", "c-1")
    assert error.correlationId == "corr-9"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Bad Gateway</html>", b"{broken", b"[1]", b'"text"', b"\xff\xfe", b'{"errors": 5}', b"[" * 99999],
)
def test_an_error_without_an_error_document_is_still_one(body):
    with RestServer(Answer(502, body)) as server, pytest.raises(ApiError, match="answered 502 Bad Gateway") as caught:
        fetch(server)
    assert caught.value.statusCode == 502
    assert caught.value.body == body.decode("utf-8", "replace")
    assert caught.value.correlationId is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(204), "204 with an empty body"),
        (Answer(200, b""), "200 with an empty body"),
        (Answer(200, b"  \n"), "an empty body"),
        (Answer(200, b"<html>Log in</html>", {"Content-Type": "text/html"}), "not JSON.*text/html"),
        (Answer(200, b"not json"), "not JSON"),
        (Answer(200, b'{"entities": ['), "not JSON"),
        (Answer(200, b"[1, 2]"), "not an object"),
        (Answer(200, b"null"), "not an object"),
        (Answer(200, b'{"entities": {"a": 1}}'), "does not fit.*entities"),
        (Answer(200, b"[" * 200_000), "not JSON"),
        (Answer(200, b'{"total": ' + b"9" * 5000 + b"}"), "not JSON"),
        (Answer(200, b"\x1f\x8bnot gzip at all", {"Content-Encoding": "gzip"}), "compression is broken"),
    ],
)
def test_a_success_that_is_no_page_is_a_decode_error(answer, words):
    with RestServer(answer) as server, pytest.raises(DecodeError, match=words) as caught:
        fetch(server)
    assert isinstance(caught.value, WebMessagingException)


def test_a_decode_error_carries_what_came():
    with (
        RestServer(Answer(200, b"not json", {"X-Who": "captive portal"})) as server,
        pytest.raises(DecodeError) as caught,
    ):
        fetch(server)
    assert (caught.value.statusCode, caught.value.body) == (200, "not json")
    assert caught.value.headers["X-Who"] == "captive portal"


def test_compressed_pages_and_a_byte_order_mark_are_read():
    zipped = Answer(200, gzip.compress(json.dumps(PAGE).encode()), {"Content-Encoding": "gzip"})
    with RestServer(zipped, Answer(200, b"\xef\xbb\xbf" + json.dumps(PAGE).encode())) as server:
        assert fetch(server).total == 1
        assert fetch(server).total == 1


def test_text_is_utf_8_whatever_the_content_type_says():
    page = {"entities": [{"id": "1", "text": "Grüße 👋"}]}
    body = json.dumps(page, ensure_ascii=False).encode()
    with RestServer(Answer(200, body, {"Content-Type": "application/json; charset=latin-1"})) as server:
        assert fetch(server).entities[0].text == "Grüße 👋"


def test_errors_come_as_none_or_as_the_answer_when_they_shall_not_be_raised():
    with (
        RestServer(Answer(500, ERROR, {"X-Why": "1"})) as server,
        ApiClient(server.address, shouldThrowErrors=False) as client,
    ):
        api = WebMessagingApi(client)
        assert api.getWebmessagingMessages() is None
        response = api.getWebmessagingMessagesWithHttpInfo()
    assert (response.statusCode, response.body, json.loads(response.rawBody)) == (500, None, ERROR)
    assert response.getHeader("x-why") == "1"
    assert isinstance(response.exception, ApiError)


def test_the_default_client_is_used_by_those_who_name_none():
    with ApiClient("https://api.mypurecloud.ie") as mine:
        Configuration.setDefaultApiClient(mine)
        try:
            assert WebMessagingApi().apiClient is mine
        finally:
            Configuration.setDefaultApiClient(None)
    made = Configuration.getDefaultApiClient()
    assert made.basePath == "https://api.mypurecloud.com"
    assert Configuration.getDefaultApiClient() is made
    with pytest.raises(TypeError, match="apiClient"):
        Configuration.setDefaultApiClient("https://api")
    with pytest.raises(TypeError, match="apiClient"):
        WebMessagingApi("https://api")


def test_a_builder_begins_with_the_settings_of_another_client():
    made = ApiClient.Builder.standard().withBasePath("eu_central_1").withAccessToken(JWT).withReadTimeout(1234)
    first = made.withUserAgent("mine/1").withDefaultHeader("Origin", "https://a.example").build()
    second = ApiClient.Builder.from_(first).withConnectionTimeout(99).build()
    assert second.basePath == "https://api.mypurecloud.de"
    assert second.defaultHeaders == first.defaultHeaders == {"User-Agent": "mine/1", "Origin": "https://a.example"}
    assert (second.networkSettings.readTimeout, second.networkSettings.connectionTimeout) == (1.234, 0.099)
    second.retryConfiguration.maxRetryTimeSec = 5
    assert first.retryConfiguration.maxRetryTimeSec == 0
    with RestServer(Answer(body=PAGE)) as server:
        second = ApiClient.Builder.from_(first).withBasePath(server.address).build()
        with second:
            second.invoke("GET", "/x")
    assert server.seen[0].header("Authorization") == f"Bearer {JWT}"
    assert ApiClient.Builder.defaultClient().basePath == "https://api.mypurecloud.com"


def test_a_request_takes_one_header_after_another():
    request = GetWebmessagingMessagesRequest(customHeaders={"X-A": "1"})
    request.addCustomHeader("X-B", "2")
    with RestServer(Answer(body=PAGE)) as server, ApiClient(server.address) as client:
        response = WebMessagingApi(client).getWebmessagingMessagesWithHttpInfo(request)
        assert response.hasRawBody()
    assert (server.seen[0].header("X-A"), server.seen[0].header("X-B")) == ("1", "2")
    with RestServer(Answer(204)) as server, ApiClient(server.address) as client:
        assert not client.invoke("GET", "/x").hasRawBody()
