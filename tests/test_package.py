"""The package as people install and import it."""

from __future__ import annotations

import ast
import configparser
import importlib
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import genesys_webmessaging

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it along

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "genesys_webmessaging"


def run(program: str) -> str:
    """Run a program in a Python of its own, and return what it prints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def loaded_by(statement: str) -> set[str]:
    program = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    return set(run(program).split())


# Importing


def test_importing_the_package_loads_none_of_its_dependencies() -> None:
    loaded = loaded_by("import genesys_webmessaging")
    assert "genesys_webmessaging" in loaded
    assert {name.partition(".")[0] for name in loaded} & {
        "websocket",
        "requests",
        "dataclasses_json",
        "aiohttp",
    } == set()
    ours = {name for name in loaded if name.startswith("genesys_webmessaging")}
    assert ours == {"genesys_webmessaging", "genesys_webmessaging._version"}


@pytest.mark.parametrize("name", ["SessionListener", "GenesysCloudRegionWebSocketHosts", "RequestError", "asApiHost"])
def test_what_needs_no_dependency_loads_none(name: str) -> None:
    loaded = loaded_by(f"from genesys_webmessaging import {name}")
    assert loaded & {"websocket", "requests", "dataclasses_json"} == set()


def test_the_core_needs_its_three_dependencies_and_no_extra() -> None:
    extras = [
        "aiohttp",
        "yaml",
        "pydantic",
        "trustme",
        "click",
        "rich",
        "prompt_toolkit",
        "python_socks",
        "websockets",
        "pytest",
        "hypothesis",
    ]
    run(
        f"import sys; sys.modules.update(dict.fromkeys({extras}));"
        "import genesys_webmessaging as g; [getattr(g, name) for name in g.__all__];"
        "import genesys_webmessaging.models, genesys_webmessaging.auth, genesys_webmessaging.attachments;"
        "import genesys_webmessaging.conversation, genesys_webmessaging.companions;"
        "g.WebMessagingClient('us_east_1').apiClient"
    )


def test_all_names_are_sorted_and_resolve() -> None:
    assert genesys_webmessaging.__all__ == sorted(set(genesys_webmessaging.__all__))
    for name in genesys_webmessaging.__all__:
        assert getattr(genesys_webmessaging, name) is not None
        assert name in dir(genesys_webmessaging)


def test_a_star_import_gives_all_names() -> None:
    names = run("from genesys_webmessaging import *; print(*sorted(set(globals())))").split()
    assert set(genesys_webmessaging.__all__) <= set(names)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'genesys_webmessaging' has no attribute 'Nonsense'"):
        genesys_webmessaging.Nonsense  # noqa: B018
    with pytest.raises(ImportError, match="Nonsense"):
        exec("from genesys_webmessaging import Nonsense")


def test_a_lazy_name_is_looked_up_once() -> None:
    assert (
        genesys_webmessaging.WebMessagingClient
        is importlib.import_module("genesys_webmessaging.client").WebMessagingClient
    )
    assert "WebMessagingClient" in vars(genesys_webmessaging)


def test_what_type_checkers_see_is_what_there_is_at_run_time() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname or alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == genesys_webmessaging._MODULE_OF
    assert set(genesys_webmessaging.__all__) == {*seen, "__version__"}


@pytest.mark.parametrize("module", ["client", "listener", "regions", "exceptions", "rest", "models"])
def test_every_public_module_says_what_is_public(module: str) -> None:
    loaded = importlib.import_module(f"genesys_webmessaging.{module}")
    assert loaded.__doc__
    for name in loaded.__all__:
        assert hasattr(loaded, name), name


# Logging


def test_the_package_logs_to_nobody_unless_asked() -> None:
    program = (
        "import logging, genesys_webmessaging as g;"
        "g.WebMessagingClient('us_east_1');"
        "root = logging.getLogger('genesys_webmessaging');"
        "print([type(h).__name__ for h in root.handlers], root.level, root.propagate, logging.getLogger().handlers);"
        "print([n for n, l in logging.Logger.manager.loggerDict.items()"
        " if n.startswith('genesys_webmessaging.') and isinstance(l, logging.Logger) and (l.handlers or l.level)]);"
        "logging.getLogger('genesys_webmessaging._core.dispatcher').error('nobody hears this')"
    )
    assert run(program).splitlines() == ["['NullHandler'] 0 True []", "[]"]
    assert logging.getLogger("genesys_webmessaging").handlers


def calls_of_loggers(tree: ast.AST) -> Iterator[ast.Call]:
    names = {"debug", "info", "warning", "error", "exception", "critical", "log"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id in {"log", "logger", "_log", "_logger"}:
                yield node


def test_no_log_call_formats_its_own_message() -> None:
    count = 0
    for path in PACKAGE.rglob("*.py"):
        for call in calls_of_loggers(ast.parse(path.read_text("utf-8"))):
            count += 1
            assert isinstance(call.args[0], ast.Constant), f"{path}:{call.lineno}"
    assert count > 10


# Metadata


@pytest.fixture(scope="module")
def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", "utf-8")
    return parser


def lines(setup: configparser.ConfigParser, section: str, option: str) -> list[str]:
    return [line for line in setup[section][option].splitlines() if line]


def test_setup_cfg_holds_the_metadata(setup: configparser.ConfigParser) -> None:
    assert setup["metadata"]["name"] == "genesys-webmessaging"
    assert setup["metadata"]["version"] == "attr: genesys_webmessaging._version.__version__"
    assert re.fullmatch(r"\d+\.\d+\.\d+", genesys_webmessaging.__version__)
    assert lines(setup, "options", "install_requires") == [
        "websocket-client>=1.8,<2",
        "requests>=2.32.4,<3",
        "dataclasses-json>=0.6.7,<0.7",
        "filelock>=3.12,<4",
    ]


def test_the_extras_hold_each_other(setup: configparser.ConfigParser) -> None:
    def names(extra: str) -> set[str]:
        return {re.split(r"[<>=]", line)[0] for line in lines(setup, "options.extras_require", extra)}

    extras = set(setup["options.extras_require"])
    for_users = extras - {"all", "test", "docs", "dev", "browser"}
    assert for_users >= {"simulator", "scenarios", "cli", "socks", "demo"}
    assert names("demo") >= names("simulator") | names("scenarios") | names("cli")
    assert names("all") == set().union(*(names(extra) for extra in for_users))
    assert names("test") >= names("all") | {"pytest", "pytest-timeout", "pytest-xdist", "hypothesis", "websockets"}
    assert names("dev") >= names("test") | {"ruff", "mypy"}


def test_console_script_type_marker_and_license_are_there(setup: configparser.ConfigParser) -> None:
    (script,) = lines(setup, "options.entry_points", "console_scripts")
    name, _, target = script.partition(" = ")
    module, _, function = target.partition(":")
    assert name == "genesys-webmessaging"
    assert callable(getattr(importlib.import_module(module), function))
    assert (PACKAGE / "py.typed").exists()
    assert "py.typed" in setup["options.package_data"]["genesys_webmessaging"]
    assert "MIT License" in (ROOT / "LICENSE").read_text("utf-8")


def test_pyproject_agrees_with_setup_cfg(setup: configparser.ConfigParser) -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "project" not in pyproject
    assert pyproject["build-system"]["build-backend"] == "setuptools.build_meta"
    assert setup["options"]["python_requires"] == ">=3.10"
    assert pyproject["tool"]["ruff"]["target-version"] == "py310"
    assert pyproject["tool"]["mypy"]["python_version"] == "3.10"
    assert pyproject["tool"]["mypy"]["strict"] is True


def test_the_versions_of_python_are_those_that_work(setup: configparser.ConfigParser) -> None:
    classifiers = lines(setup, "metadata", "classifiers")
    versions = {line.rpartition(" ")[2] for line in classifiers if re.search(r":: 3\.\d+$", line)}
    assert versions == {"3.10", "3.11", "3.12", "3.13", "3.14"}


def test_the_changelog_knows_this_version_and_the_java_sdk() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## [{genesys_webmessaging.__version__}]" in changelog
    assert "10.0.0" in changelog
    assert "18.1.0" in changelog
