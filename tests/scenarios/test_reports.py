"""Reports of scenarios: for machines, for programs, for people."""

from __future__ import annotations

import html.parser
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from genesys_webmessaging.scenarios import Places, Runner, ScenarioResult, load
from genesys_webmessaging.scenarios.reports import as_html, as_json, as_junit

SAMPLES = Path(__file__).parents[2] / "samples" / "scenarios"

EVIL = """
config: {timeout: 0.2, simulator: {rules: [{match: {contains: hi}, reply: ["<script>alert('x')</script> & \\a ]]>"]}]}}
scenarios:
  <b>evil</b> "quoted":
    - say: hi <img src=x>
    - expect: nothing like it
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[ScenarioResult]:
    """Two files that pass, one that fails, and one that would like to break a report."""
    evil = tmp_path_factory.mktemp("evil") / "evil.scenario.yaml"
    evil.write_text(EVIL, encoding="utf-8")
    paths = [*(SAMPLES / f"{name}.scenario.yaml" for name in ("hours", "order", "fails")), evil]
    with Places() as places:
        return Runner(places).run_all([scenario for path in paths for scenario in load(path).scenarios])


# The order and the attributes that the schema of Jenkins' xUnit plugin (junit-10.xsd) asks for.
ATTRIBUTES = {
    "testsuites": {"time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "time", "timestamp", "hostname", "id", "package", "skipped"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "system-out"},
    "failure": set(),
    "error": set(),
    "system-out": set(),
}


def check(element: ET.Element) -> None:
    assert set(element.attrib) == ATTRIBUTES[element.tag]
    assert {child.tag for child in element} <= CHILDREN[element.tag]
    for name in {"tests", "failures", "errors", "skipped"} & set(element.attrib):
        assert element.attrib[name].isdigit()
    for child in element:
        check(child)


def test_junit_has_a_suite_for_each_file_and_a_case_for_each_scenario(results: list[ScenarioResult]):
    root = ET.fromstring(as_junit(results))
    check(root)
    assert [(suite.attrib["tests"], suite.attrib["failures"]) for suite in root] == [
        ("4", "0"),
        ("2", "0"),
        ("1", "1"),
        ("1", "1"),
    ]
    assert root.attrib["tests"] == "8"
    assert root.attrib["failures"] == "2"
    [case] = root[2]
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib["message"] == results[6].sentence
    assert "Guest: hours" in (failure.text or "")
    assert re.search(r"say: hours: echo after \d+\.\d{3} s", case.findtext("system-out") or "")
    [evil] = root[3]
    assert evil.attrib["name"] == '<b>evil</b> "quoted"'
    assert "<script>alert('x')</script> &" in (evil.findtext("failure") or "")


def test_json_tells_every_step_with_its_times(results: list[ScenarioResult]):
    report = json.loads(as_json(results))
    assert (report["passed"], report["failed"]) == (6, 2)
    assert report["echoSeconds"]["median"] <= report["echoSeconds"]["max"]
    hours = report["scenarios"][0]
    [attempt] = hours["attempts"]
    choose, expect = attempt["steps"][2], attempt["steps"][3]
    assert choose["label"] == "choose: Opening hours"
    assert choose["echoSeconds"] > 0
    assert expect["answerSeconds"] > 0
    taken = next(message for message in attempt["messages"] if message["number"] == expect["taken"])
    assert taken["text"] == "We are open from 9 to 17, Monday to Friday."
    assert attempt["messages"][2]["quickReplies"] == ["Opening hours", "Show me a card", "Book a date"]


class _Page(html.parser.HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_html_is_one_file_that_asks_nobody_for_anything(results: list[ScenarioResult]):
    page = _Page(as_html(results))
    assert page.tags.count("details") == 8
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert all(link.startswith(("#", "data:")) for link in page.links)
    text = "".join(page.texts)
    assert "2 failed" in text
    assert results[6].sentence in text
    assert "<script>alert('x')</script> &" in text
