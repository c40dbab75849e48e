"""Who says something to whom, and when."""

from dataclasses import dataclass

from ._base import WireEnum, WireModel, wire, wireList


class ChannelType(WireEnum):
    """Whether everybody in the conversation sees a message."""

    PRIVATE = "Private"
    PUBLIC = "Public"


@dataclass(kw_only=True, slots=True)
class BaseMessagingRecipient(WireModel):
    """One side of a conversation, as the other side sees it."""

    firstName: str | None = None
    lastName: str | None = None
    nickname: str | None = None
    image: str | None = None


@dataclass(kw_only=True, slots=True)
class BaseChannelMetadata(WireModel):
    """What a client adds to a message about its channel: the custom attributes."""

    customAttributes: dict[str, str] | None = wire(secret=True)


@dataclass(kw_only=True, slots=True)
class BaseMessagingChannel(WireModel):
    """Where a message came from and went to."""

    time: str | None = None
    type: ChannelType | None = None
    messageId: str | None = None
    from_: BaseMessagingRecipient | None = wire("from")
    to: BaseMessagingRecipient | None = None
    metadata: BaseChannelMetadata | None = None


@dataclass(kw_only=True, slots=True)
class CleanMessagingRecipient(WireModel):
    """One side of a conversation, in a cleaned message."""

    firstName: str | None = None
    lastName: str | None = None
    nickname: str | None = None
    image: str | None = None


@dataclass(kw_only=True, slots=True)
class CleanChannelMetadata(WireModel):
    """The custom attributes of a cleaned message."""

    customAttributes: dict[str, str] | None = wire(secret=True)


@dataclass(kw_only=True, slots=True)
class CleanMessagingChannel(WireModel):
    """Where a cleaned message came from and went to."""

    time: str | None = None
    type: ChannelType | None = None
    messageId: str | None = None
    from_: CleanMessagingRecipient | None = wire("from")
    to: CleanMessagingRecipient | None = None
    metadata: CleanChannelMetadata | None = None


class IDType(WireEnum):
    """What kind of address the id of a recipient is."""

    EMAIL = "Email"
    OPAQUE = "Opaque"
    PHONE = "Phone"
    TOPIC = "Topic"


class AdditionalIDType(WireEnum):
    """What a further id of a recipient names."""

    DEPLOYMENT = "Deployment"
    INGESTIONRULE = "IngestionRule"
    INGESTIONRULEVERSION = "IngestionRuleVersion"
    PHONENUMBER = "PhoneNumber"
    SUBJECT = "Subject"
    TOPIC = "Topic"


@dataclass(kw_only=True, slots=True)
class RecipientAdditionalIdentifier(WireModel):
    """A further id of a recipient."""

    class TypeEnum(WireEnum):
        """What the id names."""

        DEPLOYMENT = "Deployment"
        SUBJECT = "Subject"
        TOPIC = "Topic"
        INGESTIONRULE = "IngestionRule"
        INGESTIONRULEVERSION = "IngestionRuleVersion"

    type: TypeEnum | None = None
    value: str | None = None


class RecipientVerificationType(WireEnum):
    """What a provider verified an account as."""

    BUSINESS = "Business"
    GOVERNMENT = "Government"
    INDIVIDUAL = "Individual"
    OTHER = "Other"


@dataclass(kw_only=True, slots=True)
class RecipientAdditionalProviderInfo(WireModel):
    """What the provider of a channel knows about a recipient."""

    followerCount: float | None = None
    verificationType: list[RecipientVerificationType] = wireList()


@dataclass(kw_only=True, slots=True)
class MessagingRecipient(WireModel):
    """A person who is mentioned, with all the addresses they are known by."""

    additionalIds: list[RecipientAdditionalIdentifier] = wireList()
    additionalProviderInfo: RecipientAdditionalProviderInfo | None = None
    email: str | None = None
    externalContactDivisionId: str | None = None
    externalContactId: str | None = None
    externalOrganizationId: str | None = None
    firstName: str | None = None
    id: str | None = None
    idType: IDType | None = None
    image: str | None = None
    lastName: str | None = None
    nickname: str | None = None
