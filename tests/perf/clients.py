"""What idle clients cost: memory of each, and CPU of all.

    python tests/perf/clients.py [seconds of idling]

Each number of clients is measured in a process of its own, over TLS, against a server in another one.
"""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from _firehose import Firehose
from _selfsigned import certificate

AT_MOST = 100.0
NUMBERS = (1, 100, 1000)


def resident() -> float:
    """Kilobytes that this process has in memory, Linux only."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def measure(address: str, ca: str, number: int, seconds: float) -> None:
    """Connect that many clients, let them idle, and print one line."""
    from genesys_webmessaging import WebMessagingClient

    with WebMessagingClient(address) as first:
        first.connect("demo", "https://shop.example", caFile=ca)
        gc.collect()
        before = resident()
        clients = [WebMessagingClient(address) for _ in range(number)]
        for client in clients:
            client.connect("demo", "https://shop.example", caFile=ca)
            client.configureSession("demo", "https://shop.example")
        gc.collect()
        each = (resident() - before) / number
        used = time.process_time()
        threading.Event().wait(seconds)
        share = (time.process_time() - used) / seconds
        verdict = "" if number < 100 else f" (at most {AT_MOST:.0f}: {'met' if each <= AT_MOST else 'MISSED'})"
        print(
            f"{number:5} idle TLS clients: {each:6.1f} KB each{verdict}, {resident() / 1024:.0f} MB in all, "
            f"{share:.2%} of a core, {threading.active_count()} threads",
            flush=True,
        )
        for client in clients:
            client.disconnect()


def main() -> None:
    if len(sys.argv) == 5:
        measure(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
        return
    seconds = sys.argv[1] if len(sys.argv) > 1 else "5"
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384) if hard > 0 else 16384, hard))
    with tempfile.TemporaryDirectory() as folder:
        pair = certificate(folder)
        with Firehose(pair) as server:
            for number in NUMBERS:
                subprocess.run([sys.executable, __file__, server.address, pair[0], str(number), seconds], check=True)


if __name__ == "__main__":
    main()
