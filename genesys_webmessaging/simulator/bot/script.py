"""Bot scripts: reading them, and finding what fits a message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..state.conversation import Message

__all__ = ["BotScript", "Rule", "Step"]

MATCHES = ("text", "contains", "pattern", "payload", "payloadPattern", "attachment", "presence")
STEPS = (
    "text",
    "quickReplies",
    "card",
    "carousel",
    "datePicker",
    "attachment",
    "content",
    "delay",
    "typing",
    "handOver",
    "disconnect",
)
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Step:
    """One thing the bot does: say something, hand over, or leave.

    Attributes:
        says: The keys of the script that make the message.
        delay: Seconds of the simulator's clock before it; None: as the script says.
        typing: Whether a typing event goes before it.
        handOver: Whether the bot is silent in this conversation from here on.
        readOnly: Set when the bot leaves here: whether the session becomes read-only.
    """

    says: Mapping[str, Any]
    delay: float | None = None
    typing: bool = True
    handOver: bool = False
    readOnly: bool | None = None

    def filled(self, values: Mapping[str, str]) -> Mapping[str, Any]:
        """What it says, with {1}, {text}, {payload} and the like replaced."""
        filled: Mapping[str, Any] = _fill(self.says, values)
        return filled


@dataclass(frozen=True)
class Rule:
    """What a message must be like, and what the bot does then."""

    match: Mapping[str, Any]
    reply: tuple[Step, ...]

    def fits(self, message: Message) -> dict[str, str] | None:
        """The values for the placeholders if the message fits; None if it does not."""
        values = {"text": message.text or message.payload or "", "payload": message.payload or "", **_file_of(message)}
        for name, wanted in self.match.items():
            found = _match(name, wanted, message, values)
            if found is None:
                return None
            values.update(found)
        return values


@dataclass(frozen=True)
class BotScript:
    """What a bot says, and to what.

    Attributes:
        name: The nickname it shows.
        greeting: What it does when a guest joins.
        rules: Tried in order; the first that fits answers.
        otherwise: What it does when none fits.
        delay: Seconds of the simulator's clock between its typing event and its message.
        typing: Whether a typing event goes before each message.
    """

    name: str = "Bot"
    greeting: tuple[Step, ...] = ()
    rules: tuple[Rule, ...] = ()
    otherwise: tuple[Step, ...] = ()
    delay: float = 0.0
    typing: bool = True
    image: str | None = field(default=None)

    @classmethod
    def load(cls, source: str | Path | Mapping[str, Any] | BotScript) -> BotScript:
        """Read a script.

        Args:
            source: The path of a .json, .yaml or .yml file, or the object that would be in it.

        Raises:
            ValueError: It is no bot script; the message says where.
            OSError: The file cannot be read.
        """
        if isinstance(source, BotScript):
            return source
        if isinstance(source, Mapping):
            return cls._from_object(source, "the script")
        return cls._from_object(_read(Path(source)), str(source))

    @classmethod
    def _from_object(cls, value: Any, place: str) -> BotScript:
        if not isinstance(value, Mapping):
            raise ValueError(f"{place}: a bot script is an object with greeting, rules and otherwise")  # noqa: TRY004
        _known(value, ("name", "image", "greeting", "rules", "otherwise", "delay", "typing"), place)
        typing = bool(value.get("typing", True))
        rules = [
            _rule(rule, f"{place}, rule {number}", typing) for number, rule in enumerate(_list(value.get("rules")), 1)
        ]
        return cls(
            name=str(value.get("name", "Bot")),
            image=value.get("image"),
            greeting=_steps(value.get("greeting"), f"{place}, greeting", typing),
            rules=tuple(rules),
            otherwise=_steps(value.get("otherwise"), f"{place}, otherwise", typing),
            delay=_seconds(value.get("delay", 0.0), place),
            typing=typing,
        )

    def answer(self, message: Message) -> tuple[tuple[Step, ...], dict[str, str]]:
        """What to do about a message, and the values for the placeholders."""
        for rule in self.rules:
            values = rule.fits(message)
            if values is not None:
                return rule.reply, values
        if message.hasPresence("Join"):
            return self.greeting, {}
        if message.type == "Event":
            return (), {}
        return self.otherwise, Rule({}, ()).fits(message) or {}


def _read(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    if path.suffix.lower() == ".json":
        try:
            return json.loads(text)
        except ValueError as error:
            raise ValueError(f"{path} is no JSON: {error}") from error
    try:
        import yaml
    except ImportError as error:
        raise ImportError(f"to read {path}: pip install 'genesys-webmessaging[simulator]'") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {error}") from error


def _known(value: Mapping[str, Any], names: Iterable[str], place: str) -> None:
    unknown = sorted(set(value) - set(names))
    if unknown:
        raise ValueError(f"{place}: unknown {', '.join(unknown)}; there are {', '.join(names)}")


def _list(value: Any) -> list[Any]:
    """A list as it is, nothing as an empty one, and anything else as a list of one."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _seconds(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ValueError(f"{place}: delay is a number of seconds, not {value!r}")
    return float(value)


def _rule(value: Any, place: str, typing: bool) -> Rule:
    if not isinstance(value, Mapping):
        raise ValueError(f"{place}: a rule is an object with match and reply")  # noqa: TRY004
    _known(value, ("match", "reply"), place)
    match = value.get("match")
    if isinstance(match, str):
        match = {"contains": match}
    if not isinstance(match, Mapping) or not match:
        raise ValueError(f"{place}: match is a text or an object with {', '.join(MATCHES)}")
    _known(match, MATCHES, f"{place}, match")
    for name in ("pattern", "payloadPattern"):
        _compiles(match.get(name, ""), place)
    return Rule(match, _steps(value.get("reply"), f"{place}, reply", typing))


def _compiles(pattern: Any, place: str) -> None:
    try:
        re.compile(str(pattern))
    except re.error as error:
        raise ValueError(f"{place}: {pattern!r} is no regular expression: {error}") from error


def _steps(value: Any, place: str, typing: bool) -> tuple[Step, ...]:
    return tuple(_step(step, f"{place} {number}", typing) for number, step in enumerate(_list(value), 1))


def _step(value: Any, place: str, typing: bool) -> Step:
    if isinstance(value, str):
        return Step({"text": value}, typing=typing)
    if not isinstance(value, Mapping):
        raise ValueError(f"{place}: a reply is a text or an object with {', '.join(STEPS)}")  # noqa: TRY004
    _known(value, STEPS, place)
    says = {name: value[name] for name in STEPS[:7] if name in value}
    disconnect = value.get("disconnect")
    return Step(
        says,
        delay=_seconds(value["delay"], place) if "delay" in value else None,
        typing=bool(value.get("typing", typing)),
        handOver=bool(value.get("handOver", False)),
        readOnly=disconnect.get("readOnly", True) if isinstance(disconnect, Mapping) else disconnect,
    )


def _match(name: str, wanted: Any, message: Message, values: Mapping[str, str]) -> dict[str, str] | None:
    """What a condition adds to the placeholders; None when it is not met."""
    text, payload = values["text"], values["payload"]
    if name in ("pattern", "payloadPattern"):
        found = re.search(str(wanted), text if name == "pattern" else payload, re.IGNORECASE)
        if found is None:
            return None
        groups = {str(number): group or "" for number, group in enumerate(found.groups(), 1)}
        return {**groups, **{key: value or "" for key, value in found.groupdict().items()}}
    met = {
        "text": any(text.strip().casefold() == str(each).strip().casefold() for each in _list(wanted)),
        "contains": any(str(each).casefold() in text.casefold() for each in _list(wanted)),
        "payload": any(payload == str(each) for each in _list(wanted)),
        "attachment": bool(wanted) == ("fileName" in values),
        "presence": message.hasPresence(str(wanted)),
    }
    return {} if met[name] else None


def _file_of(message: Message) -> dict[str, str]:
    for item in message.content:
        if item.get("contentType") == "Attachment":
            return {"fileName": str(item["attachment"].get("filename", ""))}
    return {}


def _fill(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), value)
    if isinstance(value, Mapping):
        return {key: _fill(item, values) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_fill(item, values) for item in value]
    return value
