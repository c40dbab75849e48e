"""What a guest sends: one class for each action, its action already filled in."""

from dataclasses import dataclass

from ._base import WireEnum, WireModel, wire
from .channel import BaseMessagingChannel
from .journey import JourneyContext
from .message import IncomingNormalizedMessage


class RequestType(WireEnum):
    """Every action that a request can ask for."""

    CONFIGURESESSION = "configureSession"
    CONFIGUREAUTHENTICATEDSESSION = "configureAuthenticatedSession"
    ONATTACHMENT = "onAttachment"
    GETATTACHMENT = "getAttachment"
    DELETEATTACHMENT = "deleteAttachment"
    ONMESSAGE = "onMessage"
    CLOSESESSION = "closeSession"
    ECHO = "echo"
    GETJWT = "getJwt"
    DISCONNECTCUSTOMER = "disconnectCustomer"
    RESUMETOKEN = "resumeToken"
    GETCONFIGURATION = "getConfiguration"
    SUBSCRIBETOPUSH = "subscribeToPush"


class RequestTypeConfigureSession(WireEnum):
    """The action of a ConfigureSessionRequest."""

    CONFIGURESESSION = "configureSession"


class RequestTypeConfigureAuthenticatedSession(WireEnum):
    """The action of a ConfigureAuthenticatedSessionRequest."""

    CONFIGUREAUTHENTICATEDSESSION = "configureAuthenticatedSession"


class RequestTypeIncomingMessage(WireEnum):
    """The action of a SendMessageRequest."""

    ONMESSAGE = "onMessage"


class RequestTypeEchoMessage(WireEnum):
    """The action of a SendEchoRequest."""

    ECHO = "echo"


class RequestTypeGenerateUploadUrl(WireEnum):
    """The action of a GenerateUploadUrlRequest."""

    ONATTACHMENT = "onAttachment"


class RequestTypeGenerateDownloadUrl(WireEnum):
    """The action of a GenerateDownloadUrlRequest."""

    GETATTACHMENT = "getAttachment"


class RequestTypeDeleteAttachment(WireEnum):
    """The action of a DeleteAttachmentRequest."""

    DELETEATTACHMENT = "deleteAttachment"


class RequestTypeGetJwt(WireEnum):
    """The action of a GetJwtRequest."""

    GETJWT = "getJwt"


class RequestTypeGetConfiguration(WireEnum):
    """The action of a GetConfigurationRequest."""

    GETCONFIGURATION = "getConfiguration"


class RequestTypeCloseSession(WireEnum):
    """The action of a CloseSessionRequest."""

    CLOSESESSION = "closeSession"


@dataclass(kw_only=True, slots=True)
class OAuthParams(WireModel):
    """The proof of who the guest is: an OAuth code, or the JWT it was exchanged for."""

    code: str | None = wire(secret=True)


@dataclass(kw_only=True, slots=True)
class ConfigureSessionRequest(WireModel):
    """Begins or resumes the session of a token."""

    action: RequestTypeConfigureSession | None = RequestTypeConfigureSession.CONFIGURESESSION
    token: str | None = wire(secret=True)
    tracingId: str | None = None
    deploymentId: str | None = None
    journeyContext: JourneyContext | None = None
    resumeToken: str | None = wire(secret=True)
    startNew: bool | None = None


@dataclass(kw_only=True, slots=True)
class ConfigureAuthenticatedSessionRequest(WireModel):
    """Begins or resumes the session of a guest who signed in."""

    action: RequestTypeConfigureAuthenticatedSession | None = (
        RequestTypeConfigureAuthenticatedSession.CONFIGUREAUTHENTICATEDSESSION
    )
    token: str | None = wire(secret=True)
    tracingId: str | None = None
    deploymentId: str | None = None
    data: OAuthParams | None = None
    resumeToken: str | None = wire(secret=True)
    startNew: bool | None = None
    stepUp: bool | None = None


@dataclass(kw_only=True, slots=True)
class SendMessageRequest(WireModel):
    """Says something: text, a button pressed, an event."""

    action: RequestTypeIncomingMessage | None = RequestTypeIncomingMessage.ONMESSAGE
    token: str | None = wire(secret=True)
    tracingId: str | None = None
    time: str | None = None
    message: IncomingNormalizedMessage | None = None
    channel: BaseMessagingChannel | None = None


@dataclass(kw_only=True, slots=True)
class SendEchoRequest(WireModel):
    """Asks the server to answer with the same message, which keeps the session alive."""

    action: RequestTypeEchoMessage | None = RequestTypeEchoMessage.ECHO
    token: str | None = wire(secret=True)
    tracingId: str | None = None
    message: IncomingNormalizedMessage | None = None


@dataclass(kw_only=True, slots=True)
class GenerateUploadUrlRequest(WireModel):
    """Announces a file and asks where to upload it."""

    action: RequestTypeGenerateUploadUrl | None = RequestTypeGenerateUploadUrl.ONATTACHMENT
    token: str | None = wire(secret=True)
    tracingId: str | None = None
    attachmentId: str | None = None
    fileName: str | None = None
    fileType: str | None = None
    fileSize: int | None = None
    fileMd5: str | None = None
    errorsAsJson: bool | None = None


@dataclass(kw_only=True, slots=True)
class GenerateDownloadUrlRequest(WireModel):
    """Asks where to download an attachment from."""

    action: RequestTypeGenerateDownloadUrl | None = RequestTypeGenerateDownloadUrl.GETATTACHMENT
    token: str | None = wire(secret=True)
    tracingId: str | None = None
    attachmentId: str | None = None


@dataclass(kw_only=True, slots=True)
class DeleteAttachmentRequest(WireModel):
    """Takes back an attachment that was uploaded and not sent."""

    action: RequestTypeDeleteAttachment | None = RequestTypeDeleteAttachment.DELETEATTACHMENT
    token: str | None = wire(secret=True)
    tracingId: str | None = None
    attachmentId: str | None = None


@dataclass(kw_only=True, slots=True)
class GetJwtRequest(WireModel):
    """Asks for the JWT that opens the history."""

    action: RequestTypeGetJwt | None = RequestTypeGetJwt.GETJWT
    token: str | None = wire(secret=True)
    tracingId: str | None = None


@dataclass(kw_only=True, slots=True)
class GetConfigurationRequest(WireModel):
    """Asks what a deployment allows."""

    action: RequestTypeGetConfiguration | None = RequestTypeGetConfiguration.GETCONFIGURATION
    token: str | None = wire(secret=True)
    tracingId: str | None = None
    deploymentId: str | None = None


@dataclass(kw_only=True, slots=True)
class CloseSessionRequest(WireModel):
    """Ends the session of a token on this connection, or on all of them."""

    action: RequestTypeCloseSession | None = RequestTypeCloseSession.CLOSESESSION
    token: str | None = wire(secret=True)
    tracingId: str | None = None
    closeAllConnections: bool | None = None
