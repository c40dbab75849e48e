"""The clock that everything runs on."""

from __future__ import annotations

import time

import pytest

from genesys_webmessaging.simulator import Clock


def test_the_clock_shows_the_time_and_what_was_added():
    clock = Clock()
    assert clock.now() == pytest.approx(time.time(), abs=1)
    clock.advance(3600)
    assert clock.now() == pytest.approx(time.time() + 3600, abs=1)
    assert clock.isoNow().endswith("Z")


def test_a_frozen_clock_moves_by_advance_only_and_runs_on_afterwards():
    clock = Clock()
    clock.freeze()
    before = clock.now()
    assert clock.now() == before
    clock.advance(10)
    assert clock.now() == before + 10
    clock.unfreeze()
    assert clock.now() == pytest.approx(before + 10, abs=1)


def test_a_clock_is_not_set_back():
    with pytest.raises(ValueError, match="set back"):
        Clock().advance(-1)


def test_timers_run_in_order_when_they_fall_due():
    clock = Clock()
    clock.freeze()
    done = []
    clock.callLater(20, lambda: done.append("late"))
    clock.callLater(10, lambda: done.append("early"))
    cancelled = clock.callLater(5, lambda: done.append("cancelled"))
    cancelled.cancel()
    clock.advance(9)
    assert done == []
    clock.advance(11)
    assert done == ["early", "late"]


def test_a_timer_can_start_the_next_one():
    clock = Clock()
    clock.freeze()
    done = []

    def first():
        done.append(1)
        clock.callLater(0, lambda: done.append(2))

    clock.callLater(1, first)
    clock.advance(1)
    assert done == [1, 2]


def test_timers_of_a_running_simulator_run_by_themselves_too(simulator):
    import threading

    rang = threading.Event()
    simulator.clock.callLater(0.01, rang.set)
    assert rang.wait(5)
