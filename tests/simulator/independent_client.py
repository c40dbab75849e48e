"""A guest made of `websockets` and `requests` alone: it shares no code with the package it tests against."""

from __future__ import annotations

import json
import ssl
import time
import uuid
from contextlib import ExitStack
from urllib.parse import quote

import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

ORIGIN = "https://shop.example"
PATIENCE = 5.0


class Guest:
    """One WebSocket connection to a simulator, and the REST calls that belong to it."""

    def __init__(
        self,
        address,
        deploymentId="demo",
        *,
        token=None,
        origin=ORIGIN,
        application="independent-1.0",
        caFile=None,
        configure=True,
        startNew=None,
    ):
        self.token = token or str(uuid.uuid4())
        self.deploymentId = deploymentId
        self.origin = origin
        self.caFile = caFile
        self.seen = []
        self.restAddress = address.replace("ws", "http", 1).removesuffix("/v1")
        url = f"{address}?deploymentId={quote(deploymentId)}"
        if application:
            url += f"&application={quote(application)}"
        trust = ssl.create_default_context(cafile=caFile) if caFile else None
        self._open = ExitStack()
        self.socket = self._open.enter_context(
            connect(
                url,
                origin=origin,
                ssl=trust,
                compression=None,
                open_timeout=PATIENCE,
                close_timeout=PATIENCE,
                max_size=None,
            )
        )
        self.session = self.configure(startNew=startNew) if configure else None

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def close(self, code=1000):
        self.socket.close(code)
        self._open.close()

    # -- frames

    def send(self, action, tracingId=None, **fields):
        tracing_id = tracingId or str(uuid.uuid4())
        self.socket.send(json.dumps({"action": action, "token": self.token, "tracingId": tracing_id, **fields}))
        return tracing_id

    def next(self, timeout=PATIENCE):
        """The next frame, decoded."""
        return json.loads(self.socket.recv(timeout=timeout))

    def wait(self, class_=None, *, where=lambda frame: True, timeout=PATIENCE):
        """The first frame not yet taken that fits; others stay for later."""
        deadline = time.monotonic() + timeout
        taken = 0
        while True:
            for number in range(taken, len(self.seen)):
                frame = self.seen[number]
                if class_ in (None, frame["class"]) and where(frame):
                    return self.seen.pop(number)
            taken = len(self.seen)
            try:
                self.seen.append(self.next(max(0.0, deadline - time.monotonic())))
            except (TimeoutError, ConnectionClosed) as error:
                came = [(frame["class"], frame["body"]) for frame in self.seen]
                raise AssertionError(f"no {class_} in {timeout} s ({error!r}); what came: {came}") from error

    def answer(self, tracingId, timeout=PATIENCE):
        """The frame with a tracing id."""
        return self.wait(where=lambda frame: frame.get("tracingId") == tracingId, timeout=timeout)

    def ask(self, action, **fields):
        """Send a request and return what answers it."""
        return self.answer(self.send(action, **fields))

    def fence(self):
        """Everything that was sent before this call came back; returns what came and was not taken."""
        self.ask("echo", message={"type": "Text", "text": "fence"})
        left, self.seen = self.seen, []
        return left

    def expectClosed(self, timeout=PATIENCE):
        """The server ends the connection: returns (code, reason); 1006 without a close frame."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.seen.append(self.next(max(0.0, deadline - time.monotonic())))
            except ConnectionClosed as closed:
                return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")

    # -- what guests do

    def configure(self, startNew=None, **fields):
        if startNew is not None:
            fields["startNew"] = startNew
        return self.ask("configureSession", deploymentId=self.deploymentId, **fields)["body"]

    def say(self, text, **fields):
        return self.ask("onMessage", message={"type": "Text", "text": text, **fields})

    def presence(self, kind):
        event = {"eventType": "Presence", "presence": {"type": kind}}
        return self.ask("onMessage", message={"type": "Event", "events": [event]})

    def typing(self):
        event = {"eventType": "Typing", "typing": {"type": "On"}}
        return self.ask("onMessage", message={"type": "Event", "events": [event]})

    def press(self, kind, text, payload, originatingMessageId=None, **message):
        response = {"type": kind, "text": text, "payload": payload}
        if originatingMessageId:
            response["originatingMessageId"] = originatingMessageId
        content = [{"contentType": "ButtonResponse", "buttonResponse": response}]
        return self.ask("onMessage", message={"type": "Text", "text": "", "content": content, **message})

    def outbound(self, text=None, timeout=PATIENCE):
        """The next message of the other side that is no event."""

        def fits(frame):
            body = frame["body"]
            return body["direction"] == "Outbound" and body["type"] != "Event" and text in (None, body.get("text"))

        return self.wait("StructuredMessage", where=fits, timeout=timeout)["body"]

    def jwt(self):
        return self.ask("getJwt")["body"]

    # -- REST

    def rest(self, method, path, jwt=None, **more):
        headers = {
            "Origin": self.origin,
            **({"Authorization": f"Bearer {jwt}"} if jwt else {}),
            **more.pop("headers", {}),
        }
        verify = self.caFile or True
        url = path if path.startswith("http") else self.restAddress + path
        with requests.Session() as session:
            return session.request(method, url, headers=headers, timeout=PATIENCE, verify=verify, **more)

    def history(self, pageSize=25, pageNumber=1, jwt=None):
        params = {"pageSize": pageSize, "pageNumber": pageNumber}
        return self.rest("GET", "/api/v2/webmessaging/messages", jwt or self.jwt()["jwt"], params=params)

    def presign(self, data, fileName="photo.png", fileType="image/png", **fields):
        size = fields.pop("fileSize", len(data))
        return self.ask("onAttachment", fileName=fileName, fileType=fileType, fileSize=size, **fields)

    def presignRefused(self, data, **fields):
        """What answers an upload that is refused as an object; it bears no tracingId."""
        self.send("onAttachment", **{"fileName": "photo.png", "fileType": "image/png", "fileSize": len(data), **fields})
        return self.wait("GenerateUrlError")

    def put(self, presigned, data, fileType="image/png", **headers):
        sent = {**presigned["body"]["headers"], "Content-Type": fileType, **headers}
        with requests.Session() as session:
            return session.put(
                presigned["body"]["url"], data=data, headers=sent, timeout=PATIENCE, verify=self.caFile or True
            )

    def upload(self, data, fileName="photo.png", fileType="image/png"):
        """Upload a file and return the id of the attachment, once it is ready."""
        presigned = self.presign(data, fileName, fileType)
        assert self.put(presigned, data, fileType).status_code == 200
        attachment_id = presigned["body"]["attachmentId"]
        self.wait("UploadSuccessEvent", where=lambda frame: frame["body"]["attachmentId"] == attachment_id)
        return attachment_id

    def signIn(self, code="code-1", **oauth):
        body = {
            "deploymentId": self.deploymentId,
            "oauth": {"code": code, "redirectUri": "https://shop.example/cb", **oauth},
        }
        return self.rest("POST", "/api/v2/webdeployments/token/oauthcodegrantjwtexchange", json=body)

    def configureAuthenticated(self, jwt, **fields):
        return self.ask("configureAuthenticatedSession", deploymentId=self.deploymentId, data={"code": jwt}, **fields)
