"""What of a frame may be shown in a log."""

from __future__ import annotations

import gc
import json
import time
from typing import Any

import pytest

from genesys_webmessaging._base.redact import MASK, SHOW_TEXT_VARIABLE, redact, redact_url


def shown(document: Any, *secrets: str) -> Any:
    return json.loads(redact(json.dumps(document), secrets))


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "jwt",
        "resumeToken",
        "refreshToken",
        "idToken",
        "accessToken",
        "deviceToken",
        "sessionJoinToken",
        "codeVerifier",
        "nonce",
        "authorization",
    ],
)
def test_secrets_are_masked_by_name_at_any_depth(name: str) -> None:
    assert shown({name: "s3cret", "body": {"list": [{name: ["s3cret"]}]}}) == {
        name: MASK,
        "body": {"list": [{name: MASK}]},
    }
    assert shown({name: None}) == {name: None}


def test_an_oauth_code_is_masked_and_an_error_code_is_not() -> None:
    for parent in ("data", "oauth"):
        assert shown({parent: {"code": "s3cret"}, "code": 200}) == {parent: {"code": MASK}, "code": 200}


def test_values_of_custom_attributes_and_of_headers_are_masked_and_their_names_are_not() -> None:
    for name in ("customAttributes", "headers"):
        assert shown({name: {"a": "s3cret", "b": ""}}) == {name: {"a": MASK, "b": MASK}}
        assert shown({name: ["s3cret"]}) == {name: MASK}
        assert shown({name: None}) == {name: None}


@pytest.mark.parametrize("name", ["url", "downloadUrl", "image", "anythingElse"])
def test_presigned_urls_lose_their_query_wherever_they_stand(name: str) -> None:
    url = "https://user:s3cret@files.example/a/b.png?X-Amz-Signature=s3cret&x=1#s3cret"
    assert shown({"body": {name: url}}) == {"body": {name: f"https://files.example/a/b.png?{MASK}"}}


def test_a_url_without_a_query_is_shown_whole() -> None:
    assert shown({"url": "https://files.example/a.png"}) == {"url": "https://files.example/a.png"}
    assert redact_url("not a url") == "not a url"
    assert redact_url("https://[s3cret") == MASK


@pytest.mark.parametrize("name", ["text", "payload", "title", "description"])
@pytest.mark.parametrize("said", ["I am ill", "https://clinic.example/me", ""])
def test_what_was_said_is_shown_as_its_length(name: str, said: str) -> None:
    assert shown({"message": {name: said}}) == {"message": {name: f"<{len(said)} characters>"}}


def test_what_was_said_is_shown_when_asked_for_and_secrets_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHOW_TEXT_VARIABLE, "1")
    assert shown({"text": "I am ill", "token": "s3cret"}) == {"text": "I am ill", "token": MASK}


def test_known_secrets_are_masked_wherever_they_stand() -> None:
    for secret in ("s3cret", 's3"cr\\et', "s3cr\n\u00e9t"):
        refusal = {"class": "string", "body": f"no session {secret}!", "a": [secret]}
        assert shown(refusal, "", secret) == {"class": "string", "body": f"no session {MASK}!", "a": [MASK]}


@pytest.mark.parametrize("text", ["s3cret", '{"token": "s3cret"', '{"token": "s3cret"} s3cret', "[" * 100_000])
def test_of_what_is_no_json_only_the_length_is_shown(text: str) -> None:
    gc.collect()  # garbage of other tests would be finalized at the bottom of the stack, where nothing can run
    assert redact(text) == f"<{len(text)} characters that are not JSON>"


@pytest.mark.parametrize("document", [None, 5, [], "s3cret", ["s3cret"]])
def test_of_what_is_no_object_only_the_length_is_shown(document: Any) -> None:
    text = json.dumps(document)
    assert redact(text) == f"<{len(text)} characters of JSON that are not an object>"


@pytest.mark.parametrize(
    ("class_", "visible"),
    [("string", True), ("JwtResponse", False), ("New", False), (None, False), (["string"], False)],
)
def test_a_body_that_is_a_text_is_shown_where_it_is_the_sentence_of_an_error(class_: Any, visible: bool) -> None:
    assert shown({"class": class_, "body": "eyJ"})["body"] == ("eyJ" if visible else MASK)


@pytest.mark.parametrize("document", [{}, {"a": [1, [2]]}, {"a": {"b": [True]}, "é": "日", "n": None}])
def test_everything_else_is_shown_as_it_is(document: Any) -> None:
    assert shown(document) == document


def test_the_shape_of_a_frame_stays() -> None:
    frame = {"type": "response", "class": "SessionResponse", "code": 200, "body": {"connected": True}, "tracingId": "t"}
    assert shown(frame) == frame


@pytest.mark.parametrize(
    "frame",
    [
        '{"message": {"content": [{"contentType": "Text", "text": {"type": "Text", "body": "SECRET words"}}]}}',
        '{"class": "string", "body": "cannot read https://files.example/b?sig=SECRET"}',
        '{"body": {"errorMessage": "see https://files.example?sig=SECRET"}}',
        '{"body": {"urls": ["https://files.example/b?sig=SECRET"]}}',
        '{"body": {"text": ["SECRET"]}}',
        '{"Token": "SECRET"}',
        '{"access_token": "SECRET"}',
    ],
)
def test_a_secret_is_masked_in_every_shape(frame: str) -> None:
    assert "SECRET" not in redact(frame)


def test_what_is_shown_can_be_written_by_every_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENESYS_WEBMESSAGING_LOG_TEXT", "1")
    assert redact('{"text": "\\ud800"}').encode() == b'{"text": "\\ud800"}'


@pytest.mark.parametrize("scheme", ["https", "HTTP", "wss"])
def test_a_user_in_a_url_within_a_text_is_not_shown(scheme: str) -> None:
    said = f"see {scheme}://me:s3cret@host.example/a and {scheme}://host.example/b?s3cret#s3cret, or b#s3cret"
    assert shown({"note": said}) == {
        "note": f"see {scheme}://host.example/a and {scheme}://host.example/b?{MASK} or b#s3cret"
    }


@pytest.mark.parametrize("said", ["http://", "http://a@", "https://x?", "http:/", "wss://a/", "h", "#http://?"])
def test_redaction_takes_time_in_proportion_to_the_text(said: str) -> None:
    def seconds(count: int) -> float:
        text = json.dumps({"body": {"nickname": f"say {said * count}"}})
        began = time.process_time()
        for _ in range(3):
            redact(text)
        return time.process_time() - began

    short = 20_000 // len(said)
    # Sixteen times the text; it took 250 times as long once.
    assert seconds(16 * short) < 60 * max(seconds(short), 0.001)
