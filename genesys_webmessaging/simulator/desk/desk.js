// The desk: a person is the agent. Everything comes from /simulator/events and goes to /simulator/….
import { isAtEnd, make, renderMessage, timeOfDay, toEnd } from "/desk/render.js";

const TYPING_EVERY = 5_000;
const AGAIN_AFTER = 1_500;
const FRAMES_KEPT = 300;

const at = (id) => document.getElementById(id);
const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

let key = decodeURIComponent(location.hash.slice(1));
let socket = null;
let chosen = null;
let typedAt = 0;
let kind = "text";
let tab = "faults";
let faults = [];
let limits = "none";
let bot = false;
let clockOffset = 0;
const sessions = new Map();
const unread = new Map();
const typingTimers = new Map();
const typers = new Map();
const shownIds = new Set();
const frames = [];
const violations = [];

// -- the server

async function call(method, path, body) {
    const headers = { Authorization: `Bearer ${key}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answered = await fetch(`/simulator/${path}`, {
        method, headers, body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer = await answered.json();
    if (!answered.ok) {
        const wait = answered.headers.get("Retry-After");
        throw new Error(answer.message.replace(/^ValueError: /, "") + (wait ? ` (in ${wait} s)` : ""));
    }
    return answer;
}

/** Do something that may be refused, and say so if it is. */
async function attempt(action) {
    try {
        notice("");
        return await action();
    } catch (error) {
        notice(error.message);
        return null;
    }
}

function notice(words) {
    at("notice").textContent = words;
    at("notice").hidden = !words;
}

function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    let opened = false;
    socket = new WebSocket(`${scheme}://${location.host}/simulator/events`, [`bearer.${key}`]);
    socket.addEventListener("open", () => {
        opened = true;
        at("state").textContent = "connected";
        at("state").className = "state good";
    });
    socket.addEventListener("message", ({ data }) => {
        const event = JSON.parse(data);
        EVENTS[event.event]?.(event);
    });
    socket.addEventListener("close", async () => {
        at("state").textContent = "no connection; trying again";
        at("state").className = "state bad";
        if (!opened && await refused()) askForKey("This key does not open it.");
        else setTimeout(connect, AGAIN_AFTER);
    });
}

async function refused() {
    try {
        return (await fetch("/simulator/state", { headers: { Authorization: `Bearer ${key}` } })).status === 403;
    } catch {
        return false;
    }
}

function askForKey(words) {
    at("key-wrong").textContent = words;
    at("key").value = "";
    at("ask-key").showModal();
}

at("key-form").addEventListener("submit", () => {
    key = at("key").value.trim();
    history.replaceState(null, "", `#${encodeURIComponent(key)}`);
    connect();
});

// -- what happens

const EVENTS = {
    state(event) {
        sessions.clear();
        for (const session of event.sessions) sessions.set(session.number, session);
        faults = event.faults;
        limits = event.limits;
        bot = event.bot;
        violations.splice(0, violations.length, ...event.violations);
        setClock(event.now);
        const guestPage = new URLSearchParams({ deployment: event.deployments[0] });
        at("be-guest").href = `/guest?${guestPage}`;
        if (!sessions.has(chosen)) chosen = null;
        showGuests();
        showTools();
        if (chosen !== null) choose(chosen);
    },
    session({ session }) {
        if (session.state === "ended") {
            sessions.delete(session.number);
            unread.delete(session.number);
        } else {
            sessions.set(session.number, session);
        }
        showGuests();
        if (session.number === chosen) showHead(session);
    },
    message(event) {
        typing(event.session, null);
        if (event.session === chosen) {
            showMessage(event.message);
        } else if (event.by === "Guest") {
            unread.set(event.session, (unread.get(event.session) ?? 0) + 1);
            showGuests();
        }
    },
    typing(event) {
        if (event.by !== "Human") typing(event.session, event);
    },
    connection() {},
    frame(event) {
        frames.push({ ...event, time: timeOfDay(now(), { timeStyle: "medium" }) });
        if (frames.length > FRAMES_KEPT) frames.shift();
        if (tab === "frames") showFrame(frames.at(-1));
    },
    violation(event) {
        violations.push(event.connection === null ? event.sentence : `connection ${event.connection}: ${event.sentence}`);
        showTools();
    },
    faults(event) {
        faults = event.faults;
        if (tab === "faults") showActiveFaults();
    },
    clock(event) {
        setClock(event.now);
    },
};

function now() {
    return new Date(Date.now() + clockOffset).toISOString();
}

function setClock(text) {
    clockOffset = new Date(text) - Date.now();
    showClock();
}

function showClock() {
    at("clock").textContent = new Date(Date.now() + clockOffset).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
}

function typing(session, event) {
    clearTimeout(typingTimers.get(session));
    if (event) {
        typers.set(session, event.by);
        typingTimers.set(session, setTimeout(() => typing(session, null), event.seconds * 1_000));
    } else {
        typers.delete(session);
    }
    if (session === chosen) showTyping();
    showGuests();
}

function showTyping() {
    const by = typers.get(chosen);
    at("typing").textContent = by ? `${by === "Guest" ? "The guest" : "The bot"} is typing …` : "";
}

// -- the guests

function nameOf(session) {
    return session.guest ?? `Guest ${session.number}`;
}

function showGuests() {
    const listed = [...sessions.values()].sort((one, other) => other.number - one.number);
    const focused = document.activeElement?.dataset?.session;
    at("guests").replaceChildren(...listed.map((session) => {
        const news = unread.get(session.number);
        const state = session.state === "open" ? (session.connections.length ? "" : "away") : session.state;
        const said = typers.has(session.number) && typers.get(session.number) === "Guest" ? "is typing …"
            : session.lastText ? `${{ Guest: "", Bot: "Bot: ", Human: "You: " }[session.lastBy]}${session.lastText}`
                : "has said nothing yet";
        return make("li", {}, make("button", {
            type: "button", "data-session": String(session.number),
            "aria-current": session.number === chosen ? "true" : "false", onclick: () => choose(session.number),
        },
        make("span", { class: "name" }, nameOf(session),
            news ? make("span", { class: "badge new" }, `${news} new`) : state ? make("span", { class: "badge" }, state) : null),
        make("div", { class: "said" }, said)));
    }));
    at("no-guests").hidden = listed.length > 0;
    if (focused) at("guests").querySelector(`[data-session="${focused}"]`)?.focus();
}

async function choose(number) {
    chosen = number;
    unread.delete(number);
    showGuests();
    showHead(sessions.get(number));
    showTyping();
    go("talk");
    const messages = await attempt(() => call("GET", `sessions/${number}/messages`));
    if (messages && chosen === number) {
        shownIds.clear();
        at("log").replaceChildren();
        for (const message of messages) showMessage(message);
        toEnd(at("log"), true);
    }
}

function showHead(session) {
    const readable = session.state !== "open" ? session.state : session.handedOver ? "you answer" : bot ? "the bot answers" : "nobody answers yet";
    at("talk-title").textContent = `${nameOf(session)} of ${session.deploymentId}`;
    at("talk-state").textContent = readable;
    at("talk-state").hidden = false;
    at("hand-over").textContent = session.handedOver ? "Hand over to the bot" : "Take over from the bot";
    at("hand-over").hidden = !bot;
    const open = session.state === "open";
    for (const id of ["hand-over", "leave-open", "leave-read-only"]) at(id).disabled = !open;
    at("composer").hidden = false;
    at("composer").querySelector("button.main").disabled = !open;
}

function showMessage(message) {
    if (shownIds.has(message.id)) return;
    shownIds.add(message.id);
    const log = at("log");
    const follows = isAtEnd(log);
    log.append(renderMessage(message, { mine: "Outbound" }));
    if (follows) toEnd(log, true);
}

function asAgent(body) {
    return call("POST", "agent", { session: chosen, name: at("name").value.trim() || "Alex", ...body });
}

at("hand-over").addEventListener("click", () =>
    attempt(() => asAgent({ handOver: sessions.get(chosen).handedOver ? "bot" : "agent" })));
at("leave-open").addEventListener("click", () => attempt(() => asAgent({ disconnect: { readOnly: false } })));
at("leave-read-only").addEventListener("click", () => attempt(() => asAgent({ disconnect: { readOnly: true } })));

// -- what to say

function field(id, label, options = {}) {
    const { rows, ...attributes } = options;
    const input = rows ? make("textarea", { id, rows, ...attributes }) : make("input", { id, ...attributes });
    return make("label", {}, make("span", {}, label), input);
}

const value = (id) => at(id).value.trim();

function someTimes() {
    const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    return ["09:00", "10:30", "14:00"].map((time) => `${day}T${time}:00.000Z`).join("\n");
}

function cardOf(block) {
    const [title, description, ...buttons] = block;
    return { title, ...(description ? { description } : {}), actions: buttons };
}

function blocks(text) {
    return text.split(/\n\s*\n/).map(lines).filter((block) => block.length);
}

/** A line of a form: "Name *", "Note", "Day: date", "Size: wheel S, M, L", "Parts: list Rim, Hub". */
function componentOf(line) {
    const [, label, rest = ""] = line.match(/^([^:]*)(?::\s*(.*))?$/s) ?? [null, line];
    const title = label.replace("*", "").trim();
    const [what, ...words] = rest.split(/\s+/);
    const items = words.join(" ").split(",").map((item) => item.trim()).filter(Boolean);
    const id = title.toLowerCase().replace(/\W+/g, "-") || "field";
    if (what === "date") return { datePicker: { id, title } };
    if (what === "wheel") return { wheelPicker: { id, items } };
    if (what === "list") return { listPicker: { id, sections: [{ title, multipleSelection: true, items }], receivedMessage: title } };
    return { input: { id, title, isRequired: label.includes("*"), isMultipleLine: what === "long" } };
}

async function base64Of(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    let text = "";
    for (let start = 0; start < bytes.length; start += 32_768) text += String.fromCharCode(...bytes.subarray(start, start + 32_768));
    return btoa(text);
}

const KINDS = {
    text: {
        label: "Text", hint: "Enter sends, Shift+Enter begins a new line.",
        fields: () => [field("say-text", "Message", { rows: 2 })],
        says: () => ({ text: value("say-text") }),
    },
    quickReplies: {
        label: "Quick replies", hint: "A reply on each line.",
        fields: () => [field("say-text", "Question"), field("say-lines", "Replies", { rows: 3 })],
        says: () => ({ text: value("say-text"), quickReplies: lines(value("say-lines")) }),
    },
    card: {
        label: "Card", hint: "A button on each line.",
        fields: () => [field("say-title", "Title"), field("say-description", "Description"),
            field("say-image", "Address of a picture"), field("say-lines", "Buttons", { rows: 2 })],
        says: () => ({
            card: {
                title: value("say-title"), actions: lines(value("say-lines")),
                ...(value("say-description") ? { description: value("say-description") } : {}),
                ...(value("say-image") ? { image: value("say-image") } : {}),
            },
        }),
    },
    carousel: {
        label: "Carousel", hint: "Cards with an empty line between them: title, description, then a button on each line.",
        fields: () => [field("say-lines", "Cards", { rows: 6 })],
        says: () => ({ carousel: blocks(value("say-lines")).map(cardOf) }),
    },
    datePicker: {
        label: "Date", hint: "A time on each line, as ISO 8601.",
        fields: () => [field("say-title", "Title"), field("say-lines", "Times", { rows: 3 })],
        prepare: () => { at("say-lines").value = someTimes(); },
        says: () => ({ datePicker: { title: value("say-title"), times: lines(value("say-lines")) } }),
    },
    listPicker: {
        label: "List", hint: "Sections with an empty line between them: title (with * if several may be chosen), then an item on each line.",
        fields: () => [field("say-title", "Prompt"), field("say-lines", "Sections", { rows: 6 })],
        says: () => ({
            listPicker: {
                receivedMessage: value("say-title") || "Please choose",
                sections: blocks(value("say-lines")).map(([title, ...items]) => ({
                    title: title.replace("*", "").trim(), multipleSelection: title.includes("*"), items,
                })),
            },
        }),
    },
    form: {
        label: "Form", hint: "A field on each line: “Name *”, “Note: long”, “Day: date”, “Size: wheel S, M, L”, “Parts: list Rim, Hub”.",
        fields: () => [field("say-title", "Title"), field("say-lines", "Fields", { rows: 5 })],
        says: () => ({
            form: {
                receivedMessage: value("say-title") || "Please fill in",
                formPages: [{ title: value("say-title"), pageComponents: lines(value("say-lines")).map(componentOf) }],
            },
        }),
    },
    attachment: {
        label: "File", hint: "",
        fields: () => [field("say-file", "File", { type: "file" }), field("say-text", "Text beside it")],
        says: async () => {
            const file = at("say-file").files[0];
            if (!file) throw new Error("No file was chosen.");
            const said = { attachment: { fileName: file.name, base64: await base64Of(file), ...(file.type ? { fileType: file.type } : {}) } };
            return value("say-text") ? { ...said, text: value("say-text") } : said;
        },
    },
};

function setKind(name) {
    kind = name;
    const follows = isAtEnd(at("log"));
    const { fields, hint, prepare } = KINDS[name];
    at("kinds").replaceChildren(...Object.entries(KINDS).map(([each, { label }], number) => make("button", {
        type: "button", title: String(number + 1), "aria-pressed": String(each === name), onclick: () => { setKind(each); focusComposer(); },
    }, label)));
    at("fields").replaceChildren(...fields());
    at("hint").textContent = hint;
    prepare?.();
    toEnd(at("log"), follows);
}

function focusComposer() {
    at("fields").querySelector("input, textarea")?.focus();
}

at("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
        const says = await KINDS[kind].says();
        if (says.text === "") delete says.text;
        if (!Object.keys(says).length) return;
        await asAgent(says);
        setKind(kind);
        focusComposer();
    });
});

at("fields").addEventListener("keydown", (event) => {
    const oneLine = event.target.tagName === "INPUT" || kind === "text";
    if (event.key === "Enter" && oneLine && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        at("composer").requestSubmit();
    }
});

at("fields").addEventListener("input", () => {
    if (kind === "text" && value("say-text") && Date.now() - typedAt >= TYPING_EVERY && sessions.get(chosen)?.state === "open") {
        typedAt = Date.now();
        asAgent({ typing: true }).catch(() => {}); // too often, perhaps: nobody misses it
    }
});

// -- the tools

const ONCE = [
    ["Reset the connection", { fault: "drop", how: "reset" }],
    ["End without a close frame", { fault: "drop", how: "fin" }],
    ["Play dead", { fault: "drop", how: "silence" }],
    ["Lose an echo", { fault: "loseEcho" }],
    ["Delay a frame by 3 s", { fault: "delay", seconds: 3 }],
    ["Send a frame twice", { fault: "duplicate" }],
    ["Swap two frames", { fault: "swap" }],
    ["Half a frame of JSON", { fault: "garble", how: "json" }],
    ["Bytes that are not UTF-8", { fault: "garble", how: "utf8" }],
    ["Refuse a message: 429", { fault: "refuse", action: "onMessage", code: 429 }],
    ["Refuse a message: 5000", { fault: "refuse", action: "onMessage", code: 5000 }],
    ["Refuse a handshake: 503", { fault: "refuseHandshake", status: 503 }],
    ["REST fails: 503", { fault: "rest", status: 503, retryAfter: 2 }],
    ["History down for 10 s", { fault: "historyDown", seconds: 10 }],
    ["History lags by 5 s", { fault: "historyLag", seconds: 5 }],
    ["A jwt expires", { fault: "expireJwt" }],
    ["An upload fails", { fault: "failUpload" }],
    ["A file is not allowed", { fault: "failScan" }],
];

function pressing(entries) {
    return make("div", { class: "many" }, ...entries.map(([label, action]) =>
        make("button", { type: "button", onclick: () => attempt(action) }, label)));
}

function faultsPanel() {
    const own = make("textarea", { rows: 3, "aria-label": "A fault as JSON" });
    own.value = '{"fault": "lose", "class": "StructuredMessage", "times": 2}';
    return [
        make("h3", {}, "The next time"),
        pressing(ONCE.map(([label, asked]) => [label, () => call("POST", "faults", asked)])),
        make("h3", {}, "Any fault, as JSON"), own,
        pressing([["Ask for it", () => call("POST", "faults", JSON.parse(own.value))]]),
        make("h3", {}, "Waiting for their moment"),
        make("ul", { class: "plain", id: "active-faults" }),
        pressing([["Let everything go well again", () => call("DELETE", "faults")]]),
    ];
}

function showActiveFaults() {
    at("active-faults")?.replaceChildren(...(faults.length ? faults.map((fault) => make("li", {},
        `${fault.kind} (${fault.stage}), ${fault.times === null ? "always" : `${fault.times} ×`}`, fault.hits ? `, struck ${fault.hits} ×` : ""))
        : [make("li", {}, "None.")]));
}

function clockPanel() {
    const advance = (seconds) => () => call("POST", "clock", { advance: seconds });
    const radio = (name, label) => make("label", { class: "choice" },
        make("input", {
            type: "radio", name: "limits", value: name, checked: limits === name,
            onchange: () => attempt(() => call("POST", "limits", { limits: name })),
        }), make("span", {}, label));
    const own = (what) => () => {
        const number = sessions.get(chosen)?.connections[0];
        if (number === undefined) throw new Error("No guest is chosen who is connected.");
        return call("POST", "connections", { number, do: what });
    };
    return [
        make("h3", {}, "Set the clock forward"),
        pressing([["1 minute", advance(60)], ["1 hour", advance(3_600)], ["1 day", advance(86_400)],
            ["To the end of this session", () => {
                if (chosen === null) throw new Error("No guest is chosen.");
                return call("POST", "clock", { toExpiryOf: chosen });
            }]]),
        make("h3", {}, "How often things may be done"),
        radio("documented", "as Genesys documents it"),
        radio("none", "as often as one likes"),
        make("h3", {}, "The connection of this guest"),
        pressing([["Reset", own("reset")], ["End (TCP)", own("fin")], ["Close frame", own("close")], ["Silence", own("silence")]]),
    ];
}

function framesPanel() {
    return [
        make("p", { class: "hint" }, "Newest first; secrets are masked. < is from a guest, > to one."),
        make("div", { class: "frames", id: "frames" }),
    ];
}

function showFrame(frame) {
    let text = frame.frame;
    let name = text;
    try {
        const fields = JSON.parse(text);
        text = JSON.stringify(fields, null, 2);
        name = fields.action ?? fields.class ?? name;
    } catch { /* it is shown as it is */ }
    const shown = at("frames");
    shown?.prepend(make("details", {},
        make("summary", {}, `${frame.time} ${frame.connection} ${frame.direction} ${name}`), make("pre", {}, text)));
    while (shown?.childElementCount > FRAMES_KEPT) shown.lastChild.remove();
}

function violationsPanel() {
    return violations.length
        ? [make("ul", { class: "plain" }, ...violations.map((sentence) => make("li", {}, sentence)))]
        : [make("p", { class: "hint" }, "None. They are recorded in strict mode only (simulate --strict).")];
}

const TABS = { faults: ["Faults", faultsPanel], clock: ["Clock & limits", clockPanel], frames: ["Frames", framesPanel], violations: ["Violations", violationsPanel] };

function showTools() {
    at("tabs").replaceChildren(...Object.entries(TABS).map(([name, [label]]) => make("button", {
        type: "button", role: "tab", "aria-selected": String(tab === name), onclick: () => { tab = name; showTools(); },
    }, name === "violations" && violations.length ? `${label} (${violations.length})` : label)));
    at("tools").replaceChildren(make("div", { class: "panel", role: "tabpanel" }, ...TABS[tab][1]()));
    if (tab === "faults") showActiveFaults();
    if (tab === "frames") frames.forEach(showFrame);
}

// -- places on a small screen, and keys

function go(place) {
    for (const each of ["guests", "talk", "tools"]) at(`place-${each}`).classList.toggle("here", each === place);
    for (const button of at("places").children) button.setAttribute("aria-current", String(button.dataset.place === place));
}

at("places").addEventListener("click", ({ target }) => target.dataset.place && go(target.dataset.place));
at("help").addEventListener("click", () => at("keys").showModal());

function step(by) {
    const numbers = [...at("guests").querySelectorAll("button")].map((button) => Number(button.dataset.session));
    if (!numbers.length) return;
    const index = numbers.indexOf(chosen);
    choose(numbers[Math.min(numbers.length - 1, Math.max(0, index < 0 ? 0 : index + by))]);
}

const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    "/": focusComposer,
    "?": () => at("keys").showModal(),
};

addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
        document.activeElement?.blur();
        return;
    }
    if (event.target.matches("input, textarea, select")) return;
    const names = Object.keys(KINDS);
    const action = KEYS[event.key] ?? (event.key >= "1" && event.key <= String(names.length)
        ? () => { setKind(names[Number(event.key) - 1]); focusComposer(); } : null);
    if (action) {
        event.preventDefault();
        action();
    }
});

setKind("text");
showTools();
setInterval(showClock, 1_000);
if (key) connect();
else askForKey("");
