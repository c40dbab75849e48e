"""What Locust's guests cost: a master, two workers, and a simulator in another process.

    python tests/perf/load.py [--guests 1000] [--seconds 60] [--rate 50]

Prints failures, requests a second, percentiles of the time to echo and to answer, and for each worker its OS threads
and its memory for a guest. Each guest asks once in five seconds. On this machine alone; nothing here is a test.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import resource
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

LOCUSTFILE = """
from locust import constant_pacing, task
from genesys_webmessaging.locust import GuestUser

class Guest(GuestUser):
    deploymentId = "demo"
    origin = "https://shop.example"
    options = {"heartbeat": None, "timeout": 30}
    wait_time = constant_pacing(5)

    @task
    def hours(self):
        self.ask("hours", expect="from 9 to 17")
"""
SIMULATOR = """
import sys
from genesys_webmessaging.simulator import Simulator
with Simulator() as simulator:
    print(simulator.address, flush=True)
    sys.stdin.read()
"""


def allow_descriptors(number: int) -> None:
    """Each guest takes a few descriptors, and the usual limit is a thousand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < number <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))
    elif soft < number:
        sys.exit(f"{number} open files are needed, and this system allows {hard}: raise it with 'ulimit -n'")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Cost:
    """The OS threads and the memory of a process, as they grow."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.first_rss = self.rss = self.threads = 0

    def look(self) -> None:
        try:
            text = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return
        facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        self.threads = max(self.threads, int(facts["Threads"]))
        rss = int(facts.get("VmRSS", "0").split()[0])  # a process that is ending has none
        self.first_rss = self.first_rss or rss
        self.rss = max(self.rss, rss)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guests", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=float, default=50.0, help="guests that come in a second")
    given = parser.parse_args()
    allow_descriptors(given.guests * 8 + 500)
    port = free_port()
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryFile() as log:
        folder = Path(name)
        locustfile = folder / "locustfile.py"
        locustfile.write_text(LOCUSTFILE, encoding="utf-8")
        simulator = subprocess.Popen(
            [sys.executable, "-c", SIMULATOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert simulator.stdout is not None
        address = simulator.stdout.readline().strip()
        base = [sys.executable, "-m", "locust", "-f", str(locustfile), "--host", address]
        where = ["--master-host", "127.0.0.1", "--master-port", str(port)]
        workers = [subprocess.Popen([*base, "--worker", *where], stdout=log, stderr=log) for _ in range(2)]
        size = ["-u", str(given.guests), "-r", str(given.rate), "-t", f"{given.seconds}s"]
        told = ["--csv", str(folder / "load"), "--exit-code-on-error", "0"]
        directs = ["--master", "--master-bind-port", str(port), "--expect-workers", "2", "--headless"]
        master = subprocess.Popen([*base, *directs, *size, *told], stdout=log, stderr=log)
        costs = [Cost(worker) for worker in workers]
        over = threading.Event()
        while master.poll() is None:
            over.wait(0.5)
            for cost in costs:
                cost.look()
        for worker in workers:
            worker.wait(30)
        simulator.communicate(timeout=30)
        with open(folder / "load_stats.csv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    print(f"{given.guests} guests for {given.seconds} s, a master and two workers; {platform.machine()}, "
          f"{os.cpu_count()} cores, Python {platform.python_version()}")  # fmt: skip
    for row in rows:
        label = f"{row['Type']} {row['Name']}".strip()
        print(
            f"  {label:<14} {row['Request Count']:>7} requests, {row['Failure Count']} failures, "
            f"{float(row['Requests/s']):7.1f}/s, p50 {row['50%']} ms, p95 {row['95%']} ms, p99 {row['99%']} ms"
        )
    share = given.guests / len(costs)
    for number, cost in enumerate(costs, 1):
        memory = (cost.rss - cost.first_rss) / share
        print(f"  worker {number}: {cost.threads} OS threads (target 1), {memory:.0f} KB a guest (target 160)")


if __name__ == "__main__":
    main()
