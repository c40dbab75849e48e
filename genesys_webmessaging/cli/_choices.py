"""What a message lets the guest choose, and the requests that choosing sends."""

from __future__ import annotations

from dataclasses import dataclass

from ..models import (
    ButtonResponseType,
    ContentButtonResponse,
    ContentType,
    IncomingNormalizedMessage,
    MessageContent,
    NormalizedType,
    SendMessageRequest,
)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Something to choose: a quick reply, the button of a card, a time, an item of a list.

    Attributes:
        number: What the guest calls it by, 1 and up within its message.
        kind: What is answered.
        text: What stands on it.
        payload: What the server knows it by.
        message_id: The message that offered it.
    """

    number: int
    kind: ButtonResponseType
    text: str
    payload: str
    message_id: str | None

    def request(self) -> SendMessageRequest:
        """The request that tells the server of the choice (protocol, section 2)."""
        on_a_card = self.kind is ButtonResponseType.BUTTON
        pressed = ContentButtonResponse(
            type=self.kind, text=self.text, payload=self.payload, originatingMessageId=self.message_id
        )
        return SendMessageRequest(
            message=IncomingNormalizedMessage(
                type=NormalizedType.STRUCTURED if on_a_card else NormalizedType.TEXT,
                text=self.text if on_a_card else "",
                content=[MessageContent(contentType=ContentType.BUTTONRESPONSE, buttonResponse=pressed)],
            )
        )


class Choices:
    """The choices of one message, numbered in the order in which it shows them.

    Args:
        message_id: The message.
    """

    def __init__(self, message_id: str | None = None) -> None:
        self._message_id = message_id
        self.all: list[Choice] = []

    def add(self, kind: ButtonResponseType, text: str | None, payload: str | None) -> int:
        """Note one more choice.

        Returns:
            Its number.
        """
        number = len(self.all) + 1
        self.all.append(
            Choice(
                number=number,
                kind=kind,
                text=str(text or payload or ""),
                payload=str(payload or text or ""),
                message_id=self._message_id,
            )
        )
        return number


def chosen(choices: list[Choice], typed: str) -> Choice | None:
    """The choice that a person means by its number or by what stands on it; None when it is neither."""
    wanted = typed.strip()
    for choice in choices:
        if wanted == str(choice.number) or wanted.casefold() == choice.text.strip().casefold():
            return choice
    return None
