"""A local Genesys: WebSocket, REST and file uploads on one loopback port, to develop and test against.

::

    from genesys_webmessaging.simulator import Simulator

    with Simulator() as simulator:
        ...  # connect to simulator.address, deployment "demo"

It shares no code with the client but the list of error codes, so that one can be tested against the other. Needs
``pip install 'genesys-webmessaging[simulator]'``; nothing of that is imported before it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agent import Agent
    from .bot import DEFAULT_SCRIPT, BotScript
    from .content import card, carousel, datePicker, form, listPicker, quickReplies
    from .faults import Fault, Faults
    from .recording import Frame, RestRequest, Violation, maskFrame
    from .server.connection import Connection, closeFrame, encodeFrame
    from .simulator import Simulator, serve
    from .state.attachments import Attachment, AttachmentState
    from .state.clock import Clock
    from .state.deployment import DOCUMENTED, Deployment, LimitReached, Limits, RateLimit
    from .state.session import Conversation, Message, Participant, Role, Session, SessionState

__all__ = [
    "DEFAULT_SCRIPT",
    "DOCUMENTED",
    "Agent",
    "Attachment",
    "AttachmentState",
    "BotScript",
    "Clock",
    "Connection",
    "Conversation",
    "Deployment",
    "Fault",
    "Faults",
    "Frame",
    "LimitReached",
    "Limits",
    "Message",
    "Participant",
    "RateLimit",
    "RestRequest",
    "Role",
    "Session",
    "SessionState",
    "Simulator",
    "Violation",
    "card",
    "carousel",
    "closeFrame",
    "datePicker",
    "encodeFrame",
    "form",
    "listPicker",
    "maskFrame",
    "quickReplies",
    "serve",
]

_HOMES = {
    "DEFAULT_SCRIPT": "bot",
    "DOCUMENTED": "state.deployment",
    "Agent": "agent",
    "Attachment": "state.attachments",
    "AttachmentState": "state.attachments",
    "BotScript": "bot",
    "Clock": "state.clock",
    "Connection": "server.connection",
    "Conversation": "state.session",
    "Deployment": "state.deployment",
    "Fault": "faults",
    "Faults": "faults",
    "Frame": "recording",
    "LimitReached": "state.deployment",
    "Limits": "state.deployment",
    "Message": "state.session",
    "Participant": "state.session",
    "RateLimit": "state.deployment",
    "RestRequest": "recording",
    "Role": "state.session",
    "Session": "state.session",
    "SessionState": "state.session",
    "Simulator": "simulator",
    "Violation": "recording",
    "card": "content",
    "carousel": "content",
    "closeFrame": "server.connection",
    "datePicker": "content",
    "encodeFrame": "server.connection",
    "form": "content",
    "listPicker": "content",
    "maskFrame": "recording",
    "quickReplies": "content",
    "serve": "simulator",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        from .._base.hints import missing_from_package

        raise missing_from_package(__name__, name, __all__)
    try:
        return getattr(importlib.import_module(f".{home}", __name__), name)
    except ModuleNotFoundError as error:
        from .._base.hints import missing_extra

        raise missing_extra(error, "the simulator needs", "simulator") from error


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
