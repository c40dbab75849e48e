"""Listeners that add what the Java SDK leaves to its users.

* :class:`Heartbeat` keeps the session alive, and finds out when the peer is dead.
* :class:`Reconnector` opens a new connection when one is lost, and fills the gap from the history.
* :class:`Reorder` puts messages in the order in which they were meant.
* :class:`Delivery` sends messages until they have certainly arrived.
* :class:`Transcript` writes down what is said.

Those that change what is heard wrap the listener that they serve::

    reconnector = Reconnector(client, mine)
    client.addSessionListener(Reorder(reconnector))
    client.addSessionListener(Heartbeat(client, onDeadPeer=reconnector.reconnect))
    delivery = Delivery(client, reconnector)
    reconnector.connect("demo", "https://shop.example")
    delivery.send("Hello")

A message that is filled in from the history arrives as ``structuredMessage(message, rawMessage)``, like any other;
``rawMessage`` is the JSON of the history's entity then.
"""

from __future__ import annotations

from .delivery import Delivery, textMessage
from .heartbeat import Heartbeat
from .reconnect import Reconnector, ReconnectorState
from .reorder import Reorder
from .transcript import Transcript, TranscriptEntry, TranscriptFormat

__all__ = [
    "Delivery",
    "Heartbeat",
    "Reconnector",
    "ReconnectorState",
    "Reorder",
    "Transcript",
    "TranscriptEntry",
    "TranscriptFormat",
    "textMessage",
]
