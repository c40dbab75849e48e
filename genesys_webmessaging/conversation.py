"""A conversation in plain function calls: say something, wait for the answer."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import IO, Any, BinaryIO, Literal, TypeVar

from . import sessions
from ._base import checks
from ._base.hints import Hinting, hinting_at_keywords
from ._base.threads import Deadline, seconds_text
from ._core import offers, requests
from ._core.engine import MAX_QUEUE_SIZE
from ._inbox import READ_ONLY, SESSION_OVER, ConversationEndedError, ConversationState, Inbox
from ._wire.connect import ClientCertificate
from ._wire.connection import MAX_MESSAGE_SIZE
from .attachments import downloadAttachment, uploadAttachment
from .client import WebMessagingClient
from .companions import (
    Delivery,
    Heartbeat,
    Reconnector,
    ReconnectorState,
    Reorder,
    Transcript,
    TranscriptFormat,
)
from .companions._seen import KEPT
from .exceptions import (
    ConnectError,
    ConnectionClosedError,
    ErrorCode,
    NotConfiguredError,
    NotConnectedError,
    RequestError,
    ResponseTimeoutError,
    WebMessagingException,
)
from .listener import SessionListener
from .models import (
    BaseChannelMetadata,
    BaseMessagingChannel,
    ContentAttachment,
    ContentCard,
    ContentCardAction,
    ContentDatePickerAvailableTime,
    ContentListPickerItem,
    ContentQuickReply,
    Direction,
    EventPresenceType,
    OAuthParams,
    SendMessageRequest,
    SessionResponse,
    StructuredMessage,
    WebMessagingMessage,
)
from .models.message import text_of
from .regions import GenesysCloudRegionWebSocketHosts, host_of
from .sessions import TokenStore

__all__ = ["Conversation", "ConversationEndedError", "ConversationState", "TokenStore"]

T = TypeVar("T")

# Seconds that the server may take for the answer to a request after a lost connection.
_ANSWER_TIMEOUT = 10.0
# Refusals that a token from a store may meet, and a new one will not.
_TOKEN_REFUSED = frozenset({ErrorCode.SESSION_NOT_FOUND, ErrorCode.CANNOT_DOWNGRADE_SESSION})


class Conversation(Hinting):
    """A guest's side of a conversation, for scripts, bots and tests. :meth:`open` makes one.

    ::

        with Conversation.open("eu_central_1", "the deployment's id", origin="https://shop.example") as chat:
            chat.send("Hello")
            print(chat.receive(timeout=10).text)

    Every call waits until it is done, or raises why it is not. What the other side says is kept, in order, until it is
    asked for. A connection that is lost is replaced, and nothing is lost with it. A wait that can no longer be
    fulfilled raises :class:`ConversationEndedError` at once. Without a timeout of its own, a call has the one that
    was given to :meth:`open`.
    """

    @classmethod
    @hinting_at_keywords
    def open(
        cls,
        address: str | GenesysCloudRegionWebSocketHosts,
        deploymentId: str,
        *,
        origin: str | None = None,
        token: str | None = None,
        store: TokenStore | str | os.PathLike[str] | None = None,
        startNew: bool | None = None,
        signIn: Callable[[], OAuthParams] | None = None,
        join: bool | Literal["always"] = False,
        customAttributes: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        reconnectSeconds: float = 300.0,
        newSessionOnExpiry: bool = False,
        holdTime: float = 0.0,
        historyLag: float = 5.0,
        holdLive: float = 2.0,
        heartbeat: float | None = 40.0,
        keepMessages: int | None = None,
        transcript: Transcript | None = None,
        listeners: Sequence[SessionListener] = (),
        onEnded: Callable[[ConversationEndedError], object] | None = None,
        applicationName: str | None = None,
        sslContext: ssl.SSLContext | None = None,
        caFile: str | None = None,
        clientCertificate: ClientCertificate | None = None,
        proxy: str | None = None,
        trustEnv: bool = True,
        maxMessageSize: int = MAX_MESSAGE_SIZE,
        maxQueueSize: int = MAX_QUEUE_SIZE,
    ) -> Conversation:
        """Connect, and begin or resume a session.

        Args:
            address: "wss://webmessaging.mypurecloud.com/v1" for instance, or a region, or a region's name.
            deploymentId: The deployment to talk to.
            origin: The origin of the guest's web page; "https://" and the address's host if None.
            token: The token of the session to resume; a random one if None. A secret.
            store: Where the token is kept between runs; a path will do. A token that is given goes before it.
            startNew: True for a fresh session of this token, None or False to resume the one there is.
            signIn: Called each time the session is configured, for a guest who has signed in.
            join: Whether to tell that the guest has come, if the session is new; "always" for a session that was
                configured before and never joined, too. Where the deployment starts
                conversations by itself, the bot or the queue then does.
            customAttributes: Data for the flow and the agent, sent with what is said first.
            timeout: Seconds that connecting may take, and every call without a timeout of its own.
            reconnectSeconds: How long to try for a new connection when one is lost; 0 for not at all.
            newSessionOnExpiry: Whether a new session follows one that has expired.
            holdTime: Seconds that a message may wait for those said before it. 0 takes them as they come.
            historyLag: Seconds that the history may be behind what is said: for so long after a lost connection it is
                looked for what was missed, and a message whose echo was lost is not sent again.
            holdLive: Seconds that a message may wait for those that were missed before it. What comes later than that
                has ``late`` set to True.
            heartbeat: Seconds between two echoes that keep the session alive, 30 at least; None for none.
            keepMessages: So many of the latest messages are remembered, in the transcript and of those that were not
                asked for yet; older ones are forgotten. None for all.
            transcript: Where the conversation is written down; it is closed with the conversation.
            listeners: Who hears everything, too.
            onEnded: Called once when the conversation has ended and nothing more will come, with the reason; from
                whichever thread found out, so it must not wait.
            applicationName, sslContext, caFile, clientCertificate, proxy, trustEnv, maxMessageSize, maxQueueSize: As
                of the client's :meth:`~genesys_webmessaging.WebMessagingClient.connect`.

        Returns:
            The conversation, open; use it with ``with``. A session that was resumed may be read-only.

        Raises:
            ConnectError, ConnectTimeoutError: There was no connection to be had.
            RequestError: The server refused the session.
            ResponseTimeoutError: The session was not ready in time.
            ConnectionClosedError: The connection broke meanwhile.
            PermissionError: Others may read the file of the store.
            OSError: It cannot be read or written.
            TypeError, ValueError: An argument cannot be right.
        """
        client = WebMessagingClient(address)
        timeout = checks.seconds("timeout", timeout)
        deadline = Deadline(timeout)
        origin = origin or f"https://{host_of(client.address)}"
        if keepMessages is not None and checks.whole_number("keepMessages", keepMessages) == 0:
            raise ValueError("keepMessages must be at least 1, or None for all")
        if customAttributes is not None:
            checks.custom_attributes(customAttributes, None)
        # What this class brings itself takes a message in without waiting for anything.
        blocks = bool(listeners) or transcript is not None or onEnded is not None
        transcript = transcript or Transcript(keepEntries=keepMessages)
        inbox = Inbox(renews=newSessionOnExpiry, keep=keepMessages)
        reconnector = Reconnector(
            client,
            transcript,
            *listeners,
            inbox,
            maxSeconds=reconnectSeconds,
            answerTimeout=min(timeout, _ANSWER_TIMEOUT),
            historyLag=historyLag,
            holdLive=holdLive,
            keepMessages=KEPT if keepMessages is None else keepMessages,
            newSessionOnExpiry=newSessionOnExpiry,
            onGivenUp=inbox.given_up,
        )
        first = Reorder(reconnector, holdTime=holdTime) if holdTime else reconnector
        client._listeners.add(first, blocks=blocks)
        beats: Heartbeat | None = None
        if heartbeat is not None:
            beats = Heartbeat(client, interval=heartbeat, onDeadPeer=reconnector.reconnect)
            client._listeners.add(beats, blocks=False)
        chat = cls.__new__(cls)
        chat._begin(
            client,
            reconnector,
            beats,
            transcript,
            inbox,
            timeout=timeout,
            historyLag=historyLag,
            customAttributes=customAttributes,
            onEnded=onEnded,
        )

        def sign_in(token: str) -> str:
            data = signIn() if signIn is not None else OAuthParams()
            return client.configureAuthenticatedSession(deploymentId, token, origin, data)

        def connect(token: str | None, within: float) -> None:
            reconnector.connect(
                deploymentId,
                origin,
                within,
                token=token,
                startNew=startNew,
                configure=None if signIn is None else sign_in,
                applicationName=applicationName,
                sslContext=sslContext,
                caFile=caFile,
                clientCertificate=clientCertificate,
                proxy=proxy,
                trustEnv=trustEnv,
                maxMessageSize=maxMessageSize,
                maxQueueSize=maxQueueSize,
            )

        try:
            if store is None or token is not None:
                connect(token, timeout)
            else:
                _connect_with_stored_token(connect, store, client, deploymentId, deadline)
            session = client.sessionResponse
            if join == "always" or (join and session is not None and session.newSession is True):
                chat.join(deadline.remaining)
        except BaseException:
            client._engine.disconnect(deadline)
            chat.close()
            raise
        return chat

    def __init__(self, *_: object, **__: object) -> None:
        raise TypeError("a conversation is made by Conversation.open(address, deploymentId, …)")

    def _begin(
        self,
        client: WebMessagingClient,
        reconnector: Reconnector,
        heartbeat: Heartbeat | None,
        transcript: Transcript,
        inbox: Inbox,
        *,
        timeout: float,
        historyLag: float,
        customAttributes: Mapping[str, str] | None,
        onEnded: Callable[[ConversationEndedError], object] | None,
    ) -> None:
        self._client = client
        self._reconnector = reconnector
        self._heartbeat = heartbeat
        self._transcript = transcript
        self._inbox = inbox
        self._timeout = timeout
        # Sent with the first message, and then None.
        self._attributes = customAttributes
        self._on_ended = onEnded
        self._new_delivery = partial(Delivery, client, reconnector, timeout=timeout, historyLag=historyLag)
        self._delivery = self._new_delivery()
        inbox.on_end = self._ended

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Conversation with {self._client.address}: {self.state.name.lower().replace('_', '-')}>"

    def close(self) -> None:
        """Disconnect. The session stays, and its token may resume it. Does nothing the second time. Never raises."""
        self._inbox.end(ConversationState.CLOSED, "the conversation was closed on this side")
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._reconnector.close()
        self._client.apiClient.close()
        self._transcript.close()

    # How it stands

    @property
    def client(self) -> WebMessagingClient:
        """The client beneath, for everything that has no method here."""
        return self._client

    @property
    def state(self) -> ConversationState:
        """How the conversation stands."""
        return self._inbox.state

    @property
    def connected(self) -> bool:
        """Whether there is a connection at this moment."""
        return not self._client.isOutputClosed()

    @property
    def readOnly(self) -> bool:
        """Whether the other side has left, so that nothing more can be said. :meth:`startNew` begins afresh."""
        return self.state is ConversationState.READ_ONLY

    @property
    def ended(self) -> bool:
        """Whether nothing more will come: it has expired, was cleared, lost or closed."""
        return self.state not in (ConversationState.OPEN, ConversationState.READ_ONLY)

    @property
    def otherSideTyping(self) -> bool:
        """Whether the other side is typing."""
        return self._inbox.typing

    @property
    def token(self) -> str | None:
        """The session's token, to resume it later. A secret: whoever has it has the session."""
        return self._client.token

    @property
    def sessionResponse(self) -> SessionResponse | None:
        """The last thing that the server said of the session."""
        return self._client.sessionResponse

    # Saying

    def send(
        self,
        text: str = "",
        attachments: Sequence[str | os.PathLike[str]] = (),
        customAttributes: Mapping[str, str] | None = None,
        *,
        progress: Callable[[int, int | None], object] | None = None,
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Say something, and return when it has arrived.

        Args:
            text: The text; it may be "" if there are attachments.
            attachments: Files to upload and send.
            customAttributes: Data for the flow and the agent.
            progress: Called with the bytes sent and the bytes in all (None if not known), for each file anew.
            timeout: Seconds that all of it may take, uploads included. A lost connection is waited for.

        Returns:
            The echo.

        Raises:
            ConversationEndedError: Nothing more can be said.
            RequestError: The server refused the message.
            AttachmentError: A file was refused.
            ResponseTimeoutError: It has not certainly arrived in time.
            TypeError, ValueError: An argument cannot be right.
        """
        if isinstance(attachments, (str, os.PathLike)):
            raise TypeError("attachments must be a sequence of paths, not a single one")
        if customAttributes is not None:
            self._checked_attributes(customAttributes)
        ids: Sequence[str] = ()
        if attachments:
            self._check_open()
            requests.checked_text(text, empty=True)
            deadline = Deadline(self._seconds(timeout))
            ids = [self._upload(path, None, None, progress, deadline) for path in attachments]
            timeout = deadline.remaining
        return self._deliver(text, timeout, customAttributes, ids)

    def choose(
        self,
        reply: str | int | ContentQuickReply,
        message: StructuredMessage | None = None,
        *,
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Choose a quick reply.

        Args:
            reply: Its text, its payload, its number from 0, or the reply itself.
            message: Who offers it; the latest one with quick replies if None.
            timeout: Seconds.

        Returns:
            The echo.

        Raises:
            ValueError: There is no such quick reply.
            WebMessagingException: As :meth:`send`.
        """
        offer = message or self._latest("quick replies", offers.replies_of)
        return self._deliver(requests.quick_reply(offers.chosen_reply(offer, reply)), timeout)

    def press(
        self,
        card: str | int | ContentCard,
        button: str | int | ContentCardAction,
        message: StructuredMessage | None = None,
        *,
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Press a button of a card.

        Args:
            card: Its title, its number from 0, or the card itself.
            button: Its text, its payload, its number from 0, or the button itself.
            message: Who shows the card; the latest one with cards if None.
            timeout: Seconds.

        Returns:
            The echo.

        Raises:
            ValueError: There is no such card or button, or it is a link.
            WebMessagingException: As :meth:`send`.
        """
        offer = message or self._latest("cards", offers.cards_of)
        return self._deliver(requests.button(offers.chosen_button(offer, card, button)), timeout)

    def pick(
        self,
        slot: str | int | datetime | ContentDatePickerAvailableTime,
        message: StructuredMessage | None = None,
        *,
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Pick one of the times that were offered.

        Args:
            slot: The time, as a datetime with a time zone or as ISO 8601; its number from 0, or the slot itself.
            message: Who offers it; the latest one with times if None.
            timeout: Seconds.

        Returns:
            The echo.

        Raises:
            ValueError: There is no such time.
            WebMessagingException: As :meth:`send`.
        """
        offer = message or self._latest("times", offers.slots_of)
        return self._deliver(requests.date(offer, offers.chosen_slot(offer, slot)), timeout)

    def select(
        self,
        items: str | int | ContentListPickerItem | Sequence[str | int | ContentListPickerItem],
        message: StructuredMessage | None = None,
        *,
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Pick items of a list.

        Args:
            items: One or several, of any sections: each its title, its id, its number in the whole list from 0, or the
                item itself.
            message: Who offers the list; the latest one with a list if None.
            timeout: Seconds.

        Returns:
            The echo.

        Raises:
            ValueError: There is no such item, or none is picked, or several of a section for one. Nothing was sent.
            WebMessagingException: As :meth:`send`.
        """
        offer = message or self._latest("a list", offers.list_pickers_of)
        pickers = offers.list_pickers_of(offer)
        if not pickers:
            raise ValueError("the message has no list to pick from")
        return self._deliver(requests.list_items(offer, pickers[0], offers.chosen_items(pickers[0], items)), timeout)

    def fill(
        self,
        answers: Mapping[str, Any],
        message: StructuredMessage | None = None,
        *,
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Fill in a form.

        ::

            chat.fill({"Your name": "Ann", "When?": date(2030, 1, 7), "Colours": ["red", "blue"]})

        Args:
            answers: For each question, by its title or id, the answer: a text for an input; a date, a datetime or ISO
                8601 for a date; the title or id of an item, or a list of them, for a list; one of them for a wheel.
            message: Who sends the form; the latest one with a form if None.
            timeout: Seconds.

        Returns:
            The echo.

        Raises:
            ValueError: There is no such question, or an answer that is needed is missing, or one cannot be right.
                Nothing was sent.
            WebMessagingException: As :meth:`send`.
        """
        offer = message or self._latest("a form", offers.forms_of)
        forms = offers.forms_of(offer)
        if not forms:
            raise ValueError("the message has no form to fill in")
        return self._deliver(requests.form_answers(offer, forms[0], offers.answers_to(forms[0], answers)), timeout)

    def join(self, timeout: float | None = None) -> StructuredMessage:
        """Tell the other side that the guest has come, which starts some bots.

        Args:
            timeout: Seconds.

        Returns:
            The echo.

        Raises:
            WebMessagingException: As :meth:`send`.
        """
        return self._deliver(requests.presence_event(EventPresenceType.JOIN), timeout)

    def upload(
        self,
        file: str | os.PathLike[str] | bytes | BinaryIO,
        fileName: str | None = None,
        fileType: str | None = None,
        *,
        progress: Callable[[int, int | None], object] | None = None,
        timeout: float | None = None,
    ) -> str:
        """Upload a file, to be sent with :meth:`deliver` later.

        Args:
            file: A path, bytes, or a file that is open for reading bytes.
            fileName: What the other side sees it called; the file's own name if None.
            fileType: Its MIME type; what its name says if None.
            progress: Called with the bytes sent and the bytes in all (None if not known).
            timeout: Seconds that all of it may take. If the connection is lost meanwhile, the upload begins anew on the
                next one; a stream that cannot go back to where it was cannot do that.

        Returns:
            The attachment id.

        Raises:
            AttachmentError: The file was refused.
            WebMessagingException: As :meth:`send`.
        """
        self._check_open()
        return self._upload(file, fileName, fileType, progress, Deadline(self._seconds(timeout)))

    def download(
        self,
        attachment: str | ContentAttachment,
        destination: str | os.PathLike[str] | IO[bytes],
        *,
        progress: Callable[[int, int | None], object] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Fetch a file that the other side has sent.

        Args:
            attachment: What a message has in its content, or its id.
            destination: A path, which gets the whole file or stays as it was; or a file that is open for writing bytes.
            progress: Called with the bytes received and the bytes in all (None if not known).
            timeout: Seconds that all of it may take. A connection that is lost meanwhile is waited for.

        Raises:
            AttachmentError: The server refused, or the destination cannot be written.
            WebMessagingException: As :meth:`history`.
        """
        id_, url = (attachment, None) if isinstance(attachment, str) else (attachment.id or "", attachment.url)

        def fetch(deadline: Deadline) -> None:
            seconds = max(deadline.remaining, 0.001)
            downloadAttachment(self._client, id_, destination, url=url, progress=progress, timeout=seconds)

        self._across_connections(fetch, Deadline(self._seconds(timeout)))

    def deliver(self, request: SendMessageRequest, *, timeout: float | None = None) -> StructuredMessage:
        """Send a message that was built elsewhere: by :func:`~genesys_webmessaging.companions.textMessage`, say.

        Args:
            request: The message.
            timeout: Seconds that it may take to arrive.

        Returns:
            The echo.

        Raises:
            WebMessagingException: As :meth:`send`.
        """
        return self._deliver(request, timeout)

    def typing(self, timeout: float | None = None) -> None:
        """Tell the other side that the guest is typing.

        Args:
            timeout: Seconds that a connection is waited for, if it was lost.

        Raises:
            ConversationEndedError: Nothing more can be said.
            ResponseTimeoutError: There was no connection in time.
        """
        self._check_open()
        self._across_connections(lambda _: self._client.sendTypingEvent(), Deadline(self._seconds(timeout)))

    # Hearing

    def receive(self, timeout: float | None = None) -> StructuredMessage:
        """The next message of the other side, oldest first; waits for it.

        Args:
            timeout: Seconds.

        Raises:
            ResponseTimeoutError: None came in time.
            ConversationEndedError: None will come any more.
        """
        return self._inbox.take(self._seconds(timeout))

    def waitFor(
        self,
        wanted: str | re.Pattern[str] | Callable[[StructuredMessage], object],
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Wait for a certain message. Those before it are passed over; if it does not come, they stay.

        Args:
            wanted: A part of its text, in any case of letters; or a pattern that is searched for in its text; or a
                function that says whether a message will do.
            timeout: Seconds.

        Raises:
            ResponseTimeoutError: It did not come in time; the error says what did.
            ConversationEndedError: It will not come any more.
        """
        fits, what = _matcher(wanted)
        return self._inbox.take_matching(fits, self._seconds(timeout), what)

    def collect(self, quietFor: float = 1.0, timeout: float | None = None) -> list[StructuredMessage]:
        """Everything that the other side says until it is silent; while it is typing it is not.

        Args:
            quietFor: Seconds of silence.
            timeout: Seconds after which it returns in any case.

        Returns:
            The messages, oldest first; none if nothing was said.
        """
        return self._inbox.collect(checks.seconds("quietFor", quietFor, zero=True), self._seconds(timeout))

    def __iter__(self) -> Iterator[StructuredMessage]:
        """The messages of the other side, as they come, until it has left or the conversation has ended.

        Raises:
            ConversationEndedError: The connection is lost for good.
        """
        while True:
            try:
                message = self._inbox.take(None)
            except ConversationEndedError as error:
                if error.state is ConversationState.LOST:
                    raise
                return
            yield message

    # The session

    def clear(self, timeout: float | None = None) -> None:
        """Clear the conversation for good. It has ended then; its token may begin another one.

        Args:
            timeout: Seconds that it may take. A lost connection is waited for.

        Raises:
            ConversationEndedError: There is no connection any more.
            WebMessagingException: The server refused, or did not confirm it in time.
        """

        def clear(deadline: Deadline) -> None:
            sessions.clearConversation(self._client, max(deadline.remaining, 0.001))

        self._across_connections(clear, Deadline(self._seconds(timeout)))
        self._inbox.end(ConversationState.ENDED, "the conversation was cleared")

    def startNew(self, timeout: float | None = None) -> SessionResponse:
        """Begin afresh with the same token, after the other side has left for instance.

        Args:
            timeout: Seconds that it may take. A lost connection is waited for.

        Returns:
            The server's answer for the new session.

        Raises:
            ConversationEndedError: There is no connection any more: open another conversation.
            WebMessagingException: The server refused, or did not answer in time.
        """

        def start(deadline: Deadline) -> SessionResponse:
            return sessions.startNewChat(self._client, timeout=max(deadline.remaining, 0.001))

        response = self._across_connections(start, Deadline(self._seconds(timeout)))
        self._delivery.close()
        self._delivery = self._new_delivery()
        self._inbox.reopen()
        return response

    def history(self, timeout: float | None = None) -> list[WebMessagingMessage]:
        """What was said in this session, oldest first, fetched from the server.

        The service allows ten pages of 100 messages a minute, so that a longer history needs a longer timeout.

        Args:
            timeout: Seconds that all of it may take. A connection that is lost meanwhile is waited for.

        Raises:
            ConversationEndedError: There is no connection any more.
            ResponseTimeoutError: It was not done in time.
            WebMessagingException: The history cannot be read.
        """

        def read(deadline: Deadline) -> list[WebMessagingMessage]:
            return self._client.getHistory(timeout=max(deadline.remaining, 0.001)).entities

        return list(reversed(self._across_connections(read, Deadline(self._seconds(timeout)))))

    def transcript(self, format: TranscriptFormat | str = TranscriptFormat.TEXT) -> str:
        """What was said since the conversation was opened, by both sides, to be read by people or programs.

        Args:
            format: "text", "markdown" or "jsonl".

        Raises:
            ValueError: There is no such format.
        """
        return {
            TranscriptFormat.TEXT: self._transcript.asText,
            TranscriptFormat.MARKDOWN: self._transcript.asMarkdown,
            TranscriptFormat.JSON_LINES: self._transcript.asJsonLines,
        }[TranscriptFormat(format)]()

    # What the methods have in common

    def _deliver(
        self,
        message: str | SendMessageRequest,
        timeout: float | None,
        attributes: Mapping[str, str] | None = None,
        attachment_ids: Sequence[str] = (),
    ) -> StructuredMessage:
        self._check_open()
        given = _attributes_of(message) if isinstance(message, SendMessageRequest) else attributes
        attributes = {**(self._attributes or {}), **(given or {})} or None
        if attributes:
            attributes = self._checked_attributes(attributes)
        if isinstance(message, SendMessageRequest) and attributes:
            channel = BaseMessagingChannel(metadata=BaseChannelMetadata(customAttributes=attributes))
            message, attributes = replace(message, channel=channel), None
        try:
            echo = self._delivery.send(message, attributes, attachmentIds=attachment_ids, timeout=timeout)
        except RequestError as error:
            if error.code in SESSION_OVER:
                self._inbox.end(ConversationState.ENDED, f"the session is over: {error.message}", error)
            elif error.code == ErrorCode.READ_ONLY:
                self._inbox.end(ConversationState.READ_ONLY, READ_ONLY, error)
                raise self._inbox.error() from error
            raise
        except (ConnectionClosedError, ConnectError) as error:
            if self.state is ConversationState.OPEN or isinstance(error, ConversationEndedError):
                raise
            raise self._inbox.error() from error
        self._attributes = None
        return echo

    def _checked_attributes(self, attributes: Mapping[str, str]) -> dict[str, str]:
        session = self._client.sessionResponse
        limit: object = None if session is None else session.maxCustomDataBytes
        return checks.custom_attributes(attributes, limit if isinstance(limit, (int, float)) else None)

    def _across_connections(self, act: Callable[[Deadline], T], deadline: Deadline) -> T:
        """Do something that needs a connection; once more on the next one, if it is lost meanwhile."""
        while True:
            if self.ended:
                raise self._inbox.error()
            connections = self._reconnector.connectionCount
            try:
                return act(deadline)
            except (NotConnectedError, NotConfiguredError, ConnectionClosedError) as error:
                ready = self._reconnector.state is ReconnectorState.CONNECTED and not self._client.isInputClosed()
                if ready and self._reconnector.connectionCount == connections:
                    raise  # another connection than that of the conversation
                self._await_connection(connections, deadline, error)

    def _await_connection(self, connections: int, deadline: Deadline, lost: WebMessagingException) -> None:
        try:
            self._reconnector.awaitConnected(deadline.remaining, after=connections)
        except ResponseTimeoutError as error:
            raise ResponseTimeoutError(f"no connection within {seconds_text(deadline.seconds)}") from error
        except WebMessagingException as error:
            if self.ended:
                raise self._inbox.error() from error
            raise error from lost

    def _upload(
        self,
        file: str | os.PathLike[str] | bytes | BinaryIO,
        name: str | None,
        type_: str | None,
        progress: Callable[[int, int | None], object] | None,
        deadline: Deadline,
    ) -> str:
        stream = None if isinstance(file, (str, bytes, os.PathLike)) or not hasattr(file, "seek") else file
        begin = stream.tell() if stream is not None and stream.seekable() else None

        def upload(deadline: Deadline) -> str:
            if stream is not None and begin is not None:
                stream.seek(begin)
            seconds = max(deadline.remaining, 0.001)
            return uploadAttachment(self._client, file, name, type_, progress=progress, timeout=seconds)

        return self._across_connections(upload, deadline)

    def _latest(self, what: str, offered: Callable[[StructuredMessage], Sequence[object]]) -> StructuredMessage:
        """The latest message that offers something."""
        for message in reversed(self._transcript.messages):
            if message.direction != Direction.INBOUND and offered(message):
                return message
        raise ValueError(f"no message with {what} has come yet")

    def _check_open(self) -> None:
        if self._inbox.state is not ConversationState.OPEN:
            raise self._inbox.error()

    def _seconds(self, timeout: float | None) -> float:
        return self._timeout if timeout is None else checks.seconds("timeout", timeout, zero=True)

    def _ended(self, error: ConversationEndedError) -> None:
        self._delivery.close(error)
        if self._on_ended is not None and error.state is not ConversationState.READ_ONLY:
            self._on_ended(error)


def _connect_with_stored_token(
    connect: Callable[[str | None, float], object],
    store: TokenStore | str | os.PathLike[str],
    client: WebMessagingClient,
    deployment_id: str,
    deadline: Deadline,
) -> None:
    """Connect with the token that is kept for a deployment, with a new one if it is good no more, and keep that."""
    kept = store if isinstance(store, TokenStore) else TokenStore(store)
    token = kept.get(client.address, deployment_id)
    try:
        connect(token, deadline.seconds)
    except RequestError as error:
        if token is None or error.code not in _TOKEN_REFUSED or deadline.passed:
            raise
        kept.forget(client.address, deployment_id)
        connect(None, max(deadline.remaining, 0.001))
    if client.token is not None:
        kept.put(client.address, deployment_id, client.token)


def _attributes_of(request: SendMessageRequest) -> Mapping[str, str]:
    metadata = request.channel.metadata if request.channel is not None else None
    return (metadata.customAttributes if metadata is not None else None) or {}


def _matcher(
    wanted: str | re.Pattern[str] | Callable[[StructuredMessage], object],
) -> tuple[Callable[[StructuredMessage], bool], str]:
    if isinstance(wanted, str):
        folded = wanted.casefold()
        return (lambda message: folded in text_of(message.text).casefold()), f"message with {wanted!r}"
    if isinstance(wanted, re.Pattern):
        pattern = wanted
        return (lambda message: pattern.search(text_of(message.text)) is not None), f"message like {pattern.pattern!r}"
    if callable(wanted):
        predicate = wanted
        return (lambda message: bool(predicate(message))), "message that will do"
    raise TypeError(f"wanted must be a str, a compiled pattern or a function, not {type(wanted).__name__}")
