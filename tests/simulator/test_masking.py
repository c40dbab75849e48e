"""Frames in a log have no secrets in them."""

from __future__ import annotations

import json

from genesys_webmessaging.simulator import Simulator, maskFrame


def test_every_secret_of_a_conversation_is_masked(connect):
    frames = []
    with Simulator(onFrame=lambda number, way, text: frames.append((number, way, text))) as simulator:
        guest = connect(simulator)
        guest.configure(
            journeyContext={
                "customer": {"id": guest.token, "idType": "cookie"},
                "customerSession": {"id": "", "type": "web"},
            }
        )
        jwt = guest.jwt()["jwt"]
        guest.say("hello", channel={"metadata": {"customAttributes": {"account": "4711-secret"}}})
        presigned = guest.presign(b"x")["body"]
        granted = guest.signIn("the-code").json()
        guest.configureAuthenticated(granted["jwt"])
    masked = "\n".join(maskFrame(text) for _, _, text in frames)
    for secret in (
        guest.token,
        jwt,
        "4711-secret",
        presigned["url"].split("?")[1],
        granted["jwt"],
        *presigned["headers"].values(),
    ):
        assert secret in "\n".join(text for _, _, text in frames)
        assert secret not in masked
    assert {way for _, way, _ in frames} == {"<", ">"}
    assert "hello" in masked


def test_error_codes_stay_and_what_is_no_json_is_not_shown():
    assert json.loads(maskFrame('{"code": 4011, "body": "too long"}')) == {"code": 4011, "body": "too long"}
    assert maskFrame('{"token": "abc') == "<14 characters that are not JSON>"
