"""What scenarios came to: JUnit XML for machines, JSON for programs, HTML for people."""

from __future__ import annotations

import json
import os
import platform
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._core import offers
from .._version import __version__
from ..companions.transcript import entryOf
from ..models import Direction, StructuredMessage
from .runner import AttemptResult, Line, ScenarioResult, StepResult

__all__ = ["as_html", "as_json", "as_junit", "transcript_of"]

# What XML 1.0 has no way to write.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def transcript_of(attempt: AttemptResult) -> str:
    """What was said in an attempt, a line for each message, with the seconds."""
    lines = []
    for line in attempt.lines:
        entry = entryOf(line.message)
        said = " ".join([entry.text.replace("\n", " "), *(f"[{extra}]" for extra in entry.extras)]).strip()
        if said:
            lines.append(f"{line.seconds:7.2f} s  {entry.sender}: {said}")
    return "\n".join(lines)


def _files(results: Sequence[ScenarioResult]) -> dict[Path, list[ScenarioResult]]:
    files: dict[Path, list[ScenarioResult]] = {}
    for result in results:
        files.setdefault(result.scenario.file, []).append(result)
    return files


# JUnit


def as_junit(results: Sequence[ScenarioResult]) -> str:
    """The results as JUnit XML: a test suite for each file, a test case for each scenario."""
    root = ET.Element("testsuites", _counts(results))
    for number, (path, ours) in enumerate(_files(results).items()):
        attributes = {
            "name": _xml(os.fspath(path)),
            "id": str(number),
            "package": _xml(path.stem.partition(".")[0]),
            "timestamp": min(result.started for result in ours).strftime("%Y-%m-%dT%H:%M:%S"),
            "hostname": _xml(platform.node() or "localhost"),
            "skipped": "0",
            **_counts(ours),
        }
        suite = ET.SubElement(root, "testsuite", attributes)
        for result in ours:
            _case(suite, result)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _counts(results: Sequence[ScenarioResult]) -> dict[str, str]:
    return {
        "tests": str(len(results)),
        "failures": str(sum(not result.passed and result.shown_attempt.connected for result in results)),
        "errors": str(sum(not result.passed and not result.shown_attempt.connected for result in results)),
        "time": f"{sum(result.seconds for result in results):.3f}",
    }


def _case(suite: ET.Element, result: ScenarioResult) -> None:
    scenario = result.scenario
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "name": _xml(scenario.name),
            "classname": _xml(os.fspath(scenario.file)),
            "time": f"{result.seconds:.3f}",
        },
    )
    attempt = result.shown_attempt
    if not result.passed:
        kind = "failure" if attempt.connected else "error"
        shown = ET.SubElement(case, kind, {"message": _xml(result.sentence), "type": "ScenarioFailure"})
        shown.text = _xml(f"{result.sentence}\n\n{transcript_of(attempt)}")
    times = [f"{step.label}: {_times(step)}" for step in attempt.steps if _times(step)]
    ET.SubElement(case, "system-out").text = _xml("\n".join([transcript_of(attempt), "", *times]))


def _times(step: StepResult) -> str:
    told = []
    if step.echoSeconds is not None:
        told.append(f"echo after {step.echoSeconds:.3f} s")
    if step.answerSeconds is not None:
        told.append(f"answer after {step.answerSeconds:.3f} s")
    return ", ".join(told)


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


# JSON


def as_json(results: Sequence[ScenarioResult]) -> str:
    """The results as one JSON object."""
    return json.dumps(summary_of(results), ensure_ascii=False, indent=2) + "\n"


def summary_of(results: Sequence[ScenarioResult]) -> dict[str, Any]:
    """The results as the object that :func:`as_json` writes and that the HTML report is made from."""
    return {
        "tool": f"genesys-webmessaging {__version__}",
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "passed": sum(result.passed for result in results),
        "failed": sum(not result.passed for result in results),
        "seconds": round(sum(result.seconds for result in results), 3),
        "echoSeconds": _spread(step.echoSeconds for step in _all_steps(results)),
        "answerSeconds": _spread(step.answerSeconds for step in _all_steps(results)),
        "scenarios": [_scenario(result) for result in results],
    }


def _all_steps(results: Sequence[ScenarioResult]) -> Iterable[StepResult]:
    return (step for result in results for attempt in result.attempts for step in attempt.steps)


def _spread(values: Iterable[float | None]) -> Mapping[str, float] | None:
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    shares = {"min": 0.0, "median": 0.5, "p95": 0.95, "max": 1.0}
    return {name: round(known[min(len(known) - 1, int(share * len(known)))], 4) for name, share in shares.items()}


def _scenario(result: ScenarioResult) -> dict[str, Any]:
    scenario = result.scenario
    return {
        "name": scenario.name,
        "file": os.fspath(scenario.file),
        "line": scenario.line,
        "tags": list(scenario.tags),
        "place": result.place,
        "started": result.started.isoformat(timespec="seconds"),
        "passed": result.passed,
        "sentence": result.sentence,
        "seconds": round(result.seconds, 3),
        "threshold": scenario.threshold,
        "attempts": [_attempt(attempt) for attempt in result.attempts],
    }


def _attempt(attempt: AttemptResult) -> dict[str, Any]:
    return {
        "passed": attempt.passed,
        "connected": attempt.connected,
        "seconds": round(attempt.seconds, 3),
        "steps": [_step(step) for step in attempt.steps],
        "messages": [_message(line) for line in attempt.lines if _is_shown(line.message)],
    }


def _step(step: StepResult) -> dict[str, Any]:
    return {
        "number": step.number,
        "label": step.label,
        "line": step.line,
        "passed": step.passed,
        "error": step.error,
        "seconds": round(step.seconds, 4),
        "echoSeconds": None if step.echoSeconds is None else round(step.echoSeconds, 4),
        "answerSeconds": None if step.answerSeconds is None else round(step.answerSeconds, 4),
        "taken": step.taken,
        "passedOver": list(step.passedOver),
    }


def _is_shown(message: StructuredMessage) -> bool:
    if message.text or message.content:
        return True
    return any(event is not None and event.typing is None for event in message.events)


def _message(line: Line) -> dict[str, Any]:
    message = line.message
    entry = entryOf(message)
    return {
        "number": line.number,
        "seconds": round(line.seconds, 3),
        "from": "guest" if message.direction == Direction.INBOUND else str(message.originatingEntity or "other side"),
        "sender": entry.sender,
        "text": entry.text,
        "event": bool(message.events) and not message.text and not message.content,
        "extras": list(entry.extras),
        "quickReplies": [reply.text or reply.payload or "" for reply in offers.replies_of(message)],
        "cards": [
            {
                "title": card.title or "",
                "description": card.description or "",
                "actions": [action.text or "" for action in card.actions if action is not None],
            }
            for card in offers.cards_of(message)
        ],
    }


# HTML


def as_html(results: Sequence[ScenarioResult]) -> str:
    """The results as one HTML page that needs nothing else, not even a network."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("genesys_webmessaging.scenarios", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["duration"] = _duration
    return environment.get_template("report.html.jinja").render(report=summary_of(results))


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
