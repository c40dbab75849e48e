"""A scripted bot: the script as models, and what runs it."""

from __future__ import annotations

import contextlib
import logging
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from weakref import WeakKeyDictionary

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from .content import Says, Speaker
from .documents import Document, YamlFile, validated
from .state.deployment import LimitReached
from .state.session import Message, Participant, Role, Session
from .state.world import World

__all__ = ["DEFAULT_SCRIPT", "BotRunner", "BotScript", "Match", "Rule", "Step"]

ORDER = {"text": "Order it", "payload": "order"}

DEFAULT_SCRIPT: Mapping[str, Any] = {
    "name": "Demo Bot",
    "greeting": [
        "Hello! I am the bot of this simulator.",
        {
            "text": "What would you like to do?",
            "quickReplies": ["Opening hours", "Show me a card", "Book a date"],
        },
    ],
    "rules": [
        {"match": {"contains": "hours"}, "reply": ["We are open from 9 to 17, Monday to Friday."]},
        {
            "match": {"payload": "details"},
            "reply": ["The sun hat is made of straw and weighs 90 grams."],
        },
        {
            "match": {"payload": "order"},
            "reply": ["Thank you! Your sun hat is on its way."],
        },
        {
            "match": {"pattern": r"\b(card|product|hat)s?\b"},
            "reply": [
                {
                    "text": "Here is our product of the week.",
                    "card": {
                        "title": "Sun hat",
                        "description": "Straw, one size, 19.90",
                        "image": "https://shop.example/hat.png",
                        "actions": [
                            ORDER,
                            {"text": "Tell me more", "payload": "details"},
                            {"text": "Open the shop", "url": "https://shop.example/hat"},
                        ],
                    },
                }
            ],
        },
        {
            "match": {"pattern": r"\b(carousel|catalogue|catalog)\b"},
            "reply": [
                {
                    "text": "This is what we have.",
                    "carousel": [
                        {"title": "Sun hat", "description": "Straw", "actions": [ORDER]},
                        {"title": "Scarf", "description": "Wool", "actions": [ORDER]},
                    ],
                }
            ],
        },
        {
            "match": {"pattern": r"\b(book|date|appointment)\b"},
            "reply": [
                {
                    "text": "When does it suit you?",
                    "datePicker": {
                        "title": "Appointment",
                        "subtitle": "Half an hour",
                        "times": ["2030-01-07T09:00:00.000Z", "2030-01-07T10:00:00.000Z", "2030-01-08T09:00:00.000Z"],
                    },
                }
            ],
        },
        {"match": {"payloadPattern": r"^\d{4}-\d{2}-\d{2}T"}, "reply": ["Your appointment is on {payload}."]},
        {"match": {"attachment": True}, "reply": ["Thank you for {fileName}."]},
        {"match": {"pattern": r"\b(bye|goodbye|thanks|thank you)\b"}, "reply": ["You are welcome. Goodbye!"]},
        {
            "match": {"pattern": r"\b(hello|hi|hey|good (morning|afternoon|evening))\b"},
            "reply": ["Hello! Ask me for our hours, for a card, or for a date."],
        },
        {"match": {"pattern": r"\bhelp\b|\?\s*$"}, "reply": ["I know about hours, cards and dates."]},
    ],
    "otherwise": ['You said "{text}". I know about hours, cards and dates.'],
}

LIKE_A_PATTERN = re.compile(r"\\[bBdDsSwW]|\.[*+?]|^\^|\$$|^/.*/\w*$|\(\?|\[[^\]]*-[^\]]*\]|\w\|\w")
PLACEHOLDER = re.compile(r"\{(\w+)\}")

log = logging.getLogger(__name__)


def _listed(value: object) -> object:
    """A list as it is, nothing as an empty one, and anything else as a list of one."""
    if value is None:
        return []
    return value if isinstance(value, (list, tuple)) else [value]


def _is_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    return pattern


Texts = Annotated[Sequence[str], BeforeValidator(_listed, json_schema_input_type=str | Sequence[str])]
Pattern = Annotated[str, AfterValidator(_is_pattern)]


class Disconnect(Document):
    """How the bot leaves."""

    readOnly: bool = True
    """Whether the guest may only read from then on."""


class Step(Says):
    """One thing the bot does: say something, hand over, or leave; a text stands for a message with that text."""

    delay: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Seconds of the simulator's clock before it; as the script says if nothing is said."""
    typing: bool | None = None
    """Whether a typing event goes before it; as the script says if nothing is said."""
    handOver: bool = False
    """Whether the bot is silent in this conversation from here on."""
    disconnect: Disconnect | bool | None = None
    """Set when the bot leaves here; true or false stands for its `readOnly`."""

    @property
    def speaks(self) -> bool:
        """Whether there is anything to say."""
        return not self.model_fields_set.isdisjoint(Says.model_fields)

    @property
    def readOnly(self) -> bool | None:
        """Whether leaving makes the session read-only; None if the bot stays."""
        return self.disconnect.readOnly if isinstance(self.disconnect, Disconnect) else self.disconnect

    def filled(self, values: Mapping[str, str]) -> Says:
        """What it says, with {1}, {text}, {payload} and the like replaced."""
        fields = self.model_dump(include=set(Says.model_fields), exclude_unset=True, by_alias=True)
        return Says.model_validate(_filled(fields, values))


def _text_of_a_step(value: object) -> object:
    return {"text": value} if isinstance(value, (str, int, float)) and not isinstance(value, bool) else value


AnyStep = Annotated[Step, BeforeValidator(_text_of_a_step, json_schema_input_type=str | Step)]
Steps = Annotated[
    Sequence[AnyStep], BeforeValidator(_listed, json_schema_input_type=AnyStep | Sequence[AnyStep] | None)
]


class Match(Document):
    """What a message must be like; everything that is said must hold. A text stands for `contains`."""

    text: Texts | None = None
    """One of these is the whole text (or the payload of the button); case does not matter."""
    contains: Texts | None = None
    """One of these is a part of it; case does not matter."""
    pattern: Pattern | None = None
    """A regular expression that is found in it; its groups are placeholders, {1} or {name}."""
    payload: Texts | None = None
    """One of these is the payload of the button that was pressed."""
    payloadPattern: Pattern | None = None
    """A regular expression that is found in the payload."""
    attachment: bool | None = None
    """Whether there is a file; its name is {fileName}."""
    presence: str | None = None
    """A presence event of this type, Join or Disconnect."""

    @model_validator(mode="after")
    def _says_something(self) -> Match:
        if not self.model_fields_set:
            raise ValueError(f"is a text or an object with {', '.join(type(self).model_fields)}")
        return self

    def fits(self, message: Message, values: dict[str, str]) -> bool:
        """Whether a message is like this; what patterns found is added to the values of the placeholders."""
        text, payload = values["text"], values["payload"]
        for pattern, searched in ((self.pattern, text), (self.payloadPattern, payload)):
            found = None if pattern is None else re.search(pattern, searched, re.IGNORECASE)
            if pattern is not None and found is None:
                return False
            if found is not None:
                values.update({str(number): group or "" for number, group in enumerate(found.groups(), 1)})
                values.update({name: group or "" for name, group in found.groupdict().items()})
        met = (
            self.text is None or any(text.strip().casefold() == each.strip().casefold() for each in self.text),
            self.contains is None or any(each.casefold() in text.casefold() for each in self.contains),
            self.payload is None or payload in self.payload,
            self.attachment is None or self.attachment == ("fileName" in values),
            self.presence is None or message.hasPresence(self.presence),
        )
        return all(met)


def _text_of_a_match(value: object) -> object:
    return {"contains": value} if isinstance(value, (str, int, float)) and not isinstance(value, bool) else value


class Rule(Document):
    """What a message must be like, and what the bot does then."""

    match: Annotated[Match, BeforeValidator(_text_of_a_match, json_schema_input_type=str | Match)]
    """What the message must be like."""
    reply: Steps = ()
    """What the bot does then."""


class BotScript(Document):
    """What a bot says, and to what."""

    name: str | None = None
    """The nickname that it shows; none if nothing is said, as on the service where names are not shown."""
    image: str | None = None
    """The address of its picture."""
    greeting: Steps = ()
    """What it does when a guest joins."""
    rules: Sequence[Rule] = ()
    """Tried in order; the first that fits answers."""
    otherwise: Steps = ()
    """What it does when none fits."""
    delay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Seconds of the simulator's clock between its typing event and its message."""
    typing: bool = True
    """Whether a typing event goes before each message."""

    @classmethod
    def load(cls, source: str | Path | Mapping[str, Any] | BotScript) -> BotScript:
        """Read a script.

        Args:
            source: The path of a .json, .yaml or .yml file, or the object that would be in it.

        Raises:
            ValueError: It is not a bot script; the message says where.
            OSError: The file cannot be read.
        """
        if isinstance(source, BotScript):
            return source
        file = None if isinstance(source, Mapping) else YamlFile(Path(source))
        name, content = ("the script", source) if file is None else (str(source), file.content)
        script = validated(cls, content, name, file)
        for location, text in _like_patterns(content):
            log.warning(
                "%s: rules[%d].match: is %r meant as a regular expression? Write {pattern: …} then, or {contains: …} "
                "if it is not",
                name if file is None else f"{name}:{file.line_of(location)}",
                location[1],
                text,
            )
        return script

    def answer(self, message: Message) -> tuple[Sequence[Step], dict[str, str]]:
        """What to do about a message, and the values for the placeholders."""
        known = {"text": message.text or message.payload or "", "payload": message.payload or "", **_file_of(message)}
        for rule in self.rules:
            values = dict(known)
            if rule.match.fits(message, values):
                return rule.reply, values
        if message.hasPresence("Join"):
            return self.greeting, {}
        return ((), {}) if message.type == "Event" else (self.otherwise, known)


def _like_patterns(content: Any) -> Iterator[tuple[tuple[str, int, str], str]]:
    """The texts to match that look like regular expressions, and where they stand."""
    for number, rule in enumerate(content.get("rules") or ()):
        match = rule.get("match") if isinstance(rule, Mapping) else None
        if isinstance(match, str) and LIKE_A_PATTERN.search(match):
            yield ("rules", number, "match"), match


def _file_of(message: Message) -> dict[str, str]:
    for item in message.content:
        if item.get("contentType") == "Attachment":
            return {"fileName": str(item["attachment"].get("filename", ""))}
    return {}


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), value)
    if isinstance(value, Mapping):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(item, values) for item in value]
    return value


Todo = tuple[Step, Mapping[str, str]]


class BotRunner:
    """A bot: hears guests, and answers in the order they spoke. Lives on the server's thread."""

    def __init__(self, world: World, script: BotScript, hasHuman: Callable[[Session], bool]) -> None:
        self.script = script
        self._world = world
        self._speaker = Speaker(world, Participant(role=Role.BOT, nickname=script.name, image=script.image))
        self._has_human = hasHuman
        self._queues: WeakKeyDictionary[Session, deque[Todo]] = WeakKeyDictionary()

    def guestArrived(self, session: Session) -> None:
        """Nothing: the bot waits for the presence Join."""

    def guestSaid(self, session: Session, message: Message) -> None:
        """Find an answer, and begin to give it unless another one is being given."""
        if message.isTyping or session.handedOver or self._has_human(session):
            return
        steps, values = self.script.answer(message)
        queue = self._queues.setdefault(session, deque())
        idle = not queue
        queue.extend((step, values) for step in steps)
        if idle:
            self._prepare(session, queue)

    def _prepare(self, session: Session, queue: deque[Todo]) -> None:
        """Show that the bot types, and do the next step when its delay is over; at once if it has none."""
        while queue:
            step, _ = queue[0]
            delay = self.script.delay if step.delay is None else step.delay
            typing = self.script.typing if step.typing is None else step.typing
            if typing and step.speaks:
                with contextlib.suppress(LimitReached):  # it then says what it has to say without typing
                    self._speaker.typing(session, round(delay * 1000))
            if delay > 0:
                self._world.clock.callLater(delay, lambda: self._resume(session, queue))
                return
            self._do(session, queue)

    def _resume(self, session: Session, queue: deque[Todo]) -> None:
        if queue:
            self._do(session, queue)
            self._prepare(session, queue)

    def _do(self, session: Session, queue: deque[Todo]) -> None:
        step, values = queue.popleft()
        if session.readOnly or self._has_human(session):
            queue.clear()
            return
        if step.speaks:
            self._speaker.say(session, step.filled(values))
        if step.handOver:
            session.handedOver = True
            queue.clear()
        if step.readOnly is not None:
            self._speaker.disconnect(session, step.readOnly)
            queue.clear()
