"""A load test: guests who ask for the opening hours, and order. README and the documentation tell how to run it.

locust -f samples/locustfile.py --host ws://127.0.0.1:8080/v1
"""

import os

from locust import between, task

from genesys_webmessaging.locust import GuestUser, ScenarioUser

DEPLOYMENT = os.environ.get("GENESYS_DEPLOYMENT_ID", "demo")
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")


class Asking(GuestUser):
    """Asks for the opening hours every few seconds."""

    weight = 3
    deploymentId = DEPLOYMENT
    origin = ORIGIN
    wait_time = between(1, 5)

    @task
    def hours(self):
        self.ask("When are your hours?", expect="from 9 to 17")


class Choosing(ScenarioUser):
    """Does what a scenario file says."""

    weight = 1
    deploymentId = DEPLOYMENT
    origin = ORIGIN
    scenario = "scenarios/hours.scenario.yaml"  # beside this file
    wait_time = between(1, 5)
