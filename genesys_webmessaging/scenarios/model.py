"""What may stand in a scenario file, and reading one."""

from __future__ import annotations

import difflib
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ..simulator.documents import Location
from .document import Document, ScenarioError

__all__ = ["Config", "Expectation", "Scenario", "ScenarioError", "ScenarioFile", "Step", "load", "schema"]

# Seconds that a scenario waits for an answer unless it says otherwise.
TIMEOUT = 10.0
# Seconds that expectNot looks for what must not come unless it says otherwise.
LOOK_FOR = 2.0

_UNITS = {"": 1.0, "s": 1.0, "ms": 0.001, "m": 60.0, "min": 60.0, "h": 3600.0}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|)\s*")


def _seconds(value: object) -> object:
    if isinstance(value, str):
        match = _DURATION.fullmatch(value)
        if match is None:
            raise ValueError(f"{value!r} is not a duration; write seconds (3), or 500ms, 3s, 2min")
        return float(match[1]) * _UNITS[match[2]]
    return value


Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(ge=0, lt=1_000_000),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": _DURATION.pattern}]}),
]


def _pattern(value: str) -> str:
    try:
        re.compile(VARIABLE.sub("x", value))
    except re.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from error
    return value


def _texts(value: object) -> object:
    return [value] if isinstance(value, str) else value


Pattern = Annotated[str, BeforeValidator(lambda value: _pattern(value) if isinstance(value, str) else value)]
Texts = Annotated[
    list[str],
    BeforeValidator(_texts),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


class _Part(BaseModel):
    """A part of a scenario file. ``short`` is the key that a bare value stands for."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    short: ClassVar[str | None] = None

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        if cls.short is not None and value is not None and not isinstance(value, (Mapping, BaseModel)):
            return {cls.short: value}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made = handler.resolve_ref_schema(handler(core))
        if cls.short is None:
            return made
        key = next((each.alias or name for name, each in cls.model_fields.items() if name == cls.short), cls.short)
        return {"anyOf": [made["properties"][key], made]}


class Words(_Part):
    """What a text must be like; one of the three."""

    short: ClassVar[str | None] = "containing"

    containing: str | None = Field(default=None, description="A part of the text, in any case of letters.")
    matching: Pattern | None = Field(
        default=None, description="A regular expression that is searched for, in any case."
    )
    equals: str | None = Field(default=None, description="The whole text, exactly.")

    def met_by(self, text: str) -> bool:
        """Whether a text is like that."""
        return (
            (self.containing is None or self.containing.casefold() in text.casefold())
            and (self.matching is None or re.search(self.matching, text, re.IGNORECASE) is not None)
            and (self.equals is None or self.equals == text)
        )


class CardExpectation(_Part):
    """A card that must be shown."""

    short: ClassVar[str | None] = "title"

    title: str | None = Field(default=None, description="Its title, in any case of letters.")
    description: str | None = Field(default=None, description="A part of its description.")
    actions: Texts | None = Field(default=None, description="The texts of buttons that it must have.")


class Expectation(Words):
    """What a message must be like. All that is given must hold."""

    anyOf: list[Words] | None = Field(default=None, min_length=1, description="One of these must hold for the text.")
    quickReplies: Texts | None = Field(
        default=None, description="Quick replies that must be offered, by text or payload."
    )
    cards: list[CardExpectation] | None = Field(default=None, min_length=1, description="Cards that must be shown.")
    media: Texts | None = Field(
        default=None, description="Files that must come: names or MIME types, * stands for anything."
    )
    from_: str | None = Field(
        default=None, alias="from", description='"bot", "agent", or the name shown with the message.'
    )
    jsonPath: dict[str, str | None] | None = Field(
        default=None, min_length=1, description="JSONPath into the message, and the value that must be there."
    )
    within: Seconds | None = Field(
        default=None, description="Seconds to wait for it; the scenario's timeout if left out."
    )
    answeredIn: Seconds | None = Field(
        default=None, description="Seconds that the answer may take, counted from the step that spoke last."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Expectation:
        given = self.model_fields_set - {"within", "answeredIn", "for_"}
        if not given:
            raise ValueError("an expectation must say what is expected: containing, matching, equals, …")
        if len(given & {"containing", "matching", "equals", "anyOf"}) > 1:
            raise ValueError("containing, matching, equals and anyOf exclude each other")
        return self

    @field_validator("cards", mode="before")
    @classmethod
    def _one_card(cls, value: object) -> object:
        return [value] if isinstance(value, (str, Mapping)) else value

    @property
    def shown(self) -> str:
        """The expectation in a few words."""
        words = []
        for name in ("containing", "matching", "equals"):
            said = getattr(self, name)
            if said is not None:
                words.append(f"'{said}'" if name == "containing" else f"{name} '{said}'")
        if self.anyOf:
            said = [one.containing or one.matching or one.equals for one in self.anyOf]
            words.append("any of " + ", ".join(map(repr, said)))
        for name in ("quickReplies", "media"):
            listed = getattr(self, name)
            if listed:
                words.append(f"{name} {', '.join(map(repr, listed))}")
        if self.cards:
            words.append(
                "cards " + ", ".join(repr(card.title or card.description or card.actions) for card in self.cards)
            )
        if self.from_:
            words.append(f"from {self.from_}")
        words += [f"{path} = {value!r}" for path, value in (self.jsonPath or {}).items()]
        return " and ".join(words)


class NotExpectation(Expectation):
    """What must not come."""

    for_: Seconds = Field(default=LOOK_FOR, alias="for", description="Seconds to look for it.")

    @model_validator(mode="after")
    def _no_wait_for_an_answer(self) -> NotExpectation:
        if self.within is not None or self.answeredIn is not None:
            raise ValueError("expectNot takes for, and neither within nor answeredIn")
        return self


class Say(_Part):
    """A text of the guest's."""

    short: ClassVar[str | None] = "text"

    text: str = Field(min_length=1)
    customAttributes: dict[str, str] | None = None


class Press(_Part):
    """A button of a card."""

    short: ClassVar[str | None] = "button"

    button: str = Field(description="Its text or payload.")
    card: str | None = Field(
        default=None, description="The title of its card; the first card with such a button if left out."
    )


class Attach(_Part):
    """Files to send."""

    short: ClassVar[str | None] = "files"

    files: Texts = Field(description="Paths, relative to the scenario file.")
    text: str = Field(default="", description="What is said with them.")


class Within(_Part):
    """How long to wait."""

    short: ClassVar[str | None] = "within"

    within: Seconds | None = None


class Repeat(_Part):
    """Steps to take several times."""

    times: int = Field(ge=1, le=100_000)
    steps: list[Step] = Field(min_length=1)


class Step(_Part):
    """One thing to do or to expect: exactly one of these keys."""

    say: Say | None = Field(default=None, description="Say something, and wait for its echo.")
    choose: str | None = Field(default=None, description="Choose a quick reply, by its text or payload.")
    press: Press | None = Field(default=None, description="Press a button of a card, by its text or payload.")
    pick: str | None = Field(default=None, description="Pick one of the times offered: ISO 8601, or its number from 0.")
    select: Texts | None = Field(default=None, description="Select items of a list picker, by title or id.")
    fill: dict[str, str | list[str]] | None = Field(
        default=None, description="Fill in a form: component id or title to value."
    )
    attach: Attach | None = Field(default=None, description="Send files.")
    typing: None = Field(default=None, description="Tell that the guest is typing.")
    wait: Seconds | None = Field(default=None, description="Do nothing for so many seconds.")
    expect: Expectation | None = Field(default=None, description="Wait for a message like this; pass over others.")
    expectNot: NotExpectation | None = Field(default=None, description="Nothing like this may have come or come.")
    expectSilence: Seconds | None = Field(
        default=None, description="No message may have come or come within so many seconds."
    )
    expectDisconnect: Within | None = Field(default=None, description="The other side must leave.")
    expectReadOnly: Within | None = Field(default=None, description="The session must become read-only.")
    save: dict[str, Pattern] | None = Field(
        default=None,
        min_length=1,
        description="Names, and patterns that a message must have: group 1 is kept, or all of the match.",
    )
    repeat: Repeat | None = Field(default=None, description="Take steps several times.")
    waitForReplyContaining: str | None = Field(default=None, description="expect: {containing: …}")
    waitForReplyMatching: Pattern | None = Field(default=None, description="expect: {matching: …}")

    @model_validator(mode="before")
    @classmethod
    def _one_key(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError("a step is a key and its value, such as 'say: Hello'")  # noqa: TRY004 - for pydantic
        if len(value) != 1:
            raise ValueError(f"a step has one key, not {len(value)}: {', '.join(map(str, value)) or 'none at all'}")
        key, given = next(iter(value.items()))
        if key == "typing" and given not in (None, "true", True):
            raise ValueError("typing takes no value")
        if key in ("typing", "expectDisconnect", "expectReadOnly"):
            return {key: None if key == "typing" else {} if given in (None, "true", True) else given}
        if given is None and key in cls.model_fields:
            raise ValueError(f"{key} has no value")
        return value

    @cached_property
    def key(self) -> str:
        """Which step it is."""
        return next(iter(self.model_fields_set))

    @property
    def value(self) -> Any:
        """What it is told."""
        return getattr(self, self.key)

    @property
    def expectation(self) -> Expectation | None:
        """What it waits for, if it is a kind of ``expect``."""
        if self.waitForReplyContaining is not None:
            return Expectation(containing=self.waitForReplyContaining)
        if self.waitForReplyMatching is not None:
            return Expectation(matching=self.waitForReplyMatching)
        return self.expect

    @property
    def label(self) -> str:
        """The step in one line: ``say: Hello``."""
        value = self.value
        shown: str
        if isinstance(value, Expectation):
            shown = value.shown
        elif isinstance(value, Say):
            shown = value.text
        elif isinstance(value, Press):
            shown = f"{value.button} ({value.card})" if value.card else value.button
        elif isinstance(value, Attach):
            shown = ", ".join(value.files)
        elif isinstance(value, Repeat):
            shown = f"{value.times} times"
        elif isinstance(value, Within):
            shown = "" if value.within is None else f"within {value.within:g} s"
        elif isinstance(value, Mapping):
            shown = ", ".join(f"{name}: {told}" for name, told in value.items())
        elif isinstance(value, list):
            shown = ", ".join(value)
        elif isinstance(value, float):
            shown = f"{value:g} s"
        else:
            shown = value or ""
        return f"{self.key}: {shown}" if shown else self.key


class SignIn(_Part):
    """How the guest signs in: a jwt of the OAuth exchange, or what to exchange for one."""

    jwt: str | None = Field(default=None, repr=False)
    code: str | None = Field(default=None, repr=False)
    redirectUri: str | None = None
    codeVerifier: str | None = Field(default=None, repr=False)
    idToken: str | None = Field(default=None, repr=False)
    nonce: str | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> SignIn:
        if sum(one is not None for one in (self.jwt, self.code, self.idToken)) != 1:
            raise ValueError("signIn takes one of jwt, code (with redirectUri) and idToken (with nonce)")
        if self.code is not None and self.redirectUri is None:
            raise ValueError("signIn with a code takes redirectUri")
        if self.idToken is not None and self.nonce is None:
            raise ValueError("signIn with an idToken takes nonce")
        return self


class Config(_Part):
    """Where the scenarios run, and as whom."""

    address: str | None = Field(default=None, description="wss://… or ws://…")
    region: str | None = Field(
        default=None, description="A region by its name (eu_central_1) or domain (mypurecloud.de)."
    )
    deploymentId: str | None = None
    origin: str | None = Field(default=None, description="The origin of the guest's web page.")
    join: bool | Literal["always"] = Field(
        default=False, description="Tell that the guest has come, which starts some bots."
    )
    timeout: Seconds = Field(
        default=TIMEOUT, gt=0, description="Seconds to wait for an answer, and for each other step."
    )
    customAttributes: dict[str, str] | None = None
    signIn: SignIn | None = None
    simulator: str | dict[str, Any] | None = Field(
        default=None,
        description="The bot of the simulator that is used without an address: a script, or the path of one.",
    )

    @model_validator(mode="after")
    def _one_address(self) -> Config:
        if self.address is not None and self.region is not None:
            raise ValueError("config takes an address or a region, not both")
        return self


class _ScenarioModel(_Part):
    short: ClassVar[str | None] = "steps"

    tags: Texts | None = None
    parametrize: dict[str, Texts] | list[dict[str, str]] | None = Field(
        default=None,
        description="Names and their values (every combination is a scenario), or a list of sets of values.",
    )
    attempts: int = Field(default=1, ge=1, le=1000, description="How often it is run.")
    threshold: float = Field(default=1.0, gt=0, le=1, description="The share of attempts that must pass.")
    steps: list[Step] = Field(min_length=1)


class _FileModel(_Part):
    """A scenario file."""

    config: Config = Config()
    vars: dict[str, str] = Field(default_factory=dict)
    include: Texts | None = Field(default=None, description="Files whose vars and scenarios are taken in.")
    scenarios: dict[str, _ScenarioModel] = Field(default_factory=dict)


Repeat.model_rebuild()
VARIABLE = re.compile(r"\$\$\{|\$\{([A-Za-z_][\w.-]*)\}")
# The values of these keys are regular expressions, in which a variable stands for itself.
_PATTERN_KEYS = frozenset({"matching", "waitForReplyMatching", "save"})


def substitute(value: Any, lookup: Callable[[str], str | None], *, pattern: bool = False) -> Any:
    """Replace ``${name}`` in every text of a value; ``$${`` is a plain ``${``.

    Args:
        value: Texts, lists and dicts.
        lookup: Gives the value of a name; None leaves the name as it stands.
        pattern: Whether the texts are regular expressions, so that what is put in has to be escaped.
    """
    if isinstance(value, Mapping):
        return {key: substitute(inner, lookup, pattern=pattern or key in _PATTERN_KEYS) for key, inner in value.items()}
    if isinstance(value, list):
        return [substitute(inner, lookup, pattern=pattern) for inner in value]
    if not isinstance(value, str):
        return value

    def put(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        found = lookup(match[1])
        return match[0] if found is None else re.escape(found) if pattern else found

    return VARIABLE.sub(put, value)


def unescape(value: Any) -> Any:
    """Make ``${`` of every ``$${``, when all variables are replaced."""
    if isinstance(value, Mapping):
        return {key: unescape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [unescape(inner) for inner in value]
    return value.replace("$${", "${") if isinstance(value, str) else value


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One scenario with one set of parameters, ready to be run.

    Attributes:
        name: Its name, with the parameters in brackets if there are any.
        file: The file that it stands in; paths in it are relative to it.
        line: The line that it begins in.
        config: Where it runs.
        steps: What is done; names that earlier steps save are still in the texts.
        lines: The line of each step.
    """

    name: str
    file: Path
    line: int
    config: Config
    tags: tuple[str, ...] = ()
    attempts: int = 1
    threshold: float = 1.0
    steps: tuple[Step, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True)
class ScenarioFile:
    """A scenario file that was read.

    Attributes:
        path: The file.
        config: Its config.
        scenarios: All scenarios, those of included files too, in order.
    """

    path: Path
    config: Config
    scenarios: tuple[Scenario, ...] = field(default=())


def load(path: str | os.PathLike[str], environ: Mapping[str, str] | None = None) -> ScenarioFile:
    """Read a scenario file.

    Args:
        path: The file.
        environ: Where names come from that the file does not define; the process's environment if None.

    Raises:
        ScenarioError: The file cannot be run; the message says where and why, a line for each fault.
        OSError: It cannot be read.
    """
    return _Reader(os.environ if environ is None else environ).read(Path(path))


class _Reader:
    """Reads a file and those that it includes."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._open: list[Path] = []

    def read(self, path: Path) -> ScenarioFile:
        document = Document(path)
        content = self._checked_content(document)
        variables = self._variables(document, content)
        config = self._config(document, content, variables)
        scenarios = list(self._scenarios(document, content, variables, config))
        return ScenarioFile(path, config, tuple(scenarios))

    def _checked_content(self, document: Document) -> Mapping[str, Any]:
        content = document.content
        if content is None:
            raise ScenarioError(f"{document.path}:1: the file is empty")
        if not isinstance(content, Mapping):
            raise ScenarioError(f"{document.path}:1: a scenario file is a mapping with config and scenarios")
        # Everything but the texts: where a variable stands in for a number, the scenarios are checked once it is known.
        for key in content:
            if key not in _FileModel.model_fields:
                guesses = difflib.get_close_matches(str(key), _FileModel.model_fields, n=1)
                hint = f"; did you mean {guesses[0]!r}?" if guesses else ""
                raise document.error((key,), f"unknown key {key!r}{hint}")
        if not content.get("scenarios") and not content.get("include"):
            raise document.error(("scenarios",), "there are no scenarios in this file")
        if not isinstance(content.get("scenarios") or {}, Mapping):
            raise document.error(("scenarios",), "scenarios is a mapping of names to steps")
        return content

    def _variables(self, document: Document, content: Mapping[str, Any]) -> dict[str, str]:
        variables: dict[str, str] = {}
        for _, included in self._included(document, content):
            variables.update(self._variables(included, included.content))
        given = content.get("vars") or {}
        if not isinstance(given, Mapping):
            raise document.error(("vars",), "vars is a mapping of names to values")
        for name, value in given.items():
            if not isinstance(value, str):
                raise document.error(("vars", name), f"the value of {name!r} is not a text")
            variables[name] = self._filled(document, ("vars", name), value, variables, set())
        return variables

    def _included(self, document: Document, content: Any) -> Iterator[tuple[int, Document]]:
        names = content.get("include") if isinstance(content, Mapping) else None
        if names is None:
            return
        listed = [names] if isinstance(names, str) else names
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            raise document.error(("include",), "include is a path, or a list of paths")
        self._open.append(document.path.resolve())
        try:
            for number, name in enumerate(listed):
                path = document.path.parent / name
                if path.resolve() in self._open:
                    raise document.error(("include", number), f"{name} includes itself")
                try:
                    included = Document(path)
                except OSError as error:
                    raise document.error(("include", number), f"{name} cannot be read: {error.strerror}") from error
                self._checked_content(included)
                yield number, included
        finally:
            self._open.pop()

    def _config(self, document: Document, content: Mapping[str, Any], variables: Mapping[str, str]) -> Config:
        filled = self._filled(document, ("config",), content.get("config") or {}, variables, set())
        try:
            return Config.model_validate(unescape(filled))
        except ValidationError as error:
            raise document.complaint_of(error, ("config",), Config) from error

    def _scenarios(
        self, document: Document, content: Mapping[str, Any], variables: Mapping[str, str], config: Config
    ) -> Iterator[Scenario]:
        names: dict[str, str] = {}
        for number, included in self._included(document, content):
            for scenario in self._scenarios(included, included.content, variables, config):
                if scenario.name in names:
                    raise document.error(
                        ("include", number), f"scenario {scenario.name!r} is also in {names[scenario.name]}"
                    )
                names[scenario.name] = str(included.path)
                yield scenario
        for name, body in (content.get("scenarios") or {}).items():
            for scenario in self._parametrized(document, name, body, variables, config):
                if scenario.name in names:
                    raise document.error(
                        ("scenarios", name), f"scenario {scenario.name!r} is also in {names[scenario.name]}"
                    )
                names[scenario.name] = str(document.path)
                yield scenario

    def _parametrized(
        self, document: Document, name: str, body: Any, variables: Mapping[str, str], config: Config
    ) -> Iterator[Scenario]:
        location: Location = ("scenarios", name)
        if not body:
            raise document.error(location, "the scenario has no steps")
        data = {"steps": body} if isinstance(body, list) else body
        if not isinstance(data, Mapping):
            raise document.error(location, "a scenario is a list of steps, or a mapping with steps")
        steps_at = location if isinstance(body, list) else (*location, "steps")
        for parameters in self._parameter_sets(document, location, data):
            filled = self._filled_scenario(document, location, steps_at, data, {**variables, **parameters})
            try:
                model = _ScenarioModel.model_validate(filled)
            except ValidationError as error:
                raise document.complaint_of(error, location, _ScenarioModel) from error
            yield Scenario(
                name=f"{name}[{'-'.join(parameters.values())}]" if parameters else name,
                file=document.path,
                line=document.line_of(location),
                config=config,
                tags=tuple(model.tags or ()),
                attempts=model.attempts,
                threshold=model.threshold,
                steps=tuple(model.steps),
                lines=tuple(document.line_of((*steps_at, number)) for number in range(len(model.steps))),
            )

    def _parameter_sets(
        self, document: Document, location: Location, data: Mapping[str, Any]
    ) -> Sequence[dict[str, str]]:
        given = data.get("parametrize")
        if given is None:
            return [{}]
        try:
            checked = _ScenarioModel.model_validate({"parametrize": given, "steps": [{"wait": "0"}]}).parametrize
        except ValidationError as error:
            raise document.error(
                (*location, "parametrize"),
                "parametrize is a mapping of names to lists of values, or a list of mappings",
            ) from error
        if isinstance(checked, Mapping):
            return [dict(zip(checked, values, strict=True)) for values in itertools.product(*checked.values())]
        if not checked:
            raise document.error((*location, "parametrize"), "parametrize has no set of values")
        return checked

    def _filled_scenario(
        self,
        document: Document,
        location: Location,
        steps_at: Location,
        data: Mapping[str, Any],
        variables: Mapping[str, str],
    ) -> dict[str, Any]:
        rest = {key: value for key, value in data.items() if key not in ("steps", "parametrize")}
        filled: dict[str, Any] = self._filled(document, location, rest, variables, set())
        steps = data.get("steps")
        if isinstance(steps, list):
            saved: set[str] = set()
            filled["steps"] = [
                self._filled_step(document, (*steps_at, number), step, variables, saved)
                for number, step in enumerate(steps)
            ]
        else:
            filled["steps"] = steps if steps is not None else []
        return filled

    def _filled_step(
        self, document: Document, location: Location, step: Any, variables: Mapping[str, str], saved: set[str]
    ) -> Any:
        filled = self._filled(document, location, step, variables, saved)
        saved |= set(_saved_names(step))
        return filled

    def _filled(
        self, document: Document, location: Location, value: Any, variables: Mapping[str, str], saved: set[str]
    ) -> Any:
        """Replace the variables that are known already; complain about those that never will be."""
        later = saved | set(_saved_names(value))

        def look_up(name: str) -> str | None:
            if name in later:
                return None
            found = variables.get(name, self._environ.get(name))
            if found is None:
                raise document.error(location, f"there is no variable {name!r}, neither in vars nor in the environment")
            return found

        pattern = bool(location) and location[-1] in _PATTERN_KEYS
        return substitute(value, look_up, pattern=pattern)


def _also_elsewhere(scenario: Scenario, files: Mapping[str, str]) -> str:
    return f"scenario {scenario.name!r} is also in {files[scenario.name]}"


def _saved_names(value: Any) -> Iterator[str]:
    """The names that a step saves, those of repeated steps too."""
    if isinstance(value, Mapping):
        saves = value.get("save")
        if isinstance(saves, Mapping):
            yield from map(str, saves)
        repeat = value.get("repeat")
        if isinstance(repeat, Mapping):
            yield from _saved_names(repeat.get("steps"))
    elif isinstance(value, list):
        for one in value:
            yield from _saved_names(one)


def filled(step: Step, saved: Mapping[str, str]) -> Step:
    """A step with what earlier steps have saved put in.

    Raises:
        ValueError: What was put in does not fit.
    """
    data = step.model_dump(by_alias=True, exclude_unset=True)
    key, value = step.key, data[step.key]
    return Step.model_validate({key: unescape(substitute({key: value}, saved.get)[key])})


def schema() -> dict[str, Any]:
    """The JSON Schema of scenario files, for editors."""
    made = _FileModel.model_json_schema(by_alias=True)
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "A scenario file of genesys-webmessaging"
    return made


def select(scenarios: Iterable[Scenario], *, keyword: str | None = None, tags: Sequence[str] = ()) -> list[Scenario]:
    """Those scenarios whose name has a part (in any case of letters), and that have one of the tags."""
    folded = (keyword or "").casefold()
    return [
        scenario
        for scenario in scenarios
        if folded in scenario.name.casefold() and (not tags or set(tags) & set(scenario.tags))
    ]
