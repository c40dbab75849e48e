"""Why a request is refused."""

from __future__ import annotations

__all__ = [
    "ATTACHMENT_EXPIRED",
    "ATTACHMENT_NOT_FOUND",
    "ATTACHMENT_NOT_UPLOADED",
    "ATTRIBUTES_TOO_LARGE",
    "BAD_REQUEST",
    "CANNOT_DOWNGRADE",
    "FEATURE_UNAVAILABLE",
    "FILE_CONTENT",
    "FILE_NAME",
    "FILE_NAME_TOO_LONG",
    "FILE_SIZE",
    "FILE_TYPE",
    "FORBIDDEN",
    "MESSAGE_TOO_LONG",
    "MISSING_PARAMETER",
    "SESSION_EXPIRED",
    "SESSION_NOT_FOUND",
    "TOO_MANY_REQUESTS",
    "UNAUTHORIZED",
    "UNEXPECTED",
    "Refusal",
]

BAD_REQUEST = 400
UNAUTHORIZED = 401
FORBIDDEN = 403
FEATURE_UNAVAILABLE = 4000
FILE_TYPE = 4001
FILE_SIZE = 4002
FILE_CONTENT = 4003
FILE_NAME = 4004
FILE_NAME_TOO_LONG = 4005
SESSION_EXPIRED = 4006
SESSION_NOT_FOUND = 4007
ATTACHMENT_EXPIRED = 4008
ATTACHMENT_NOT_FOUND = 4009
ATTACHMENT_NOT_UPLOADED = 4010
MESSAGE_TOO_LONG = 4011
ATTRIBUTES_TOO_LARGE = 4013
CANNOT_DOWNGRADE = 4017
MISSING_PARAMETER = 4020
TOO_MANY_REQUESTS = 4029
UNEXPECTED = 5000


class Refusal(Exception):  # noqa: N818 - it is no error of ours
    """A request cannot be done, and the guest is told so."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
