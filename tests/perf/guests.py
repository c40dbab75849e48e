"""Many guests at once on one simulator, each with a conversation of its own.

Run as ``python tests/perf/guests.py [guests] [messages]``. The simulator is a process of its own. Every guest joins,
hears the greeting, says its messages one after the other, each with its echo and the bot's answer, and reads its
history. Prints figures; exits 1 if anything went wrong for anybody.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field

import requests
from websockets.asyncio.client import connect

ORIGIN = "https://shop.example"
PATIENCE = 60

SERVER = """
from genesys_webmessaging.simulator import serve
serve(announce=lambda line: print(line, flush=True), strict=True)
"""


@dataclass
class Figures:
    """What all guests together saw."""

    echoes: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Guest:
    """One guest on one connection."""

    def __init__(self, number, socket, figures):
        self.number = number
        self.socket = socket
        self.figures = figures
        self.token = str(uuid.uuid4())

    async def send(self, action, **fields):
        tracing_id = str(uuid.uuid4())
        frame = {"action": action, "token": self.token, "tracingId": tracing_id, **fields}
        await self.socket.send(json.dumps(frame))
        return tracing_id

    async def until(self, matches):
        """Read until a frame fits."""
        while True:
            frame = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
            if frame["class"] in ("string", "TooManyRequestsErrorMessage"):
                raise AssertionError(f"refused: {frame['body']}")
            if matches(frame):
                return frame

    async def ask(self, action, **fields):
        tracing_id = await self.send(action, **fields)
        return await self.until(lambda frame: frame.get("tracingId") == tracing_id)

    async def hear(self, text):
        await self.until(lambda frame: frame["class"] == "StructuredMessage" and frame["body"].get("text") == text)

    async def converse(self, address, messages):
        configured = await self.ask("configureSession", deploymentId="demo")
        assert configured["body"]["newSession"], configured
        await self.ask(
            "onMessage",
            message={"type": "Event", "events": [{"eventType": "Presence", "presence": {"type": "Join"}}]},
        )
        await self.hear("What would you like to do?")
        for count in range(messages):
            text = f"guest {self.number} says {count}"
            started = time.perf_counter()
            await self.ask("onMessage", message={"type": "Text", "text": text})
            self.figures.echoes.append(time.perf_counter() - started)
            await self.hear(f'You said "{text}". I know about hours, cards and dates.')
            self.figures.answers.append(time.perf_counter() - started)
        jwt = (await self.ask("getJwt"))["body"]["jwt"]
        history = await asyncio.to_thread(read_history, address, jwt)
        assert history["total"] == 3 + 2 * messages, history["total"]
        assert text in history["entities"][1]["text"], history["entities"][1]


def read_history(address, jwt):
    headers = {"Authorization": f"Bearer {jwt}", "Origin": ORIGIN}
    url = address.replace("ws://", "http://").removesuffix("/v1") + "/api/v2/webmessaging/messages"
    with requests.Session() as session:
        return session.get(url, headers=headers, timeout=PATIENCE).json()


async def one(number, address, messages, figures, everybody):
    try:
        async with connect(
            f"{address}?deploymentId=demo&application=guests", origin=ORIGIN, compression=None
        ) as socket:
            await everybody.wait()
            await Guest(number, socket, figures).converse(address, messages)
    except Exception as error:
        figures.errors.append(f"guest {number}: {error!r}")


async def run(address, guests, messages):
    figures, everybody = Figures(), asyncio.Event()
    tasks = [asyncio.create_task(one(number, address, messages, figures, everybody)) for number in range(guests)]
    opening = time.perf_counter()
    while await asyncio.to_thread(count_open, address) < guests and not figures.errors:
        await asyncio.sleep(0.05)
    started = time.perf_counter()
    everybody.set()
    await asyncio.gather(*tasks)
    return figures, started - opening, time.perf_counter() - started


def count_open(address):
    """How many connections the simulator has."""
    url = address.replace("ws://", "http://").removesuffix("/v1") + "/simulator/state"
    return len(requests.get(url, timeout=PATIENCE).json()["connections"])


def milliseconds(values, share):
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("guests", type=int, nargs="?", default=200)
    parser.add_argument("messages", type=int, nargs="?", default=20)
    asked = parser.parse_args()
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        address = server.stdout.readline().split()[0]
        figures, opening, seconds = asyncio.run(run(address, asked.guests, asked.messages))
        server.terminate()
        violations = [line for line in server.communicate(timeout=PATIENCE)[0].splitlines() if "violation" in line]
    said = asked.guests * asked.messages
    print(f"{asked.guests} guests at once, {asked.messages} messages each: {len(figures.errors)} errors")
    print(f"violations recorded: {len(violations)}")
    print(f"everybody connected after {opening:.2f} s")
    print(f"conversations took {seconds:.2f} s, {said / seconds:.0f} messages/s")
    for name, values in (("echo", figures.echoes), ("answer", figures.answers)):
        if values:
            p50, p99 = 1000 * statistics.median(values), milliseconds(values, 0.99)
            print(f"{name} p50 {p50:.0f} ms, p99 {p99:.0f} ms")
    print(f"simulator's memory at most {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")
    for problem in [*figures.errors, *violations][:10]:
        print(problem)
    return 1 if figures.errors or violations else 0


if __name__ == "__main__":
    sys.exit(main())
