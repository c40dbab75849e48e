"""Every figure that has a target, as ratios of one run: three minutes on a machine that is otherwise idle.

    python tests/perf/all.py

Prints a table in Markdown. Each script here measures more, and longer, by itself. The exit status is always 0.
"""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
import time
from importlib import metadata

from _rows import Row

SCRIPTS = ("sending", "frames", "history", "latency", "scale")
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
    if len(sys.argv) > 1:  # in a process of its own
        for row in importlib.import_module(sys.argv[1]).rows(quick=True):
            print(row.in_markdown() if isinstance(row, Row) else f"| {row.strip()} | | | |", flush=True)
        return
    began = time.monotonic()
    print(f"{versions()}\n\n| what | measured | at most | |\n|---|---|---|---|", flush=True)
    for name in SCRIPTS:
        subprocess.run([sys.executable, __file__, name], check=False)
    print(f"\n{time.monotonic() - began:.0f} seconds, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
