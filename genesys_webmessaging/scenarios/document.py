"""A scenario file as it stands there, and complaints that name the scenario and the step."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ..simulator.documents import DocumentError, Location, YamlFile, words_of

__all__ = ["Document", "ScenarioError"]


class ScenarioError(ValueError):
    """A scenario file cannot be run. The message names the file, the line, the scenario and the step."""


class Document(YamlFile):
    """A scenario file, every scalar a text: ``say: Yes`` says Yes, and ``say: 007`` says 007.

    Raises:
        ScenarioError: The file is not YAML, or says something twice.
        OSError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        try:
            super().__init__(path, texts=True)
        except DocumentError as error:
            raise ScenarioError(str(error)) from error

    def error(self, location: Iterable[Any], complaint: str) -> ScenarioError:
        """A complaint about a place in the document."""
        place = tuple(location)
        return ScenarioError(f"{self.path}:{self.line_of(place)}: {_within(place)}{complaint}")

    def complaint_of(self, error: ValidationError, prefix: Location, model: type[BaseModel]) -> ScenarioError:
        """All that a model has against a part of the document, a line for each.

        Args:
            error: What the model said.
            prefix: The location of the part.
            model: The model.
        """
        lines = []
        for problem in error.errors(include_url=False):
            location = (*prefix, *problem["loc"])
            last = location[-1] if problem["loc"] and problem["type"] in ("missing", "string_type") else None
            words = words_of(problem, model)
            lines.append(str(self.error(location, words if last is None else f"{last} {words}")))
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
