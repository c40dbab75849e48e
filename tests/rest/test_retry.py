"""When a REST call is tried again."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from _rest_calls import ERROR, MESSAGES, PAGE, fetch
from _rest_server import Answer, RestServer

from genesys_webmessaging.exceptions import ApiError, ConnectionClosedError, ResponseTimeoutError
from genesys_webmessaging.rest import (
    ApiClient,
    RetryConfiguration,
    WebMessagingApi,
    _retry,
)


def retrying(**options):
    return RetryConfiguration(**{"maxRetryTimeSec": 20, "retryAfterDefaultMs": 20, **options})


def test_java_s_defaults_try_once():
    assert RetryConfiguration() == RetryConfiguration(
        backoffIntervalMs=300_000, retryAfterDefaultMs=3_000, maxRetryTimeSec=0, maxRetriesBeforeBackoff=5
    )
    with RestServer(Answer(429, headers={"Retry-After": "0"})) as server, pytest.raises(ApiError):
        fetch(server)
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_was_turned_away_is_tried_again(status):
    with RestServer(Answer(status), Answer(status), Answer(body=PAGE)) as server:
        assert fetch(server, retryConfiguration=retrying()).total == 1
    assert [seen.target for seen in server.seen] == [f"{MESSAGES}?pageSize=25&pageNumber=1"] * 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 500, 501])
def test_what_was_refused_is_not_tried_again(status):
    with RestServer(Answer(status), Answer(body=PAGE)) as server, pytest.raises(ApiError):
        fetch(server, retryConfiguration=retrying())
    assert len(server.seen) == 1


@pytest.mark.parametrize("name", ["Retry-After", "retry-after", "RETRY-AFTER"])
def test_the_server_says_how_long_to_wait_in_any_case_of_letters(name):
    began = time.monotonic()
    with RestServer(Answer(429, headers={name: "1"}), Answer(body=PAGE)) as server:
        fetch(server, retryConfiguration=retrying(retryAfterDefaultMs=30_000))
    assert 1.0 <= time.monotonic() - began < 10


def test_retry_after_may_be_a_date():
    soon = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=2), usegmt=True)
    past = "Wed, 21 Oct 2015 07:28:00 GMT"
    began = time.monotonic()
    with RestServer(
        Answer(429, headers={"Retry-After": soon}), Answer(503, headers={"Retry-After": past}), Answer(body=PAGE)
    ) as server:
        fetch(server, retryConfiguration=retrying(retryAfterDefaultMs=30_000))
    assert 0.9 <= time.monotonic() - began < 10
    assert len(server.seen) == 3


@pytest.mark.parametrize("value", ["soon", "", "-5", "nan", "Wed, 99 Oct 9999", "1e999"])
def test_a_retry_after_that_is_nonsense_counts_as_none_or_as_now(value):
    with RestServer(Answer(429, headers={"Retry-After": value}), Answer(body=PAGE)) as server:
        assert fetch(server, retryConfiguration=retrying()).total == 1


@pytest.mark.parametrize("value", ["181", "86400", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_nobody_waits_longer_than_three_minutes(value):
    with RestServer(Answer(503, headers={"Retry-After": value})) as server, pytest.raises(ApiError) as caught:
        fetch(server, retryConfiguration=retrying())
    assert caught.value.headers["Retry-After"] == value
    assert len(server.seen) == 1


def test_no_try_begins_after_the_time_for_retries():
    began = time.monotonic()
    with RestServer(Answer(503)) as server, pytest.raises(ApiError):
        fetch(server, retryConfiguration=RetryConfiguration(maxRetryTimeSec=1, retryAfterDefaultMs=300))
    assert 1 <= time.monotonic() - began < 10
    assert 2 <= len(server.seen) <= 5


def test_a_server_that_stays_down_is_asked_less_often():
    slower = retrying(maxRetriesBeforeBackoff=2, retryAfterDefaultMs=0, backoffIntervalMs=400)
    began = time.monotonic()
    with RestServer(Answer(502), Answer(503), Answer(504), Answer(body=PAGE)) as server:
        fetch(server, retryConfiguration=slower)
    assert 0.4 <= time.monotonic() - began < 10
    assert len(server.seen) == 4


@pytest.mark.parametrize(
    ("name", "value", "error"), [("maxRetryTimeSec", -1, ValueError), ("backoffIntervalMs", "5", TypeError)]
)
def test_retry_settings_that_cannot_be_right_are_refused(name, value, error):
    with pytest.raises(error, match=name):
        RetryConfiguration(**{name: value})


def test_closing_the_client_ends_the_waiting():
    with RestServer(Answer(503, headers={"Retry-After": "100"}, body=ERROR)) as server:
        client = ApiClient(server.address, retryConfiguration=retrying(maxRetryTimeSec=1000))
        outcome = []

        def call():
            try:
                WebMessagingApi(client).getWebmessagingMessages()
            except (ApiError, ConnectionClosedError) as error:
                # It is closed while it waits for the next try, or while it still reads the answer.
                outcome.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        server.wait_for(lambda: len(server.seen) == 1)
        while thread.is_alive():
            client.close()
            thread.join(0.05)
        assert len(outcome) == 1


def test_history_calls_wait_for_their_turn(monkeypatch):
    monkeypatch.setattr(_retry, "MINUTE", 0.5)
    with RestServer(Answer(body=PAGE)) as server, ApiClient(server.address, historyCallsPerMinute=3) as client:
        began = time.monotonic()
        for _ in range(3):
            WebMessagingApi(client).getWebmessagingMessages()
        assert time.monotonic() - began < 0.4
        for _ in range(4):
            WebMessagingApi(client).getWebmessagingMessages()
        assert 1.0 <= time.monotonic() - began < 3
    assert len(server.seen) == 7


def test_ten_history_calls_a_minute_are_made_unless_said_otherwise():
    with RestServer(Answer(body=PAGE)) as server, ApiClient(server.address) as client:
        for _ in range(10):
            WebMessagingApi(client).getWebmessagingMessages()
        with pytest.raises(ResponseTimeoutError, match=r"10 such calls a minute are allowed, and the next in \d+ s"):
            client.invoke("GET", MESSAGES, limit=client.historyLimit, timeout=1)
        client.invoke("GET", "/something/else")
    assert len(server.seen) == 11
    with RestServer(Answer(body=PAGE)) as server, ApiClient(server.address, historyCallsPerMinute=None) as client:
        for _ in range(12):
            WebMessagingApi(client).getWebmessagingMessages()


@pytest.mark.parametrize(("value", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), ("10", TypeError)])
def test_a_limit_that_cannot_be_right_is_refused(value, error):
    with pytest.raises(error, match="historyCallsPerMinute"):
        ApiClient("http://127.0.0.1:1", historyCallsPerMinute=value)


def test_within_its_timeout_a_call_waits_as_long_as_the_server_says():
    with (
        RestServer(Answer(429, ERROR, {"Retry-After": "0"}), Answer(body=PAGE)) as server,
        ApiClient(server.address) as client,
    ):
        began = time.monotonic()
        client.invoke("GET", MESSAGES, timeout=10)
        # A server that says 0 has not thought about it.
        assert 1 <= time.monotonic() - began < 5
    assert len(server.seen) == 2


def test_a_429_says_when_to_try_again():
    with RestServer(Answer(429, ERROR, {"Retry-After": "17"})) as server, pytest.raises(ApiError) as caught:
        fetch(server)
    assert "try again after 17 seconds" in str(caught.value)
