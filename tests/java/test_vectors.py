"""Every recorded case of the real Java SDK, replayed against ours over a loopback socket."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from . import differences
from .differences import Verdict
from .recordings import Case
from .replay import Replay

REPLAY = Replay()
ROWS = differences.load()


pytestmark = pytest.mark.usefixtures("short_close")

VERDICTS: dict[str, Verdict] = {}


def verdict_of(case: Case) -> Verdict:
    if case.key not in VERDICTS:
        facts = REPLAY.facts(case)
        VERDICTS[case.key] = differences.judge(case, facts.java, facts.ours, facts.context, ROWS)
    return VERDICTS[case.key]


@pytest.mark.parametrize("case", REPLAY.cases, ids=str)
def test_we_do_what_java_does_or_what_the_table_says(
    case: Case, record_property: Callable[[str, object], None]
) -> None:
    verdict = verdict_of(case)
    # tests/conftest.py counts these at the end.
    record_property("replayed", "agrees" if verdict.agrees else "differs")
    record_property("replayed", "everywhere" if verdict.only_everywhere else "here")

    assert verdict.complaints == (), "\n".join([str(case), *verdict.complaints])
    assert verdict.agrees != bool(verdict.matters)


def test_every_row_belongs_to_a_topic_and_every_topic_has_rows() -> None:
    topics = {topic["topic"]: topic for topic in differences.topics()}
    recorded = {name for name, topic in topics.items() if "unrecorded" not in topic}

    assert {row.topic for row in ROWS} == recorded


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.topic}-{row.cases[0]}")
def test_every_row_of_the_table_speaks_of_cases_in_which_we_differ(row: differences.Row) -> None:
    cases = [case for case in REPLAY.cases if row.speaks_of(case.key)]

    unmatched = [pattern for pattern in row.cases if not any(differences.matches(pattern, c.key) for c in cases)]
    assert unmatched == [], f"no recorded case is named so: {unmatched}"
    assert any(row in verdict_of(case).matters for case in cases), f"this row no longer differs anywhere: {row}"
