"""What ``load`` has Locust run. Locust reads it as a file, so its imports are absolute."""

from __future__ import annotations

import json
import os

from locust import constant

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
