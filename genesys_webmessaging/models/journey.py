"""Where the guest comes from: the journey context of a session."""

from dataclasses import dataclass

from ._base import WireModel, wire


@dataclass(kw_only=True, slots=True)
class JourneyCustomer(WireModel):
    """The guest as the journey knows them; web clients give the session token as the id."""

    id: str | None = wire(secret=True)
    idType: str | None = None


@dataclass(kw_only=True, slots=True)
class JourneyCustomerSession(WireModel):
    """The guest's visit, as the journey knows it."""

    id: str | None = None
    type: str | None = None


@dataclass(kw_only=True, slots=True)
class JourneyActionMap(WireModel):
    """The action map that made an offer to the guest."""

    id: str | None = None
    version: int | None = None


@dataclass(kw_only=True, slots=True)
class JourneyAction(WireModel):
    """The offer that led the guest here."""

    id: str | None = None
    actionMap: JourneyActionMap | None = None


@dataclass(kw_only=True, slots=True)
class JourneyContext(WireModel):
    """The guest, their visit, and the offer that led them here."""

    customer: JourneyCustomer | None = None
    customerSession: JourneyCustomerSession | None = None
    triggeringAction: JourneyAction | None = None
