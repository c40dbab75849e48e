// A guest in the browser: what a web messenger does, in plain.
import { make, renderMessage, toEnd } from "/desk/render.js";

const TYPING_EVERY = 5_000;
const ECHO_EVERY = 40_000;
const AGAIN_AFTER = 2_000;

const at = (id) => document.getElementById(id);
const parameters = new URLSearchParams(location.search);
const deploymentId = parameters.get("deployment") ?? "demo";
const uuid = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};
const remembered = `genesys-guest-${deploymentId}`;

let token = sessionStorage.getItem(remembered);
let socket = null;
let configured = false;
let readOnly = false;
let startNew = false;
let typedAt = 0;
let typingTimer = 0;
const waiting = new Map();
const seen = new Set();
const uploads = new Map();

function newToken() {
    token = uuid();
    sessionStorage.setItem(remembered, token);
}

function state(words, good) {
    at("state").textContent = words;
    at("state").className = `state ${good ? "good" : "bad"}`;
}

function notice(words) {
    at("notice").textContent = words ?? "";
    at("notice").hidden = !words;
}

function send(action, fields) {
    if (socket?.readyState !== WebSocket.OPEN) {
        notice("There is no connection; this was not sent.");
        return null;
    }
    const tracingId = uuid();
    socket.send(JSON.stringify({ action, token, tracingId, ...fields }));
    return tracingId;
}

function show(message, element) {
    const key = message.channel?.messageId ?? message.id;
    if (seen.has(key)) {
        element?.remove();
        return;
    }
    seen.add(key);
    const shown = renderMessage(message, { mine: "Inbound", answer: (kind, given) => answer(message, kind, given) });
    if (element) element.replaceWith(shown);
    else at("log").append(shown);
    toEnd(at("log"), true);
}

function say(message, shown) {
    const tracingId = send("onMessage", { message: { metadata: { id: uuid() }, ...message } });
    if (tracingId && shown) {
        const element = make("div", { class: "message mine waiting" }, make("div", { class: "bubble" }, shown));
        at("log").append(element);
        toEnd(at("log"), true);
        waiting.set(tracingId, element);
    }
    return Boolean(tracingId);
}

function answer(offer, kind, given) {
    const button = (each) => ({ contentType: "ButtonResponse", buttonResponse: { type: kind, text: each.text, payload: each.payload } });
    if (kind === "ListPicker") {
        const content = given.items.map((item) => {
            const made = button(item);
            made.buttonResponse.originatingMessageId = offer.id;
            return made;
        });
        const words = given.text ? { text: given.text } : {};
        say({ metadata: { id: uuid(), parentMessageId: offer.id }, type: "Structured", ...words, content },
            given.items.map((item) => item.text).join(", "));
    } else if (kind === "Form") {
        const form = { originatingMessageId: offer.id, response: given.response };
        if (given.cannedResponseId) form.cannedResponseId = given.cannedResponseId;
        const words = given.text ? { text: given.text } : {};
        say({ type: "Structured", ...words, content: [{ contentType: "Form", form }] }, "Form");
    } else if (kind === "DatePicker") {
        say({ metadata: { id: uuid(), parentMessageId: offer.id }, type: "Structured", content: [button(given)] }, given.text);
    } else {
        say({ type: "Structured", text: given.text, content: [button(given)] }, given.text);
    }
}

function typing(event) {
    clearTimeout(typingTimer);
    at("typing").textContent = event ? "The other side is typing …" : "";
    if (event) typingTimer = setTimeout(typing, event.duration ?? event.durationMs ?? 5_000);
}

function takeMessage(frame) {
    const message = frame.body ?? {};
    const element = waiting.get(frame.tracingId);
    waiting.delete(frame.tracingId);
    const events = message.events ?? [];
    const isTyping = events.find((event) => event.eventType === "Typing");
    if (isTyping) {
        if (message.direction === "Outbound") typing(isTyping.typing ?? {});
        return;
    }
    if (frame.type === "response") return; // the answer to an echo
    if (message.direction === "Outbound") typing(null);
    show(message, element);
    if (events.some((event) => event.presence?.type === "Disconnect") && message.metadata?.readOnly === "true") setReadOnly(true);
}

function setReadOnly(value) {
    readOnly = value;
    for (const control of at("composer").querySelectorAll("textarea, input, button")) control.disabled = value;
    if (value) notice("The conversation has ended. “New chat” begins another one.");
    else notice("");
}

function takeSession(body) {
    if (body.connected === false) {
        startNew = true;
        configure();
        return;
    }
    configured = true;
    startNew = false;
    state(`connected to ${deploymentId}`, true);
    setReadOnly(body.readOnly === true);
    if (body.newSession) {
        at("log").replaceChildren();
        seen.clear();
        say({ type: "Event", events: [{ eventType: "Presence", presence: { type: "Join" } }] });
    } else {
        send("getJwt", {});
    }
}

async function readHistory(jwt) {
    const answered = await fetch("/api/v2/webmessaging/messages?pageSize=100&pageNumber=1", {
        headers: { Authorization: `Bearer ${jwt}` },
    });
    if (!answered.ok) return;
    const { entities } = await answered.json();
    for (const message of entities.reverse()) show(message);
}

async function upload(file) {
    if (!file) return;
    const tracingId = send("onAttachment", {
        attachmentId: uuid(), fileName: file.name, fileType: file.type || "application/octet-stream", fileSize: file.size, errorsAsJson: true,
    });
    if (tracingId) uploads.set(tracingId, file);
}

async function put(frame) {
    const file = uploads.get(frame.tracingId);
    uploads.delete(frame.tracingId);
    if (!file) return;
    const { url, headers, attachmentId } = frame.body;
    uploads.set(attachmentId, file);
    const path = new URL(url);
    const answered = await fetch(path.pathname + path.search, {
        method: "PUT", body: file, headers: { ...headers, "Content-Type": file.type || "application/octet-stream" },
    });
    if (!answered.ok) notice(`The file was refused (${answered.status}).`);
}

function refused(frame) {
    const body = frame.body;
    const words = typeof body === "string" ? body : body?.errorMessage ?? `Error ${frame.code}`;
    const wait = body?.retryAfter ? ` Try again in ${body.retryAfter} s.` : "";
    waiting.get(frame.tracingId)?.remove();
    waiting.delete(frame.tracingId);
    notice(words + wait);
}

const CLASSES = {
    SessionResponse: (frame) => takeSession(frame.body ?? {}),
    StructuredMessage: takeMessage,
    JwtResponse: (frame) => readHistory(frame.body.jwt),
    PresignedUrlResponse: put,
    UploadSuccessEvent: (frame) => {
        const { attachmentId } = frame.body;
        const file = uploads.get(attachmentId);
        if (uploads.delete(attachmentId)) say({ content: [{ contentType: "Attachment", attachment: { id: attachmentId } }] }, file?.name);
    },
    SessionExpiredEvent: () => configure(),
    SessionClearedEvent: () => { startNew = false; },
    LogoutEvent: () => newToken(),
};

function configure() {
    configured = false;
    send("configureSession", { deploymentId, startNew });
}

function connect() {
    if (!token) newToken();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const asked = new URLSearchParams({ deploymentId, application: "simulator-guest-page" });
    socket = new WebSocket(`${scheme}://${location.host}/v1?${asked}`);
    socket.addEventListener("open", configure);
    socket.addEventListener("message", ({ data }) => {
        let frame;
        try {
            frame = JSON.parse(data);
        } catch {
            return;
        }
        const take = CLASSES[frame.class];
        if (take) take(frame);
        else if (frame.code >= 300 || frame.body?.errorCode) refused(frame);
    });
    socket.addEventListener("close", () => {
        configured = false;
        state("no connection; trying again", false);
        typing(null);
        setTimeout(connect, AGAIN_AFTER);
    });
}

at("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = at("text").value.trim();
    if (text && say({ type: "Text", text }, text)) {
        at("text").value = "";
        notice("");
    }
    at("text").focus();
});

at("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        at("composer").requestSubmit();
    }
});

at("text").addEventListener("input", () => {
    if (configured && !readOnly && Date.now() - typedAt >= TYPING_EVERY) {
        typedAt = Date.now();
        send("onMessage", { message: { type: "Event", events: [{ eventType: "Typing", typing: { type: "On" } }] } });
    }
});

at("file").addEventListener("change", () => {
    upload(at("file").files[0]);
    at("file").value = "";
});

at("anew").addEventListener("click", () => {
    if (readOnly) {
        send("closeSession", { closeAllConnections: true });
    } else {
        startNew = true;
        configure();
    }
});

setInterval(() => {
    if (configured && socket.readyState === WebSocket.OPEN) send("echo", { message: { type: "Text", text: "ping" } });
}, ECHO_EVERY);
addEventListener("pagehide", () => socket?.close(1000, "Guest client disconnect"));
connect();
