"""The envelope that every frame from the server comes in."""

from dataclasses import dataclass
from typing import Any

from ._base import WireEnum, WireModel, wire


class BaseMessageType(WireEnum):
    """Whether a frame answers a request or came unasked."""

    MESSAGE = "message"
    RESPONSE = "response"


class MessageDataType(WireEnum):
    """The classes of body that a frame can announce."""

    STRING = "string"
    SESSIONRESPONSE = "SessionResponse"
    STRUCTUREDMESSAGE = "StructuredMessage"
    PRESIGNEDURLRESPONSE = "PresignedUrlResponse"
    ATTACHMENTDELETEDRESPONSE = "AttachmentDeletedResponse"
    UPLOADFAILUREEVENT = "UploadFailureEvent"
    UPLOADSUCCESSEVENT = "UploadSuccessEvent"
    CONNECTIONCLOSEDEVENT = "ConnectionClosedEvent"
    LOGOUTEVENT = "LogoutEvent"
    SESSIONEXPIREDEVENT = "SessionExpiredEvent"
    JWTRESPONSE = "JwtResponse"
    GETCONFIGURATIONRESPONSE = "GetConfigurationResponse"
    GENERATEURLERROR = "GenerateUrlError"
    TOOMANYREQUESTSERRORMESSAGE = "TooManyRequestsErrorMessage"
    RESUMETOKENRESPONSE = "ResumeTokenResponse"
    SESSIONCLEAREDEVENT = "SessionClearedEvent"
    ERROR = "Error"
    UNKNOWN = "Unknown"


@dataclass(kw_only=True, slots=True)
class BaseMessage(WireModel):
    """A frame as it came: what it claims to be, and its body."""

    type: BaseMessageType | None = None
    class_: MessageDataType | None = wire("class")
    code: int | None = None
    body: Any = wire(secret=True)
    tracingId: str | None = None


@dataclass(kw_only=True, slots=True)
class BaseResponse(WireModel):
    """What every body has in common: the request it answers."""

    tracingId: str | None = None


@dataclass(kw_only=True, slots=True)
class EventMessage(WireModel):
    """The empty base of what the server sends unasked."""


@dataclass(kw_only=True, slots=True)
class ResponseMessage(WireModel):
    """The empty base of what the server sends as an answer."""
