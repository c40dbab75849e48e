"""Every figure that has a target, as ratios of one run: three minutes on a machine that is otherwise idle.

    python tests/perf/all.py

Prints a table in Markdown. Each script here measures more, and longer, by itself. The exit status is always 0.
"""

from __future__ import annotations

import importlib
import os
import platform
import time
from importlib import metadata

SCRIPTS = ("sending", "frames", "history", "latency", "clients")
LIBRARIES = ("websocket-client", "requests", "dataclasses-json", "orjson")


def versions() -> str:
    """The machine's kind, and what the figures depend on."""
    found = [f"Python {platform.python_version()}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"without {name}")
    return f"{os.cpu_count()} cores, {platform.system()}, {', '.join(found)}"


def main() -> None:
    began = time.monotonic()
    print(f"{versions()}\n\n| what | measured | at most | |\n|---|---|---|---|", flush=True)
    for name in SCRIPTS:
        for row in importlib.import_module(name).rows(quick=True):
            print(row.in_markdown(), flush=True)
    print(f"\n{time.monotonic() - began:.0f} seconds, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
