"""A replay of what the real Java SDK did, against this one.

``recordings`` reads the recordings in ``tests/data/vectors``, ``peer`` is the other end of the loopback socket,
``replay_*`` do with our client what was done with Java's and note what came of it, ``facts`` puts both sides into
one form and compares them, ``differences`` holds what is meant to differ (``tests/data/differences.json``).
"""
