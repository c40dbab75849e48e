"""Conversations in files: scenarios that are run against a simulator or an organisation.

::

    from genesys_webmessaging.scenarios import Places, Runner, load

    with Places() as places:
        results = Runner(places).run_all(load("shop.scenario.yaml").scenarios)

``genesys-webmessaging test`` and pytest run them too. This needs the extra ``scenarios``.
"""

from __future__ import annotations

from .model import Config, Expectation, Scenario, ScenarioError, ScenarioFile, Step, load, schema, select
from .runner import AttemptResult, Line, Place, Places, Runner, ScenarioResult, StepResult

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
    "ScenarioResult",
    "Step",
    "StepResult",
    "load",
    "schema",
    "select",
]
