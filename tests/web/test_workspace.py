"""The pages in a browser: what people see, point at and open."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.web.conftest import NAMES, Site


@contextmanager
def window(browser: Browser, **options: object) -> Iterator[Page]:
    context = browser.new_context(**options)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def minor(amounts: Locator) -> list[int]:
    return [int(amount) for amount in amounts.evaluate_all("all => all.map(a => a.dataset.minor)")]


def cents(shown: str) -> int:
    """`−$1,234.50` is -123450."""
    digits = re.sub(r"[^0-9−]", "", shown).replace("−", "-")
    return int(digits)


class TestPlans:
    def test_lists_the_plan_and_leads_to_it(self, reader: Page, site: Site) -> None:
        reader.goto(site.address)

        row = reader.get_by_role("row").filter(has_text="FY27")
        expect(row).to_contain_text("published")
        expect(row).to_contain_text("$2,000,000")
        row.get_by_role("link").click()

        expect(reader).to_have_url(site.plan_page)
        expect(reader.get_by_role("heading", level=1)).to_have_text("FY27 <b>& more</b>")


class TestChart:
    def test_draws_one_mark_per_rep(self, reader: Page, site: Site) -> None:
        reader.goto(site.plan_page)

        expect(reader.locator(".mark")).to_have_count(len(site.reps))
        places = reader.locator(".mark").evaluate_all("all => all.map(m => m.dataset.rep)")
        assert sorted(places) == sorted(site.reps)

    def test_marks_lie_inside_their_panel(self, reader: Page, site: Site) -> None:
        reader.goto(site.plan_page)

        for panel in (".plot:not(.low)", ".plot.low"):
            frame = reader.locator(panel).bounding_box()
            assert frame
            for mark in reader.locator(f"{panel} a").all():
                box = mark.bounding_box()
                assert box
                assert frame["x"] <= box["x"] + box["width"] / 2 <= frame["x"] + frame["width"]
                assert frame["y"] <= box["y"] + box["height"] / 2 <= frame["y"] + frame["height"]

    def test_shows_what_holds_a_rep_by_form(self, reader: Page, site: Site) -> None:
        reader.goto(site.plan_page)

        expect(reader.locator('.mark[data-rep="ada"] use')).to_have_attribute("href", "#mark-cap")
        expect(reader.locator('.mark[data-rep="bob"] use')).to_have_attribute("href", "#mark-floor")
        expect(reader.locator('.mark[data-rep="cleo"] use')).to_have_attribute(
            "href", "#mark-fixed"
        )
        expect(reader.locator('.mark[data-rep="east-1"] use')).to_have_attribute(
            "href", "#mark-unit"
        )
        expect(reader.locator('.mark[data-rep="solo"] use')).to_have_attribute("href", "#mark-none")

    def test_pointing_at_a_mark_tells_the_name_and_the_figures(
        self, reader: Page, site: Site
    ) -> None:
        reader.goto(site.plan_page)

        reader.locator('.mark[data-rep="ada"]').hover()

        tip = reader.locator(".tip")
        expect(tip).to_contain_text(NAMES["ada"])
        expect(tip).to_contain_text("Quota: $103,000.00")
        expect(tip).to_contain_text("Growth: +3.0%")
        expect(tip).to_contain_text("Limiting rule: upper limit")

    def test_clicking_a_mark_opens_the_rep(self, reader: Page, site: Site) -> None:
        reader.goto(site.plan_page)

        reader.locator('.mark[data-rep="solo"]').click()

        expect(reader.get_by_role("heading", level=1)).to_have_text("Solo")

    def test_a_line_of_the_table_lights_its_mark(self, reader: Page, site: Site) -> None:
        reader.goto(site.plan_page)

        reader.locator('tr[data-rep="solo"]').hover()

        expect(reader.locator('.mark[data-rep="solo"]')).to_have_class(re.compile(r"\blit\b"))


class TestTree:
    def test_closes_and_opens_a_unit_in_place(self, reader: Page, site: Site) -> None:
        reader.goto(site.plan_page)
        unit = reader.get_by_role("link", name="West", exact=True)
        inner = reader.locator('tr[data-rep="ada"]')
        expect(inner).to_be_visible()

        unit.click()
        expect(inner).to_be_hidden()
        expect(unit).to_have_attribute("aria-expanded", "false")

        unit.press("Space")
        expect(inner).to_be_visible()
        expect(reader).to_have_url(site.plan_page)

    def test_a_unit_that_was_closed_stays_closed_when_its_parent_opens_again(
        self, reader: Page, site: Site
    ) -> None:
        reader.goto(site.plan_page)
        outer = reader.get_by_role("link", name="West", exact=True)
        inner = reader.get_by_role("link", name="Coast & <Hills>")

        inner.click()
        outer.click()
        outer.click()

        expect(inner).to_be_visible()
        expect(reader.locator('tr[data-rep="ada"]')).to_be_hidden()
        expect(reader.locator('tr[data-rep="west-1"]')).to_be_visible()

    def test_finds_a_rep_by_name_and_by_rule(self, reader: Page, site: Site) -> None:
        reader.goto(site.plan_page)

        reader.get_by_role("searchbox").fill("丹")
        reader.get_by_role("button", name="Show").click()
        expect(reader.locator("tr.rep")).to_have_count(1)
        expect(reader.locator("tr.rep")).to_contain_text(NAMES["dan"])

        reader.get_by_role("link", name="All quotas").click()
        reader.get_by_label("Limiting rule").select_option("fixed")
        reader.get_by_role("button", name="Show").click()
        expect(reader.locator("tr.rep")).to_have_count(1)
        expect(reader.locator("tr.rep")).to_have_attribute("data-rep", "cleo")

    def test_shows_no_markup_of_names_as_markup(self, reader: Page, site: Site) -> None:
        reader.goto(site.plan_page)

        for rep, name in NAMES.items():
            expect(reader.locator(f'tr[data-rep="{rep}"] th')).to_have_text(name)
        expect(reader.locator("main script, main b")).to_have_count(0)


class TestRep:
    @pytest.mark.parametrize("rep", ["ada", "bob", "cleo", "east-1", "solo", "a/b?c#d"])
    def test_the_parts_add_up_to_the_quota(self, reader: Page, site: Site, rep: str) -> None:
        reader.goto(f"{site.plan_page}/reps/{quote(rep, safe='')}")

        *parts, quota = minor(reader.locator("[data-minor]"))
        assert sum(parts) == quota
        shown = [cents(text) for text in reader.locator("[data-minor]").all_inner_texts()]
        assert shown == [*parts, quota]

    def test_says_which_rule_holds_and_what_others_grow(self, reader: Page, site: Site) -> None:
        reader.goto(f"{site.plan_page}/reps/ada")

        expect(reader.locator("main")).to_contain_text("Held at the upper limit of $103,000.00")
        growths = reader.get_by_role("table").nth(1).get_by_role("row")
        expect(growths.nth(1)).to_contain_text("+3.0%")
        expect(growths.nth(2)).to_contain_text("Coast & <Hills>")
        expect(growths.nth(3)).to_contain_text("Company")

    def test_leads_back_to_its_unit(self, reader: Page, site: Site) -> None:
        reader.goto(f"{site.plan_page}/reps/ada")

        reader.get_by_role("link", name="Coast & <Hills>").click()

        expect(reader.locator('tr[data-rep="ada"]')).to_be_visible()


class TestLanguage:
    def test_speaks_the_browsers_language(self, browser: Browser, site: Site) -> None:
        with window(browser, locale="zh-CN") as page:
            page.goto(site.plan_page)

            expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
            expect(page.get_by_role("heading", name="指标与基准业绩")).to_be_visible()
            expect(page.locator(".headline")).to_contain_text("200 万美元")

    def test_remembers_the_language_that_was_chosen(self, browser: Browser, site: Site) -> None:
        with window(browser, locale="en-US") as page:
            page.goto(site.plan_page)
            page.get_by_role("link", name="中文").click()
            expect(page.get_by_role("heading", name="指标与基准业绩")).to_be_visible()

            page.goto(site.address)

            expect(page.get_by_role("heading", level=1)).to_have_text("方案")


class TestWithoutScripts:
    def test_everything_but_the_pointing_works(self, browser: Browser, site: Site) -> None:
        with window(browser, locale="en-US", java_script_enabled=False) as page:
            page.goto(site.plan_page)
            expect(page.locator(".mark")).to_have_count(len(site.reps))

            page.get_by_role("link", name="West", exact=True).click()
            expect(page).to_have_url(re.compile("unit=west"))
            page.locator('.mark[data-rep="solo"]').click()

            expect(page.get_by_role("heading", level=1)).to_have_text("Solo")


class TestAccessibility:
    @pytest.mark.parametrize(
        "path", ["/", "/plans/{plan}", "/plans/{plan}/fairness", "/plans/{plan}/reps/ada"]
    )
    def test_every_control_has_a_name_and_headings_do_not_skip(
        self, reader: Page, site: Site, path: str
    ) -> None:
        reader.goto(site.address + path.format(plan=site.plan))

        nameless = reader.evaluate(
            """() => [...document.querySelectorAll("a[href], button, input, select")]
              .filter(e => e.type !== "hidden" && !e.closest("[role=img], [aria-hidden=true]"))
              .filter(e => !e.labels?.length && !e.ariaLabel && !e.textContent.trim())
              .map(e => e.outerHTML)"""
        )
        assert nameless == []
        levels = reader.evaluate(
            "() => [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])"
        )
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert levels.count(1) == 1

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_text_stands_out_from_the_paper(
        self, browser: Browser, site: Site, scheme: str
    ) -> None:
        """WCAG asks for a contrast of 4.5 for text and of 3 for the marks of a chart."""
        with window(browser, locale="en-US", color_scheme=scheme) as page:
            page.goto(site.plan_page)

            contrasts = page.evaluate(CONTRASTS)

        assert {name: ratio for name, ratio in contrasts["text"].items() if ratio < 4.5} == {}
        assert {name: ratio for name, ratio in contrasts["marks"].items() if ratio < 3} == {}

    @pytest.mark.parametrize("width", [320, 390, 768])
    def test_a_narrow_window_does_not_scroll_sideways(
        self, browser: Browser, site: Site, width: int
    ) -> None:
        with window(browser, locale="zh-CN", viewport={"width": width, "height": 800}) as page:
            for path in ("/", f"/plans/{site.plan}", f"/plans/{site.plan}/reps/ada"):
                page.goto(site.address + path)
                assert page.evaluate("document.documentElement.scrollWidth") <= width


CONTRASTS = """() => {
  const style = getComputedStyle(document.documentElement);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const luminance = (name) => {
    canvas.fillStyle = style.getPropertyValue(name).trim();
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = luminance("--paper");
  const contrast = (name) => {
    const own = luminance(name);
    return (Math.max(own, paper) + 0.05) / (Math.min(own, paper) + 0.05);
  };
  const of = (names) => Object.fromEntries(names.map((name) => [name, contrast(name)]));
  return {
    text: of(["--ink", "--quiet", "--accent", "--good", "--bad"]),
    marks: of(["--none", "--cap", "--floor", "--fixed", "--unit", "--across", "--amended"]),
  };
}"""
