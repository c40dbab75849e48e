"""The pages of a history, from servers that tell the truth and from others."""

from __future__ import annotations

import json
import math

import pytest
from _rest_calls import ERROR, JWT
from _rest_server import Answer, RestServer

from genesys_webmessaging.exceptions import (
    ApiError,
    DecodeError,
)
from genesys_webmessaging.rest import (
    ApiClient,
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
    with ApiClient(server.address, shouldThrowErrors=False) as client:
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


def test_pages_are_fetched_when_they_are_asked_for():
    with RestServer(history(250)) as server, ApiClient(server.address) as client:
        pages = historyPages(client, lambda: JWT, lambda refused: refused)
        assert server.seen == []
        next(pages)
        assert len(server.seen) == 1


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
