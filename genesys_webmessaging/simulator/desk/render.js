// A message as a guest sees it, as elements of a page. What a message says is only ever text: nothing of it is markup.

/** Make an element: make("button", {class: "main", onclick: f}, "Send"). */
export function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        if (value === undefined || value === null || value === false) continue;
        if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
        else if (key === "class") element.className = value;
        else if (key in element && typeof value !== "string") element[key] = value;
        else element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== undefined && child !== null && child !== ""));
    return element;
}

/** The time of day in an ISO 8601 time. */
export function timeOfDay(text, options = { hour: "2-digit", minute: "2-digit" }) {
    const time = new Date(text);
    return isNaN(time) ? "" : time.toLocaleTimeString([], options);
}

/** Whether somebody reads the end of a log, give or take a picture. */
export function isAtEnd(log) {
    return log.scrollHeight - log.scrollTop - log.clientHeight < 320;
}

/** Show the end of a log, unless somebody reads further up. */
export function toEnd(log, always = false) {
    if (log && (always || isAtEnd(log))) log.scrollTop = log.scrollHeight;
}

function webAddress(text) {
    try {
        const url = new URL(text, location.href);
        return ["http:", "https:"].includes(url.protocol) ? url : null;
    } catch {
        return null;
    }
}

function link(text, label) {
    const url = webAddress(text);
    if (!url) return make("span", { class: "address" }, String(text));
    return make("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" }, label ?? String(text));
}

/** A picture of this server; that of another server is shown as its address, and not asked for. */
function picture(address, description) {
    const url = webAddress(address);
    if (url && url.origin === location.origin) {
        return make("img", { class: "picture", src: url.href, alt: description ?? "", onload: ({ target }) => toEnd(target.closest(".log")) });
    }
    return make("div", { class: "address" }, "Picture: ", String(address));
}

function heading(thing) {
    return [
        thing.imageUrl && picture(thing.imageUrl),
        thing.title && make("strong", {}, thing.title),
        thing.subtitle && make("div", { class: "hint" }, thing.subtitle),
    ].filter(Boolean);
}

function attachment(file) {
    const name = file.filename ?? file.fileName ?? "a file";
    const size = file.fileSize ? ` (${Math.max(1, Math.round(file.fileSize / 1024))} KB)` : "";
    const own = file.url && webAddress(file.url)?.origin === location.origin;
    const shown = own && (file.mime ?? "").startsWith("image/") ? picture(file.url, name) : null;
    const named = file.url ? link(file.url, name) : make("span", {}, name);
    return make("div", { class: "part card" }, shown, make("div", {}, named, size));
}

function card(content, answer) {
    const actions = (content.actions ?? []).map((action) =>
        action.type === "Link"
            ? link(action.url, action.text)
            : make("button", { disabled: !answer, onclick: () => answer("Button", action) }, action.text));
    return make("div", { class: "card" },
        content.image && picture(content.image, content.title),
        content.title && make("strong", {}, content.title),
        content.description && make("div", {}, content.description),
        content.video && make("div", { class: "address" }, `Film: ${content.video}`),
        content.defaultAction?.url && link(content.defaultAction.url),
        make("div", { class: "buttons" }, ...actions));
}

function datePicker(picker, answer) {
    const slots = (picker.availableTimes ?? []).map((slot) => {
        const time = new Date(slot.dateTime);
        const text = isNaN(time) ? String(slot.dateTime) : time.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
        return make("button", {
            disabled: !answer,
            title: slot.duration ? `${Math.round(slot.duration / 60)} minutes` : "",
            onclick: () => answer("DatePicker", { text, payload: slot.dateTime }),
        }, text);
    });
    return make("div", { class: "part card" }, ...heading(picker), make("div", { class: "buttons" }, ...slots));
}

function sections(picker, name, disabled) {
    return (picker.sections ?? []).map((section, number) => make("fieldset", {},
        section.title && make("legend", {}, section.title),
        ...(section.items ?? []).map((item) => make("label", { class: "choice" },
            make("input", {
                type: section.multipleSelection ? "checkbox" : "radio",
                name: `${name}-${number}`, value: item.id, "data-text": item.title, disabled,
            }),
            make("span", {}, item.title, item.subtitle && ` – ${item.subtitle}`)))));
}

function chosen(place) {
    return [...place.querySelectorAll("input:checked")].map((input) => ({ text: input.dataset.text, payload: input.value }));
}

let count = 0;

function listPicker(picker, answer) {
    const name = `list-${++count}`;
    const send = make("button", { class: "main", disabled: !answer }, picker.receivedMessage?.buttonLabel ?? "Choose");
    const box = make("div", { class: "part card" }, ...heading(picker.receivedMessage ?? {}),
        ...sections(picker, name, !answer), send);
    send.addEventListener("click", () => {
        const items = chosen(box);
        if (items.length) answer("ListPicker", { items, text: picker.replyMessage?.subtitle ?? "" });
    });
    return box;
}

function component(part, disabled) {
    const kind = part.formComponentType;
    const thing = part.input ?? part.datePicker ?? part.listPicker ?? part.wheelPicker ?? {};
    const name = `form-${++count}`;
    const read = {};
    let field;
    if (kind === "Input") {
        const limit = thing.isMultipleLine ? 300 : 30;
        field = make(thing.isMultipleLine ? "textarea" : "input", {
            placeholder: thing.placeholderText ?? "", required: !!thing.isRequired, maxLength: limit, disabled,
        });
        read.answers = () => (field.value ? [{ text: field.value, payload: field.value }] : []);
    } else if (kind === "DatePicker") {
        field = make("input", {
            type: "date", required: true, disabled,
            min: (thing.dateMinimum ?? "").slice(0, 10), max: (thing.dateMaximum ?? "").slice(0, 10),
        });
        read.answers = () => [{ text: field.value, payload: `${field.value}T00:00:00.000Z` }];
    } else if (kind === "WheelPicker") {
        field = make("select", { disabled }, make("option", { value: "" }, "–"),
            ...(thing.items ?? []).map((item) => make("option", { value: item.id }, item.title)));
        read.answers = () => [field.value
            ? { text: field.selectedOptions[0].textContent, payload: field.value } : { text: "", payload: "" }];
    } else if (kind === "ListPicker") {
        const fields = sections(thing, name, disabled);
        const box = make("div", {}, ...heading(thing.receivedMessage ?? {}), ...fields);
        read.answers = () => (chosen(box).length ? chosen(box) : [{ text: "", payload: "" }]);
        return { id: thing.id, element: box, ...read };
    } else {
        return { id: thing.id, element: make("div", { class: "address" }, `A ${kind}`), answers: () => [] };
    }
    const label = make("label", {},
        make("span", {}, thing.title ?? thing.id, thing.isRequired && " *", thing.subtitle && ` – ${thing.subtitle}`), field);
    return { id: thing.id, element: label, ...read };
}

function form(asked, answer) {
    const parts = (asked.formPages ?? []).map((page) => ({
        page, components: (page.pageComponents ?? []).map((part) => component(part, !answer)),
    }));
    const box = make("form", { class: "part card" },
        ...heading(asked.introduction ?? asked.receivedMessage ?? {}),
        ...parts.map(({ page, components }) => make("fieldset", {},
            page.title && make("legend", {}, page.title),
            page.subtitle && make("div", { class: "hint" }, page.subtitle),
            ...components.map((each) => each.element))),
        make("button", { class: "main", type: "submit", disabled: !answer }, "Send"));
    box.addEventListener("submit", (event) => {
        event.preventDefault();
        const response = parts.flatMap(({ components }) => components.flatMap((each) =>
            each.answers().map((given) => ({
                id: each.id,
                component: { contentType: "ButtonResponse", buttonResponse: { type: "Form", ...given } },
            }))));
        answer("Form", { cannedResponseId: asked.cannedResponseId, response, text: asked.replyMessage?.title ?? "" });
    });
    return box;
}

function formAnswer(given) {
    const answers = (given.response ?? []).map((each) =>
        make("div", {}, make("span", { class: "hint" }, `${each.id}: `), each.component?.buttonResponse?.text || "–"));
    return make("div", { class: "part card" }, make("strong", {}, "Form"), ...answers);
}

function part(item, inbound, text, answer) {
    switch (item.contentType) {
    case "Attachment": return attachment(item.attachment ?? {});
    case "Card": return make("div", { class: "part" }, card(item.card ?? {}, answer));
    case "Carousel":
        return make("div", { class: "part cards" }, ...(item.carousel?.cards ?? []).map((each) => card(each, answer)));
    case "DatePicker": return datePicker(item.datePicker ?? {}, answer);
    case "ListPicker": return listPicker(item.listPicker ?? {}, answer);
    case "Form": return inbound ? formAnswer(item.form ?? {}) : form(item.form ?? {}, answer);
    case "ButtonResponse": {
        const said = item.buttonResponse?.text ?? "";
        return said && said !== text ? make("div", { class: "bubble part" }, said) : null;
    }
    default: return make("pre", { class: "part card" }, JSON.stringify(item, null, 2));
    }
}

function eventWords(event) {
    const type = event.presence?.type ?? event.coBrowse?.type ?? event.video?.type ?? "";
    const known = { Join: "The guest has joined", Disconnect: "The other side has left", Clear: "The guest has cleared the conversation", SignIn: "The guest has signed in" };
    return known[type] ?? `${event.eventType ?? "Event"} ${type}`.trim();
}

/**
 * A message.
 *
 * mine: the direction that stands on the right. answer(kind, given): what a button does; without it buttons do nothing.
 */
export function renderMessage(message, { mine, answer }) {
    if (message.type === "Event") {
        const words = (message.events ?? []).map(eventWords).join(", ");
        const readOnly = message.metadata?.readOnly === "true" ? "; the guest may only read now" : "";
        return make("div", { class: "event" }, words + readOnly);
    }
    const inbound = message.direction === "Inbound";
    const content = message.content ?? [];
    const quick = content.filter((item) => item.contentType === "QuickReply" || (!inbound && item.contentType === "ButtonResponse"));
    const others = content.filter((item) => !quick.includes(item));
    const from = message.channel?.from ?? {};
    const name = from.nickname ?? from.firstName ?? { Human: "Agent", Bot: "Bot" }[message.originatingEntity] ?? (inbound ? "Guest" : "");
    const replies = quick.map((item) => item.quickReply ?? item.buttonResponse ?? {}).map((reply) =>
        make("button", { disabled: !answer, onclick: () => answer("QuickReply", reply) }, reply.text ?? ""));
    return make("div", { class: `message${message.direction === mine ? " mine" : ""}` },
        make("div", { class: "who" }, [name, timeOfDay(message.channel?.time)].filter(Boolean).join(", ")),
        message.text && make("div", { class: "bubble" }, message.text),
        ...others.map((item) => part(item, inbound, message.text, answer)),
        replies.length ? make("div", { class: "part buttons" }, ...replies) : null);
}
