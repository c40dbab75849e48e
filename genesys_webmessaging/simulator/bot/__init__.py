"""A scripted bot: what it says is data, how it says it is here."""

from __future__ import annotations

from .default import DEFAULT_SCRIPT
from .runner import BotRunner
from .script import BotScript, Rule, Step

__all__ = ["DEFAULT_SCRIPT", "BotRunner", "BotScript", "Rule", "Step"]
