"""What is to be done when, on one thread for all."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

import pytest
from _listeners import until

from genesys_webmessaging._base.scheduler import Scheduler


def threads(kind: str = "scheduler") -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith(f"genesys-webmessaging-{kind}")]


def no_thread_is_left() -> None:
    until(lambda: threads() == [])


def soon(seconds: float = 0.0) -> float:
    return time.monotonic() + seconds


def test_calls_are_made_in_the_order_of_their_times_on_one_thread() -> None:
    scheduler, made = Scheduler(), SimpleQueue[tuple[int, str]]()

    def note(number: int) -> None:
        made.put((number, threading.current_thread().name))

    begin = soon(0.1)
    for number in (3, 1, 2):
        scheduler.call_at(begin + number / 100, partial(note, number))
    calls = [made.get(timeout=5) for _ in range(3)]
    assert [number for number, _ in calls] == [1, 2, 3]
    assert len({name for _, name in calls}) == 1
    assert calls[0][1].startswith("genesys-webmessaging-scheduler-")
    no_thread_is_left()


def test_it_is_called_no_earlier_than_its_time() -> None:
    scheduler, made = Scheduler(), SimpleQueue[float]()
    due = soon(0.05)
    scheduler.call_at(due, lambda: made.put(time.monotonic()))
    assert made.get(timeout=5) >= due


def test_what_was_cancelled_is_not_called_and_nothing_waits_for_it() -> None:
    scheduler, made = Scheduler(), SimpleQueue[str]()
    timer = scheduler.call_at(soon(3600), lambda: made.put("late"))
    scheduler.call_at(soon(), lambda: made.put("soon"))
    assert made.get(timeout=5) == "soon"
    assert len(threads()) == 1
    timer.cancel()
    timer.cancel()
    no_thread_is_left()
    assert made.empty()


def test_timers_that_are_cancelled_take_no_memory_for_long() -> None:
    scheduler = Scheduler()
    last = scheduler.call_at(soon(3600), lambda: None)
    for _ in range(10_000):
        scheduler.call_at(soon(3600), lambda: None).cancel()
    assert len(scheduler._heap) < 200
    last.cancel()
    no_thread_is_left()


def test_what_takes_time_holds_nobody_up() -> None:
    scheduler, release, made = Scheduler(), threading.Event(), SimpleQueue[str]()

    def slow() -> None:
        made.put(threading.current_thread().name)
        release.wait(10)

    scheduler.call_at(soon(), slow, thread="repair")
    assert made.get(timeout=5).startswith("genesys-webmessaging-repair-")
    scheduler.call_at(soon(), lambda: made.put("another's"))
    assert made.get(timeout=5) == "another's"
    release.set()
    until(lambda: threads("repair") == [])


def test_what_raises_is_logged_and_the_next_is_called(caplog: pytest.LogCaptureFixture) -> None:
    scheduler, made = Scheduler(), SimpleQueue[str]()
    scheduler.call_at(soon(), lambda: 1 / 0)
    scheduler.call_at(soon(0.01), lambda: made.put("next"))
    assert made.get(timeout=5) == "next"
    assert "ZeroDivisionError" in caplog.text


def test_it_keeps_nobody_alive() -> None:
    class Waiting:
        def call(self) -> None:
            raise AssertionError("it is gone")

    scheduler, gone = Scheduler(), threading.Event()
    waiting = Waiting()
    timer = scheduler.call_at(soon(3600), waiting.call)
    weakref.finalize(waiting, gone.set)
    del waiting
    gc.collect()
    assert gone.is_set()
    timer.cancel()
    no_thread_is_left()


def test_a_finalizer_may_cancel_on_the_thread_that_sets_a_timer() -> None:
    """The garbage collector runs whatever it finds inside any call; the process stood still."""
    scheduler = Scheduler()

    class Owner:
        def __init__(self) -> None:
            self.timer = scheduler.call_at(soon(3600), self.act)
            self.itself = self

        def act(self) -> None: ...

        def __del__(self) -> None:
            self.timer.cancel()

    def work() -> None:
        for number in range(500):
            gc.set_threshold(number % 20 + 1)  # so that each time it is another step that is collected in
            Owner()
            scheduler.call_at(soon(3600), int).cancel()

    thresholds = gc.get_threshold()
    try:
        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        worker.join(20)
        assert not worker.is_alive()
    finally:
        gc.set_threshold(*thresholds)
    gc.collect()
    no_thread_is_left()


@pytest.fixture
def refuse_threads(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Have the system refuse the next threads."""
    start = threading.Thread.start

    def refuse(count: int) -> None:
        left = [None] * count

        def start_or_not(thread: threading.Thread) -> None:
            if left:
                left.pop()
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", start_or_not)

    return refuse


def test_a_thread_that_the_system_refuses_is_asked_for_again(refuse_threads: Callable[[int], None]) -> None:
    scheduler, made = Scheduler(), SimpleQueue[str]()
    refuse_threads(1)
    with pytest.raises(RuntimeError):
        scheduler.call_at(soon(), lambda: made.put("first"))
    scheduler.call_at(soon(), lambda: made.put("second"))
    assert made.get(timeout=5) == "second"
    no_thread_is_left()


def test_what_is_due_is_tried_again_when_the_system_has_no_thread_for_it(refuse_threads: Callable[[int], None]) -> None:
    scheduler, made = Scheduler(), SimpleQueue[str]()
    scheduler.call_at(soon(0.2), lambda: made.put(threading.current_thread().name), thread="reorder")
    refuse_threads(1)
    assert made.get(timeout=5).startswith("genesys-webmessaging-reorder-")
    no_thread_is_left()
