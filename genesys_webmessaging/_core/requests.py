"""Every request that a guest sends, from the arguments of the method that sends it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .._base import checks
from ..models import (
    BaseChannelMetadata,
    BaseMessagingChannel,
    ButtonResponseType,
    ConfigureAuthenticatedSessionRequest,
    ConfigureSessionRequest,
    ContentAttachment,
    ContentButtonResponse,
    ContentCardAction,
    ContentDatePickerAvailableTime,
    ContentForm,
    ContentListPicker,
    ContentListPickerItem,
    ContentQuickReply,
    ContentType,
    DeleteAttachmentRequest,
    Ent,
    EventPresence,
    EventPresenceType,
    EventType,
    EventTyping,
    EventTypingType,
    FormResponseComponent,
    FormResponseContentType,
    GenerateDownloadUrlRequest,
    GenerateUploadUrlRequest,
    GetConfigurationRequest,
    IncomingNormalizedMessage,
    JourneyContext,
    MessageContent,
    MessageEvent,
    NormalizedType,
    OAuthParams,
    SendEchoRequest,
    SendMessageRequest,
    StructuredMessage,
)
from .offers import FormAnswer, moment_of

# Whether the server counts bytes or characters is not known; a text that is short enough in bytes is so in both.
MAX_TEXT_BYTES = 4096


def configure_session(
    deployment_id: object, token: object, start_new: object, journey_context: object
) -> ConfigureSessionRequest:
    """The request of configureSession."""
    return ConfigureSessionRequest(
        token=checks.text("token", token),
        deploymentId=checks.text("deploymentId", deployment_id),
        startNew=checks.flag("startNew", start_new),
        journeyContext=checks.instance("journeyContext", journey_context, JourneyContext, optional=True),
    )


def configure_authenticated_session(
    deployment_id: object, token: object, data: object, start_new: object
) -> ConfigureAuthenticatedSessionRequest:
    """The request of configureAuthenticatedSession."""
    params: OAuthParams = checks.instance("data", data, OAuthParams)
    checks.text("code of data", params.code)
    return ConfigureAuthenticatedSessionRequest(
        token=checks.text("token", token),
        deploymentId=checks.text("deploymentId", deployment_id),
        data=params,
        startNew=checks.flag("startNew", start_new),
    )


_MESSAGE_FORMS = (
    "its forms are: sendMessage(message, *attachmentIds), sendMessage(message, customAttributes, *attachmentIds); "
    "customAttributes=, attachmentIds= and tracingId= are keywords too"
)


def message_arguments(
    args: Sequence[Any], named: Mapping[str, Any]
) -> tuple[Any, Mapping[str, str] | None, Sequence[object]]:
    """The message, the custom attributes and the attachment ids of a call of sendMessage."""
    if len(args) == 1 and not named:
        return args[0], None, ()
    given: dict[str, Any] = dict(named)
    rest = list(args)
    if rest:
        _take(given, "message", rest.pop(0))
    if rest and (rest[0] is None or isinstance(rest[0], Mapping)):
        _take(given, "customAttributes", rest.pop(0))
    if rest:
        _take(given, "attachmentIds", rest)
    strangers = given.keys() - {"message", "customAttributes", "attachmentIds"}
    if strangers or "message" not in given:
        wrong = f"takes no {', '.join(sorted(strangers))}" if strangers else "was called without a message"
        raise TypeError(f"sendMessage() {wrong}; {_MESSAGE_FORMS}")
    ids = given.get("attachmentIds") or ()
    if isinstance(ids, str) or not isinstance(ids, Sequence):
        raise TypeError(f"attachmentIds must be a sequence of str, not {type(ids).__name__}")
    if len(ids) == 1 and isinstance(ids[0], (list, tuple)):
        ids = ids[0]  # Java's varargs take an array in their place too
    for one in ids:
        if not isinstance(one, str):
            raise TypeError(f"sendMessage() takes no {type(one).__name__} for an attachmentId; {_MESSAGE_FORMS}")
    return given["message"], given.get("customAttributes"), ids


def _take(given: dict[str, Any], name: str, value: Any) -> None:
    if name in given:
        raise TypeError(f"sendMessage() got {name} twice; {_MESSAGE_FORMS}")
    given[name] = value


def checked_text(message: object, *, empty: bool = False) -> str:
    """The text of sendMessage, if it can be sent.

    Raises:
        TypeError, ValueError: It cannot.
    """
    text = checks.text("message", message, empty=True)
    if len(text) * 4 > MAX_TEXT_BYTES and len(text.encode()) > MAX_TEXT_BYTES:
        raise ValueError(f"message takes {len(text.encode())} bytes of UTF-8, and the server allows {MAX_TEXT_BYTES}")
    if not text and not empty:
        raise ValueError("message must not be empty unless it comes with an attachment")
    return text


def text_message(
    message: object,
    attachment_ids: Sequence[object],
    custom_attributes: Mapping[str, str] | None,
    max_custom_data_bytes: float | None,
) -> SendMessageRequest:
    """The request of sendMessage."""
    ids = [checks.text("attachmentId", one) for one in attachment_ids]
    attributes = custom_attributes
    if attributes is not None:
        attributes = checks.custom_attributes(attributes, max_custom_data_bytes)
    text = checked_text(message, empty=bool(ids))
    request = SendMessageRequest(
        message=IncomingNormalizedMessage(
            type=NormalizedType.TEXT,
            text=text or None,
            content=[
                MessageContent(contentType=ContentType.ATTACHMENT, attachment=ContentAttachment(id=id_)) for id_ in ids
            ],
        )
    )
    if attributes:
        request.channel = BaseMessagingChannel(metadata=BaseChannelMetadata(customAttributes=attributes))
    return request


def presence_event(type_: object) -> SendMessageRequest:
    """The request of sendPresenceEvent."""
    if not isinstance(type_, EventPresenceType):
        kind = EventPresenceType(checks.text("type", type_))
        if not kind.isRecognized:
            known = ", ".join(str(member) for member in EventPresenceType)
            raise ValueError(f"type {type_!r} is not a presence; there are {known}")
        type_ = kind
    return _event_message(MessageEvent(eventType=EventType.PRESENCE, presence=EventPresence(type=type_)))


def typing_event() -> SendMessageRequest:
    """The request of sendTypingEvent."""
    return _event_message(MessageEvent(eventType=EventType.TYPING, typing=EventTyping(type=EventTypingType.ON)))


def echo() -> SendEchoRequest:
    """The request of ping."""
    return SendEchoRequest(message=IncomingNormalizedMessage(type=NormalizedType.TEXT, text="ping"))


def quick_reply(reply: ContentQuickReply) -> SendMessageRequest:
    """The request that chooses a quick reply."""
    return _structured(reply.text, [_pressed(ButtonResponseType.QUICKREPLY, reply.text, reply.payload)])


def button(action: ContentCardAction) -> SendMessageRequest:
    """The request that presses a button of a card."""
    return _structured(action.text, [_pressed(ButtonResponseType.BUTTON, action.text, action.payload)])


def date(offer: StructuredMessage, slot: ContentDatePickerAvailableTime) -> SendMessageRequest:
    """The request that picks a time of a message."""
    moment = moment_of(slot)
    return _structured(None, [_pressed(ButtonResponseType.DATEPICKER, moment, moment)], parent=offer)


def list_items(
    offer: StructuredMessage, picker: ContentListPicker, items: Sequence[ContentListPickerItem]
) -> SendMessageRequest:
    """The request that picks items of a list."""
    shown = picker.replyMessage.subtitle if picker.replyMessage is not None else None
    picked = [_pressed(ButtonResponseType.LISTPICKER, item.title, item.id, offer.id) for item in items]
    return _structured(shown, picked, parent=offer)


def form_answers(offer: StructuredMessage, form: ContentForm, answers: Sequence[FormAnswer]) -> SendMessageRequest:
    """The request that fills in a form."""
    response = [
        FormResponseComponent(
            id=answer.component,
            component=Ent(
                contentType=FormResponseContentType.BUTTONRESPONSE,
                buttonResponse=ContentButtonResponse(
                    type=ButtonResponseType.FORM, text=answer.text, payload=answer.payload
                ),
            ),
        )
        for answer in answers
    ]
    filled = ContentForm(originatingMessageId=offer.id, cannedResponseId=form.cannedResponseId, response=response)
    shown = form.replyMessage.title if form.replyMessage is not None else None
    return _structured(shown, [MessageContent(contentType=ContentType.FORM, form=filled)])


def upload_url(file_name: object, file_size: object, file_type: object) -> GenerateUploadUrlRequest:
    """The request of attachment."""
    return GenerateUploadUrlRequest(
        fileName=checks.text("fileName", file_name),
        fileSize=checks.whole_number("fileSize", file_size),
        fileType=checks.text("fileType", file_type),
    )


def download_url(attachment_id: object) -> GenerateDownloadUrlRequest:
    """The request of getAttachment."""
    return GenerateDownloadUrlRequest(attachmentId=checks.text("attachmentId", attachment_id))


def delete_attachment(attachment_id: object) -> DeleteAttachmentRequest:
    """The request of deleteAttachment."""
    return DeleteAttachmentRequest(attachmentId=checks.text("attachmentId", attachment_id))


def configuration(deployment_id: object, token: object) -> GetConfigurationRequest:
    """The request of getSupportedContentConfiguration."""
    return GetConfigurationRequest(
        deploymentId=checks.text("deploymentId", deployment_id), token=checks.text("token", token)
    )


class Content(NamedTuple):
    """What a message says, to be compared with what another one says: a request with its echo."""

    text: str
    parts: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of_text(cls, text: str) -> Content | None:
        """What a text says, None if it says nothing."""
        text = text.strip()
        return cls(text) if text else None

    @classmethod
    def of(cls, message: IncomingNormalizedMessage | StructuredMessage) -> Content | None:
        """What a message says, None if it says nothing that could be compared."""
        text = message.text.strip() if isinstance(message.text, str) else ""
        if not message.content and not message.events:
            return cls.of_text(text)
        parts: list[tuple[str, ...]] = []
        for content in message.content or ():
            if content is None:
                continue
            if content.buttonResponse is not None:
                # The text is the label of the button, which some clients leave out.
                text = ""
                button = content.buttonResponse
                parts.append(("button", str(button.type).casefold(), str(button.payload)))
            elif content.attachment is not None:
                parts.append(("attachment", str(content.attachment.id)))
            else:
                parts.append(("content", str(content.contentType)))
        for event in message.events or ():
            if event is not None:
                kind = getattr(event.presence or event.typing, "type", None)
                parts.append(("event", str(event.eventType), str(kind)))
        return cls(text, tuple(parts))

    @property
    def is_typing(self) -> bool:
        """Whether it is a mere typing event, which a server may leave without an answer."""
        return bool(self.parts) and all(part[:2] == ("event", EventType.TYPING.value) for part in self.parts)


def content_of(request: Any) -> Content | None:
    """What a request says, if it is one that is answered by its echo."""
    message = getattr(request, "message", None)
    return Content.of(message) if isinstance(message, IncomingNormalizedMessage) else None


def _event_message(event: MessageEvent) -> SendMessageRequest:
    return SendMessageRequest(message=IncomingNormalizedMessage(type=NormalizedType.EVENT, events=[event]))


def _pressed(
    kind: ButtonResponseType, text: str | None, payload: str | None, originating: str | None = None
) -> MessageContent:
    response = ContentButtonResponse(
        type=kind, text=text or "", payload=payload or text or "", originatingMessageId=originating
    )
    return MessageContent(contentType=ContentType.BUTTONRESPONSE, buttonResponse=response)


def _structured(
    text: str | None, content: list[MessageContent], parent: StructuredMessage | None = None
) -> SendMessageRequest:
    """An answer in the form in which web Messenger sends it (docs/protocol: what a guest sends)."""
    metadata = {"id": str(uuid.uuid4())}
    if parent is not None and parent.id:
        metadata["parentMessageId"] = parent.id
    message = IncomingNormalizedMessage(
        type=NormalizedType.STRUCTURED, text=text or None, content=content, metadata=metadata
    )
    return SendMessageRequest(message=message)
