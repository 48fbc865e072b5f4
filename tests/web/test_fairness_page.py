"""The fairness report in a browser: one follows the link, sees the charts, and opens a rep."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.conftest import Site


def test_the_plan_leads_to_its_report(reader: Page, site: Site) -> None:
    reader.goto(site.plan_page)
    reader.get_by_role("link", name="Fairness report").click()

    expect(reader).to_have_url(f"{site.plan_page}/fairness?version=1")
    expect(reader.get_by_role("heading", level=1)).to_have_text("Fairness report")


def test_every_unit_has_a_box_inside_the_chart(reader: Page, site: Site) -> None:
    reader.goto(f"{site.plan_page}/fairness")

    boxes = reader.locator(".box")
    expect(boxes).to_have_count(4)  # three units, and two reps of the company itself
    for box in boxes.all():
        frame, bar = box.bounding_box(), box.locator(".whole").bounding_box()
        assert frame
        assert bar
        assert frame["x"] - 1 <= bar["x"]
        assert bar["x"] + bar["width"] <= frame["x"] + frame["width"] + 1


def test_a_mark_leads_to_its_rep(reader: Page, site: Site) -> None:
    reader.goto(f"{site.plan_page}/fairness")
    expect(reader.locator(".mark")).to_have_count(len(site.reps))

    reader.locator('.mark[href*="/reps/solo"]').click()

    expect(reader.get_by_role("heading", level=1)).to_have_text("Solo")


def test_names_are_text_never_markup(reader: Page, site: Site) -> None:
    said: list[str] = []
    reader.on("dialog", lambda dialog: said.append(dialog.message))
    reader.goto(f"{site.plan_page}/fairness")

    expect(reader.get_by_text("Coast & <Hills>")).to_be_visible()
    assert said == []


@pytest.mark.parametrize("width", [320, 420])
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_a_narrow_window_does_not_scroll_sideways(
    browser: Browser, site: Site, language: str, width: int
) -> None:
    context = browser.new_context(locale=language, viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(f"{site.plan_page}/fairness")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
