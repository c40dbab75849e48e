"""Forms: pages of questions, and what was answered."""

from dataclasses import dataclass

from .._base import WireEnum, WireModel, wireList
from .basic import ContentReceivedReplyMessage
from .cards import ContentButtonResponse
from .pickers import ContentDatePicker, ContentListPicker, ContentWheelPicker


class AutoCompleteType(WireEnum):
    """What a browser may fill into an input by itself."""

    ADDRESSLINE1 = "Addressline1"
    ADDRESSLINE2 = "Addressline2"
    BIRTHDATE = "Birthdate"
    BIRTHDATEDAY = "BirthdateDay"
    BIRTHDATEMONTH = "BirthdateMonth"
    BIRTHDATEYEAR = "BirthdateYear"
    CITY = "City"
    COUNTRY = "Country"
    DATETIME = "DateTime"
    EMAIL = "Email"
    FAMILYNAME = "FamilyName"
    FLIGHTNUMBER = "FlightNumber"
    GIVENNAME = "GivenName"
    LOCATION = "Location"
    MIDDLENAME = "MiddleName"
    NAME = "Name"
    NICKNAME = "Nickname"
    ONETIMECODE = "OneTimeCode"
    ORGANIZATION = "Organization"
    PAYMENTCARDEXPIRATION = "PaymentCardExpiration"
    PAYMENTCARDEXPIRATIONMONTH = "PaymentCardExpirationMonth"
    PAYMENTCARDEXPIRATIONYEAR = "PaymentCardExpirationYear"
    PAYMENTCARDFAMILYNAME = "PaymentCardFamilyName"
    PAYMENTCARDGIVENNAME = "PaymentCardGivenName"
    PAYMENTCARDMIDDLENAME = "PaymentCardMiddleName"
    PAYMENTCARDNAME = "PaymentCardName"
    PAYMENTCARDNUMBER = "PaymentCardNumber"
    PAYMENTCARDSECURITYCODE = "PaymentCardSecurityCode"
    PAYMENTCARDTYPE = "PaymentCardType"
    PHONE = "Phone"
    POSTALCODE = "PostalCode"
    PREFIX = "Prefix"
    STATE = "State"
    STREETADDRESS = "StreetAddress"
    SUFFIX = "Suffix"
    TITLE = "Title"
    URL = "Url"
    USERNAME = "Username"


class KeyboardType(WireEnum):
    """The keyboard that suits an input."""

    DECIMAL = "Decimal"
    DEFAULT = "Default"
    EMAIL = "Email"
    NUMBER = "Number"
    NUMBERPUNCTUATION = "NumberPunctuation"
    PHONE = "Phone"
    URL = "URL"
    WEBSEARCH = "Websearch"


@dataclass(kw_only=True, slots=True)
class ContentInput(WireModel):
    """A text that the guest is asked for."""

    autoCompleteType: AutoCompleteType | None = None
    id: str | None = None
    isMultipleLine: bool | None = None
    isRequired: bool | None = None
    keyboardType: KeyboardType | None = None
    placeholderText: str | None = None
    subtitle: str | None = None
    title: str | None = None


class FormComponentType(WireEnum):
    """What kind of question a component asks."""

    DATEPICKER = "DatePicker"
    INPUT = "Input"
    LISTPICKER = "ListPicker"
    WHEELPICKER = "WheelPicker"


@dataclass(kw_only=True, slots=True)
class FormPageComponent(WireModel):
    """One question of a page; formComponentType tells which field holds it."""

    datePicker: ContentDatePicker | None = None
    formComponentType: FormComponentType | None = None
    input: ContentInput | None = None
    listPicker: ContentListPicker | None = None
    wheelPicker: ContentWheelPicker | None = None


@dataclass(kw_only=True, slots=True)
class FormPage(WireModel):
    """One page of a form."""

    pageComponents: list[FormPageComponent] = wireList()
    subtitle: str | None = None
    title: str | None = None


@dataclass(kw_only=True, slots=True)
class ContentIntroduction(WireModel):
    """The page that a form opens with."""

    buttonText: str | None = None
    imageUrl: str | None = None
    subtitle: str | None = None
    title: str | None = None


class FormResponseContentType(WireEnum):
    """What the answer to a question is made of."""

    BUTTONRESPONSE = "ButtonResponse"


@dataclass(kw_only=True, slots=True)
class Ent(WireModel):
    """The answer to one question."""

    buttonResponse: ContentButtonResponse | None = None
    contentType: FormResponseContentType | None = None


@dataclass(kw_only=True, slots=True)
class FormResponseComponent(WireModel):
    """Which question was answered, and how."""

    component: Ent | None = None
    id: str | None = None


@dataclass(kw_only=True, slots=True)
class ContentForm(WireModel):
    """A form, or the answers to it."""

    cannedResponseId: str | None = None
    formPages: list[FormPage] = wireList()
    introduction: ContentIntroduction | None = None
    originatingMessageId: str | None = None
    receivedMessage: ContentReceivedReplyMessage | None = None
    replyMessage: ContentReceivedReplyMessage | None = None
    response: list[FormResponseComponent] = wireList()
    showSummary: bool | None = None
