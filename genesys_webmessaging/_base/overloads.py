"""Java's overloads: which documented form a call fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Overloads:
    """The forms of one documented method, tried in the order given.

    A form is written as its parameters, an optional one with a question mark:
    ``Overloads("configureSession", "deploymentId origin", "deploymentId token origin startNew?")``.
    """

    def __init__(self, method: str, *forms: str) -> None:
        self._method = method
        self._forms = [_parse(form) for form in forms]

    def bind(self, args: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """Find the form that a call fits.

        Args:
            args: The positional arguments.
            named: The keyword arguments, those of the forms only.

        Returns:
            The values by parameter; an optional parameter that was not given is missing.

        Raises:
            TypeError: The call fits no form. The message prints them all.
        """
        for names, required in self._forms:
            if len(args) > len(names):
                continue
            bound = dict(zip(names, args, strict=False))
            if any(name in bound or name not in names for name in named):
                continue
            bound.update(named)
            if required.issubset(bound):
                return bound
        raise TypeError(self._complaint(args, named))

    def _complaint(self, args: Sequence[Any], named: Mapping[str, Any]) -> str:
        given = [f"{len(args)} positional argument{'' if len(args) == 1 else 's'}", *(f"{name}=" for name in named)]
        forms = [
            f"{self._method}({', '.join(name if name in required else f'{name}=None' for name in names)})"
            for names, required in self._forms
        ]
        return f"{self._method}() was called with {', '.join(given)}; its forms are: {'; '.join(forms)}"


def _parse(form: str) -> tuple[tuple[str, ...], frozenset[str]]:
    names = form.split()
    required = frozenset(name for name in names if not name.endswith("?"))
    return tuple(name.rstrip("?") for name in names), required
