"""``demo``: a whole conversation to watch, on a simulator in this process or with a real organisation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from .._version import __version__
from ..models import SessionResponse
from . import _history as history
from . import _stories as stories
from ._actor import Actor
from ._hearing import Hearing
from ._help import epilog
from ._opening import session
from ._options import Place, place_options
from ._screen import Screen
from ._status import Status
from ._text import one_line, size, span

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
    screen.line(f"genesys-webmessaging {__version__}: a guest talks to {_whom(place)}.")
    screen.line()
    try:
        if place is not None:
            return _elsewhere(place, screen)
        pace = _PACE_UNSEEN if screen.plain else _PACE
        with _simulator(pace) as here:
            return _here(here, screen, pace)
    finally:
        screen.close()


def _whom(place: Place | None) -> str:
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


def _here(place: Place, screen: Screen, pace: float) -> Status:
    with _actor(place, screen, _PATIENCE, pace) as (actor, _):
        stories.with_the_bot(actor)
        return _finished(actor, everything=True)


def _elsewhere(place: Place, screen: Screen) -> Status:
    with _actor(place, screen, min(_PATIENCE_ELSEWHERE, place.timeout), _PACE) as (actor, response):
        stories.with_anybody(actor, joining=response.newSession is not False)
        return _finished(actor, everything=False)


@contextmanager
def _actor(place: Place, screen: Screen, patience: float, pace: float) -> Iterator[tuple[Actor, SessionResponse]]:
    hearing = Hearing()
    with session(place, listener=hearing) as (client, response):
        screen.note(f"connected to {place.address}")
        screen.note(_opened(response))
        yield Actor(client, hearing, screen, patience=patience, pause=pace), response


def _opened(response: SessionResponse) -> str:
    facts = ["the session is new" if response.newSession else "the session was there before"]
    media = response.allowedMedia.inbound if response.allowedMedia is not None else None
    if media is not None and media.fileTypes:
        kinds = ", ".join(_KINDS.get(one.type or "", one_line(one.type)) for one in media.fileTypes)
        limit = f" up to {size(1000 * media.maxFileSizeKB)}" if media.maxFileSizeKB else ""
        facts.append(f"takes {kinds}{limit}")
    if response.durationSeconds:
        facts.append(f"lives {span(response.durationSeconds)}")
    return "; ".join(facts)


def _finished(actor: Actor, *, everything: bool) -> Status:
    report = history.compare(actor.heard, actor.client.getHistory().entities, everything=everything)
    actor.screen.note(report.sentence, "good" if report.fine else "bad")
    actor.leave()
    if not report.fine:
        click.echo(f"Error: {report.sentence}", err=True)
        return Status.REFUSED
    return Status.OK
