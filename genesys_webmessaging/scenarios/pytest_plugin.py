"""pytest runs ``*.scenario.yaml``: each scenario is a test.

pytest finds this plugin by itself once the package is installed. Nothing but pytest is imported before it meets a
scenario file, so it disturbs nobody who has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .model import Scenario
    from .runner import Places, ScenarioResult

_PLACES = pytest.StashKey["Places"]()
_OPTIONS = {
    "address": "the address of the guest API that scenario files run against (wss://…), instead of a simulator",
    "region": "the region that scenario files run against, by name or domain, instead of a simulator",
    "deployment-id": "the deployment that scenario files run against",
    "origin": "the origin of the guest's page in scenario files",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that say where scenario files run."""
    group = parser.getgroup("genesys", "Genesys scenario files")
    for name, meaning in _OPTIONS.items():
        group.addoption(f"--genesys-{name}", default=None, metavar=name.upper().replace("-", "_"), help=meaning)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse options that exclude each other."""
    if config.getoption("--genesys-address") and config.getoption("--genesys-region"):
        raise pytest.UsageError("--genesys-address and --genesys-region exclude each other")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    """Take scenario files."""
    if file_path.name.endswith((".scenario.yaml", ".scenario.yml")):
        collector: pytest.File = ScenarioCollector.from_parent(parent, path=file_path)
        return collector
    return None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the simulators."""
    places = session.config.stash.get(_PLACES, None)
    if places is not None:
        places.__exit__()


class ScenarioCollector(pytest.File):
    """A scenario file."""

    def collect(self) -> Iterable[ScenarioTest]:
        """A test for each scenario, and for each of its sets of parameters."""
        try:
            from .model import ScenarioError, load
        except ImportError as error:
            raise self.CollectError(
                f"{self.path} needs {error.name}: pip install 'genesys-webmessaging[scenarios]'"
            ) from error
        try:
            scenarios = load(self.path).scenarios
        except ScenarioError as error:
            raise self.CollectError(str(error)) from error
        for scenario in scenarios:
            test: ScenarioTest = ScenarioTest.from_parent(self, name=scenario.name, scenario=scenario)
            for tag in scenario.tags:
                self.config.addinivalue_line("markers", f"{tag}: a tag of a scenario")
                test.add_marker(tag)
            yield test


class ScenarioTest(pytest.Item):
    """A scenario."""

    def __init__(self, *, scenario: Scenario, **options: Any) -> None:
        super().__init__(**options)
        self._scenario = scenario

    def runtest(self) -> None:
        """Run the scenario."""
        from .reports import transcript_of
        from .runner import Runner

        result = Runner(self._places()).run(self._scenario)
        for number, attempt in enumerate(result.attempts, 1):
            name = "conversation" if len(result.attempts) == 1 else f"conversation of attempt {number}"
            self.add_report_section("call", name, transcript_of(attempt))
        if not result.passed:
            raise ScenarioFailedError(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentence that names the step, without a traceback of ours."""
        if isinstance(excinfo.value, ScenarioFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the scenario stands."""
        return self._scenario.file, self._scenario.line - 1, f"scenario {self.name}"

    def _places(self) -> Places:
        from .runner import Places

        places = self.config.stash.get(_PLACES, None)
        if places is None:
            option = self.config.getoption
            places = Places(
                address=option("--genesys-address") or option("--genesys-region"),
                deploymentId=option("--genesys-deployment-id"),
                origin=option("--genesys-origin"),
            )
            self.config.stash[_PLACES] = places
        return places


class ScenarioFailedError(AssertionError):
    """A scenario did not pass."""

    def __init__(self, result: ScenarioResult) -> None:
        super().__init__(f"{result.scenario.file}: {result.sentence}")
