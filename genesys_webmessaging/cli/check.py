"""``check``: every step of reaching a deployment, which one fails, and what that means."""

from __future__ import annotations

import socket
import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.text import Text

from .._wire.proxy import choose_proxy
from .._wire.tls import shared_context
from ..client import WebMessagingClient
from ..deployment import getDeploymentConfiguration
from ..exceptions import ApiError, ConnectError, RequestError, ResponseTimeoutError, WebMessagingException
from ..models import SessionResponse
from ..regions import asApiHost
from ..rest import ApiClient
from ._exit_status import Status, epilog, plain_sentence_of, status_of
from ._formats import as_rows
from ._options import Place, format_option, place_options
from ._recording import Recorder, recording
from ._screen import Screen
from ._text import clean, one_line, size, span
from ._token import TokenSource, token_options

_SIGNS = {"ok": "good", "FAILED": "bad", "maybe": "choice", "-": "aside"}


@click.command(
    "check",
    epilog=epilog(
        "genesys-webmessaging check --region eu_central_1 --deployment-id ID",
        "genesys-webmessaging check --region us_east_1 --deployment-id ID --origin https://shop.example",
        "genesys-webmessaging check --record frames.jsonl     (to show others what the server does)",
    ),
)
@place_options()
@token_options
@format_option
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write every frame to a file: secrets, texts and names masked, so that it can be given away.",
)
def command(place: Place, keeper: TokenSource, shape: str | None, record: Path | None) -> Status:
    """Try every step of reaching a deployment, and say which one fails and what that means.

    Name, network, encryption, the deployment's public configuration, WebSocket, session, echo,
    history. Nothing is said in the conversation, and no agent is called.
    """
    screen = Screen() if shape in (None, "text") else None
    with recording(record) as recorder, _client(place) as client:
        report = Report(screen, recorder)
        status = _walk(place, client, keeper, report)
    if shape is not None and screen is None:
        click.echo(as_rows(report.rows, shape), nl=False)
    if record is not None:
        click.echo(f"The frames are in {record}: secrets, texts and names are masked.", err=True)
    return status


class Report:
    """Tells the outcome of each step.

    Args:
        screen: Where to show it at once; None shows nothing.
        recorder: Where to write it down, if anywhere.
    """

    def __init__(self, screen: Screen | None, recorder: Recorder | None) -> None:
        self.rows: list[dict[str, object]] = []
        self._screen = screen
        self._recorder = recorder

    def tell(self, sign: str, name: str, told: str, means: str = "") -> None:
        """Tell of a step."""
        self.rows.append({"step": name, "outcome": sign, "told": told, "means": means})
        if self._screen is not None:
            head = Text.assemble((f"{sign:<8}", _SIGNS[sign]), f"{name:<12}")
            self._screen.print_hanging(head, Text(clean(told)), *([Text(means, "aside")] if means else []))
        if self._recorder is not None:
            self._recorder.write("step", {"name": name, "outcome": sign, "told": told})


def _walk(place: Place, client: WebMessagingClient, keeper: TokenSource, report: Report) -> Status:
    journey = ConnectivityCheck(place, client, keeper.known())
    failure: BaseException | None = None
    for step in STEPS:
        if failure is not None:
            report.tell("-", step.name, "not tried")
            continue
        try:
            report.tell("ok", step.name, step.tries(journey))
        except Skipped as reason:
            report.tell("-", step.name, str(reason))
        except CheckWarning as doubt:
            report.tell("maybe", step.name, str(doubt), step.means(journey, doubt))
        except Exception as error:
            if status_of(error) is None:
                raise
            told = plain_sentence_of(error)
            if journey.proxy and not isinstance(error, WebMessagingException):
                told = f"the proxy {journey.proxy}: {told}"
            report.tell("FAILED", step.name, told, step.means(journey, error))
            click.echo(f"Error: the step {step.name!r} failed: {told}", err=True)
            failure = error
    if failure is None:
        return Status.OK
    # A name that is not known, or a port that nobody listens on, is not the fault of the one who typed it.
    found = status_of(failure) or Status.CONNECTION
    return Status.CONNECTION if found is Status.USAGE else found


def _client(place: Place) -> WebMessagingClient:
    """A client that is not yet connected, whose REST calls go the same way as its socket."""
    client = WebMessagingClient(place.address)
    client.setApiClient(
        ApiClient(
            asApiHost(place.address),
            defaultHeaders={"Origin": place.origin},
            connectionTimeout=place.timeout,
            readTimeout=place.timeout,
            proxy=place.proxy,
            caFile=place.ca_file,
        )
    )
    return client


class Skipped(Exception):  # noqa: N818 - it is not an error
    """A step that has nothing to do here; its text says why."""


class CheckWarning(Exception):  # noqa: N818 - it is not a failure
    """Something that may be wrong, and does not keep a guest from talking."""


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        name: What it is called.
        tries: Does it, and returns what was found, or raises.
        means: What it means when it fails.
    """

    name: str
    tries: Callable[[ConnectivityCheck], str]
    means: Callable[[ConnectivityCheck, BaseException], str]


class ConnectivityCheck:
    """On the way to a deployment.

    Args:
        place: Which.
        client: Not yet connected.
        token: Of the session to look at; a new one if None.
    """

    def __init__(self, place: Place, client: WebMessagingClient, token: str | None) -> None:
        self.place = place
        self.client = client
        self.token = token
        parts = urlsplit(place.address)
        self.secure = parts.scheme == "wss"
        self.proxy = choose_proxy(parts, place.proxy, trust_env=True)
        # Where the first connection goes to.
        self.host = self.proxy.host if self.proxy else parts.hostname or ""
        self.port = self.proxy.port if self.proxy else parts.port or (443 if self.secure else 80)

    def look_up(self) -> str:
        """Find the addresses of the host, or of the proxy before it."""
        found = {answer[4][0] for answer in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)}
        addresses = sorted(str(address) for address in found)
        more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
        return f"{self._who}{self.host} is {addresses[0]}{more}"

    def reach(self) -> str:
        """Open a TCP connection, and close it again."""
        began = time.monotonic()
        with socket.create_connection((self.host, self.port), self.place.timeout):
            return f"{self._who}port {self.port} answers in {1000 * (time.monotonic() - began):.0f} ms"

    def encrypt(self) -> str:
        """Look at the certificate."""
        if not self.secure:
            raise Skipped("the address is ws://, which is not encrypted")
        if self.proxy:
            raise Skipped(f"the way leads through the proxy {self.proxy}")
        context = shared_context(self.place.ca_file)
        with (
            socket.create_connection((self.host, self.port), self.place.timeout) as plain,
            context.wrap_socket(plain, server_hostname=self.host) as encrypted,
        ):
            until = (encrypted.getpeercert() or {}).get("notAfter", "?")
            return f"{encrypted.version()}, certificate good until {until}"

    def read_configuration(self) -> str:
        """Fetch the public configuration of the deployment."""
        place = self.place
        try:
            found = getDeploymentConfiguration(
                place.address,
                place.deployment_id,
                connectionTimeout=place.timeout,
                readTimeout=place.timeout,
                proxy=place.proxy,
                caFile=place.ca_file,
            )
        except WebMessagingException as error:
            raise CheckWarning(str(error)) from error
        if not found.isActive:
            raise CheckWarning(f"the deployment is {one_line(found.status) or 'not active'}")
        starts = "starts by itself" if found.isAutoStartEnabled else "starts with the first message"
        files = "takes files" if found.isAttachingAllowed else "takes no files"
        return f"active; a conversation {starts}; {files}"

    def do_handshake(self) -> str:
        """Open the WebSocket."""
        place = self.place
        began = time.monotonic()
        self.client.connect(place.deployment_id, place.origin, place.timeout, proxy=place.proxy, caFile=place.ca_file)
        return f"open after {1000 * (time.monotonic() - began):.0f} ms, as a page of {place.origin}"

    def open_session(self) -> str:
        """Make a session, or resume the one that was given."""
        place = self.place
        tracing_id = self.client.configureSession(place.deployment_id, self.token or str(uuid.uuid4()), place.origin)
        response = self.client.awaitResponse(tracing_id, place.timeout)
        if not isinstance(response, SessionResponse):
            raise RequestError("the server answered with something else than a session")
        facts = ["new" if response.newSession else "resumed"]
        if response.readOnly:
            facts.append("read-only")
        if response.durationSeconds:
            facts.append(f"lives {span(response.durationSeconds)}")
        if response.maxCustomDataBytes:
            facts.append(f"custom attributes up to {size(response.maxCustomDataBytes)}")
        return ", ".join(facts)

    def ping(self) -> str:
        """Ask for an echo."""
        began = time.monotonic()
        self.client.awaitResponse(self.client.ping(), self.place.timeout)
        return f"answered in {1000 * (time.monotonic() - began):.0f} ms"

    def read_history(self) -> str:
        """Fetch the history over REST."""
        count = len(self.client.getHistory().entities)
        return f"{count} message{'' if count == 1 else 's'} over REST"

    def leave(self) -> str:
        """Close the connection."""
        self.client.disconnect()
        return "closed"

    @property
    def _who(self) -> str:
        return "the proxy: " if self.proxy else ""


def _always(meaning: str) -> Callable[[ConnectivityCheck, BaseException], str]:
    return lambda *_: meaning


def _unless_proxied(meaning: str) -> Callable[[ConnectivityCheck, BaseException], str]:
    """What it means where the first connection goes to the server itself."""
    return lambda journey, _: _PROXY_IS_WRONG if journey.proxy else meaning


_PROXY_IS_WRONG = "the proxy cannot be used: is it the right one (--proxy, or HTTPS_PROXY and its like)?"
_REFUSALS = {
    400: "the server does not understand the handshake: is the address one of Web Messaging?",
    401: "the deployment wants its guests to sign in",
    403: "is the deployment active in this region (--deployment-id, --region), and does it allow a page of this origin "
    "(--origin)?",
    404: "nothing speaks WebSocket at this path: the address of a region ends with /v1",
    429: "too many connections: try again later",
}


def _handshake_means(journey: ConnectivityCheck, error: BaseException) -> str:
    if journey.proxy and "proxy" in str(error):
        return "the proxy does not let this through: is it the right one (--proxy), does it want a name and a password?"
    status = error.statusCode if isinstance(error, ConnectError) else -1
    if status in _REFUSALS:
        return _REFUSALS[status]
    if status >= 500:
        return "the server, or a proxy before it, has a problem of its own: try again later"
    return "something on the way does not let WebSockets through: a firewall, or a proxy that has to be named (--proxy)"


def _encryption_means(_: ConnectivityCheck, error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            "something on the way shows a certificate of its own (trust its authority with --ca-file), or the clock is "
            "wrong"
        )
    return "that port does not speak TLS: should the address begin with ws://?"


def _session_means(_: ConnectivityCheck, error: BaseException) -> str:
    if isinstance(error, ResponseTimeoutError):
        return "the server took the connection and then said nothing: is the address one of Web Messaging?"
    return "the deployment id is not one of this region, or the token belongs to a session that cannot be resumed"


def _history_means(_: ConnectivityCheck, error: BaseException) -> str:
    if isinstance(error, ApiError) and error.statusCode in {401, 403}:
        return "the REST host does not accept the jwt of this session; chatting works nevertheless"
    return "the REST host, which is another one than that of the socket, cannot be reached; chatting works nevertheless"


STEPS = (
    Step(
        "name",
        ConnectivityCheck.look_up,
        _unless_proxied("nobody here knows that host: a slip in the address, or no way to the DNS"),
    ),
    Step("network", ConnectivityCheck.reach, _unless_proxied("a firewall is in the way, or nothing runs there")),
    Step("encryption", ConnectivityCheck.encrypt, _encryption_means),
    Step(
        "deployment",
        ConnectivityCheck.read_configuration,
        _always("it may be unknown in this region, inactive, or its configuration is not public"),
    ),
    Step("websocket", ConnectivityCheck.do_handshake, _handshake_means),
    Step("session", ConnectivityCheck.open_session, _session_means),
    Step("echo", ConnectivityCheck.ping, _always("the session is there, but the server does not answer in it")),
    Step("history", ConnectivityCheck.read_history, _history_means),
    Step("goodbye", ConnectivityCheck.leave, _always("")),
)
