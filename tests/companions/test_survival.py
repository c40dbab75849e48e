"""The proof: a conversation whose connection is cut again and again loses nothing, and says nothing twice."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from _listeners import Recorder, until

from genesys_webmessaging import ApiClient, WebMessagingClient
from genesys_webmessaging.companions import Delivery, Reconnector, ReconnectorState, Reorder
from genesys_webmessaging.models import Direction
from genesys_webmessaging.simulator import Agent, Connection, Faults, Simulator

ORIGIN = "https://shop.example"
TIME_LIMIT = 50.0  # seconds

# Each cuts the connection, now or at its next moment, and is followed by so many new connections.
Cut = Callable[[Connection, Faults, random.Random], Any]

CUTS: list[tuple[int, Cut]] = [
    (1, lambda guest, faults, dice: guest.reset()),
    (1, lambda guest, faults, dice: guest.fin()),
    (1, lambda guest, faults, dice: guest.close(dice.choice([1001, 1011, 1012, 4321]))),
    (1, lambda guest, faults, dice: faults.drop("reset", class_="StructuredMessage", after=dice.randrange(4))),
    (1, lambda guest, faults, dice: faults.drop("fin", class_="StructuredMessage", direction="Inbound")),
    (1, lambda guest, faults, dice: faults.drop("reset", action="onMessage", after=dice.randrange(3))),
    (2, lambda guest, faults, dice: (faults.drop("fin", class_="SessionResponse"), guest.reset())),
]

Mischief = Callable[[Faults, random.Random], Any]

MISCHIEF: list[Mischief] = [
    lambda faults, dice: faults.duplicate(class_="StructuredMessage", times=dice.randrange(1, 4)),
    lambda faults, dice: faults.loseEcho(),
    lambda faults, dice: faults.loseTracingId(class_="StructuredMessage"),
]
# Only a Reorder can make these good.
SWAPS: list[Mischief] = [
    lambda faults, dice: faults.swap(0.02, class_="StructuredMessage"),
    lambda faults, dice: faults.swap(0.02, class_="StructuredMessage", direction="Outbound"),
]


class Stage:
    """A guest with all companions, an agent, and somebody with scissors."""

    def __init__(
        self, simulator: Simulator, seed: int, messages: int, cuts: int, *, holdTime: float | None = 0.15
    ) -> None:
        self.simulator = simulator
        self.dice = random.Random(seed)
        self.messages = messages
        self.cuts = cuts
        self.mine = Recorder()
        self.client = WebMessagingClient(simulator.address)
        self.reconnector = Reconnector(
            self.client, self.mine, maxSeconds=20, firstDelay=0.01, maxDelay=0.05, answerTimeout=2, historyLag=0.2
        )
        outer = self.reconnector if holdTime is None else Reorder(self.reconnector, holdTime=holdTime)
        self.client.addSessionListener(outer)
        self.mischief = MISCHIEF if holdTime is None else MISCHIEF + SWAPS
        self.delivery = Delivery(self.client, self.reconnector, echoTimeout=0.25, historyLag=0.2, timeout=TIME_LIMIT)
        self.failures: list[BaseException] = []

    def heard(self, direction: Direction) -> list[str]:
        events = [args[0] for name, args in self.mine.events if name == "structuredMessage"]
        return [message.text for message in events if message.direction == direction]

    def said(self, direction: str) -> list[str | None]:
        messages = self.simulator.session(self.client.token or "").conversation.messages
        return [message.text for message in list(messages) if message.direction == direction]

    def play(self) -> None:
        options = {"caFile": self.simulator.caFile} if self.simulator.address.startswith("wss") else {}
        headers = {"Origin": ORIGIN}
        api = ApiClient(self.simulator.restAddress, defaultHeaders=headers, historyCallsPerMinute=None, **options)
        self.client.setApiClient(api)
        agent = self.simulator.agent()
        with agent, api:
            self.reconnector.connect("demo", ORIGIN, **options)
            others = [
                threading.Thread(target=self._safely, args=(act,)) for act in (lambda: self._talk(agent), self._cut)
            ]
            futures = [self.delivery.submit(f"guest {number}") for number in range(self.messages)]
            for thread in others:
                thread.start()
            self._await(futures)
            for thread in others:
                thread.join(TIME_LIMIT)
            try:
                until(lambda: len(self.heard(Direction.OUTBOUND)) >= self.messages, 10)
                until(lambda: len(self.heard(Direction.INBOUND)) >= self.messages, 10)
            finally:
                self.reconnector.close()
                self.delivery.close()

    def _await(self, futures: list[Future[Any]]) -> None:
        for future in futures:
            future.result(TIME_LIMIT)

    def _safely(self, act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as error:
            self.failures.append(error)

    def _talk(self, agent: Agent) -> None:
        for number in range(self.messages):
            ahead = self.dice.randrange(4)
            until(lambda due=number - ahead: len(self.said("Inbound")) >= due, TIME_LIMIT)
            agent.say(f"agent {number}")

    def _cut(self) -> None:
        dice = random.Random(self.dice.random())
        everything = 2 * self.messages
        moments = sorted(dice.sample(range(1, everything - 20), self.cuts))
        for number, moment in enumerate(moments):
            until(lambda due=moment: len(self.said("Inbound")) + len(self.said("Outbound")) >= due, TIME_LIMIT)
            if number % 12 == 5:
                refusal = self.simulator.faults.refuse("onMessage", 4029, "Message rate too high")
                until(lambda fault=refusal: fault.hits == 1, TIME_LIMIT)
            until(lambda: self.reconnector.state is ReconnectorState.CONNECTED, TIME_LIMIT)
            mischief = dice.choice(self.mischief)(self.simulator.faults, dice)
            if dice.random() < 0.7:  # else it may strike in the very moment of the cut, or on the next connection
                until(lambda fault=mischief: fault.hits > 0, TIME_LIMIT)
            known = len(self.simulator.connections)
            cuts, cut = dice.choice(CUTS)
            cut(self.simulator.guest(), self.simulator.faults, dice)
            until(lambda due=known + cuts: len(self.simulator.connections) >= due, TIME_LIMIT)


def check(stage: Stage) -> None:
    numbers = range(stage.messages)
    assert stage.failures == []
    assert stage.said("Inbound") == [f"guest {n}" for n in numbers]
    assert stage.heard(Direction.OUTBOUND) == [f"agent {n}" for n in numbers]
    assert stage.heard(Direction.INBOUND) == [f"guest {n}" for n in numbers]
    assert stage.simulator.violations == []
    assert len(stage.simulator.connections) > stage.cuts


@pytest.mark.parametrize(("tls", "seed", "messages"), [(False, 1, 250), (True, 3, 80)], ids=["plain", "tls"])
def test_fifty_cuts_in_hundreds_of_messages_lose_nothing_and_double_nothing(
    tls: bool, seed: int, messages: int
) -> None:
    with Simulator(bot=False, tls=tls) as simulator:
        stage = Stage(simulator, seed, messages=messages, cuts=50 * messages // 250)
        stage.play()
        check(stage)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"idsInHistory": False},
        {"returnsCustomMessageId": False},
        {"idsInHistory": False, "returnsCustomMessageId": False},
    ],
    ids=["both", "no ids", "no stamps", "neither"],
)
def test_it_needs_neither_ids_in_the_history_nor_the_stamp_of_the_sender(settings: dict[str, bool]) -> None:
    with Simulator(bot=False, **settings) as simulator:
        stage = Stage(simulator, seed=4, messages=60, cuts=12, holdTime=None)
        stage.play()
        check(stage)
