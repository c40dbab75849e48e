"""The desk and the guest's page in Chromium. Left out unless asked for: ``python -m pytest -m browser``.

Needs Playwright (the extra ``browser``) and a Chromium of the distribution, as ``chromium`` on the path or in
``CHROMIUM``. Screenshots are kept in build/screenshots.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from genesys_webmessaging import Conversation
from genesys_webmessaging.simulator import Simulator

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PATIENCE = 10_000  # milliseconds
QUICK = 200  # milliseconds
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
ORIGIN = "https://shop.example"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mP8z8BQz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC"
)
WIDTHS = {"wide": {"width": 1280, "height": 800}, "narrow": {"width": 390, "height": 780}}


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert path is not None, "these tests need Chromium: install the package chromium, or name it in $CHROMIUM"
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def simulator():
    with Simulator(bot={"rules": [{"match": "bot?", "reply": "I am the bot"}]}) as running:
        yield running
        assert [str(violation) for violation in running.violations] == []


@pytest.fixture
def pages(chromium, simulator):
    """Pages of the simulator: pages("/desk#…", scheme="dark"). Nothing may be in the console or leave the server."""
    contexts, said, strangers = [], [], []
    here = urlsplit(simulator.restAddress).netloc

    def opened(path, **settings):
        context = chromium.new_context(viewport=WIDTHS["wide"], **settings)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("request", lambda request: strangers.append(request.url) if elsewhere(request.url, here) else None)
        page.goto(path if path.startswith("http") else simulator.restAddress + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert (said, strangers) == ([], [])


def elsewhere(url, here):
    parts = urlsplit(url)
    return parts.scheme not in ("data", "blob") and parts.netloc != here


@pytest.fixture
def desk(pages, simulator):
    return pages(simulator.deskAddress)


@pytest.fixture
def chat(simulator):
    """A guest in Python."""
    with Conversation.open(simulator.address, "demo", origin=ORIGIN) as conversation:
        yield conversation


def choose(desk, number=1):
    desk.locator(f'.guests [data-session="{number}"]').click()
    desk.locator("#composer").wait_for()


def say(desk, kind, **fields):
    desk.get_by_role("button", name=kind, exact=True).click()
    for name, value in fields.items():
        desk.locator(f"#say-{name}").fill(value)
    desk.locator("#composer button.main").click()


def log(page):
    return page.locator("#log")


def write(guest, text):
    guest.get_by_label("Message").fill(text)
    guest.get_by_label("Message").press("Enter")


def test_what_a_guest_writes_is_on_the_desk_at_once(pages, desk):
    guest = pages("/guest")
    guest.locator("#state.good").wait_for()
    choose(desk)
    took = []
    for number in range(5):
        text = f"message {number}"
        seen = """text => { window.seen = new Promise(resolve => new MutationObserver(() => {
            if (document.getElementById("log").textContent.includes(text)) resolve(Date.now());
        }).observe(document.getElementById("log"), {childList: true, subtree: true})); }"""
        desk.evaluate(seen, text)
        sent = """text => { document.getElementById("text").value = text;
            document.getElementById("composer").requestSubmit(); return Date.now(); }"""
        started = guest.evaluate(sent, text)
        took.append(desk.evaluate("window.seen") - started)
        log(guest).get_by_text(text).wait_for()
    assert sorted(took)[len(took) // 2] < QUICK, took


def test_an_agent_says_everything_there_is_and_the_guests_model_is_right(desk, chat):
    choose(desk)
    say(desk, "Text", text="Good morning")
    assert chat.receive(timeout=5).text == "Good morning"
    say(desk, "Quick replies", text="Sure?", lines="Yes\nNo")
    message = chat.receive(timeout=5)
    assert [item.quickReply.text for item in message.content] == ["Yes", "No"]
    say(desk, "Card", title="Hat", description="Straw", image="https://shop.example/hat.png", lines="Buy\nMore")
    card = chat.receive(timeout=5).content[0].card
    assert (card.title, card.image, [action.text for action in card.actions]) == (
        "Hat",
        "https://shop.example/hat.png",
        ["Buy", "More"],
    )
    say(desk, "Carousel", lines="One\nFirst\nA\n\nTwo\nSecond\nB")
    assert [each.title for each in chat.receive(timeout=5).content[0].carousel.cards] == ["One", "Two"]
    say(desk, "Date", title="When?")
    picker = chat.receive(timeout=5).content[0].datePicker
    assert (picker.title, len(picker.availableTimes)) == ("When?", 3)
    say(desk, "List", title="What?", lines="Bicycle\nCity\nCargo\n\nWork *\nOil\nWash")
    sections = chat.receive(timeout=5).content[0].listPicker.sections
    assert [(each.title, each.multipleSelection) for each in sections] == [("Bicycle", False), ("Work", True)]
    say(desk, "Form", title="You", lines="Name *\nNote: long\nDay: date\nSize: wheel S, L\nParts: list Rim, Hub")
    (page,) = chat.receive(timeout=5).content[0].form.formPages
    assert [str(each.formComponentType) for each in page.pageComponents] == [
        "Input",
        "Input",
        "DatePicker",
        "WheelPicker",
        "ListPicker",
    ]
    assert page.pageComponents[0].input.isRequired is True
    desk.get_by_role("button", name="File", exact=True).click()
    desk.locator("#say-file").set_input_files({"name": "red.png", "mimeType": "image/png", "buffer": PNG})
    desk.locator("#say-text").fill("A picture")
    desk.locator("#composer button.main").click()
    message = chat.receive(timeout=5)
    file = message.content[0].attachment
    assert (message.text, file.filename, file.mime, file.fileSize) == ("A picture", "red.png", "image/png", len(PNG))
    log(desk).get_by_role("img", name="red.png").wait_for()
    log(desk).get_by_text("Picture: https://shop.example/hat.png").wait_for()


def test_a_guest_answers_every_offer(pages, simulator):
    guest = pages("/guest")
    guest.locator("#state.good").wait_for()
    with simulator.agent() as agent:
        agent.quickReplies("Sure?", ["Yes", "No"])
        log(guest).get_by_role("button", name="Yes").click()
        assert agent.received("Yes").payload == "Yes"
        agent.card("Hat", actions=["Buy"])
        log(guest).get_by_role("button", name="Buy").click()
        assert agent.received("Buy").content[0]["buttonResponse"]["type"] == "Button"
        offer = agent.datePicker(["2030-01-07T09:00:00.000Z"])
        log(guest).get_by_role("button", name=re.compile("2030")).click()
        picked = agent.received()
        assert (picked.payload, picked.metadata["parentMessageId"]) == ("2030-01-07T09:00:00.000Z", offer.id)
        sections = [
            {"title": "One", "items": ["City"]},
            {"title": "Some", "multipleSelection": True, "items": ["A", "B"]},
        ]
        offer = agent.listPicker(sections)
        for item in ("City", "A", "B"):
            log(guest).get_by_label(item, exact=True).check()
        log(guest).get_by_role("button", name="Choose").click()
        given = [item["buttonResponse"] for item in agent.received().content]
        assert [each["payload"] for each in given] == ["City", "A", "B"]
        assert {each["originatingMessageId"] for each in given} == {offer.id}
        components = [
            {"input": {"id": "name", "title": "Name", "isRequired": True}},
            {"datePicker": {"id": "day", "title": "Day"}},
            {"wheelPicker": {"id": "size", "items": ["S", "L"]}},
        ]
        offer = agent.form([{"title": "You", "pageComponents": components}], cannedResponseId="canned")
        form = log(guest).locator("form")
        form.get_by_label("Name").fill("Ilo")
        form.locator("input[type=date]").fill("2030-12-24")
        form.get_by_role("button", name="Send").click()
        answered = agent.received().content[0]["form"]
        assert (answered["originatingMessageId"], answered["cannedResponseId"]) == (offer.id, "canned")
        assert [(each["id"], each["component"]["buttonResponse"]["payload"]) for each in answered["response"]] == [
            ("name", "Ilo"),
            ("day", "2030-12-24T00:00:00.000Z"),
            ("size", ""),
        ]
        guest.locator("#file").set_input_files({"name": "red.png", "mimeType": "image/png", "buffer": PNG})
        assert agent.received().content[0]["attachment"]["filename"] == "red.png"
        log(guest).get_by_role("img", name="red.png").wait_for()


def test_both_sides_see_the_other_one_type(pages, desk):
    guest = pages("/guest")
    guest.locator("#state.good").wait_for()
    choose(desk)
    guest.get_by_label("Message").press_sequentially("hm")
    desk.locator("#typing", has_text="The guest is typing").wait_for()
    desk.locator("#say-text").press_sequentially("oh")
    guest.locator("#typing", has_text="is typing").wait_for()
    desk.locator("#say-text").press("Enter")
    log(guest).get_by_text("oh").wait_for()
    guest.locator("#typing", has_text=re.compile("^$")).wait_for(state="attached")


def test_an_agent_ends_the_conversation_and_the_guest_begins_another(pages, desk):
    guest = pages("/guest")
    guest.locator("#state.good").wait_for()
    choose(desk)
    say(desk, "Text", text="Goodbye")
    desk.get_by_role("button", name="End chat").click()
    guest.get_by_text("The conversation has ended").wait_for()
    assert guest.get_by_label("Message").is_disabled()
    desk.locator("#talk-state", has_text="read-only").wait_for()
    guest.get_by_role("button", name="New chat").click()
    desk.locator('.guests [data-session="2"]').wait_for()
    write(guest, "here again")
    choose(desk, 2)
    log(desk).get_by_text("here again").wait_for()


def test_a_guest_is_given_back_to_the_bot(pages, desk):
    guest = pages("/guest")
    guest.locator("#state.good").wait_for()
    choose(desk)
    desk.get_by_role("button", name="Take over from the bot").click()
    desk.get_by_role("button", name="Hand over to the bot").wait_for()
    write(guest, "not a bot?")
    log(desk).get_by_text("not a bot?").wait_for()
    desk.get_by_role("button", name="Hand over to the bot").click()
    desk.get_by_role("button", name="Take over from the bot").wait_for()
    write(guest, "a bot?")
    log(guest).get_by_text("I am the bot").wait_for()
    assert log(guest).get_by_text("I am the bot").count() == 1


def test_two_desks_see_the_same(pages, simulator, desk, chat):
    other = pages(simulator.deskAddress)
    choose(desk)
    choose(other)
    say(desk, "Text", text="from one desk")
    log(other).get_by_text("from one desk").wait_for()
    chat.send("to both")
    for each in (desk, other):
        log(each).get_by_text("to both").wait_for()
    desk.get_by_role("button", name="Lose an echo").click()
    other.locator("#active-faults", has_text="lose").wait_for()


def test_faults_clock_limits_frames_and_violations_are_at_hand(desk, chat, simulator):
    choose(desk)
    desk.get_by_role("button", name="Send a frame twice").click()
    desk.locator("#active-faults", has_text="duplicate").wait_for()
    desk.get_by_role("button", name="Let everything go well again").click()
    desk.locator("#active-faults", has_text="None").wait_for()
    assert simulator.faults.active == []
    desk.get_by_role("tab", name="Clock & limits").click()
    before = simulator.clock.now()
    with desk.expect_response("**/simulator/clock"):
        desk.get_by_role("button", name="1 hour").click()
    assert simulator.clock.now() - before > 3_599
    with desk.expect_response("**/simulator/limits"):
        desk.get_by_label("as Genesys documents it").check()
    assert simulator.world.deployments["demo"].limits is not None
    desk.get_by_role("tab", name="Frames").click()
    chat.send("a secret is not here")
    desk.locator("#frames", has_text="onMessage").wait_for()
    assert chat.token not in desk.content()
    desk.get_by_role("tab", name="Violations").click()
    desk.get_by_text("They are recorded in strict mode only").wait_for()


def test_what_a_guest_says_is_shown_and_never_run(pages, desk, chat):
    choose(desk)
    evil = '<img src=x onerror="document.title=1"><script>document.title=2</script> & <b>bold</b>'
    chat.send(evil)
    log(desk).get_by_text(evil).wait_for()
    guest = pages("/guest")
    guest.locator("#state.good").wait_for()
    write(guest, evil)
    log(guest).get_by_text(evil).wait_for()
    choose(desk, 2)
    desk.locator("#place-tools").get_by_role("tab", name="Frames").click()
    say(desk, "Card", title=evil, lines="javascript:alert(1)")
    log(desk).locator("strong", has_text="<b>bold</b>").wait_for()
    assert [page.title() for page in (desk, guest)] == ["Desk, Genesys simulator", "Guest, Genesys simulator"]
    assert log(desk).locator("b, script, img").count() == 0


def wait_for_an_empty_composer(desk):
    """What was sent has been taken, and the first field is empty and has the focus."""
    desk.wait_for_function("document.activeElement.id === 'say-text' && document.activeElement.value === ''")


def test_the_desk_is_used_from_the_keyboard(pages, desk, chat, simulator):
    pages("/guest").locator("#state.good").wait_for()
    desk.locator(".guests button").nth(1).wait_for()
    desk.keyboard.press("j")
    desk.locator("#talk-title", has_text="Guest 2").wait_for()
    desk.keyboard.press("j")
    desk.locator("#talk-title", has_text="Guest 1").wait_for()
    desk.keyboard.press("/")
    desk.keyboard.type("no mouse needed")
    desk.keyboard.press("Enter")
    assert chat.receive(timeout=5).text == "no mouse needed"
    wait_for_an_empty_composer(desk)
    desk.keyboard.press("Escape")
    desk.keyboard.press("2")
    desk.locator("#say-lines").wait_for()
    desk.keyboard.type("Really?")
    desk.keyboard.press("Tab")
    desk.keyboard.type("Yes")
    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")
    assert chat.receive(timeout=5).content[0].quickReply.text == "Yes"
    wait_for_an_empty_composer(desk)
    desk.keyboard.press("Escape")
    desk.keyboard.press("?")
    desk.get_by_role("dialog").wait_for()


def test_the_desk_asks_for_a_key_that_it_does_not_have(chromium, simulator):
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{simulator.restAddress}/desk#wrong-key")
    page.get_by_text("This key does not open it").wait_for()
    page.get_by_label("Key", exact=True).fill(simulator.token)
    page.get_by_role("button", name="Open the desk").click()
    page.locator("#state.good").wait_for()
    context.close()


def test_pages_look_right_in_both_widths_and_schemes(pages, simulator):
    """Keeps the pictures for people to look at; what a program can see is that nothing is wider than the page."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        guest = pages("/guest", color_scheme=scheme)
        guest.locator("#state.good").wait_for()
        desk = pages(simulator.deskAddress, color_scheme=scheme)
        choose(desk, simulator.sessions[-1].number)
        write(guest, "Hello, my rear wheel wobbles")
        with simulator.agent(name="Kim", token=simulator.sessions[-1].token) as agent:
            agent.quickReplies("Which wheel?", ["Front", "Rear"])
            agent.card("Sun hat", "Straw, one size", "https://shop.example/hat.png", ["Order it"])
            agent.attach("red.png", PNG, text="A picture")
            agent.datePicker(["2030-01-07T09:00:00.000Z", "2030-01-07T10:00:00.000Z"], title="When?")
        for name, page in (("desk", desk), ("guest", guest)):
            log(page).get_by_text("When?").wait_for()
            for width, viewport in WIDTHS.items():
                page.set_viewport_size(viewport)
                assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, width)
                page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}-{width}.png")
