"""What the client remembers of its session, and what it forgets."""

from __future__ import annotations

import threading
import time

import pytest
from _websockets_peer import frame

from genesys_webmessaging._core.decoding import decode
from genesys_webmessaging._core.session_state import JWT_MARGIN, Session
from genesys_webmessaging.models import AllowedMedia


def observe(session: Session, class_: str, body: object) -> None:
    session.observe(decode(frame(class_, body)))


@pytest.fixture
def session() -> Session:
    session = Session()
    session.configure("token-1", "demo")
    return session


def test_a_new_connection_is_configured_anew_and_everything_else_stays(session: Session) -> None:
    observe(session, "SessionResponse", {"connected": True, "maxCustomDataBytes": 9})
    observe(session, "JwtResponse", {"jwt": "j", "exp": time.time() + 60})
    session.connect()
    assert session.configured is False
    assert (session.token, session.deployment_id, session.max_custom_data_bytes) == ("token-1", "demo", 9)
    assert session.session_response is not None
    assert session.good_jwt() == "j"


def test_a_new_session_starts_unconfigured() -> None:
    session = Session()
    assert (session.token, session.configured, session.good_jwt()) == (None, False, None)
    assert session.secrets() == ()


@pytest.mark.parametrize("class_", ["SessionResponse", "GetConfigurationResponse"])
def test_what_the_session_allows_is_noted_and_kept_when_a_later_answer_does_not_say(
    session: Session, class_: str
) -> None:
    media = {"inbound": {"fileTypes": [{"type": "image/*"}], "maxFileSizeKB": 10}}
    observe(session, class_, {"allowedMedia": media, "maxCustomDataBytes": 100})
    observe(session, class_, {})
    assert session.allowed_media_inbound == AllowedMedia.from_dict(media)
    assert session.max_custom_data_bytes == 100
    observe(session, class_, {"allowedMedia": {}, "maxCustomDataBytes": 0})
    assert session.allowed_media_inbound == AllowedMedia()
    assert session.max_custom_data_bytes == 0


@pytest.mark.parametrize("limit", ["many", [], {}, None])
def test_a_limit_that_is_no_number_is_no_limit(session: Session, limit: object) -> None:
    observe(session, "SessionResponse", {"maxCustomDataBytes": limit})
    assert session.max_custom_data_bytes is None


def test_a_jwt_is_good_until_five_seconds_before_it_expires(session: Session) -> None:
    assert JWT_MARGIN == 5.0
    now = time.time()
    for exp, good in ((now - 1, False), (now + 4.5, False), (now + 60, True), (None, True), ("soon", True)):
        observe(session, "JwtResponse", {"jwt": "j", "exp": exp})
        assert session.good_jwt() == ("j" if good else None), exp


@pytest.mark.parametrize("body", [{}, {"jwt": None}, {"jwt": ""}, None])
def test_a_jwt_response_without_a_jwt_replaces_none(session: Session, body: object) -> None:
    observe(session, "JwtResponse", {"jwt": "j"})
    observe(session, "JwtResponse", body)
    assert session.good_jwt() == "j"


def test_a_refused_jwt_is_forgotten_unless_it_was_replaced(session: Session) -> None:
    observe(session, "JwtResponse", {"jwt": "one"})
    session.forget_jwt("another")
    assert session.good_jwt() == "one"
    session.forget_jwt("one")
    assert session.good_jwt() is None
    session.forget_jwt("one")


def test_the_jwt_of_another_token_is_forgotten(session: Session) -> None:
    observe(session, "JwtResponse", {"jwt": "one"})
    session.configure("token-1", "demo")
    assert session.good_jwt() == "one"
    session.configure("token-2", "demo")
    assert session.good_jwt() is None


def test_token_and_jwt_are_its_secrets(session: Session) -> None:
    assert session.secrets() == ("token-1",)
    observe(session, "JwtResponse", {"jwt": "one"})
    assert session.secrets() == ("token-1", "one")


def test_messages_and_what_is_not_understood_change_nothing(session: Session) -> None:
    before = {name: value for name, value in vars(session).items() if name != "_lock"}
    observe(session, "StructuredMessage", {"text": "hi"})
    observe(session, "SessionResponse", "not a response")
    observe(session, "New", {"allowedMedia": {}})
    session.observe(decode("no JSON"))
    assert {name: value for name, value in vars(session).items() if name != "_lock"} == before


def test_the_token_and_whether_it_is_configured_change_together(session: Session) -> None:
    torn: list[tuple[str | None, str | None]] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            with session._lock:
                pair = session.token, session.deployment_id
            if (pair[0] or "")[-1] != (pair[1] or "")[-1]:
                torn.append(pair)

    session.configure("t0", "d0")
    looking = threading.Thread(target=look, name="looking")
    looking.start()
    for n in range(3000):
        session.configure(f"t{n}", f"d{n}")
    over.set()
    looking.join(5)
    assert torn == []
