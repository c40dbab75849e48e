"""What this package raises: the tree, the attributes, and what survives copying and pickling."""

from __future__ import annotations

import copy
import pickle

import pytest

from genesys_webmessaging import exceptions
from genesys_webmessaging.exceptions import (
    ApiError,
    AttachmentError,
    ConnectError,
    ConnectionClosedError,
    ConnectTimeoutError,
    DecodeError,
    ErrorCode,
    NotConfiguredError,
    NotConnectedError,
    RequestError,
    ResponseTimeoutError,
    TooManyRequestsError,
    WebMessagingException,
)
from genesys_webmessaging.models import ErrorBody

TREE = {
    ConnectError: (WebMessagingException, ConnectionError),
    ConnectTimeoutError: (ConnectError, TimeoutError),
    NotConnectedError: (WebMessagingException,),
    NotConfiguredError: (WebMessagingException,),
    ConnectionClosedError: (WebMessagingException, ConnectionError),
    DecodeError: (WebMessagingException, ValueError),
    RequestError: (WebMessagingException,),
    TooManyRequestsError: (RequestError,),
    ResponseTimeoutError: (WebMessagingException, TimeoutError),
    AttachmentError: (WebMessagingException,),
    ApiError: (WebMessagingException,),
}


def test_the_tree_is_that_of_the_documentation() -> None:
    assert {getattr(exceptions, name) for name in exceptions.__all__} == {
        *TREE,
        WebMessagingException,
        exceptions.ErrorCode,
    }
    for kind, bases in TREE.items():
        assert kind.__bases__ == bases


@pytest.mark.parametrize("kind", [*TREE, WebMessagingException])
def test_every_one_has_the_attributes_of_javas_and_prints_its_sentence(kind: type[WebMessagingException]) -> None:
    error = kind("a sentence")
    assert (error.statusCode, error.headers, error.body) == (-1, {}, None)
    assert "a sentence" in str(error)
    assert kind.__doc__
    assert isinstance(kind(), WebMessagingException)


FULL = [
    ConnectError("refused", statusCode=403, headers={"A": "b"}, body="why"),
    ConnectTimeoutError("late", statusCode=504),
    RequestError("too long", code=4011, tracingId="t"),
    RequestError("odd"),
    TooManyRequestsError("slower", tracingId="t", retryAfter=3),
    AttachmentError("virus", code=4003, attachmentId="a", statusCode=400),
    ApiError("no", statusCode=500, errorBody=ErrorBody(message="no"), correlationId="c"),
    ResponseTimeoutError("late"),
    ConnectionClosedError("gone"),
    DecodeError("odd", body="{"),
]


@pytest.mark.parametrize("error", FULL, ids=repr)
def test_copying_and_pickling_lose_nothing(error: WebMessagingException) -> None:
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is type(error)
        assert vars(again) == vars(error)
        assert (str(again), repr(again)) == (str(error), repr(error))


def test_the_code_of_a_refusal_is_part_of_its_sentence_when_there_is_one() -> None:
    assert str(RequestError("too long", code=4011)) == "too long (code 4011)"
    assert str(RequestError("odd")) == "odd"
    assert str(RequestError("gone", code=404)) == "gone (code 404: something that the request names does not exist)"
    assert "startNewChat()" in str(RequestError("no", code=409))
    assert "the file is empty" in str(RequestError("no", code=ErrorCode.FILE_EMPTY))
    assert str(TooManyRequestsError("slower")) == "slower (code 4029)"
    assert RequestError("too long", code=4011).message == "too long"


@pytest.mark.parametrize(
    ("codes", "passing", "final"),
    [
        ([408, 429, 4029, 500, 503, 5000], True, False),
        ([400, 401, 403, 404, 409, 422, 4000, 4006, 4007, 4011, 4017, 4102], False, True),
        ([-1, 200, 4099, 6000], False, False),
    ],
)
def test_a_code_says_whether_another_try_makes_sense(codes: list[int], passing: bool, final: bool) -> None:
    for code in codes:
        assert (ErrorCode.isPassing(code), ErrorCode.isFinal(code)) == (passing, final), code


def test_headers_are_a_copy() -> None:
    headers = {"A": "b"}
    error = ConnectError("x", headers=headers)
    headers["A"] = "c"
    assert error.headers == {"A": "b"}
