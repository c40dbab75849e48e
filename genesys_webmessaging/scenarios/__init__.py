"""Conversations in files: scenarios that are run against a simulator or an organisation.

::

    from genesys_webmessaging.scenarios import Places, Runner, load

    with Places() as places:
        results = Runner(places).run_all(load("shop.scenario.yaml").scenarios)

``genesys-webmessaging test`` and pytest run them too. This needs the extra ``scenarios``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import Config, Expectation, Scenario, ScenarioError, ScenarioFile, Step, load, schema, select
    from .recording import ScenarioRecorder
    from .runner import AttemptResult, Line, Place, Places, Runner, ScenarioResult, StepResult

# Loaded when they are first asked for: pytest imports this package to find the plugin in it.
_MODULES = {
    "model": "Config Expectation Scenario ScenarioError ScenarioFile Step load schema select",
    "recording": "ScenarioRecorder",
    "runner": "AttemptResult Line Place Places Runner ScenarioResult StepResult",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = [
    "AttemptResult",
    "Config",
    "Expectation",
    "Line",
    "Place",
    "Places",
    "Runner",
    "Scenario",
    "ScenarioError",
    "ScenarioFile",
    "ScenarioRecorder",
    "ScenarioResult",
    "Step",
    "StepResult",
    "load",
    "schema",
    "select",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        from .._base.hints import missing_from_package

        raise missing_from_package(__name__, name, __all__)
    try:
        found = getattr(import_module(f".{module}", __name__), name)
    except ModuleNotFoundError as error:
        from .._base.hints import missing_extra

        raise missing_extra(error, "scenario files need", "scenarios") from error
    globals()[name] = found
    return found
