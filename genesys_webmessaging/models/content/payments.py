"""Payments inside the conversation."""

from dataclasses import dataclass

from .._base import WireEnum, WireModel, wireList
from .basic import ContentReceivedReplyMessage


@dataclass(kw_only=True, slots=True)
class ContentLineItem(WireModel):
    """Something that costs something."""

    description: str | None = None
    identifier: str | None = None
    name: str | None = None
    price: float | None = None


class ContactField(WireEnum):
    """What the payer is asked for."""

    ADDRESS = "Address"
    EMAIL = "Email"
    NAME = "Name"
    PHONE = "Phone"


@dataclass(kw_only=True, slots=True)
class ContentRequiredContactField(WireModel):
    """One thing that the payer has to give."""

    contactField: ContactField | None = None


class PaymentPlatform(WireEnum):
    """Who handles a payment."""

    APPLEPAY = "ApplePay"


@dataclass(kw_only=True, slots=True)
class ContentPaymentRequest(WireModel):
    """A request to pay."""

    countryCode: str | None = None
    currencyCode: str | None = None
    lineItems: list[ContentLineItem] = wireList()
    orderTotal: float | None = None
    paymentPlatform: PaymentPlatform | None = None
    receivedMessage: ContentReceivedReplyMessage | None = None
    replyMessage: ContentReceivedReplyMessage | None = None
    requiredContactFields: list[ContentRequiredContactField] = wireList()
    shippingOptions: list[ContentLineItem] = wireList()


class PaymentStatus(WireEnum):
    """How a payment ended."""

    COMPLETED = "Completed"
    FAILED = "Failed"


@dataclass(kw_only=True, slots=True)
class ContentPaymentResponse(WireModel):
    """What became of a payment."""

    failureReason: str | None = None
    originatingMessageId: str | None = None
    paymentStatus: PaymentStatus | None = None
