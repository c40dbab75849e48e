"""Content without buttons: files, text, places, links, reactions."""

from dataclasses import dataclass

from .._base import WireEnum, WireModel, wire


class MediaType(WireEnum):
    """What kind of file an attachment is."""

    AUDIO = "Audio"
    FILE = "File"
    IMAGE = "Image"
    LINK = "Link"
    VIDEO = "Video"


@dataclass(kw_only=True, slots=True)
class BaseContentAttachment(WireModel):
    """A file in a message of the Java SDK."""

    id: str | None = None
    filename: str | None = None
    fileSize: int | None = None
    mediaType: MediaType | None = None
    mime: str | None = None
    sha256: str | None = None
    text: str | None = None
    url: str | None = wire(secret=True)


@dataclass(kw_only=True, slots=True)
class CleanContentAttachment(WireModel):
    """A file in a cleaned message."""

    id: str | None = None
    filename: str | None = None
    fileSize: float | None = None
    mediaType: MediaType | None = None
    mime: str | None = None
    sha256: str | None = None
    text: str | None = None
    url: str | None = wire(secret=True)


@dataclass(kw_only=True, slots=True)
class ContentAttachment(WireModel):
    """A file in a message."""

    contentSizeBytes: float | None = None
    filename: str | None = None
    id: str | None = None
    mediaType: MediaType | None = None
    mime: str | None = None
    sha256: str | None = None
    text: str | None = None
    url: str | None = wire(secret=True)
    fileSize: int | None = None


class TextType(WireEnum):
    """What kind of text a text content is."""

    TEXT = "Text"


@dataclass(kw_only=True, slots=True)
class ContentText(WireModel):
    """A text among other content."""

    body: str | None = None
    type: TextType | None = None


@dataclass(kw_only=True, slots=True)
class ContentLocation(WireModel):
    """A place on the map."""

    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    text: str | None = None
    url: str | None = None


@dataclass(kw_only=True, slots=True)
class ContentRoadsideAssistance(WireModel):
    """A call for help on the road."""

    isDevicePhoneNumber: bool | None = None
    location: ContentLocation | None = None
    messageNumber: float | None = None
    phoneNumber: str | None = None
    text: str | None = None


class StoryType(WireEnum):
    """How a message refers to a story."""

    MENTION = "Mention"
    REPLY = "Reply"


@dataclass(kw_only=True, slots=True)
class ContentStory(WireModel):
    """A story that was mentioned or answered."""

    replyToId: str | None = None
    type: StoryType | None = None
    url: str | None = None


class ReactionType(WireEnum):
    """The ways to react to a message."""

    ANGRY = "Angry"
    CARE = "Care"
    COMMENT = "Comment"
    HAHA = "Haha"
    LIKE = "Like"
    LOVE = "Love"
    NONE = "None"
    PRIDE = "Pride"
    RATING = "Rating"
    SAD = "Sad"
    SHARE = "Share"
    THANKFUL = "Thankful"
    VIEW = "View"
    WOW = "Wow"


@dataclass(kw_only=True, slots=True)
class ContentReaction(WireModel):
    """How many people reacted to a message in one way."""

    count: float | None = None
    reactionType: ReactionType | None = None


class Type(WireEnum):
    """What the header of a rich link shows."""

    FILE = "File"
    IMAGE = "Image"
    TEXT = "Text"
    VIDEO = "Video"


@dataclass(kw_only=True, slots=True)
class ContentRichLinkHeader(WireModel):
    """What stands above a rich link."""

    type: Type | None = None
    value: str | None = None


@dataclass(kw_only=True, slots=True)
class ContentRichLink(WireModel):
    """A link with a picture and a label."""

    footer: str | None = None
    header: ContentRichLinkHeader | None = None
    text: str | None = None
    url: str | None = None
    urlLabel: str | None = None


@dataclass(kw_only=True, slots=True)
class ContentReceivedReplyMessage(WireModel):
    """How a question looks before or after it was answered."""

    buttonLabel: str | None = None
    header: str | None = None
    imageUrl: str | None = None
    subtitle: str | None = None
    title: str | None = None


@dataclass(kw_only=True, slots=True)
class ContentInteractiveApplication(WireModel):
    """An app that runs inside the conversation."""

    name: str | None = None
    receivedMessage: ContentReceivedReplyMessage | None = None
    replyMessage: ContentReceivedReplyMessage | None = None
    url: str | None = None
