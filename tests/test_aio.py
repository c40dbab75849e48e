"""Conversations on an event loop."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest

from genesys_webmessaging import Conversation, ConversationEndedError, ResponseTimeoutError
from genesys_webmessaging.aio import AsyncConversation
from genesys_webmessaging.simulator import Simulator

ORIGIN = "https://shop.example"
T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(main, 30))


def opened(simulator: Simulator, **options: Any) -> Coroutine[Any, Any, AsyncConversation]:
    return AsyncConversation.open(simulator.address, "demo", origin=ORIGIN, timeout=5, **options)


def test_it_has_every_method_and_property_of_a_conversation():
    public = {name for name in dir(Conversation) if not name.startswith("_")}
    assert public - set(dir(AsyncConversation)) == set()
    for name in public:
        member = inspect.getattr_static(Conversation, name)
        ours = inspect.getattr_static(AsyncConversation, name)
        assert isinstance(ours, property) is isinstance(member, property), name
        if inspect.isfunction(member):
            assert inspect.iscoroutinefunction(ours), name
            assert list(inspect.signature(ours).parameters) == list(inspect.signature(member).parameters), name


def test_a_conversation_is_had(simulator: Simulator):
    async def talk() -> list[str | None]:
        with simulator.agent() as agent:
            async with await opened(simulator) as chat:
                await chat.send("Hello")
                await asyncio.to_thread(agent.say, "Hi")
                await asyncio.to_thread(agent.say, "How are you?")
                texts = [(await chat.receive()).text, (await chat.waitFor("how")).text]
                await asyncio.to_thread(agent.say, "Bye")
                texts += [message.text for message in await chat.collect(0.2)]
                assert "Guest: Hello" in await chat.transcript()
                assert len(await chat.history()) == 4
                return texts

    assert run(talk()) == ["Hi", "How are you?", "Bye"]


def test_a_wait_that_is_cancelled_loses_no_message(simulator: Simulator):
    async def talk() -> list[str | None]:
        with simulator.agent() as agent:
            async with await opened(simulator) as chat:
                await chat.send("Hello")
                texts: list[str | None] = []
                for number in range(50):
                    waiting = asyncio.create_task(chat.receive())
                    await asyncio.sleep(0)
                    saying = asyncio.get_running_loop().run_in_executor(None, agent.say, str(number))
                    if number % 2:
                        await saying
                    waiting.cancel()
                    try:
                        texts.append((await waiting).text)
                    except asyncio.CancelledError:
                        texts.append((await chat.receive(5)).text)
                    await saying
                return texts

    assert run(talk()) == [str(number) for number in range(50)]


def test_a_wait_ends_in_time_and_tells_what_came(simulator: Simulator):
    async def wait() -> str:
        with simulator.agent() as agent:
            async with await opened(simulator) as chat:
                await chat.send("Hello")
                await asyncio.to_thread(agent.say, "not that")
                with pytest.raises(ResponseTimeoutError) as raised:
                    await chat.waitFor("this", timeout=0.3)
                assert (await chat.receive()).text == "not that"
                return str(raised.value)

    assert run(wait()) == "no message with 'this' within 0.3 seconds; what came: 'not that'"


def test_async_for_ends_with_the_conversation(simulator: Simulator):
    async def listen() -> list[str | None]:
        with simulator.agent() as agent:
            async with await opened(simulator) as chat:
                await chat.send("Hello")
                texts = []
                await asyncio.to_thread(agent.say, "one")
                async for message in chat:
                    texts.append(message.text)
                    await asyncio.to_thread(*((agent.say, "two") if len(texts) == 1 else (agent.disconnect, True)))
                assert chat.readOnly
                with pytest.raises(ConversationEndedError):
                    await chat.receive()
                return texts

    assert run(listen()) == ["one", "two"]


def test_a_closed_conversation_wakes_who_waits(simulator: Simulator):
    async def close() -> None:
        chat = await opened(simulator)
        waiting = asyncio.create_task(chat.receive(30))
        await asyncio.sleep(0)
        await chat.close()
        await chat.close()
        with pytest.raises(ConversationEndedError):
            await waiting

    run(close())


def test_a_thousand_waits_take_no_threads(simulator: Simulator):
    async def wait() -> float:
        async with await opened(simulator) as chat:
            before = threading.active_count()
            began = time.monotonic()
            waits = [asyncio.create_task(chat.receive(0.5)) for _ in range(1000)]
            results = await asyncio.gather(*waits, return_exceptions=True)
            assert all(isinstance(result, ResponseTimeoutError) for result in results)
            assert threading.active_count() <= before + 1
            return time.monotonic() - began

    assert run(wait()) < 30, "one after the other they would take 500 seconds"


def test_an_opening_that_is_cancelled_leaves_nothing_open(simulator: Simulator):
    simulator.faults.stallHandshake(0.3)

    async def give_up() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(opened(simulator), 0.1)
        deadline = time.monotonic() + 10
        while not simulator.connections or simulator.connections[0].isOpen:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)

    run(give_up())


def test_the_sample_bridges_two_guests():
    sample = Path(__file__).parents[1] / "samples" / "aiohttp_bridge.py"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Simulator() as simulator:
        variables = {"GENESYS_ADDRESS": simulator.address, "GENESYS_DEPLOYMENT_ID": "demo", "PORT": str(port)}
        process = subprocess.Popen(
            [sys.executable, str(sample)], env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            assert "Running on" in process.stdout.readline()
            answers = run(_two_browsers(port))
        finally:
            process.terminate()
            process.communicate(timeout=20)
    assert answers == ["We are open from 9 to 17, Monday to Friday."] * 2


async def _two_browsers(port: int) -> list[str]:
    async def ask() -> str:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{port}/chat") as browser:
            await browser.send_str("hours")
            while True:
                said = json.loads((await browser.receive(timeout=10)).data)
                if "open" in said["text"]:
                    return str(said["text"])

    return list(await asyncio.gather(ask(), ask()))
