"""What guests cost as they grow in number: idle ones, and ones who talk once in five seconds.

    python tests/perf/scale.py [--quick]

Each guest is a Conversation over TLS with its heartbeat; the server is a process of its own. First 1,000 idle guests
are looked at, beside bare websocket-clients with two idle threads each, then 1, 10, 100 and 1,000 who talk: CPU of a
turn (send, echo, answer), share of a core, memory, threads. At last as many turns as one core carries tell how many
guests those are. ``--quick`` stops at 100, and after seconds.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import resource
import ssl
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any

import websocket
from _firehose import Firehose
from _rows import Row
from _selfsigned import certificate
from load import allow_descriptors

from genesys_webmessaging import Conversation

PAUSE = 5.0  # seconds from one turn of a guest to the next
TALKERS = 8  # threads that talk for the guests; each waits for one answer at a time


def memory() -> float:
    """Kilobytes of this process in memory."""
    gc.collect()
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 1024
    except OSError:  # not Linux: the most there ever was
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


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


def bare(count: int, address: str, ca_file: str) -> str:
    """What so many cost who are a websocket-client with a configured session and two idle threads: no less will do."""
    context = ssl.create_default_context(cafile=ca_file)
    ends: SimpleQueue[None] = SimpleQueue()
    sockets: list[websocket.WebSocket] = []
    threads: list[threading.Thread] = []

    def read(one: websocket.WebSocket) -> None:
        with suppress(websocket.WebSocketException, OSError):
            one.recv()

    before, cpu = memory(), time.process_time()
    for _ in range(count):
        one = websocket.create_connection(f"{address}?deploymentId=demo", sslopt={"context": context})
        ids = {"token": str(uuid.uuid4()), "tracingId": str(uuid.uuid4())}
        one.send(json.dumps({"action": "configureSession", "deploymentId": "demo", **ids}))
        json.loads(one.recv())
        pair = [threading.Thread(target=read, args=(one,), daemon=True), threading.Thread(target=ends.get, daemon=True)]
        for thread in pair:
            thread.start()
        sockets.append(one)
        threads += pair
    opening, each = (time.process_time() - cpu) / count * 1e3, (memory() - before) / count
    for one in sockets:
        one.send_close()
        ends.put(None)
    for thread in threads:
        thread.join(30)
    return f"a bare websocket-client with two threads: {opening:.2f} ms, {each:.0f} KB"


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


def idle(count: int, seconds: float, address: str, options: dict[str, Any]) -> Iterator[Row]:
    """What so many guests cost of whom nobody says anything."""
    with opened(2, address, options):  # what the first ones load is not the others' cost
        before, threads, cpu = memory(), threading.active_count(), time.process_time()
        with opened(count, address, options):
            opening = (time.process_time() - cpu) / count * 1e3
            each = (memory() - before) / count
            kinds = (threading.active_count() - threads) / count
            cpu = time.process_time()
            threading.Event().wait(seconds)
            share = (time.process_time() - cpu) / seconds * 100
            floor = bare(min(count, 100), address, options["caFile"])  # while the guests have their memory
    among = f"one of {count} TLS guests"
    yield Row(f"{among}: open and configure, CPU", opening, 1.5, " ms", floor)
    yield Row(f"{among}: memory", each, 80, " KB", floor)
    yield Row(f"{among}: threads", kinds, 2)
    yield Row(f"{count} idle TLS guests: CPU", share, 2, " % of a core", f"for {seconds:g} s")


def talking(count: int, seconds: float, address: str, options: dict[str, Any]) -> tuple[str, float]:
    """What so many talking guests cost, in words; and the CPU of a turn in milliseconds."""
    before, threads = memory(), threading.active_count()
    with opened(count, address, options) as chats, ThreadPoolExecutor(TALKERS) as pool:
        for chat in chats[:TALKERS]:
            turn(chat)
        kinds = (threading.active_count() - threads) / count
        cpu, began = time.process_time(), time.monotonic()
        turns = talk(chats, seconds, pool)
        cost, lasted = time.process_time() - cpu, time.monotonic() - began
        each = (memory() - before) / count
    of_a_turn, share = cost / turns * 1e3, cost / lasted * 100
    line = (
        f"  {count:>5} talking guests: {of_a_turn:5.2f} ms of CPU a turn, {share:6.2f} % of a core, "
        f"{each:6.1f} KB and {kinds:.1f} threads a guest"
    )
    return line, of_a_turn


def most(count: int, seconds: float, address: str, options: dict[str, Any]) -> str:
    """How many guests one core carries, from turns that follow each other without a pause."""
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
    each = cpu / sum(turns)
    return (
        f"  one core carries {PAUSE / each:,.0f} talking guests: {each * 1e3:.2f} ms of CPU a turn, one after the other"
    )


def rows(*, quick: bool = False) -> Iterator[Row | str]:
    """Measure. Between the rows there are lines of text, about what has no target."""
    largest, seconds = (100, PAUSE) if quick else (1000, 2 * PAUSE)
    allow_descriptors(largest * 5 + 500)
    with tempfile.TemporaryDirectory() as folder:
        files = certificate(folder)
        options = {"caFile": files[0]}
        with Firehose(files) as server:
            yield from idle(largest, PAUSE if quick else 40.0, server.address, options)
            costs = []
            for count in (1, 10, 100, 1000):
                if count <= largest:
                    line, cost = talking(count, seconds, server.address, options)
                    costs.append(cost)
                    yield line
            among = f"a turn among {largest} guests, against one among {largest // 10}"
            yield Row(among, costs[-1] / costs[-2], 1.2)
            yield most(largest, seconds, server.address, options)


def main() -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
          f"those who talk do so once in {PAUSE:g} s")  # fmt: skip
    for row in rows(quick="--quick" in sys.argv):
        print(row, flush=True)


if __name__ == "__main__":
    main()
