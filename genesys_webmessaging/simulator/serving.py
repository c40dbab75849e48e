"""Running a simulator until somebody stops it: what the command does."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from .server.context import FrameLogger
from .simulator import LOOPBACK, BotSource, Simulator
from .state.deployment import Deployment, RateLimit

__all__ = ["serve"]


def serve(
    *,
    announce: Callable[[str], None],
    deployments: Sequence[str | Deployment] = ("demo",),
    bot: BotSource = True,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: bool = False,
    strict: bool = False,
    rateLimit: RateLimit | None = RateLimit(),  # noqa: B008 - frozen
    onFrame: FrameLogger | None = None,
    ready: Callable[[Simulator], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Run a simulator until SIGINT or SIGTERM, or until `stop` is set; call it on the main thread.

    Args:
        announce: Called with each line a person wants to see; the first is ``ws://127.0.0.1:PORT/v1  deployment demo``.
        deployments: Ids, or deployments with settings of their own.
        bot: True: the demo bot; False or None: nobody; else a bot script or the path of one.
        host: The address to listen on; what is not loopback is announced as such.
        port: The port; 0: any free one.
        tls: Whether to speak wss and https; the certificate to trust is announced.
        strict: Whether violations of the protocol are recorded; they are announced at the end.
        rateLimit: The limit for deployments that have none of their own; None: none.
        onFrame: Called with connection number, "<" or ">" and each frame, secrets and all; see `maskFrame`.
        ready: Called with the running simulator.
        stop: Ends it when set, as a signal does.

    Raises:
        ImportError: aiohttp is missing.
        OSError: The address cannot be listened on.
        ValueError: The bot script or a setting is wrong.
    """
    over = stop or threading.Event()
    made = [Deployment(id=each) if isinstance(each, str) else each for each in deployments]
    limited = [each if each.rateLimit is not None else replace(each, rateLimit=rateLimit) for each in made]
    simulator = Simulator(deployments=limited, strict=strict, bot=bot, host=host, port=port, tls=tls, onFrame=onFrame)
    with _ending_on_signals(over), simulator:
        for line in _lines(simulator, [each.id for each in made], host, tls):
            announce(line)
        if ready is not None:
            ready(simulator)
        while not over.wait(0.5):  # in slices, because a wait without end hears no signal on Windows
            continue
    for violation in simulator.violations:
        announce(f"violation: {violation}")


@contextlib.contextmanager
def _ending_on_signals(over: threading.Event) -> Iterator[None]:
    """Let SIGINT and SIGTERM set an event; on any other thread than the main one they cannot be heard."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, frame: FrameType | None) -> None:
        del number, frame
        over.set()

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _lines(simulator: Simulator, deployments: Sequence[str], host: str, tls: bool) -> list[str]:
    word = "deployment" if len(deployments) == 1 else "deployments"
    lines = [f"{simulator.address}  {word} {', '.join(deployments)}", f"REST on {simulator.restAddress}"]
    if tls:
        lines.append(f"certificate to trust: {Path(simulator.caFile)}")
    if host not in LOOPBACK:
        lines.append(f"warning: it listens on {host}, so others can reach it")
    return lines
