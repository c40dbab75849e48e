"""Sphinx: ``sphinx-build -W -n docs docs/_build``."""

from __future__ import annotations

import enum
import importlib
import os
import re

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging

import genesys_webmessaging

project = "genesys_webmessaging"
author = "The genesys_webmessaging developers"
copyright = f"2026, {author}"  # noqa: A001 - Sphinx's name
release = version = genesys_webmessaging.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"genesys_webmessaging {version}"
html_theme_options = {
    "source_repository": "https://github.com/genesys-webmessaging/genesys-webmessaging/",
    "source_branch": "main",
    "source_directory": "docs/",
}

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_mock_imports = ["gevent", "locust"]  # locust replaces the standard library's sockets when it is imported
python_maximum_signature_line_length = 100
napoleon_use_rtype = False
napoleon_attr_annotations = False

suppress_warnings = ["myst.header"]  # the generated pages have levels of their own

# What belongs to Python and other libraries is written without a link; what is private has no page.
nitpick_ignore_regex = [
    (r"py:(class|data|obj|attr|func)", r"(?!genesys_webmessaging).*"),
    (r"py:exc", r".* .*"),  # "RequestError and the others"
    (r"py:.*", r"genesys_webmessaging\.(.*\.)?_.*"),
    (
        r"py:class",
        r"genesys_webmessaging\.(attachments|auth|client|conversation|deployment|exceptions|push|sessions)\..*",
    ),
    (r"py:class", r"genesys_webmessaging\.(companions|models|rest|scenarios|simulator)\.[a-z_]+\..*"),
]

# A name is known by the module in which users find it, not by the file in which it stands.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
DOORS = (
    "genesys_webmessaging.models",
    "genesys_webmessaging.rest",
    "genesys_webmessaging.companions",
    "genesys_webmessaging.simulator",
    "genesys_webmessaging.scenarios",
    "genesys_webmessaging",
)
for door in DOORS:
    module = importlib.import_module(door)
    order = ModuleAnalyzer.for_module(door)
    order.analyze()
    for name in module.__all__:
        thing = getattr(module, name)
        if isinstance(thing, type) or callable(thing):
            if isinstance(thing, type) and thing.__module__.startswith("genesys_webmessaging"):
                source = ModuleAnalyzer.for_module(thing.__module__)
                source.analyze()
                order.tagorder.update(source.tagorder)  # members are listed as they stand in their file
            thing.__module__ = door


# Made by a method of something else, never by their constructors.
MADE_ELSEWHERE = {"Conversation", "AsyncConversation", "Agent"}


def setup(app: Sphinx) -> None:
    """Show what readers need of a command, an enum and a class that they do not make themselves."""
    app.connect("sphinx-click-process-epilog", _literally)
    app.connect("sphinx-click-process-description", _with_whole_options)
    app.connect("sphinx-click-process-options", _with_whole_options)
    app.connect("autodoc-process-signature", _without_constructor)
    app.connect("autodoc-process-docstring", _with_values)
    app.connect("env-check-consistency", _check_that_all_is_there)


def _literally(_app: Sphinx, _context: object, lines: list[str]) -> None:
    if any(lines):
        shown = [line.removeprefix("|").removeprefix(" ") for line in lines if line.strip() != "\b"]
        lines[:] = [".. code-block:: text", "", *(f"   {line}" for line in shown), ""]


def _with_whole_options(_app: Sphinx, _context: object, lines: list[str]) -> None:
    """Keep the two dashes of an option, of which typography would make one."""
    lines[:] = [line if ".. " in line else re.sub(r"(?<![\w`-])--[a-z-]+", r"``\g<0>``", line) for line in lines]


def _without_constructor(
    _app: Sphinx, _what: str, _name: str, thing: object, _options: object, arguments: str, _returns: str
) -> tuple[str, str] | None:
    if not arguments or not isinstance(thing, type):
        return None
    made_elsewhere = issubclass(thing, (enum.Enum, Exception)) or thing.__name__ in MADE_ELSEWHERE
    return ("", "") if made_elsewhere else None


def _with_values(_app: Sphinx, what: str, _name: str, thing: object, _options: object, lines: list[str]) -> None:
    """Tell the members of an enum, of which none has a docstring, in a line."""
    if what == "class" and isinstance(thing, type) and issubclass(thing, enum.Enum):
        values = ", ".join(f"``{member.name}`` ({member.value})" for member in thing)
        lines += ["", f"Members, and their values: {values}."]


def _check_that_all_is_there(_app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of public names without an entry; -W makes it an error."""
    known = {name.rpartition(".")[2] for name in env.domains.python_domain.objects}
    for door in DOORS:
        for name in set(importlib.import_module(door).__all__) - known - {"__version__"}:
            logging.getLogger(__name__).warning("the reference has no entry for %s.%s", door, name)
