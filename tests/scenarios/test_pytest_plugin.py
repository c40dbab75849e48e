"""pytest runs scenario files as tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from genesys_webmessaging.simulator import Simulator

pytest_plugins = ["pytester"]

FILE = """
scenarios:
  hours:
    tags: [smoke]
    steps: [{say: hours}, {expect: We are open}]
  wrong:
    steps: [{say: hours}, {expect: {containing: We are closed, within: 0.5}}]
  sizes:
    parametrize: {size: [S, M]}
    steps: [{say: 'size ${size}'}, {expect: 'size ${size}'}]
"""


@pytest.fixture
def shop(pytester: pytest.Pytester) -> Path:
    path = pytester.path / "shop.scenario.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_each_scenario_and_each_set_of_parameters_is_a_test(pytester: pytest.Pytester, shop: Path):
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-v")
    result.assert_outcomes(passed=3, failed=1)
    output = result.stdout.str()
    assert "shop.scenario.yaml::hours PASSED" in output
    assert "shop.scenario.yaml::sizes[M] PASSED" in output
    assert (
        "step 2 (expect: 'We are closed'), line 7: expected 'We are closed', but nothing like it within 0.5 s" in output
    )
    assert re.search(r"conversation(.|\n)*Guest: hours(.|\n)*We are open from 9 to 17", output)
    assert "Traceback" not in output


def test_scenarios_are_chosen_as_other_tests_are(pytester: pytest.Pytester, shop: Path):
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-k", "sizes").assert_outcomes(passed=2, deselected=2)
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-m", "smoke", "--strict-markers").assert_outcomes(
        passed=1, deselected=3
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider", f"{shop.name}::hours").assert_outcomes(passed=1)


def test_junit_xml_and_workers_work_as_ever(pytester: pytest.Pytester, shop: Path):
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-n", "1", "--junitxml=junit.xml")
    result.assert_outcomes(passed=3, failed=1)
    assert 'name="sizes[M]"' in (pytester.path / "junit.xml").read_text(encoding="utf-8")


def test_options_say_where_they_run(pytester: pytest.Pytester, shop: Path):
    with Simulator(deployments=["mine"], bot={"otherwise": ["We are open, size S, size M"]}) as simulator:
        options = (
            f"--genesys-address={simulator.address}",
            "--genesys-deployment-id=mine",
            "--genesys-origin=https://a.example",
        )
        result = pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)
        result.assert_outcomes(passed=3, failed=1)
        assert len(simulator.received) > 0


def test_a_file_that_cannot_be_run_is_an_error_with_its_place(pytester: pytest.Pytester):
    (pytester.path / "bad.scenario.yaml").write_text("scenarios:\n  a:\n    - sya: hi\n", encoding="utf-8")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    assert "bad.scenario.yaml:3: scenario 'a', step 1: unknown key 'sya'; did you mean 'say'?" in result.stdout.str()


def test_nothing_but_pytest_is_imported_where_there_is_no_scenario(pytester: pytest.Pytester):
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_imported():
            assert {"pydantic", "yaml", "jinja2", "aiohttp", "websocket"} & set(sys.modules) == set()
        """
    )
    options = "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:hypothesispytest"
    pytester.runpytest_subprocess(*options).assert_outcomes(passed=1)
