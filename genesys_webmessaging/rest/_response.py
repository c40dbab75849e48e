"""What a REST call answered: its document, or its error."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from requests.structures import CaseInsensitiveDict

from .._base import fast_json
from .._base.redact import MASK
from .._base.threads import logger_of
from ..exceptions import ApiError, DecodeError, WebMessagingException
from ..models import ErrorBody
from ..models._base import WireModel, odd_parts
from ._http import Answer
from ._retry import retry_after

logger = logger_of("genesys_webmessaging.rest")

CORRELATION_ID = "ININ-Correlation-Id"

T = TypeVar("T")
M = TypeVar("M", bound=WireModel)


class ApiResponse(Generic[T]):
    """What a REST call answered.

    Attributes:
        statusCode: The HTTP status.
        statusReasonPhrase: The words that came with it.
        headers: The headers as they came; :meth:`getHeader` finds one in any case.
        body: The decoded document, None when there was none.
        rawBody: The text of the document.
        exception: The error that would have been raised, had the client been told to raise errors.
    """

    def __init__(
        self,
        statusCode: int,
        statusReasonPhrase: str,
        headers: Mapping[str, str],
        body: T | None,
        rawBody: str,
        exception: WebMessagingException | None = None,
    ) -> None:
        self.statusCode = statusCode
        self.statusReasonPhrase = statusReasonPhrase
        self.headers = dict(headers)
        self.body = body
        self.rawBody = rawBody
        self.exception = exception

    @property
    def document(self) -> T:
        """The body, where there must be one.

        Raises:
            DecodeError: There is none.
        """
        if self.body is None:
            raise DecodeError("the answer had no body", statusCode=self.statusCode, headers=self.headers)
        return self.body

    @property
    def correlationId(self) -> str | None:
        """What Genesys support asks for, None when the answer had none."""
        return self.getHeader(CORRELATION_ID)

    def hasRawBody(self) -> bool:
        """Whether there was a document, of whatever kind."""
        return bool(self.rawBody)

    def getHeader(self, name: str) -> str | None:
        """Find a header by its name in any case; None when it did not come."""
        return CaseInsensitiveDict(self.headers).get(name)

    def __repr__(self) -> str:
        return f"<ApiResponse {self.statusCode} {self.statusReasonPhrase}>"


class Call:
    """What may be shown of a call, and what may not."""

    def __init__(self, label: str, what: str, secrets: Iterable[str]) -> None:
        self.label = label
        self.what = what
        self.secrets = [secret for secret in secrets if secret]

    def mask(self, text: str) -> str:
        """Take the secrets out of a text."""
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return text


def decoded(answer: Answer, call: Call, returnType: type[M] | None) -> ApiResponse[M]:
    """Turn an answer that came whole into what the call returns, or raise what it means."""
    raw = answer.text
    if not 200 <= answer.status < 300:
        raise _error_of(answer, call, raw)
    body = None if returnType is None else _document(answer, call, returnType, raw)
    return ApiResponse(answer.status, answer.reason, answer.headers, body, raw)


def _error_of(answer: Answer, call: Call, raw: str) -> ApiError:
    errorBody = _error_body(raw)
    message = f"{call.what} answered {answer.status} {answer.reason}".rstrip()
    if 300 <= answer.status < 400:
        message += ", a redirect, and redirects are not followed"
    if errorBody is not None and errorBody.message:
        message += f": {errorBody.message}"
    if errorBody is not None and errorBody.code:
        message += f" (code {errorBody.code})"
    asked = retry_after(answer.headers)
    if asked is not None:
        message += f"; try again after {asked:.0f} seconds"
    return ApiError(
        call.mask(message),
        statusCode=answer.status,
        headers=answer.headers,
        body=raw,
        errorBody=errorBody,
        correlationId=answer.headers.get(CORRELATION_ID),
    )


def _error_body(raw: str) -> ErrorBody | None:
    try:
        document = json.loads(raw)
        return ErrorBody.from_dict(document) if isinstance(document, dict) else None
    except (ValueError, RecursionError):
        logger.debug("the body of the error is not an error document: %d characters", len(raw))
        return None


def _document(answer: Answer, call: Call, returnType: type[M], raw: str) -> M:
    def wrong(why: str) -> DecodeError:
        message = f"{call.what} answered {answer.status} with {why}, not with a {returnType.__name__}"
        return DecodeError(call.mask(message), statusCode=answer.status, headers=dict(answer.headers), body=raw)

    def decode(document: Any) -> M:
        if not isinstance(document, dict):
            raise wrong("JSON that is not an object")
        try:
            model = returnType.from_dict(document)
        except DecodeError as error:
            raise wrong(f"JSON that does not fit ({error})") from error
        if odd := odd_parts(model):  # a page whose entities are not a list is not an empty page
            raise wrong(f"JSON that does not fit (wrong shape: {', '.join(odd)})")
        return model

    if not raw.strip():
        raise wrong("an empty body")
    try:
        return fast_json.decoded(raw, json.loads, decode)
    except DecodeError:
        raise
    except (ValueError, RecursionError) as error:
        kind = answer.headers.get("Content-Type", "")
        raise wrong(f"what is not JSON (Content-Type {kind!r}, {len(raw)} characters)") from error
