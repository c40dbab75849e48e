"""The recordings, case by case."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent.parent / "data" / "vectors"

_ELIDED = re.compile(r"(?P<start>.*?)\.\.\.<(?P<length>\d+) chars>(?P<end>.*)", re.DOTALL)


@dataclass(frozen=True)
class Case:
    """One thing that was done to the Java SDK, and what came of it.

    Attributes:
        suite: The file it stands in, "inbound" for instance.
        version: The version of the Java SDK.
        id: Its name within the file.
        data: What was recorded.
    """

    suite: str
    version: str
    id: str
    data: dict[str, Any]

    @property
    def key(self) -> str:
        """The name that no other case has: "inbound-10.0.0/class.string.message"."""
        return f"{self.suite}-{self.version}/{self.id}"

    def __str__(self) -> str:
        return self.key


def load() -> list[Case]:
    """Every recorded case, in the order of the files."""
    cases: list[Case] = []
    for path in sorted(VECTORS.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        suite, version = document["meta"]["suite"], document["meta"]["version"]
        recorded = document["cases"]
        if suite == "static":
            cases += [Case(suite, version, name, data) for name, data in _static(recorded)]
        else:
            cases += [Case(suite, version, data["id"], data) for data in recorded]
    return cases


def _static(recorded: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The static recordings are lists without names: name each entry."""
    for signature in recorded["methods"]["methods"]:
        yield f"method.{signature.split(' ', 1)[1]}", {"signature": signature}
    for signature in recorded["methods"]["listener_methods"]:
        yield f"listener.{signature}", {"signature": signature}
    for region in recorded["regions"]["values"]:
        yield f"region.{region['name']}", region
    for enum, members in recorded["enums"].items():
        yield f"enum.{enum}", members
    for entry in recorded["asApiHost"]:
        yield f"asApiHost.{entry['address']}", entry
    for entry in recorded["hasEvents"]:
        yield f"{entry['fn']}.{json.dumps(entry['message'])}", entry
    for entry in recorded.get("isMimeTypeAllowedInbound", ()):
        # A star in the table of differences stands for anything.
        allowed = json.dumps(entry["allowed"]).replace("*", "ANY")
        yield f"isMimeTypeAllowedInbound.{allowed}.{entry['mime']}", entry


def made_whole(text: str, lost: str) -> str:
    """A text as long as it was before the recording elided its middle: ``start…<length chars>…end``.

    Args:
        text: The text as recorded. One that was not elided is returned as it is.
        lost: What followed the long run of one letter and was elided with it.
    """
    elided = _ELIDED.fullmatch(text)
    if elided is None:
        return text
    start, end = elided["start"], lost + elided["end"].removeprefix("...")
    return start + start[-1] * (int(elided["length"]) - len(start) - len(end)) + end
