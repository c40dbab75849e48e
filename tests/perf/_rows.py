"""One row of what the scripts here print: what was measured, the figure, and the most that it may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure and its target.

    Attributes:
        what: What was measured.
        figure: A ratio of one run, unless there is a unit.
        at_most: The target.
        unit: What the figure is counted in.
        detail: What the ratio is made of.
    """

    what: str
    figure: float
    at_most: float
    unit: str = ""
    detail: str = ""

    @property
    def verdict(self) -> str:
        return "met" if self.figure <= self.at_most else "MISSED"

    def __str__(self) -> str:
        detail = f"; {self.detail}" if self.detail else ""
        return (
            f"{self.what}: {self.figure:.2f}{self.unit} (at most {self.at_most:g}{self.unit}: {self.verdict}{detail})"
        )

    def in_markdown(self) -> str:
        return f"| {self.what} | {self.figure:.2f}{self.unit} | {self.at_most:g}{self.unit} | {self.verdict} |"
