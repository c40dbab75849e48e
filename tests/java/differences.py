"""The table of intended differences, ``tests/data/differences.json``.

A row says of which cases it speaks, what Java does, what we do, why, and ``expect``: the patch that makes Java's facts
ours. A case must then agree in everything that no row speaks of. A row that says ``"everywhere": true`` speaks of a
trait of every frame, handshake or the like; it must matter in some of its cases, any other row in all of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .facts import differences, filled, patched
from .recordings import Case

TABLE = Path(__file__).parent.parent / "data" / "differences.json"


@dataclass(frozen=True)
class Row:
    """One intended difference."""

    topic: str
    cases: tuple[str, ...]
    java: str
    ours: str
    why: str
    expect: Any
    everywhere: bool

    def speaks_of(self, key: str) -> bool:
        """Whether the row holds for the case of that key."""
        return any(matches(pattern, key) for pattern in self.cases)

    def __str__(self) -> str:
        return f"{self.topic}: {self.ours} ({', '.join(self.cases)})"


@dataclass(frozen=True)
class Verdict:
    """How a case came out.

    Attributes:
        rows: The rows that it took, none when it agrees with Java in everything.
        complaints: What is wrong; empty when all is as it should be.
        matters: The rows without which it would not have come out so.
    """

    rows: tuple[Row, ...]
    complaints: tuple[str, ...]
    matters: tuple[Row, ...]

    @property
    def agrees(self) -> bool:
        """Whether we do what Java did, in everything that was recorded."""
        return not self.complaints and not self.matters

    @property
    def only_everywhere(self) -> bool:
        """Whether we differ in nothing but traits that concern every frame or handshake."""
        return not self.complaints and bool(self.matters) and all(row.everywhere for row in self.matters)


def topics() -> list[dict[str, str]]:
    """What the rows are about, in a line each: what README shows. One may say why nothing of it was recorded."""
    return json.loads(TABLE.read_text(encoding="utf-8"))["topics"]


def load() -> list[Row]:
    """The rows of the table."""
    return [
        Row(
            topic=row["topic"],
            cases=tuple(row["cases"]),
            java=row["java"],
            ours=row["ours"],
            why=row["why"],
            expect=row["expect"],
            everywhere=row.get("everywhere", False),
        )
        for row in json.loads(TABLE.read_text(encoding="utf-8"))["rows"]
    ]


def judge(case: Case, expected: Any, observed: Any, context: Mapping[str, Any], rows: Sequence[Row]) -> Verdict:
    """Compare what Java did with what we did, in the light of the table.

    Args:
        case: The case.
        expected: Java's facts.
        observed: Ours.
        context: What the names in a patch stand for in this case.
        rows: The table.
    """
    # What concerns every frame is laid over what a row makes of a single case.
    speaking = sorted((row for row in rows if row.speaks_of(case.key)), key=lambda row: row.everywhere)

    def wrong_without(left_out: Row | None) -> list[str]:
        facts = expected
        for row in speaking:
            if row is not left_out:
                facts = patched(facts, filled(row.expect, context))
        return list(differences(facts, observed))

    complaints = wrong_without(None)
    if complaints:
        return Verdict(tuple(speaking), tuple(complaints), ())
    matters = tuple(row for row in speaking if wrong_without(row))
    stale = [f"this row no longer differs: {row}" for row in speaking if row not in matters and not row.everywhere]
    return Verdict(tuple(speaking), tuple(stale), matters)


def matches(pattern: str, key: str) -> bool:
    """Whether a pattern of the table, in which a star stands for anything, is that of a case."""
    return _expression(pattern).fullmatch(key) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
