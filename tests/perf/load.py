"""What Locust's guests cost: a master, two workers, and a simulator in another process.

    python tests/perf/load.py [--guests 1000] [--seconds 60] [--rate 16] [--tls]

The guests come at a rate and then stay for so many seconds; each asks once in ten or so. Prints failures, requests a
second, percentiles of the time to echo and to answer, and for each worker what the guests take: OS threads and memory
beyond what it had before they came, and its part of a core once all of them are there. Exit status 1 if a target was
missed: 0 failures, no OS thread more, 160 KB a guest. On this machine alone; nothing here is a test.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

LOCUSTFILE = """
import json, os
from pathlib import Path
from locust import between, events, task
from genesys_webmessaging.locust import GuestUser

PLACE = json.loads(os.environ["LOAD_PLACE"])

class Guest(GuestUser):
    deploymentId = "demo"
    origin = "https://shop.example"
    options = {"timeout": 30, **PLACE["options"]}
    wait_time = between(5, 15)

    @task
    def hours(self):
        self.ask("hours", expect="from 9 to 17")

@events.test_start.add_listener
def note_what_there_was_before(**_):
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (Path(PLACE["folder"]) / f"{os.getpid()}.status").write_text(status, encoding="utf-8")
"""
SIMULATOR = """
import json, sys
from genesys_webmessaging.simulator import Simulator
with Simulator(tls="--tls" in sys.argv) as simulator:
    print(json.dumps([simulator.address, {"caFile": simulator.caFile} if "--tls" in sys.argv else {}]), flush=True)
    sys.stdin.read()
"""
WORKERS = 2
THREADS_TARGET = 0
MEMORY_TARGET = 160  # KB a guest
# A guest holds a socket and the pair that wakes its reader; the simulator a socket.
DESCRIPTORS = 4
TICK = os.sysconf("SC_CLK_TCK")


def allow_descriptors(number: int) -> None:
    """Raise the usual limit of a thousand open files, for this process and those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        sys.exit(f"{number} open files are needed, and this system allows {hard}: raise it with 'ulimit -Hn'")
    if soft != resource.RLIM_INFINITY and soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def line_of(process: subprocess.Popen[str], seconds: float) -> str:
    """A line that a process prints, in time."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(seconds):
            sys.exit(f"the simulator did not start within {seconds:g} s")
    return process.stdout.readline()


@dataclass
class Facts:
    """What a process takes."""

    threads: int = 0
    rss: int = 0  # KB

    @classmethod
    def of(cls, status: Path) -> Facts | None:
        """Read a status of /proc; None for a process that is ending."""
        try:
            lines = status.read_text(encoding="utf-8").splitlines()
        except OSError:
            return None
        facts = dict(line.split(":", 1) for line in lines if ":" in line)
        return cls(int(facts["Threads"]), int(facts["VmRSS"].split()[0])) if "VmRSS" in facts else None


class Cost:
    """What the guests of a worker take: the most that was seen, beyond what there was before they came."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._most = Facts()
        self._cpu: list[tuple[float, float]] = []  # when, and the seconds of CPU so far

    def look(self, everybody_is_there: bool) -> None:
        """Note what the process takes now."""
        now = Facts.of(Path(f"/proc/{self._pid}/status"))
        if now is None:
            return
        self._most = Facts(max(self._most.threads, now.threads), max(self._most.rss, now.rss))
        if everybody_is_there:
            fields = Path(f"/proc/{self._pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            self._cpu.append((time.monotonic(), (int(fields[11]) + int(fields[12])) / TICK))

    def tell(self, number: int, folder: Path, guests: float) -> bool:
        """Print it; whether the targets were met."""
        before = Facts.of(folder / f"{self._pid}.status")
        assert before is not None
        threads = self._most.threads - before.threads
        memory = (self._most.rss - before.rss) / guests
        print(
            f"  worker {number}: {threads} OS threads for the guests (target {THREADS_TARGET}; Locust has "
            f"{before.threads}), {memory:.0f} KB a guest (target {MEMORY_TARGET}), {self.cpu:.0%} of a core for "
            f"{guests:.0f} guests"
        )
        return threads <= THREADS_TARGET and memory <= MEMORY_TARGET

    @property
    def cpu(self) -> float:
        """Its part of a core, once all guests were there."""
        (began, first), (ended, last) = self._cpu[0], self._cpu[-1]
        return (last - first) / (ended - began) if ended > began else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guests", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60, help="how long they stay when all are there")
    parser.add_argument("--rate", type=float, default=16.0, help="guests that come in a second")
    parser.add_argument("--tls", action="store_true")
    given = parser.parse_args()
    allow_descriptors(given.guests * DESCRIPTORS + 500)
    ramp = given.guests / given.rate
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = stack.enter_context((folder / "log").open("w+b"))
        locustfile = folder / "locustfile.py"
        locustfile.write_text(LOCUSTFILE, encoding="utf-8")
        simulator = subprocess.Popen(
            [sys.executable, "-c", SIMULATOR, *(["--tls"] if given.tls else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        stack.callback(simulator.communicate, timeout=30)
        address, options = json.loads(line_of(simulator, 30))
        environment = {**os.environ, "LOAD_PLACE": json.dumps({"folder": str(folder), "options": options})}
        port = str(free_port())

        def locust(*arguments: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "locust", "-f", str(locustfile), "--host", address, *arguments]
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
            stack.callback(process.wait, 30)
            stack.callback(process.kill)
            return process

        workers = [locust("--worker", "--master-host", "127.0.0.1", "--master-port", port) for _ in range(WORKERS)]
        waits = ["--expect-workers", str(WORKERS), "--expect-workers-max-wait", "30"]
        size = ["--users", str(given.guests), "--spawn-rate", f"{given.rate:g}"]
        until = ["--run-time", f"{int(ramp + given.seconds)}s", "--csv", str(folder / "load")]
        master = locust("--master", "--master-bind-port", port, "--headless", "--exit-code-on-error", "0",
                        *waits, *size, *until)  # fmt: skip
        costs = [Cost(worker.pid) for worker in workers]
        simulators_cost = Cost(simulator.pid)
        over = threading.Event()
        give_up = time.monotonic() + 60 + ramp + given.seconds + 30
        came: float | None = None
        while master.poll() is None and time.monotonic() < give_up:
            over.wait(0.5)
            if came is None and all((folder / f"{worker.pid}.status").exists() for worker in workers):
                came = time.monotonic()
            everybody = came is not None and came + ramp + 1 < time.monotonic() < came + ramp + given.seconds - 1
            for cost in (*costs, simulators_cost):
                cost.look(everybody)
        log.seek(0)
        if master.poll() != 0:
            sys.exit(
                f"the run did not end as it should: {master.poll()}\n{log.read().decode(errors='replace')[-4000:]}"
            )
        for worker in workers:
            worker.wait(30)
        with open(folder / "load_stats.csv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        print(f"{given.guests} guests for {given.seconds:g} s{' on TLS' if given.tls else ''}, a master and {WORKERS} "
              f"workers; {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")  # fmt: skip
        for row in rows:
            label = f"{row['Type']} {row['Name']}".strip()
            print(
                f"  {label:<14} {row['Request Count']:>7} requests, {row['Failure Count']} failures, "
                f"{float(row['Requests/s']):7.1f}/s, p50 {row['50%']} ms, p95 {row['95%']} ms, p99 {row['99%']} ms"
            )
        met = [cost.tell(number, folder, given.guests / WORKERS) for number, cost in enumerate(costs, 1)]
        print(f"  simulator: {simulators_cost.cpu:.0%} of a core")
        failures = sum(int(row["Failure Count"]) for row in rows)
        if failures:
            log.seek(0)
            print(log.read().decode(errors="replace")[-4000:])
    return 0 if all(met) and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
