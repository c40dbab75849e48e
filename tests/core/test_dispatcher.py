"""The queue and the thread that listeners are called on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from _listeners import until

from genesys_webmessaging._core.dispatcher import WARN_AT, Dispatcher

E = TypeVar("E")


def one_by_one(deliver: Callable[[E], object]) -> Callable[[Iterator[E]], None]:
    def deliver_all(events: Iterator[E]) -> None:
        for event in events:
            deliver(event)

    return deliver_all


def test_batches_are_delivered_in_order_on_one_named_daemon_thread() -> None:
    delivered: list[tuple[int, str, bool]] = []

    def deliver(n: int) -> None:
        thread = threading.current_thread()
        delivered.append((n, thread.name, thread.daemon))

    dispatcher = Dispatcher(one_by_one(deliver))
    dispatcher.start()
    for first in range(0, 100, 10):
        dispatcher.post(range(first, first + 10))
    dispatcher.finish([100])
    dispatcher.join(5)
    assert [n for n, _, _ in delivered] == list(range(101))
    ((name, daemon),) = {(name, daemon) for _, name, daemon in delivered}
    assert name.startswith("genesys-webmessaging-dispatcher-")
    assert daemon


def test_what_was_posted_before_the_start_is_delivered_after_it() -> None:
    delivered: list[int] = []
    dispatcher = Dispatcher(one_by_one(delivered.append))
    dispatcher.post([1])
    dispatcher.join(5)
    assert delivered == []
    dispatcher.start()
    dispatcher.finish([2])
    dispatcher.join(5)
    assert delivered == [1, 2]


def test_the_thread_ends_after_the_last_event() -> None:
    dispatcher = Dispatcher(one_by_one(lambda _: None))
    dispatcher.start()
    thread = dispatcher._thread
    assert thread.is_alive()
    dispatcher.finish()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1), KeyboardInterrupt()])
def test_what_delivering_raises_is_logged_and_the_next_event_is_delivered(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    delivered: list[int] = []

    def deliver(n: int) -> None:
        if n == 1:
            raise error
        delivered.append(n)

    dispatcher = Dispatcher(one_by_one(deliver))
    dispatcher.start()
    dispatcher.post([0, 1, 2])
    dispatcher.finish([3])
    dispatcher.join(5)
    assert delivered == [0, 2, 3]
    assert [record.getMessage() for record in caplog.records] == ["delivering an event failed"]


def test_joining_is_bounded() -> None:
    release = threading.Event()
    dispatcher = Dispatcher(one_by_one(lambda _: release.wait(10)))
    dispatcher.start()
    dispatcher.finish([1])
    dispatcher.join(0.05)
    assert dispatcher._thread.is_alive()
    release.set()
    dispatcher.join(5)
    assert not dispatcher._thread.is_alive()


def test_joining_on_its_own_thread_does_not_wait() -> None:
    joined = threading.Event()

    def deliver(_: int) -> None:
        assert dispatcher.waits_for_caller()
        dispatcher.join(60)
        joined.set()

    dispatcher: Dispatcher[int] = Dispatcher(one_by_one(deliver))
    assert not dispatcher.waits_for_caller()
    dispatcher.start()
    dispatcher.post([1])
    assert joined.wait(5)
    dispatcher.finish()
    dispatcher.join(5)


def test_a_dispatcher_begins_when_the_one_before_it_has_ended() -> None:
    delivered: list[str] = []
    release = threading.Event()

    def slow(event: str) -> None:
        assert release.wait(10)
        delivered.append(event)

    first = Dispatcher(one_by_one(slow))
    second = Dispatcher(one_by_one(delivered.append), after=first)
    third = Dispatcher(one_by_one(delivered.append), after=second)
    for dispatcher, event in ((first, "1"), (second, "2"), (third, "3")):
        dispatcher.start()
        dispatcher.finish([event])
    assert delivered == []
    release.set()
    third.join(5)
    assert delivered == ["1", "2", "3"]
    assert third._after is None


def test_joining_a_dispatcher_that_waits_for_the_caller_does_not_wait() -> None:
    joined = threading.Event()

    def deliver(_: int) -> None:
        assert started.wait(5)
        assert following.waits_for_caller()
        following.join(60)
        joined.set()

    started = threading.Event()
    first = Dispatcher(one_by_one(deliver))
    following = Dispatcher(one_by_one(lambda _: None), after=first)
    for dispatcher in (first, following):
        dispatcher.start()
        dispatcher.finish([1])
    started.set()
    assert joined.wait(5)
    following.join(5)
    assert not following.waits_for_caller()


def test_a_dispatcher_after_one_that_never_started_does_not_wait() -> None:
    delivered: list[int] = []
    dispatcher = Dispatcher(one_by_one(delivered.append), after=Dispatcher(one_by_one(delivered.append)))
    dispatcher.start()
    dispatcher.finish([1])
    dispatcher.join(5)
    assert delivered == [1]


def test_it_warns_once_when_too_much_is_waiting(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()
    count = [0]

    def deliver(_: int) -> None:
        release.wait(10)
        count[0] += 1

    dispatcher = Dispatcher(one_by_one(deliver))
    dispatcher.start()
    dispatcher.post(range(WARN_AT - 1))
    assert caplog.records == []
    dispatcher.post(range(5))
    dispatcher.post(range(5))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert str(WARN_AT + 4) in record.getMessage()
    release.set()
    dispatcher.finish()
    until(lambda: not dispatcher._thread.is_alive())
    assert count[0] == WARN_AT + 9
