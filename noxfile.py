"""The version matrix: ``nox`` runs it all, ``nox -s tests-3.13`` one version, ``nox -l`` lists what there is."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = False

VERSIONS = ["3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]


@nox.session(python=VERSIONS)
def tests(session: nox.Session) -> None:
    """The suite, or the part of it that is named after --."""
    session.install(".[test]")
    session.run("python", "-m", "pytest", *session.posargs, env={"PYTHONDEVMODE": "1"})


@nox.session(python="3.10")
def oldest(session: nox.Session) -> None:
    """The suite with the oldest websocket-client that is allowed."""
    session.install(".[test]", "websocket-client==1.8.0")
    session.run("python", "-m", "pytest", *session.posargs, env={"PYTHONDEVMODE": "1"})


@nox.session
def lint(session: nox.Session) -> None:
    """Format, lint and types."""
    session.install("-e", ".[dev]")
    session.run("ruff", "format", "--check")
    session.run("ruff", "check")
    session.run("mypy", "--strict", "genesys_webmessaging", "tests/typing")


@nox.session
def coverage(session: nox.Session) -> None:
    """What the suite covers, by branches."""
    session.install("-e", ".[dev]")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest")
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation site, in docs/_build."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "-n", "--keep-going", "docs", "docs/_build")
