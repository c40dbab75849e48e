"""A YAML document that remembers where everything stands, and complaints that say so."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

__all__ = ["Document", "ScenarioError"]

Location = tuple[str | int, ...]

_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"


class ScenarioError(ValueError):
    """A scenario file cannot be run. The message names the file, the line, the scenario and the step."""


class _TextLoader(yaml.SafeLoader):
    """Reads every scalar but null as the text that stands there.

    YAML 1.1 would make True of ``say: Yes``, 7 of ``say: 007`` and a date of ``pick: 2030-01-07``.
    """


# Not within the class, where a type checker takes it for another attribute than the base class's.
_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in (_NULL, _MERGE)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Document:
    """The content of a YAML file.

    Attributes:
        path: The file.
        content: What it holds: dicts, lists, texts and None.

    Raises:
        ScenarioError: The file is not YAML, or says something twice.
        OSError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[Location, int] = {}
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ScenarioError(f"{path}: the file is not UTF-8 text") from error
        loader = _TextLoader(text)
        try:
            node = loader.get_single_node()
            if node is not None:
                self._note(node, ())
            self.content: Any = None if node is None else loader.construct_document(node)
        except yaml.MarkedYAMLError as error:
            line = f":{error.problem_mark.line + 1}" if error.problem_mark is not None else ""
            raise ScenarioError(f"{path}{line}: malformed YAML: {error.problem or error.context}") from error
        except (yaml.YAMLError, RecursionError) as error:
            raise ScenarioError(f"{path}: malformed YAML: {error}") from error
        finally:
            loader.dispose()

    def _note(self, node: yaml.Node, location: Location) -> None:
        self._lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self._note(item, (*location, number))
        elif isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                name = str(key.value)
                if name in seen:
                    raise ScenarioError(f"{self.path}:{line}: {name!r} stands twice, first in line {seen[name]}")
                seen[name] = line
                inner = (*location, name)
                self._lines[inner] = line
                self._note(value, inner)

    def line_of(self, location: Iterable[Any]) -> int:
        """The line of the innermost place that a location names; what the document does not have is passed over."""
        known: Location = ()
        for part in location:
            if (*known, part) in self._lines:
                known = (*known, part)
        return self._lines.get(known, 1)

    def error(self, location: Iterable[Any], complaint: str) -> ScenarioError:
        """A complaint about a place in the document."""
        place = tuple(location)
        return ScenarioError(f"{self.path}:{self.line_of(place)}: {_within(place)}{complaint}")

    def complaint_of(self, error: ValidationError, prefix: Location, known: Iterable[str]) -> ScenarioError:
        """All that a model has against a part of the document, a line for each.

        Args:
            error: What the model said.
            prefix: The location of the part.
            known: Every key that may stand anywhere, to guess what a misspelt one was meant to be.
        """
        names = list(known)
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            location = (*prefix, *problem["loc"])
            where = f"{self.path}:{self.line_of(location)}: {_within(location)}"
            lines.append(where + "; ".join(_sentences(problem, names)))
        return ScenarioError("\n".join(dict.fromkeys(lines)))


def _within(location: Location) -> str:
    """``scenario 'order', step 3: `` as far as the location goes."""
    where = []
    if len(location) > 1 and location[0] == "scenarios":
        where.append(f"scenario {location[1]!r}")
        rest = location[2:]
        steps = [part + 1 for part in rest if isinstance(part, int)]
        if steps and (rest[0] == "steps" or isinstance(rest[0], int)):
            where.append(f"step {steps[0]}")
    elif location and location[0] != "scenarios":
        where.append(str(location[0]))
    return ", ".join(where) + ": " if where else ""


def _sentences(problem: Any, known: list[str]) -> Iterator[str]:
    location, kind, message = problem["loc"], problem["type"], problem["msg"]
    last = str(location[-1]) if location else ""
    if kind == "extra_forbidden":
        guesses = difflib.get_close_matches(last, known, n=1)
        yield f"unknown key {last!r}" + (f"; did you mean {guesses[0]!r}?" if guesses else "")
    elif kind == "missing":
        yield f"{last!r} is missing"
    elif kind == "value_error":
        yield message.removeprefix("Value error, ")
    else:
        yield f"{last}: {message[:1].lower()}{message[1:]}" if last else message
