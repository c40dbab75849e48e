"""What idle guests cost: opening, memory of each, CPU and threads of all.

    python tests/perf/clients.py [seconds of idling]

Each number of Conversations is measured in a process of its own, over TLS, against a server in another one. Linux only.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from _firehose import Firehose
from _rows import Row
from _selfsigned import certificate

NUMBERS = (1, 100, 1000)


def resident() -> float:
    """Kilobytes that this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def measure(address: str, ca: str, number: int, seconds: float) -> dict[str, float]:
    """Open that many Conversations, and let them idle."""
    from genesys_webmessaging import Conversation

    def opened() -> Conversation:
        return guests.enter_context(Conversation.open(address, "demo", origin="https://shop.example", caFile=ca))

    with ExitStack() as guests:
        opened()
        gc.collect()
        before, threads, used = resident(), threading.active_count(), time.process_time()
        for _ in range(number):
            opened()
        opening = (time.process_time() - used) / number
        gc.collect()
        each = (resident() - before) / number
        used = time.process_time()
        threading.Event().wait(seconds)
        return {
            "opening": opening * 1000,
            "memory": each,
            "cpu": (time.process_time() - used) / seconds * 100 * 1000 / number,
            "threads": (threading.active_count() - threads) / number,
        }


def measured(number: int, seconds: float) -> dict[str, Any]:
    """The same in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        pair = certificate(folder)
        with Firehose(pair) as server:
            command = [sys.executable, __file__, server.address, pair[0], str(number), str(seconds)]
            found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            return found


def rows(*, quick: bool = False) -> Iterator[Row]:
    """Measure a thousand."""
    number = NUMBERS[-1]
    found = measured(number, 40.0 if quick else 120.0)  # the default heartbeat comes every 40 seconds
    yield Row("opening a guest, TLS and first configure, CPU", found["opening"], 1.5, " ms")
    yield Row(f"an idle TLS guest, of {number}", found["memory"], 80, " KB")
    yield Row("threads of an idle guest", found["threads"], 2)
    yield Row("1,000 idle TLS guests, of a core", found["cpu"], 2, " %")


def main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384) if hard > 0 else 16384, hard))
    except (ValueError, OSError) as error:
        print(f"no more files may be opened than {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}: {error}")
    if len(sys.argv) == 5:
        print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))))
        return
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    for number in NUMBERS:
        found = measured(number, seconds)
        print(
            f"{number:5} idle TLS guests: opened in {found['opening']:.2f} ms of CPU each, {found['memory']:6.1f} KB "
            f"each, {found['cpu']:.2f}% of a core per 1,000, {found['threads']:.1f} threads each",
            flush=True,
        )


if __name__ == "__main__":
    main()
