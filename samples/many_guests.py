"""Many guests at once, each in a thread: how long does the other side take? Usage: many_guests.py NUMBER"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from genesys_webmessaging import Conversation

PLACE = os.environ.get("GENESYS_ADDRESS") or os.environ["GENESYS_REGION"]
DEPLOYMENT = os.environ["GENESYS_DEPLOYMENT_ID"]
ORIGIN = os.environ.get("GENESYS_ORIGIN", "https://shop.example")

GUESTS = int(sys.argv[1]) if len(sys.argv) > 1 else 10


def talk(number):
    """One guest: three questions. Returns the seconds that each answer took."""
    seconds = []
    with Conversation.open(PLACE, DEPLOYMENT, origin=ORIGIN) as chat:
        for question in ("hours", "cards", "dates"):
            chat.send(f"Guest {number} asks for {question}")
            asked = time.monotonic()
            chat.receive(timeout=30)
            seconds.append(time.monotonic() - asked)
    return seconds


with ThreadPoolExecutor(max_workers=GUESTS) as pool:
    answers = sorted(seconds for guest in pool.map(talk, range(GUESTS)) for seconds in guest)
print(f"{GUESTS} guests, {len(answers)} answers, the slowest after {answers[-1]:.3f} s")
