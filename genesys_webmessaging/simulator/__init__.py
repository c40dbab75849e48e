"""A local Genesys: WebSocket, REST and file uploads on one loopback port, to develop and test against.

::

    from genesys_webmessaging.simulator import Simulator

    with Simulator() as simulator:
        ...  # connect to simulator.address, deployment "demo"

It shares no code with the client, so that one can be tested against the other. Needs
``pip install 'genesys-webmessaging[simulator]'``; nothing of that is imported before it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agent import Agent
    from .bot import DEFAULT_SCRIPT, BotScript
    from .content import card, carousel, datePicker, quickReplies
    from .faults import Fault, Faults
    from .masking import maskFrame
    from .recording import Frame, RestRequest, Violation
    from .server.connection import Connection
    from .server.encoding import closeFrame, encodeFrame
    from .serving import serve
    from .simulator import Simulator
    from .state.attachment import Attachment, AttachmentState
    from .state.clock import Clock
    from .state.conversation import Conversation, Message, Participant, Role
    from .state.deployment import Deployment, RateLimit
    from .state.session import Session, SessionState

__all__ = [
    "DEFAULT_SCRIPT",
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
    "maskFrame",
    "quickReplies",
    "serve",
]

_HOMES = {
    "DEFAULT_SCRIPT": "bot",
    "Agent": "agent",
    "Attachment": "state.attachment",
    "AttachmentState": "state.attachment",
    "BotScript": "bot",
    "Clock": "state.clock",
    "Connection": "server.connection",
    "Conversation": "state.conversation",
    "Deployment": "state.deployment",
    "Fault": "faults",
    "Faults": "faults",
    "Frame": "recording",
    "Message": "state.conversation",
    "Participant": "state.conversation",
    "RateLimit": "state.deployment",
    "RestRequest": "recording",
    "Role": "state.conversation",
    "Session": "state.session",
    "SessionState": "state.session",
    "Simulator": "simulator",
    "Violation": "recording",
    "card": "content",
    "carousel": "content",
    "closeFrame": "server.encoding",
    "datePicker": "content",
    "encodeFrame": "server.encoding",
    "maskFrame": "masking",
    "quickReplies": "content",
    "serve": "serving",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{home}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
