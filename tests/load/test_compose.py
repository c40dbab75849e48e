"""The commands of the compose file of the samples, as processes of this machine."""

from __future__ import annotations

import configparser
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "samples/load/compose.yaml").read_text(encoding="utf-8"))["services"]


def steps(service: str) -> list[list[str]]:
    """What the shell of a service runs, one after the other."""
    shell, option, script = shlex.split(SERVICES[service]["command"])
    assert (shell, option) == ("sh", "-c")
    return [shlex.split(step) for step in script.split("&&")]


def free_port() -> str:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return str(sock.getsockname()[1])


def test_each_service_installs_the_extras_that_its_command_needs():
    extras = configparser.ConfigParser()
    extras.read(ROOT / "setup.cfg")
    for service, needed in {"simulator": {"demo"}, "master": {"demo", "locust"}, "worker": {"demo", "locust"}}.items():
        install, command = steps(service)
        assert install[:3] == ["pip", "install", "-q"]
        assert re.fullmatch(r"/source\[(.*)\]", install[3])[1].split(",") == sorted(needed)
        assert needed <= set(extras["options.extras_require"])
        assert command[0] == "genesys-webmessaging"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_master_workers_and_simulator_of_the_compose_file_work_together(tmp_path: Path):
    port, master_port = free_port(), free_port()

    def of_this_machine(arguments: list[str]) -> list[str]:
        places = {"/source/": f"{ROOT}/", "0.0.0.0": "127.0.0.1", "//simulator:": "//127.0.0.1:", "8080": port}
        for there, here in places.items():
            arguments = [argument.replace(there, here) for argument in arguments]
        return ["127.0.0.1" if argument == "master" else argument for argument in arguments]

    @contextmanager
    def started(service: str, *more: str) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "genesys_webmessaging", *of_this_machine(steps(service)[-1][1:]), *more]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            try:
                yield process
            finally:
                process.terminate()

    with ExitStack() as stack:
        simulator = stack.enter_context(started("simulator"))
        assert simulator.stdout is not None
        assert any(f"ws://127.0.0.1:{port}/v1" in line for line in iter(simulator.stdout.readline, ""))
        healthcheck = of_this_machine(SERVICES["simulator"]["healthcheck"]["test"][2:])
        subprocess.run([sys.executable, *healthcheck], check=True, timeout=30)
        workers = [
            stack.enter_context(started("worker", "--master-port", master_port))
            for _ in range(SERVICES["worker"]["deploy"]["replicas"])
        ]
        # The master's own numbers, but for a few guests and a few seconds.
        short = ("--users", "4", "--spawn-rate", "4", "--time", "3s", "--pause", "0.5")
        master = stack.enter_context(started("master", "--master-port", master_port, *short))
        table, _ = master.communicate(timeout=60)
        assert master.returncode == 0, table
        assert re.search(r"Aggregated +[1-9]\d* +0\(0\.00%\)", table), table
        assert "Traceback" not in table
        for worker in workers:
            told, _ = worker.communicate(timeout=30)
            assert worker.returncode == 0, told
            assert "Traceback" not in told
