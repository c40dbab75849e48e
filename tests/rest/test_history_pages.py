"""The pages of a history, from servers that tell the truth and from others."""

from __future__ import annotations

import json
import math
import threading

import pytest
from _rest_calls import ERROR, JWT
from _rest_server import Answer, RestServer

from genesys_webmessaging.exceptions import (
    ApiError,
    DecodeError,
    ResponseTimeoutError,
    WebMessagingException,
)
from genesys_webmessaging.rest import (
    ApiClient,
    _history,
    _retry,
    historyPages,
)


def history(messages, /, size=100, **overrides):
    """A server that pages honestly, apart from the overrides."""

    def answer(seen):
        query = dict(seen.query)
        number = int(query.get("pageNumber", 1))
        asked = min(int(query["pageSize"]), size)
        entities = [{"id": f"m{n}", "text": str(n)} for n in range((number - 1) * asked, min(number * asked, messages))]
        page = {"entities": entities, "pageSize": asked, "pageNumber": number, "total": messages}
        return Answer(body={**page, "pageCount": math.ceil(messages / asked), **overrides})

    return answer


def ids(server, jwt=lambda: JWT, renew=lambda refused: f"new-{refused}"):
    with ApiClient(server.address, shouldThrowErrors=False, historyCallsPerMinute=None) as client:
        return [message.id for page in historyPages(client, jwt, renew) for message in page.entities]


@pytest.mark.parametrize(
    ("total", "requests"), [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (200, 2), (250, 3), (1000, 10)]
)
def test_the_history_takes_no_request_more_than_it_must(total, requests):
    with RestServer(history(total)) as server:
        assert ids(server) == [f"m{n}" for n in range(total)]
    pages = [[("pageSize", "100")] + ([("pageNumber", str(n))] if n > 1 else []) for n in range(1, requests + 1)]
    assert [seen.query for seen in server.seen] == pages
    assert {seen.header("Authorization") for seen in server.seen} == {f"Bearer {JWT}"}


@pytest.mark.parametrize("missing", [{"pageCount": None}, {"pageCount": 0}, {"pageCount": "many"}])
def test_without_a_page_count_the_total_tells_the_last_page(missing):
    with RestServer(history(200, **missing)) as server:
        assert len(ids(server)) == 200
    assert len(server.seen) == 2


def test_with_neither_count_a_short_or_empty_page_is_the_last():
    for total, requests in ((150, 2), (200, 3)):
        with RestServer(history(total, pageCount=None, total=None)) as server:
            assert len(ids(server)) == total
        assert len(server.seen) == requests


def test_a_server_that_gives_fewer_on_a_page_is_read_to_the_end():
    with RestServer(history(60, size=25)) as server:
        assert len(ids(server)) == 60
    assert len(server.seen) == 3


@pytest.mark.parametrize("lie", [{"pageCount": 10**9}, {"pageCount": 10**9, "total": 10**9}])
def test_a_page_count_that_is_too_high_costs_one_request_at_most(lie):
    with RestServer(history(200, **lie)) as server:
        assert len(ids(server)) == 200
    assert len(server.seen) == 3


def test_a_server_that_repeats_pages_cannot_make_it_loop():
    first = history(100, pageCount=10**9)
    with RestServer(lambda seen: Answer(body=json.loads(first(SeenPage(1)).payload()))) as server:
        assert len(ids(server)) == 100
    assert len(server.seen) == 2


def test_a_server_that_goes_in_circles_cannot_make_it_loop():
    pages = history(200, pageCount=10**9)

    def circling(seen):
        number = int(dict(seen.query).get("pageNumber", 1))
        return pages(SeenPage(2 - number % 2))

    with RestServer(circling) as server:
        assert len(ids(server)) == 200
    assert len(server.seen) == 3


def test_a_message_that_moved_to_the_next_page_comes_once():
    pages = history(150)

    def moved(seen):
        answer = pages(seen)
        if len(server.seen) == 2:
            answer.body["entities"].insert(0, {"id": "m99", "text": "99"})
        return answer

    with RestServer(moved) as server:
        assert ids(server) == [f"m{n}" for n in range(150)]


def test_two_messages_with_one_id_and_messages_without_any_survive():
    entities = [{"id": "a", "type": "Text"}, {"id": "a", "type": "Receipt"}, {"text": "x"}, {"text": "x"}, None]
    with RestServer(Answer(body={"entities": entities, "total": 4})) as server, ApiClient(server.address) as client:
        [page] = historyPages(client, lambda: JWT, lambda refused: refused)
    assert [(message.id, str(message.type)) for message in page.entities[:2]] == [("a", "Text"), ("a", "Receipt")]
    assert [message.text for message in page.entities[2:]] == ["x", "x"]
    assert page.total == 4


@pytest.mark.parametrize("body", [{}, {"entities": None}, {"entities": []}, {"entities": [None]}])
def test_a_page_without_messages_is_an_empty_history(body):
    with RestServer(Answer(body=body)) as server:
        assert ids(server) == []
    assert len(server.seen) == 1


def test_the_next_page_is_fetched_while_one_is_read_but_no_more_than_that():
    with RestServer(history(450)) as server, ApiClient(server.address) as client:
        pages = historyPages(client, lambda: JWT, lambda refused: refused)
        assert server.seen == []
        next(pages)
        server.wait_for(lambda: len(server.seen) == 2)
        next(pages)
        server.wait_for(lambda: len(server.seen) == 3)
        pages.close()
    assert len(server.seen) == 3


def test_a_page_ahead_that_nobody_will_read_is_cut():
    never_ends = Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", end="drip")
    with RestServer(history(450), never_ends) as server, ApiClient(server.address) as client:
        pages = historyPages(client, lambda: JWT, lambda refused: refused)
        next(pages)
        server.wait_for(lambda: len(server.seen) == 2)
        (ahead,) = (each for each in threading.enumerate() if each.name.startswith("genesys-webmessaging-history"))
        pages.close()
        ahead.join(5)
        assert not ahead.is_alive()


def test_a_page_ahead_that_nobody_will_read_waits_for_no_other_try():
    busy = Answer(429, headers={"Retry-After": "20"}, body=ERROR)
    with RestServer(history(450), busy) as server, ApiClient(server.address) as client:
        pages = historyPages(client, lambda: JWT, lambda refused: refused, timeout=40)
        next(pages)
        server.wait_for(lambda: len(server.seen) == 2)
        (ahead,) = (each for each in threading.enumerate() if each.name.startswith("genesys-webmessaging-history"))
        ahead.join(0.3)
        assert ahead.is_alive()
        pages.close()
        ahead.join(5)
        assert not ahead.is_alive()
    assert len(server.seen) == 2


def test_without_a_free_turn_no_page_is_fetched_ahead():
    with RestServer(history(450)) as server, ApiClient(server.address, historyCallsPerMinute=2) as client:
        pages = historyPages(client, lambda: JWT, lambda refused: refused, timeout=20)
        assert [len(next(pages).entities) for _ in range(2)] == [100, 100]
        with pytest.raises(ResponseTimeoutError, match="2 such calls a minute"):
            next(pages)
    assert len(server.seen) == 2


def test_more_pages_than_a_minute_allows_wait_and_go_on(monkeypatch):
    monkeypatch.setattr(_retry, "MINUTE", 0.3)
    with RestServer(history(1250)) as server, ApiClient(server.address) as client:
        pages = historyPages(client, lambda: JWT, lambda refused: refused, timeout=20)
        assert sum(len(page.entities) for page in pages) == 1250
    assert len(server.seen) == 13


def test_a_history_that_is_not_done_in_its_time_is_a_response_timeout():
    with (
        RestServer(history(250), Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", end="drip")) as server,
        ApiClient(server.address) as client,
        pytest.raises(ResponseTimeoutError),
    ):
        list(historyPages(client, lambda: JWT, lambda refused: refused, timeout=0.5))


def test_too_many_requests_are_waited_out_within_the_time():
    pages = history(150)

    def busy(seen):
        return Answer(429, ERROR, {"Retry-After": "1"}) if len(server.seen) == 2 else pages(seen)

    with RestServer(busy) as server, ApiClient(server.address) as client:
        read = historyPages(client, lambda: JWT, lambda refused: refused, timeout=20)
        assert sum(len(page.entities) for page in read) == 150
    assert len(server.seen) == 3


class Moving:
    """A history to which messages are added, or whose newest ones are taken away, while it is read.

    Args:
        total: How many messages there are at first.
        moves: How many come (or go, below zero) before each request, from the second on.
        told: What of the counts the server tells.
    """

    def __init__(self, total, moves, told=("total", "pageCount"), time=False):
        self.entities = [self.entity(n, time) for n in range(total)]  # the oldest first
        self.at_first = [entity["id"] for entity in reversed(self.entities)]
        self.made = total
        self.moves = list(moves)
        self.told = told
        self.time = time
        self.requests = 0

    @staticmethod
    def entity(n, time):
        stamp = {"channel": {"time": f"2031-05-06T07:{n // 60:02}:{n % 60:02}.000Z"}} if time else {}
        return {"id": f"m{n}", "text": str(n), **stamp}

    def __call__(self, seen):
        self.requests += 1
        if self.requests > 1 and self.moves:
            move = self.moves.pop(0)
            if move < 0:
                del self.entities[move:]
            self.entities += [self.entity(n, self.time) for n in range(self.made, self.made + move)]
            self.made += max(move, 0)
        number = int(dict(seen.query).get("pageNumber", 1))
        newest_first = self.entities[::-1]
        page = {"entities": newest_first[(number - 1) * 100 : number * 100], "pageSize": 100, "pageNumber": number}
        counts = {"total": len(self.entities), "pageCount": math.ceil(len(self.entities) / 100)}
        return Answer(body={**page, **{name: counts[name] for name in self.told}})


@pytest.mark.parametrize("told", [("total", "pageCount"), ("total",), ("pageCount",), ()], ids="+".join)
@pytest.mark.parametrize("moves", [[1], [99], [100], [101], [150], [350], [7, 100, 3], [100, 100, 100], [50] * 6])
def test_pages_that_move_while_they_are_read_lose_and_double_nothing(moves, told):
    moving = Moving(350, moves, told)
    with RestServer(moving) as server:
        came = ids(server)
    assert len(came) == len(set(came))
    assert [id_ for id_ in came if id_ in set(moving.at_first)] == moving.at_first


@pytest.mark.parametrize("moves", [[1], [100], [350], [7, 100, 3], [50] * 6])
def test_what_came_since_the_reading_began_is_left_out(moves):
    moving = Moving(350, moves, time=True)
    with RestServer(moving) as server:
        assert ids(server) == moving.at_first


@pytest.mark.parametrize("moves", [[-1], [-100], [-150], [-99, 300]])
def test_pages_that_move_the_other_way_lose_nothing_that_is_left(moves):
    moving = Moving(550, moves, time=True)
    with RestServer(moving) as server:
        came = ids(server)
    assert len(came) == len(set(came))
    left = {entity["id"] for entity in moving.entities}
    assert [id_ for id_ in came if id_ in left] == [id_ for id_ in moving.at_first if id_ in left]


def test_a_total_that_is_guessed_anew_each_time_does_no_harm():
    pages = history(2500)

    def guessing(seen):
        answer = pages(seen)
        answer.body["total"] += len(server.seen) % 2
        return answer

    with RestServer(guessing) as server:
        assert ids(server) == [f"m{n}" for n in range(2500)]
    assert len(server.seen) <= 25 + 2 * 10


def test_an_entity_that_comes_twice_in_one_reading_is_heard_once():
    entities = [{"id": f"m{n}", "text": str(n)} for n in range(100)]
    pages = [[*entities[:99], entities[3]], [entities[0], *entities[99:], entities[99]]]

    def doubling(seen):
        number = int(dict(seen.query).get("pageNumber", 1))
        return Answer(body={"entities": pages[number - 1], "pageCount": 2, "pageSize": 100})

    with RestServer(doubling) as server:
        assert ids(server) == [f"m{n}" for n in range(100)]


def test_a_history_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(_history, "_MAX_PAGES", 20)

    def endless(seen):
        first = 100 * int(dict(seen.query).get("pageNumber", 1))
        return Answer(body={"entities": [{"id": f"m{n}"} for n in range(first, first + 100)]})

    with RestServer(endless) as server, pytest.raises(WebMessagingException, match="given up after 20 pages"):
        ids(server)
    assert len(server.seen) == 20


def test_a_jwt_that_expires_between_pages_is_renewed_once_for_the_page():
    pages = history(250)

    def expiring(seen):
        if len(server.seen) == 2:
            return Answer(401, ERROR)
        return pages(seen)

    jwts = ["jwt-1"]

    def renew(refused):
        jwts.append(f"{refused}+")
        return jwts[-1]

    with RestServer(expiring) as server:
        assert len(ids(server, lambda: jwts[-1], renew)) == 250
    authorizations = [seen.header("Authorization") for seen in server.seen]
    assert authorizations == ["Bearer jwt-1", "Bearer jwt-1", "Bearer jwt-1+", "Bearer jwt-1+"]


def test_a_renewed_jwt_that_is_refused_too_is_an_error():
    with RestServer(Answer(401, ERROR)) as server, pytest.raises(ApiError) as caught:
        ids(server)
    assert caught.value.statusCode == 401
    assert len(server.seen) == 2


@pytest.mark.parametrize("answer", [Answer(500, ERROR), Answer(204), Answer(200, b"nonsense")])
def test_a_page_that_fails_is_raised_even_when_errors_shall_not_be(answer):
    pages = history(250)
    with RestServer(pages, answer) as server, pytest.raises((ApiError, DecodeError)):
        ids(server)
    assert len(server.seen) == 2


class SeenPage:
    """Stands for a request for one page."""

    def __init__(self, number):
        self.query = [("pageSize", "100"), ("pageNumber", str(number))]
