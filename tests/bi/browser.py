"""The dashboard as a person sees it: Debian's Chromium, the filters chosen by clicking."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, Request, Response, expect, sync_playwright

from tests.bi.superset import Server

TIMEOUT_MS = 240_000
# As tall as the dashboard: charts out of sight are not drawn.
WINDOW = {"width": 1400, "height": 2700}
PICTURE = {"x": 0, "y": 0, "width": 1400, "height": 1475}


@dataclass
class Seen:
    charts: set[int] = field(default_factory=set)  # that the page asked for
    failed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)  # answers from another host
    errors: list[str] = field(default_factory=list)
    text: str = ""


def look(server: Server, campaign: str, period: str, picture: Path) -> Seen:
    """Logs in, chooses a campaign and a closing by the beginning of their names, takes the picture."""
    chromium = shutil.which("chromium")
    assert chromium, "make test-bi needs chromium: apt-get install chromium"
    seen = Seen()
    with sync_playwright() as playwright:
        playwright.selectors.set_test_id_attribute("data-test")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=WINDOW, locale="vi-VN")  # type: ignore[arg-type]
        page.set_default_timeout(TIMEOUT_MS)
        page.on("requestfinished", lambda request: _finished(request, server.url, seen))
        page.on("response", lambda response: _answered(response, seen))
        page.on("console", lambda said: seen.errors.append(said.text) if said.type == "error" else None)
        _open(page, server)
        _choose(page, 0, campaign)
        _choose(page, 1, period)
        page.get_by_test_id("filter-bar__apply-button").click()
        _settle(page)
        seen.text = page.inner_text("body")
        page.mouse.move(WINDOW["width"] / 2, WINDOW["height"] / 2)
        page.mouse.wheel(0, -WINDOW["height"])  # to the top; the clicks may have scrolled
        page.wait_for_timeout(1_000)
        page.screenshot(path=picture, clip=PICTURE)  # type: ignore[arg-type]
        browser.close()
    return seen


def _open(page: Page, server: Server) -> None:
    page.context.clear_cookies()
    page.goto(f"{server.url}/login/")
    page.locator("#username").fill("admin")
    page.locator("#password").fill(server.password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto(f"{server.url}/superset/dashboard/thi-dua/")
    _settle(page)


def _choose(page: Page, position: int, beginning: str) -> None:
    page.get_by_test_id("form-item-value").nth(position).locator(".ant-select").first.click()
    page.locator(f'.ant-select-item-option[title^="{beginning}"]:visible').first.click()
    page.keyboard.press("Escape")
    # The filters below ask for their values again.
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1_000)


def _settle(page: Page) -> None:
    """Until every chart is drawn. By locators alone: the policy of the page lets no script be made of text."""
    page.locator('[data-test="grid-container"] .dashboard-component-chart-holder').first.wait_for()
    for _ in range(2):  # charts ask once the filters have their values
        page.wait_for_load_state("networkidle")
        expect(page.get_by_test_id("loading-indicator")).to_have_count(0, timeout=TIMEOUT_MS)
    page.wait_for_timeout(2_000)  # ECharts' own animation


def _finished(request: Request, url: str, seen: Seen) -> None:
    if not request.url.startswith((url, "data:", "blob:")):
        seen.foreign.append(request.url)


def _answered(response: Response, seen: Seen) -> None:
    if "/api/v1/chart/data" not in response.url:
        return
    asked = json.loads(response.request.post_data or "{}").get("form_data", {})
    if asked.get("slice_id"):
        seen.charts.add(int(asked["slice_id"]))
    if response.status != 200:
        seen.failed.append(f"{asked.get('slice_id')}: {response.status}")
