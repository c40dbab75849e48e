"""A replay of what the real Java SDK did, against this one.

``recordings`` reads the recordings in ``tests/data/vectors``, ``peer`` is the other end of the loopback socket,
``replay_*`` do with our client what was done with Java's and note what came of it, ``facts`` puts both sides into
one form and compares them, ``differences`` holds what is meant to differ (``tests/data/differences.json``).

Not compared, because they are no facts of a case: the order of headers, the wording of ``webSocketError``, times,
Java's private fields that have no like here, and what the server saw after the Java client had broken down. A method
that returns nothing in 10.0.0, or a future in 18.1.0, is the same as one of ours that returns the tracing id it sent.
"""
