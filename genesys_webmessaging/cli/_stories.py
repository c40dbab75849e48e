"""What the guest of the demo does: one part for the bot of our simulator, one for whoever answers elsewhere."""

from __future__ import annotations

from ..client import WebMessagingClient
from ..models import ButtonResponseType
from ._actor import Actor, Wanted
from ._choices import Choice, chosen
from ._files import make_picture
from ._message import Shown

ATTRIBUTES = {"page": "/hats/sun-hat", "customer": "demo"}

# So many offers of a stranger's bot are taken up, lest the demo orders something.
_OFFERS_TAKEN = 1
# Seconds of silence that end an answer when nobody knows how long it will be.
_QUIET = 3.0

_PICTURE = "favourite.png"


def with_the_bot(actor: Actor) -> None:
    """A conversation with the bot of the simulator; whatever it should say and does not is an error."""
    actor.join()
    offer = actor.expect(_offers(ButtonResponseType.QUICKREPLY), "quick replies")
    actor.choose(_choice(offer, "Opening hours"))
    actor.expect(_says("9 to 17"), "its opening hours")
    actor.say("Thanks! I am looking for a hat.", ATTRIBUTES)
    card = actor.expect(_offers(ButtonResponseType.BUTTON), "a card with buttons")
    actor.choose(_choice(card, "Tell me more"))
    actor.expect(_says("straw"), "the details of the hat")
    actor.say("Can I book a date to try it on?")
    picker = actor.expect(_offers(ButtonResponseType.DATEPICKER), "times to choose from")
    actor.choose(picker.choices[0])
    actor.expect(_says("appointment"), "the appointment")
    picture = make_picture(800, 600)
    attachment_id = actor.share("Here is one that I like.", _PICTURE, picture)
    actor.expect(_says(_PICTURE), "an answer to the picture")
    actor.fetch(attachment_id, _PICTURE, picture)
    actor.say("Goodbye!")
    actor.expect(_says("Goodbye"), "a goodbye")


def with_anybody(actor: Actor, *, joining: bool) -> None:
    """A conversation with whatever answers: a bot, an agent, nobody. What comes is shown.

    Args:
        actor: The guest.
        joining: Whether the session is new, so that the guest joins first.
    """
    if joining:
        actor.join()
        told = actor.listen(_QUIET)
    else:
        told = []
    for _ in range(_OFFERS_TAKEN):
        offers = [shown for shown in told if shown.choices]
        if not offers:
            break
        actor.choose(offers[-1].choices[0])
        told = actor.listen(_QUIET)
    actor.say("Hello! This is a demonstration of a chat client, no need to answer.", ATTRIBUTES)
    if not actor.listen(_QUIET):
        actor.screen.note("nobody has answered yet")
    if _takes_pictures(actor.client):
        picture = make_picture(120, 90)
        actor.fetch(actor.share("A picture, as part of the demonstration.", _PICTURE, picture), _PICTURE, picture)
        actor.listen(_QUIET)


def _takes_pictures(client: WebMessagingClient) -> bool:
    return client.allowedMediaInbound is not None and client.isMimeTypeAllowedInbound("image/png")


def _offers(kind: ButtonResponseType) -> Wanted:
    return lambda shown: any(choice.kind is kind for choice in shown.choices)


def _says(text: str) -> Wanted:
    return lambda shown: text.casefold() in shown.text.casefold()


def _choice(shown: Shown, label: str) -> Choice:
    return chosen(shown.choices, label) or shown.choices[0]
