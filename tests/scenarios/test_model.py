"""Scenario files: what they may say, and what is said where they cannot be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from genesys_webmessaging.scenarios import ScenarioError, load, schema, select
from genesys_webmessaging.simulator import documents

from .conftest import Write

STEPS = """
- say: Hello
- say: {text: Hello, customAttributes: {name: Ada}}
- choose: Yes
- press: Order it
- press: {card: Sun hat, button: Order it}
- pick: 2030-01-07T09:00:00.000Z
- select: [Red, Blue]
- fill: {Name: Ada, Colours: [Red, Blue]}
- attach: receipt.pdf
- attach: {files: [a.pdf, b.pdf], text: Here they are}
- typing:
- wait: 500ms
- expect: We are open
- expect: {matching: 'from \\d+', quickReplies: [Yes, No], cards: [Sun hat], media: ['*.png'], from: bot, within: 2}
- expect: {anyOf: [yes, {matching: ^no}], answeredIn: 3}
- expect: {jsonPath: {$.type: Text}}
- expectNot: {containing: sorry, for: 1}
- expectSilence: 2
- expectDisconnect:
- expectReadOnly: 3
- save: {number: 'order (\\d+)'}
- repeat: {times: 2, steps: [{say: '${number}'}]}
- waitForReplyContaining: Thank you
- waitForReplyMatching: ^Thank
"""


def test_every_kind_of_step_can_be_read(write: Write):
    indented = STEPS.strip().replace("\n", "\n    ")
    [scenario] = load(write(f"scenarios:\n  all:\n    {indented}\n")).scenarios
    assert [step.key for step in scenario.steps] == [
        line[2:].partition(":")[0] for line in STEPS.strip().splitlines() if line.startswith("- ")
    ]
    assert all(step.label for step in scenario.steps)
    assert scenario.lines == tuple(range(3, 3 + len(scenario.steps)))


def test_aliases_of_aliases_do_not_stand_for_millions(write: Write, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(documents, "PLACES", 2000)
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    with pytest.raises(ScenarioError, match="the file says more than 2,000 things"):
        load(write("\n".join([*lines, "scenarios: {a: {steps: [{say: *a7}]}}"])))


def test_texts_are_what_stands_there(write: Write):
    said = ["Yes", "007", "2030-01-07", "1.50", "~x", "0x10"]
    [scenario] = load(write("scenarios:\n  a:\n" + "".join(f"    - say: {text}\n" for text in said))).scenarios
    assert [step.value.text for step in scenario.steps] == said


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("", 1, "the file is empty"),
        ("# nothing but a comment\n", 1, "the file is empty"),
        ("- say: hi\n", 1, "a mapping with config and scenarios"),
        ("scenarios:\n", 1, "there are no scenarios"),
        ("scenarios:\n  a:\n", 2, "scenario 'a': the scenario has no steps"),
        ("scenarios:\n  a: []\n", 2, "scenario 'a': the scenario has no steps"),
        ("scenarios:\n  a:\n    tags: [x]\n", 2, "scenario 'a'"),
        ("scenarios:\n  a:\n    steps: []\n", 3, "scenario 'a'"),
        ("scenarois:\n  a:\n", 1, "unknown key 'scenarois'; did you mean 'scenarios'?"),
        (
            "scenarios:\n  a:\n    - say: hi\n    - sya: hi\n",
            4,
            "scenario 'a', step 2: unknown key 'sya'; did you mean 'say'?",
        ),
        ("scenarios:\n  a:\n    - say:\n", 3, "scenario 'a', step 1: say has no value"),
        ("scenarios:\n  a:\n    - hello\n", 3, "a step is a key and its value"),
        ("scenarios:\n  a:\n    - {say: hi, wait: 1}\n", 3, "a step has one key, not 2"),
        ("scenarios:\n  a:\n    - expect: {}\n", 3, "must say what is expected"),
        ("scenarios:\n  a:\n    - expect: {within: 3}\n", 3, "must say what is expected"),
        ("scenarios:\n  a:\n    - expect: {containing: a, equals: b}\n", 3, "exclude each other"),
        ("scenarios:\n  a:\n    - expect: {contianing: a}\n", 3, "did you mean 'containing'?"),
        ("scenarios:\n  a:\n    - expect: {matching: '('}\n", 3, "is not a regular expression"),
        ("scenarios:\n  a:\n    - expect: {containing: a, within: soon}\n", 3, "is not a duration"),
        ("scenarios:\n  a:\n    - expectNot: {containing: a, within: 1}\n", 3, "expectNot takes for"),
        ("scenarios:\n  a:\n    - wait: -1\n", 3, "step 1"),
        ("scenarios:\n  a:\n    - repeat: {times: 0, steps: [{say: a}]}\n", 3, "step 1"),
        (
            "scenarios:\n  a:\n    - repeat:\n        times: 2\n        steps:\n          - sya: a\n",
            6,
            "did you mean 'say'?",
        ),
        ("scenarios:\n  a:\n    - say: ${NOWHERE}\n", 3, "step 1: there is no variable 'NOWHERE'"),
        ("scenarios:\n  a:\n    - say: ${n}\n    - save: {n: a}\n", 3, "there is no variable 'n'"),
        ("config: {adress: x}\nscenarios:\n  a:\n    - say: a\n", 1, "did you mean 'address'?"),
        ("config: {address: ws://a/v1, region: b}\nscenarios:\n  a:\n    - say: a\n", 1, "not both"),
        ("config: {signIn: {code: a}}\nscenarios:\n  a:\n    - say: a\n", 1, "takes redirectUri"),
        ("vars: {a: [b]}\nscenarios:\n  a:\n    - say: a\n", 1, "is not a text"),
        ("scenarios:\n  a:\n    - say: a\n  a:\n    - say: b\n", 4, "'a' stands twice, first in line 2"),
        ("scenarios:\n  a:\n    attempts: 0\n    steps:\n      - say: a\n", 3, "scenario 'a'"),
        ("scenarios:\n  a:\n    parametrize: {x: []}\n    steps:\n      - say: a\n", 3, "parametrize"),
        ("scenarios:\n  a:\n    parametrize: []\n    steps:\n      - say: a\n", 3, "parametrize"),
        ("include: nowhere.yaml\n", 1, "nowhere.yaml cannot be read"),
        ("include: shop.scenario.yaml\n", 1, "includes itself"),
        ("scenarios: [\n", 2, "malformed YAML"),
        ("scenarios: {a: &a [*a]}\n", 1, "malformed YAML"),
    ],
)
def test_what_cannot_be_right_is_named_with_its_place(text: str, line: int, complaint: str, write: Write):
    path = write(text)
    with pytest.raises(ScenarioError) as raised:
        load(path, {})
    first = str(raised.value).splitlines()[0]
    assert first.startswith(f"{path}:{line}: ") or (first.startswith(f"{path}: ") and "malformed" in first)
    assert complaint in str(raised.value)


def test_every_fault_of_a_scenario_is_named(write: Write):
    with pytest.raises(ScenarioError) as raised:
        load(write("scenarios:\n  a:\n    - sya: hi\n    - expcet: hi\n"))
    assert [line.rpartition(" ")[2] for line in str(raised.value).splitlines()] == ["'say'?", "'expect'?"]


def test_variables_come_from_parameters_before_vars_before_the_environment(write: Write):
    text = """
vars: {a: vars, b: vars, d: '${c} too'}
scenarios:
  one:
    parametrize: {a: [parameter]}
    steps:
      - say: ${a} ${b} ${c} ${d} $${a}
      - expect: {matching: '^${dots}$'}
"""
    [scenario] = load(write(text), {"a": "env", "b": "env", "c": "env", "dots": "..."}).scenarios
    assert scenario.steps[0].value.text == "parameter vars env env too $${a}"
    assert scenario.steps[1].value.matching == r"^\.\.\.$"
    assert scenario.name == "one[parameter]"


def test_a_set_of_parameters_is_a_scenario(write: Write):
    text = """
scenarios:
  product:
    parametrize: {size: [S, M], colour: [red, blue]}
    steps: [{say: '${size} ${colour}'}]
  listed:
    parametrize: [{size: S, price: 10}, {size: M, price: 12}]
    steps: [{say: '${size} ${price}'}]
"""
    scenarios = load(write(text)).scenarios
    assert [scenario.steps[0].value.text for scenario in scenarios] == [
        "S red", "S blue", "M red", "M blue", "S 10", "M 12",
    ]  # fmt: skip
    assert len({scenario.name for scenario in scenarios}) == 6


def test_included_files_bring_vars_and_scenarios(write: Write, tmp_path: Path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "common.yaml").write_text(
        "vars: {who: Ada, place: here}\nscenarios:\n  common:\n    - attach: ${who}.pdf\n", encoding="utf-8"
    )
    path = write("include: sub/common.yaml\nvars: {place: there}\nscenarios:\n  own:\n    - say: ${who} ${place}\n")
    common, own = load(path).scenarios
    assert (common.name, common.file, common.line) == ("common", tmp_path / "sub" / "common.yaml", 3)
    assert own.steps[0].value.text == "Ada there"


def test_scenarios_are_selected_by_name_and_tag(write: Write):
    text = (
        "scenarios:\n  Buy a hat: {tags: [smoke], steps: [{say: a}]}\n  Return it: {tags: [slow], steps: [{say: a}]}\n"
    )
    scenarios = load(write(text)).scenarios
    assert [one.name for one in select(scenarios, keyword="HAT")] == ["Buy a hat"]
    assert [one.name for one in select(scenarios, tags=["slow", "other"])] == ["Return it"]
    assert len(select(scenarios)) == 2


def test_the_schema_takes_what_the_model_takes(write: Write):
    validator = jsonschema.Draft202012Validator(schema())
    samples = sorted((Path(__file__).parents[2] / "samples" / "scenarios").glob("*.yaml"))
    assert len(samples) >= 3
    for path in samples:
        assert list(validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))) == []
    steps: Any = yaml.safe_load(
        STEPS.replace("choose: Yes", "choose: 'Yes'").replace("[Yes, No]", "['Yes', 'No']").replace("[yes,", "['yes',")
    )
    steps[5]["pick"] = "2030-01-07T09:00:00.000Z"
    assert [error.message for error in validator.iter_errors({"scenarios": {"all": steps}})] == []
    assert list(validator.iter_errors({"scenarios": {"a": [{"sya": "hi"}]}}))
    assert list(validator.iter_errors({"scenarois": {}}))
