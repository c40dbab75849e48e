"""The HTML report in a real browser: nothing in its console, nothing asked of anybody, readable at two widths."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from genesys_webmessaging.scenarios import Places, Runner, load
from genesys_webmessaging.scenarios.reports import as_html

SAMPLES = Path(__file__).parents[2] / "samples" / "scenarios"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 400])
def test_the_report_works_from_a_file_and_asks_nobody(tmp_path: Path, width: int):
    from playwright.sync_api import sync_playwright

    paths = [SAMPLES / f"{name}.scenario.yaml" for name in ("hours", "order", "fails")]
    with Places() as places:
        results = Runner(places).run_all([scenario for path in paths for scenario in load(path).scenarios])
    report = tmp_path / "report.html"
    report.write_text(as_html(results), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": 900})
        told: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(report.as_uri())
        assert page.title().startswith("1 failed")
        assert page.locator("details[open]").count() == 1  # what failed is open
        page.locator("#failures").check()
        assert page.locator("details.passed").first.is_hidden()
        page.locator("#failures").uncheck()
        page.locator("nav.bar a").first.click()
        assert page.locator("details").first.get_attribute("open") is not None
        page.locator("ol.steps a").first.click()
        assert page.locator(".message:target").is_visible()
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        page.screenshot(path=str(tmp_path / f"report-{width}.png"), full_page=True)
        browser.close()
    assert told == []
    assert asked == [report.as_uri()]
    assert overflow <= 0
