"""Names that people write from habit or from memory, and what they are called here."""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from collections.abc import Iterable, Sequence
from opcode import opmap
from types import FrameType

# Where names are that people look for at the top of the package.
_HOMES = ("models", "simulator", "companions", "aio", "scenarios")
# The prefixes of Java's accessors and builders.
_ACCESSOR = re.compile(r"(?:get|set|is|with)_?(?=[A-Za-z])")


def meant(name: str, names: Iterable[str]) -> str | None:
    """The name that was meant, None if none is like it.

    Args:
        name: What was written: in snake_case, with ``get`` or ``set`` before it, or misspelt.
        names: What there is.
    """
    folded = {_folded(one): one for one in names}
    for written in (name, _ACCESSOR.sub("", name, count=1)):
        if _folded(written) in folded:
            return folded[_folded(written)]
    alike = difflib.get_close_matches(_folded(name), folded, n=1, cutoff=0.8)
    return folded[alike[0]] if alike else None


def is_habit(name: str) -> bool:
    """Whether a name looks like one of Java's accessors, or is in snake_case."""
    return name[0] != "_" and ("_" in name.rstrip("_") or _ACCESSOR.match(name) is not None)


def no_attribute(owner: object, name: str, names: Iterable[str] | None = None) -> AttributeError:
    """The error for an attribute that is not there, with the name that was meant if there is one.

    Args:
        owner: Whose attribute it would be.
        name: What was asked for.
        names: What there is; the public names of the owner's class if None.
    """
    sentence = f"{type(owner).__name__!r} object has no attribute {name!r}"
    if not name.startswith("_"):
        hint = meant(name, (one for one in dir(type(owner)) if one[0] != "_") if names is None else names)
        if hint is not None:
            sentence += f"; did you mean {hint!r}?"
    return AttributeError(sentence)


def missing_from_package(package: str, name: str, names: Iterable[str]) -> Exception:
    """The error for a name that the package does not have, with the place or the name that was meant.

    Args:
        package: The package that was asked, by its full name.
        name: What was asked for.
        names: What the package has.

    Returns:
        An ImportError if the caller's caller is executing ``from package import name``, where Python would replace an
        AttributeError by a sentence of its own; else an AttributeError.
    """
    sentence = f"module {package!r} has no attribute {name!r}"
    if not name.startswith("_"):
        # Classes alone are worth loading other modules for.
        homes = _HOMES if name[0].isupper() else ()
        home = next((module for module in homes if name in _public(f"{package}.{module}")), None)
        hint = meant(name, names)
        if home is not None:
            sentence += f"; it is in {package}.{home}"
        elif hint is not None:
            sentence += f"; did you mean {hint!r}?"
        if (home or hint) and _is_from_import(sys._getframe(2)):
            return ImportError(sentence, name=package)
    return AttributeError(sentence)


def _public(module: str) -> Sequence[str]:
    try:
        names: Sequence[str] = importlib.import_module(module).__all__
    except ImportError:  # its extra is not installed
        return ()
    return names


def _is_from_import(frame: FrameType) -> bool:
    return frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]


def _folded(name: str) -> str:
    return name.replace("_", "").casefold()
