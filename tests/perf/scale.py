"""What guests cost as they grow in number: idle ones, and ones who talk once in five seconds.

    python tests/perf/scale.py [--quick] [--plain]

Each guest is a Conversation over TLS with its heartbeat; the server is a process of its own. First 1,000 idle guests
are looked at, then 1, 10, 100 and 1,000 who talk: CPU of a turn (send, echo, answer), share of a core, memory, threads.
At last as many turns as one core carries tell how many guests those are. ``--quick`` stops at 100, and after seconds.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from _firehose import Firehose
from _selfsigned import certificate
from load import allow_descriptors

from genesys_webmessaging import Conversation

PAUSE = 5.0  # seconds from one turn of a guest to the next
TALKERS = 8  # threads that talk for the guests; each waits for one answer at a time
KB_AT_MOST, IDLE_AT_MOST, OPEN_AT_MOST, THREADS_AT_MOST = 80, 2.0, 1.5, 2.0
GROWTH_AT_MOST = 1.2  # a turn among ten times as many guests may cost so many times as much


def memory() -> float:
    """Kilobytes of this process in memory."""
    gc.collect()
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 1024
    except OSError:  # not Linux: the most there ever was
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def verdict(value: float, at_most: float) -> str:
    return f"(at most {at_most:g}: {'met' if value <= at_most else 'MISSED'})"


@contextmanager
def opened(count: int, address: str, options: dict[str, Any]) -> Iterator[list[Conversation]]:
    """So many conversations."""
    chats: list[Conversation] = []
    try:
        for _ in range(count):
            chats.append(Conversation.open(address, "demo", origin="https://shop.example", **options))
        yield chats
    finally:
        with ThreadPoolExecutor(TALKERS) as pool:
            list(pool.map(Conversation.close, chats))


def turn(chat: Conversation) -> None:
    chat.send("What is new?")
    chat.receive(timeout=30)


def talk(chats: list[Conversation], seconds: float, pool: ThreadPoolExecutor) -> int:
    """Let each guest talk once in five seconds, evenly spread, for some seconds. Returns how many turns that were."""
    begin, turns, never = time.monotonic(), 0, threading.Event()
    pending = []
    while (due := begin + turns * PAUSE / len(chats)) < begin + seconds:
        never.wait(max(0.0, due - time.monotonic()))
        pending.append(pool.submit(turn, chats[turns % len(chats)]))
        turns += 1
    for one in pending:
        one.result(60)
    never.wait(max(0.0, begin + seconds - time.monotonic()))
    return turns


def idle(count: int, seconds: float, address: str, options: dict[str, Any]) -> None:
    with opened(2, address, options):  # what the first ones load is not the others' cost
        before, threads, cpu = memory(), threading.active_count(), time.process_time()
        with opened(count, address, options):
            opening = (time.process_time() - cpu) / count * 1e3
            each = (memory() - before) / count
            kinds = (threading.active_count() - threads) / count
            cpu = time.process_time()
            threading.Event().wait(seconds)
            share = (time.process_time() - cpu) / seconds * 100
    print(f"{count} idle guests for {seconds:g} s:")
    print(f"  open and configure {opening:5.2f} ms of CPU each {verdict(opening, OPEN_AT_MOST)}")
    print(f"  memory             {each:5.1f} KB each {verdict(each, KB_AT_MOST)}")
    print(f"  threads            {kinds:5.2f} each {verdict(kinds, THREADS_AT_MOST)}")
    print(f"  CPU                {share:5.2f} % of a core {verdict(share, IDLE_AT_MOST)}", flush=True)


def talking(count: int, seconds: float, address: str, options: dict[str, Any]) -> float:
    """Print what so many talking guests cost. Returns the CPU of a turn in milliseconds."""
    before, threads = memory(), threading.active_count()
    with opened(count, address, options) as chats, ThreadPoolExecutor(TALKERS) as pool:
        for chat in chats[:TALKERS]:
            turn(chat)
        kinds = (threading.active_count() - threads) / count
        cpu, began = time.process_time(), time.monotonic()
        turns = talk(chats, seconds, pool)
        cost, lasted = time.process_time() - cpu, time.monotonic() - began
        each = (memory() - before) / count
    print(
        f"  {count:>5} guests: {turns:>5} turns, {cost / turns * 1e3:6.3f} ms of CPU a turn, "
        f"{cost / lasted * 100:6.2f} % of a core, {each:7.1f} KB and {kinds:.1f} threads a guest",
        flush=True,
    )
    return cost / turns * 1e3


def most(count: int, seconds: float, address: str, options: dict[str, Any]) -> None:
    """Print how many guests one core carries, from turns that follow each other without a pause."""
    with opened(count, address, options) as chats, ThreadPoolExecutor(TALKERS) as pool:
        until = time.monotonic() + seconds
        turns = [0] * TALKERS

        def work(number: int) -> None:
            mine = chats[number::TALKERS]
            while time.monotonic() < until:
                turn(mine[turns[number] % len(mine)])
                turns[number] += 1

        cpu = time.process_time()
        list(pool.map(work, range(TALKERS)))
        cpu = time.process_time() - cpu
    print(f"  one core carries {PAUSE * sum(turns) / cpu:,.0f} guests who talk once in {PAUSE:g} s "
          f"({cpu / sum(turns) * 1e3:.3f} ms of CPU a turn, {count} guests, {sum(turns)} turns)")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 guests at most, some 20 seconds in all")
    parser.add_argument("--plain", action="store_true", help="without TLS")
    given = parser.parse_args()
    largest, seconds = (100, 3.0) if given.quick else (1000, 10.0)
    allow_descriptors(largest * 5 + 500)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        files = None if given.plain else certificate(folder)
        options = {} if files is None else {"caFile": files[0]}
        with Firehose(files) as server:
            idle(largest, 5.0 if given.quick else 40.0, server.address, options)
            print(f"guests who talk once in {PAUSE:g} s, for {seconds:g} s:")
            counts = [count for count in (1, 10, 100, 1000) if count <= largest]
            costs = [talking(count, max(seconds, PAUSE), server.address, options) for count in counts]
            growth = costs[-1] / costs[-2]
            print(f"  a turn of {counts[-1]} guests costs {growth:.2f} times one of {counts[-2]} "
                  f"{verdict(growth, GROWTH_AT_MOST)}")  # fmt: skip
            most(largest, seconds, server.address, options)


if __name__ == "__main__":
    main()
