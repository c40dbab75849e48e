"""``demo``: a whole conversation to watch, on a simulator in this process or with a real organisation."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from .._base.threads import Deadline, seconds_text
from .._version import __version__
from ..attachments import KILOBYTE, downloadAttachment
from ..client import WebMessagingClient
from ..companions import textMessage
from ..conversation import Conversation
from ..exceptions import AttachmentError, ResponseTimeoutError
from ..models import ButtonResponseType, SessionResponse, StructuredMessage, WebMessagingMessage
from ._content import Choice, chosen
from ._events import Ended, Event, Events, Notice
from ._exit_status import Status, epilog
from ._message import Shown, show
from ._options import Place, place_options
from ._screen import Screen
from ._text import one_line, present, span

# Seconds. On a terminal everything happens at a pace that can be read.
_PATIENCE = 5.0
_PATIENCE_ELSEWHERE = 10.0
_PACE = 0.4
_PACE_UNSEEN = 0.05

_KINDS = {"*/*": "files", "image/*": "images", "video/*": "videos", "audio/*": "sound", "application/pdf": "PDF"}


@click.command(
    "demo",
    epilog=epilog(
        "genesys-webmessaging demo",
        "genesys-webmessaging demo | cat",
        "genesys-webmessaging demo --region eu_central_1 --deployment-id ID --origin https://shop.example",
    ),
)
@place_options(here=True)
def command(place: Place | None) -> Status:
    """Watch a guest and a bot hold a conversation.

    Without options it happens on a simulator in this very process, so no account is needed and
    nothing leaves this machine. With --region (or --address) and --deployment-id the guest talks to
    a real deployment: it joins, takes up one offer if there is one, says hello, waits a few seconds
    for answers, and reads the history.
    """
    screen = Screen()
    screen.line(f"genesys-webmessaging {__version__}: a guest talks to {_target_name(place)}.")
    screen.line()
    try:
        if place is not None:
            return _on_deployment(place, screen)
        pace = _PACE_UNSEEN if screen.plain else _PACE
        with _simulator(pace) as here:
            return _on_simulator(here, screen, pace)
    finally:
        screen.close()


def _target_name(place: Place | None) -> str:
    return "the bot of a local simulator" if place is None else f"deployment {place.deployment_id} at {place.host}"


@contextmanager
def _simulator(pace: float) -> Iterator[Place]:
    from ..simulator import DEFAULT_SCRIPT, Simulator

    with Simulator(bot={**DEFAULT_SCRIPT, "delay": pace}) as simulator:
        yield Place(
            address=simulator.address,
            deployment_id="demo",
            origin="https://shop.example",
            timeout=_PATIENCE,
            proxy=None,
        )


def _on_simulator(place: Place, screen: Screen, pace: float) -> Status:
    with _guest(place, screen, _PATIENCE, pace) as (guest, _):
        with_the_bot(guest)
        return _finished(guest, everything=True)


def _on_deployment(place: Place, screen: Screen) -> Status:
    with _guest(place, screen, min(_PATIENCE_ELSEWHERE, place.timeout), _PACE) as (guest, response):
        with_anybody(guest, joining=response.newSession is not False)
        return _finished(guest, everything=False)


@contextmanager
def _guest(place: Place, screen: Screen, patience: float, pace: float) -> Iterator[tuple[Guest, SessionResponse]]:
    events = Events()
    with place.open(None, events) as conversation:
        response = conversation.sessionResponse or SessionResponse()
        screen.note(f"connected to {place.address}")
        screen.note(_opened(response))
        yield Guest(conversation, events, screen, patience=patience, pause=pace), response


def _opened(response: SessionResponse) -> str:
    facts = ["the session is new" if response.newSession else "the session was there before"]
    media = response.allowedMedia.inbound if response.allowedMedia is not None else None
    if media is not None and media.fileTypes:
        kinds = ", ".join(_KINDS.get(one.type or "", one_line(one.type)) for one in media.fileTypes)
        limit = f" up to {media.maxFileSizeKB / KILOBYTE:.4g} MB" if media.maxFileSizeKB else ""
        facts.append(f"takes {kinds}{limit}")
    if response.durationSeconds:
        facts.append(f"lives {span(response.durationSeconds)}")
    return "; ".join(facts)


def _finished(guest: Guest, *, everything: bool) -> Status:
    report = compare(guest.heard, guest.conversation.history(), everything=everything)
    guest.screen.note(report.sentence, "good" if report.fine else "bad")
    guest.leave()
    if not report.fine:
        click.echo(f"Error: {report.sentence}", err=True)
        return Status.REFUSED
    return Status.OK


Wanted = Callable[[Shown], bool]


class Guest:
    """A guest who says and chooses things, and the screen that all is shown on.

    Args:
        conversation: Open.
        events: What is heard in it.
        screen: Where to show what happens.
        patience: Seconds to wait for each answer.
        pause: Seconds that a guest takes to read before acting.
    """

    def __init__(
        self, conversation: Conversation, events: Events, screen: Screen, *, patience: float, pause: float
    ) -> None:
        self.conversation = conversation
        self.screen = screen
        self.heard: list[StructuredMessage] = []
        self._events = events
        self._patience = patience
        self._pause = pause

    # Doing

    def join(self) -> None:
        """Tell that the guest is there."""
        self._see(self.conversation.join(self._patience))

    def say(self, text: str, attributes: Mapping[str, str] | None = None, *files: str) -> None:
        """Type a message and send it, with data and files that were uploaded."""
        self.conversation.typing()
        self.screen.typing("You are typing")
        self._take_time()
        self.screen.typing_over()
        self._see(self.conversation.deliver(textMessage(text, attributes, files), timeout=self._patience))
        if attributes:
            told = ", ".join(f"{key}={value}" for key, value in attributes.items())
            self.screen.note(f"custom attributes: {told}")

    def share(self, text: str, name: str, picture: bytes) -> str:
        """Upload a picture and send it.

        Returns:
            Its attachment id.
        """
        with self.screen.progress(f"uploading {name}") as progress:
            attachment_id = self.conversation.upload(
                picture, name, "image/png", progress=progress, timeout=self._patience
            )
        self.say(text, None, attachment_id)
        return attachment_id

    def fetch(self, attachment_id: str, name: str, picture: bytes) -> None:
        """Download a picture that was sent, and see that it is the same.

        Raises:
            AttachmentError: It is another one.
        """
        copy = io.BytesIO()
        with self.screen.progress(f"downloading {name}") as progress:
            downloadAttachment(self.conversation.client, attachment_id, copy, progress=progress, timeout=self._patience)
        if copy.getvalue() != picture:
            raise AttachmentError(f"{name} came back as something else than was sent", attachmentId=attachment_id)
        self.screen.note(f"{name} came back byte by byte as it was sent")

    def choose(self, choice: Choice) -> None:
        """Press a button."""
        self._take_time()
        self._see(choice.answer(self.conversation, self._patience))

    def leave(self) -> None:
        """Disconnect, and show what is still to be told."""
        self._events.leave()
        self.conversation.close()
        self._events.stop()
        while (event := self._events.next()) is not None:
            self._show(event)
        self.screen.close()

    # Hearing

    def expect(self, wanted: Wanted, what: str) -> Shown:
        """Show what comes until it is what is wanted.

        Args:
            wanted: Tells whether a message of the other side is it.
            what: What to call it when it does not come.

        Raises:
            ResponseTimeoutError: It did not come in time.
            ConversationEndedError: Nothing will come any more.
        """
        found = self._hear(lambda _, shown: not shown.mine and wanted(shown), self._patience)
        if found is None:
            raise ResponseTimeoutError(f"the other side did not send {what} within {seconds_text(self._patience)}")
        return found

    def listen(self, quiet: float) -> list[Shown]:
        """Show what comes, until nothing has come for a while, or the other side has talked for very long.

        Args:
            quiet: Seconds without anything after the first message; before it there is all the patience,
                and it is never more than that.

        Returns:
            What the other side said.
        """
        told: list[Shown] = []
        deadline = Deadline(2 * self._patience)
        limit = self._patience
        while (shown := self._hear(lambda _, shown: not shown.mine, deadline.at_most(limit))) is not None:
            told.append(shown)
            limit = min(quiet, self._patience)
        return told

    def _see(self, echo: StructuredMessage) -> None:
        """Show what comes, up to what the guest has just said."""
        self._hear(lambda message, _: message.tracingId == echo.tracingId, self._patience)

    def _take_time(self) -> None:
        self._hear(lambda *_: False, self._pause)

    def _hear(self, wanted: Callable[[StructuredMessage, Shown], bool], seconds: float) -> Shown | None:
        deadline = Deadline(seconds)
        while not deadline.passed and (event := self._events.next(deadline.remaining)) is not None:
            if isinstance(event, Ended):
                raise event.error
            shown = self._show(event)
            if shown is not None and isinstance(event, StructuredMessage) and wanted(event, shown):
                return shown
        self.screen.typing_over()
        return None

    def _show(self, event: Event) -> Shown | None:
        """Show something; None unless it is a message that says or tells something."""
        if isinstance(event, Notice):
            self.screen.typing_over()
            self.screen.note(event.text)
        if not isinstance(event, StructuredMessage):
            return None
        shown = show(event)
        self.screen.message(shown)
        if shown.typing:
            return None
        self.heard.append(event)
        return shown


ATTRIBUTES = {"page": "/hats/sun-hat", "customer": "demo"}

# So many offers of a stranger's bot are taken up, lest the demo orders something.
_OFFERS_TAKEN = 1
# Seconds of silence that end an answer when nobody knows how long it will be.
_QUIET = 3.0

_PICTURE = "favourite.png"


def with_the_bot(guest: Guest) -> None:
    """A conversation with the bot of the simulator; whatever it should say and does not is an error."""
    guest.join()
    offer = guest.expect(_offers(ButtonResponseType.QUICKREPLY), "quick replies")
    guest.choose(_choice(offer, "Opening hours"))
    guest.expect(_says("9 to 17"), "its opening hours")
    guest.say("Thanks! I am looking for a hat.", ATTRIBUTES)
    card = guest.expect(_offers(ButtonResponseType.BUTTON), "a card with buttons")
    guest.choose(_choice(card, "Tell me more"))
    guest.expect(_says("straw"), "the details of the hat")
    guest.say("Can I book a date to try it on?")
    picker = guest.expect(_offers(ButtonResponseType.DATEPICKER), "times to choose from")
    guest.choose(picker.choices[0])
    guest.expect(_says("appointment"), "the appointment")
    picture = make_picture(800, 600)
    attachment_id = guest.share("Here is one that I like.", _PICTURE, picture)
    guest.expect(_says(_PICTURE), "an answer to the picture")
    guest.fetch(attachment_id, _PICTURE, picture)
    guest.say("Goodbye!")
    guest.expect(_says("Goodbye"), "a goodbye")


def with_anybody(guest: Guest, *, joining: bool) -> None:
    """A conversation with whatever answers: a bot, an agent, nobody. What comes is shown.

    Args:
        guest: Who.
        joining: Whether the session is new, so that the guest joins first.
    """
    if joining:
        guest.join()
        told = guest.listen(_QUIET)
    else:
        told = []
    for _ in range(_OFFERS_TAKEN):
        offers = [shown for shown in told if shown.choices and shown.choices[0].form is None]
        if not offers:
            break
        guest.choose(offers[-1].choices[0])
        told = guest.listen(_QUIET)
    guest.say("Hello! This is a demonstration of a chat client, no need to answer.", ATTRIBUTES)
    if not guest.listen(_QUIET):
        guest.screen.note("nobody has answered yet")
    if _takes_pictures(guest.conversation.client):
        picture = make_picture(120, 90)
        guest.fetch(guest.share("A picture, as part of the demonstration.", _PICTURE, picture), _PICTURE, picture)
        guest.listen(_QUIET)


def _takes_pictures(client: WebMessagingClient) -> bool:
    return client.allowedMediaInbound is not None and client.isMimeTypeAllowedInbound("image/png")


def _offers(kind: ButtonResponseType) -> Wanted:
    return lambda shown: any(choice.kind is kind for choice in shown.choices)


def _says(text: str) -> Wanted:
    return lambda shown: text.casefold() in shown.text.casefold()


def _choice(shown: Shown, label: str) -> Choice:
    return chosen(shown.choices, label) or shown.choices[0]


def make_picture(width: int, height: int) -> bytes:
    """A PNG of coloured noise, which takes some three bytes a pixel."""
    rows = b"".join(b"\0" + os.urandom(3 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@dataclass(frozen=True)
class Report:
    """What a comparison found, as a sentence; ``fine``: nothing is wrong."""

    sentence: str
    fine: bool


def compare(heard: Iterable[StructuredMessage], history: Sequence[WebMessagingMessage], *, everything: bool) -> Report:
    """Compare what was heard live with the history.

    Ids are left out of it: whether those of the history equal the live ones is not known.

    Args:
        heard: In the order it came.
        history: Oldest first.
        everything: Whether both must be the same, message by message. Else the history may hold
            more, and what is too new to be in it is only told.
    """
    live = [_essence(message) for message in heard]
    stored = [_essence(message) for message in history]
    count = f"history: {len(stored)} message{'' if len(stored) == 1 else 's'} over REST"
    if everything:
        if live == stored:
            return Report(f"{count}, the same as heard live", True)
        return Report(f"{count}, which are not the {len(live)} that were heard live", False)
    live = [essence for essence in live if essence.says]
    rest = list(stored)
    found = 0
    for essence in live:
        if essence in rest:
            rest.remove(essence)
            found += 1
    if found == len(live):
        return Report(f"{count}, all {found} that were said here among them", True)
    return Report(f"{count}; of the {len(live)} that were said here {found} are in it so far", True)


@dataclass(frozen=True)
class _Comparable:
    """What makes two messages the same to a person."""

    direction: str
    text: str
    content: tuple[Hashable, ...]
    events: tuple[str, ...]

    @property
    def says(self) -> bool:
        return bool(self.text or self.content)


def _essence(message: Any) -> _Comparable:
    return _Comparable(
        str(message.direction or ""),
        message.text or "",
        tuple(_kind_and_answer(content) for content in present(message.content)),
        tuple(str(event.eventType) for event in present(message.events)),
    )


def _kind_and_answer(content: Any) -> tuple[str, str]:
    for name in ("buttonResponse", "quickReply"):
        said = getattr(content, name, None)
        if said is not None:
            return str(content.contentType), said.payload or said.text or ""
    if content.attachment is not None:
        return str(content.contentType), content.attachment.id or ""
    return str(content.contentType), ""
