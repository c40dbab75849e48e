"""The simulator as its users see it, and running one until somebody stops it."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import re
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, Literal, TypeVar

from .._base.hints import Hinting, hinting_at_keywords
from .agent import Agent
from .bot import DEFAULT_SCRIPT, BotRunner, BotScript
from .faults import Faults
from .recording import Frames, Journal, RestRequest, Violation
from .server.connection import Connection
from .server.context import FrameLogger, ServerContext
from .server.service import Service
from .server.thread import LoopThread
from .server.tls import ServerCertificate
from .state.clock import Clock
from .state.deployment import Deployment, Limits, limits_of
from .state.session import Session
from .state.world import World

__all__ = [
    "Simulator",
    "serve",
]

Seen = TypeVar("Seen")

log = logging.getLogger(__name__)

BotSource = bool | str | Path | Mapping[str, Any] | BotScript | None


class Simulator(Hinting):
    """A local Genesys: WebSocket, REST and file uploads on one port of this machine, in a thread of its own.

    A context manager: ``with Simulator() as simulator: client = WebMessagingClient(simulator.address)``. Everything on
    it may be used from any thread, and every wait is bounded.

    Attributes:
        clock: The time everything runs on; `clock.advance(seconds)` sets it forward.
        faults: What is to go wrong.
        world: The state: deployments, sessions, identities, attachments, devices.
        received: The frames guests sent.
        requests: The REST requests, uploads and downloads there were.
        token: The key that opens /simulator/ and the desk from anywhere.
    """

    @hinting_at_keywords
    def __init__(
        self,
        *,
        deployments: Sequence[str | Deployment] = ("demo",),
        strict: bool = True,
        bot: BotSource = True,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        limits: Limits | Literal["documented", "none"] | None = None,
        certificate: str | Path | None = None,
        domain: str | None = None,
        token: str | None = None,
        idsInHistory: bool = True,
        returnsCustomMessageId: bool = True,
        onFrame: FrameLogger | None = None,
    ) -> None:
        """Make a simulator; nothing runs before `start`.

        Args:
            deployments: Ids, or deployments with settings of their own.
            strict: Whether violations of the protocol are recorded, and missing parts of a handshake refused.
            bot: True: the demo bot; False or None: nobody; else a bot script: its object, or the path of its file.
            host: The address to listen on; anything but loopback opens the simulator to others.
            port: The port; 0: any free one. After a stop, a start takes the same one again.
            tls: Whether to speak wss and https, with a certificate of its own (`caFile`).
            limits: How often things may be done, for deployments that do not say so themselves: "documented" (what
                the service documents), "none", or limits of one's own.
            certificate: With TLS: where the certificate to trust is kept, so that it stays the same after a restart;
                its key lies beside it. None: a new one each time.
            domain: With TLS: a domain whose webmessaging, api and api-cdn hosts the certificate is good for too, as
                it is for those of localhost and of the host.
            token: The key that opens /simulator/ and the desk from anywhere; None: the environment variable
                GENESYS_WEBMESSAGING_SIMULATOR_TOKEN, or a random one.
            idsInHistory: Whether messages have the same id in the history as on the socket.
            returnsCustomMessageId: Whether `metadata.customMessageId` comes back in echo and history.
            onFrame: Called on the server's thread with connection number, "<" or ">" and the frame as it is, secrets
                and all; `maskFrame` makes it fit for a log.

        Raises:
            ValueError: The bot script or a setting is wrong.
        """
        self.clock = Clock()
        self.faults = Faults()
        limited = limits_of(limits)
        listed = [Deployment(id=each) if isinstance(each, str) else each for each in deployments]
        made = [replace(each, limits=limited) if each.limits is None else each for each in listed]
        if not made:
            raise ValueError("a simulator needs at least one deployment")
        self.world = World(self.clock, made, strict=strict)
        self.world.idsInHistory = idsInHistory
        self.world.returnsCustomMessageId = returnsCustomMessageId
        self._host, self._port, self._with_tls = host, port, tls
        self._kept_certificate = None if certificate is None else Path(certificate)
        self._domain = domain
        self.token = token or os.environ.get("GENESYS_WEBMESSAGING_SIMULATOR_TOKEN") or secrets.token_urlsafe(24)
        if not re.fullmatch(r"[\w.~-]{8,}", self.token, re.ASCII):
            raise ValueError(
                "the simulator's token must have at least 8 characters, all of them letters, digits or -._~"
            )
        self._context: ServerContext[Connection] = ServerContext(self.world, self.faults, self.token, onFrame)
        self.received: Frames = self._context.received
        self.requests: Journal[RestRequest] = self._context.requests
        self._service: Service | None = None
        self._certificate: ServerCertificate | None = None
        script = DEFAULT_SCRIPT if bot is True else bot
        if script:
            self.world.observers.append(BotRunner(self.world, BotScript.load(script), self._has_human))

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "stopped" if self._service is None else f"at {self.address}"
        return f"<Simulator {state}, deployments {', '.join(self.world.deployments)}>"

    # -- running

    def start(self) -> None:
        """Begin to listen; returns when guests can connect.

        Raises:
            RuntimeError: It runs already.
            OSError: The address cannot be listened on.
        """
        if self._service is not None:
            raise RuntimeError(f"this simulator runs already, at {self.address}")
        if self._with_tls:
            self._certificate = ServerCertificate(self._host, self._domain, self._kept_certificate)
        thread = self._context.thread = LoopThread()
        try:
            tls = None if self._certificate is None else self._certificate.context
            service = Service(self._context, self._host, self._port, tls)
            thread.run(service.start())
        except BaseException:
            self._leave(thread)
            raise
        self._service, self._port = service, service.port
        if not _is_loopback(self._host):
            log.warning("the simulator listens on %s: others can reach it", self._host)

    def stop(self) -> None:
        """End every connection and stop listening; bounded, leaves no thread. Does nothing the second time."""
        service, self._service = self._service, None
        if service is None:
            return
        thread = self._context.thread
        try:
            thread.run(service.stop())
            service.stopClock()
        finally:
            self._leave(thread)

    @property
    def address(self) -> str:
        """The WebSocket address: ws://127.0.0.1:PORT/v1, or wss.

        Raises:
            RuntimeError: The simulator does not run.
        """
        return f"{'wss' if self._with_tls else 'ws'}://{self._authority()}/v1"

    @property
    def restAddress(self) -> str:
        """The REST address: http://127.0.0.1:PORT, or https.

        Raises:
            RuntimeError: The simulator does not run.
        """
        return f"{'https' if self._with_tls else 'http'}://{self._authority()}"

    @property
    def deskAddress(self) -> str:
        """The address of the desk, with the key in its fragment, which a browser sends to nobody.

        Raises:
            RuntimeError: The simulator does not run.
        """
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - what to connect to instead
        host, _, port = self._authority().rpartition(":")
        here = everywhere.get(host.strip("[]"), host)
        return f"{'https' if self._with_tls else 'http'}://{here}:{port}/desk#{self.token}"

    @property
    def caFile(self) -> str:
        """The certificate that a client must trust, as the path of a PEM file.

        Raises:
            RuntimeError: The simulator does not run, or not with TLS.
        """
        if self._certificate is None:
            raise RuntimeError("there is a certificate only while a Simulator(tls=True) runs")
        return str(self._certificate.caFile)

    # -- looking

    @property
    def violations(self) -> list[Violation]:
        """What clients did against the protocol so far; empty in lenient mode."""
        return self._context.violations.items()

    @property
    def connections(self) -> list[Connection]:
        """The connections there are and were (the last thousand), oldest first."""
        return self._context.connections

    def guest(self, timeout: float = 5.0) -> Connection:
        """The newest open connection; waits for one.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            TimeoutError: Nobody connected.
        """
        return self._context.waitForConnection(timeout)

    @property
    def sessions(self) -> list[Session]:
        """The sessions that a token can reach, oldest first."""
        return self._look(lambda: list(self.world.sessions.values()))

    def session(self, token: str, deploymentId: str | None = None) -> Session:
        """The session of a token.

        Args:
            token: The guest's token.
            deploymentId: Which deployment; None: the first one.

        Raises:
            KeyError: There is none.
        """
        deployment = next(iter(self.world.deployments)) if deploymentId is None else deploymentId
        return self.world.sessions[deployment, token]

    # -- taking part

    def agent(
        self,
        deploymentId: str | None = None,
        *,
        token: str | None = None,
        name: str = "Alex",
        patience: float = 5.0,
    ) -> Agent:
        """A human on the other side, for ``with``: the bot is silent until it leaves the block.

        Args:
            deploymentId: Which deployment to serve; None: the first one.
            token: Serve only the guest with this token; None: the one that came last.
            name: The nickname guests see.
            patience: How long its methods wait for a guest, in seconds.

        Raises:
            ValueError: There is no such deployment.
            RuntimeError: The simulator does not run.
        """
        chosen = next(iter(self.world.deployments)) if deploymentId is None else deploymentId
        return Agent(self.world, self._context.thread, chosen, token, name, patience)

    def _look(self, at: Callable[[], Seen]) -> Seen:
        """Look at the state where it cannot change meanwhile."""
        return at() if self._service is None else self._context.thread.call(at)

    def _authority(self) -> str:
        if self._service is None:
            raise RuntimeError("the simulator does not run: use it in a with block, or call start()")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    def _has_human(self, session: Session) -> bool:
        return any(isinstance(each, Agent) and each.serves(session) for each in self.world.observers)

    def _leave(self, thread: LoopThread) -> None:
        thread.stop()
        self._context.stopped()
        self.world.files.clean()
        if self._certificate is not None:
            self._certificate.clean()
            self._certificate = None


def serve(
    *,
    announce: Callable[[str], None],
    deployments: Sequence[str | Deployment] = ("demo",),
    bot: BotSource = True,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: bool = False,
    strict: bool = False,
    limits: Limits | Literal["documented", "none"] | None = None,
    certificate: str | Path | None = None,
    domain: str | None = None,
    token: str | None = None,
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
        limits: How often things may be done: "documented", "none", or limits of one's own.
        certificate: Where the certificate to trust is kept; see `Simulator`.
        domain: A domain that the certificate is good for; see `Simulator`.
        token: The key of the control side and the desk; see `Simulator`.
        onFrame: Called with connection number, "<" or ">" and each frame, secrets and all; see `maskFrame`.
        ready: Called with the running simulator.
        stop: Ends it when set, as a signal does.

    Raises:
        OSError: The address cannot be listened on.
        ValueError: The bot script or a setting is wrong.
    """
    over = stop or threading.Event()
    simulator = Simulator(
        deployments=deployments,
        strict=strict,
        bot=bot,
        host=host,
        port=port,
        tls=tls,
        limits=limits,
        certificate=certificate,
        domain=domain,
        token=token,
        onFrame=onFrame,
    )
    with _ending_on_signals(over), simulator:
        for line in _lines(simulator, host, tls):
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


def _is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on a host: an address, or a name that stands for such."""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(str(each).split("%")[0]).is_loopback for each in found)


def _lines(simulator: Simulator, host: str, tls: bool) -> list[str]:
    deployments = list(simulator.world.deployments)
    word = "deployment" if len(deployments) == 1 else "deployments"
    lines = [
        f"{simulator.address}  {word} {', '.join(deployments)}",
        simulator.deskAddress,
        f"REST on {simulator.restAddress}",
    ]
    if tls:
        lines.append(f"certificate to trust: {Path(simulator.caFile)}")
    if not _is_loopback(host):
        lines.append(f"warning: it listens on {host}, so others can reach it")
    return lines
