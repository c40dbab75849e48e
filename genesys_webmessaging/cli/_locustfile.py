"""What ``load`` has Locust run. Locust reads it as a file, so its imports are absolute."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from locust import constant, events
from locust.runners import WorkerRunner

# Imported now, and not by the first guest, whom everybody would wait for.
from genesys_webmessaging.scenarios import Runner  # noqa: F401

from genesys_webmessaging.locust import ScenarioUser  # isort: skip

_told = json.loads(os.environ["GENESYS_WEBMESSAGING_LOAD"])


class Guest(ScenarioUser):
    """Does what the scenario file says."""

    scenario = _told["scenario"]
    deploymentId = _told["deploymentId"]
    origin = _told["origin"]
    connectOptions = _told["connectOptions"]
    automatedTest = _told["automatedTest"]
    wait_time = constant(_told["pause"])


def _miss_samples(environment: Any, **_: object) -> None:
    """A run in which nobody did anything has not passed."""
    directs = environment.web_ui is None and not isinstance(environment.runner, WorkerRunner)
    if directs and environment.stats.total.num_requests == 0:
        sys.stderr.write("Error: no guest has done anything, so nothing was tested.\n")
        environment.process_exit_code = 1


events.quitting.add_listener(_miss_samples)  # type: ignore[no-untyped-call]
