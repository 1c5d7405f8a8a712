"""The report in headless Chromium."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from spark_app.jobs.organic_share import report
from spark_app.report import render_report
from tests.report import report_data as data
from tests.report.chromium import Opened, chromium, needs_chromium

EVIL = "<script>alert(1)</script>"

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def write(folder: Path, table: Any = None, **fields: Any) -> Path:
    given = {
        "title": report.TITLE,
        "manifest": data.manifest(),
        "checks": data.checks(),
        "quarantine": data.quarantine(),
        "sections": report.sections(table) if table is not None else (),
        **fields,
    }
    path = folder / "report.html"
    path.write_text(render_report(**given), encoding="utf-8")
    return path


def colours(page: Page) -> list[str]:
    """Of the drawn lines, as the chart has them."""
    script = """() => {
      const root = Bokeh.documents[0].roots()[0];
      return [...root.references()].find((m) => m.name === "lines").data.color;
    }"""
    found: list[str] = page.evaluate(script)
    return found


def test_it_renders_without_error_or_request(browser: Browser, tmp_path: Path) -> None:
    opened = Opened(browser, write(tmp_path, data.simulated(data.codes(14), 64)))
    assert opened.page.locator(".chart canvas").count() >= 2
    assert len(opened.chips()) == 6
    assert opened.chips()[0] == "US United States"
    opened.shoot("light")
    opened.assert_quiet()


def test_the_policy_of_the_page_stops_any_request(browser: Browser, tmp_path: Path) -> None:
    opened = Opened(browser, write(tmp_path))
    asked = "fetch('https://example.org/').then(() => 'sent', () => 'refused')"
    assert opened.page.evaluate(asked) == "refused"
    assert len(opened.requests) == 1


def test_countries_are_added_removed_and_cleared(browser: Browser, tmp_path: Path) -> None:
    opened = Opened(browser, write(tmp_path, data.simulated(data.codes(14), 64)))
    page = opened.page
    page.fill("#country-input", "it")
    page.press("#country-input", "Enter")
    assert opened.chips()[-1] == "IT Italy"
    page.locator("#chosen .chip").first.click()
    assert not [text for text in opened.chips() if text.startswith("US")]
    page.locator('button[data-country="ID"]').click()
    assert opened.chips()[-1] == "ID Indonesia"
    page.click("#choose-none")
    assert opened.chips() == []
    assert len(colours(page)) == 1  # all countries together stay
    page.click("#choose-largest")
    assert len(opened.chips()) == 6
    page.fill("#country-input", "XX")
    page.press("#country-input", "Enter")
    assert "No country XX" in page.inner_text("#picker-note")
    opened.assert_quiet()


def test_hovering_tells_the_values(browser: Browser, tmp_path: Path) -> None:
    rows = [{"week_start_date": week} for week in data.mondays(3)]
    opened = Opened(browser, write(tmp_path, data.final_table(rows)))
    at = opened.page.evaluate(
        """() => {
          const view = [...Bokeh.index.roots][0].child_views[0];
          const box = view.el.getBoundingClientRect(), frame = view.frame.bbox;
          const {start, end} = view.model.x_range;
          const part = (new Date("2020-01-06") - start) / (end - start);
          const x = box.left + frame.left + part * frame.width;
          return [x, box.top + frame.top + frame.height / 2];
        }"""
    )
    opened.page.mouse.move(at[0] - 2, at[1] - 2)
    opened.page.mouse.move(*at)
    tooltip = opened.page.locator(".bk-Tooltip").first
    tooltip.wait_for(state="visible")
    told = tooltip.evaluate("(element) => element.shadowRoot.textContent")
    assert "DE Germany" in told and "2020-W02" in told
    assert "30.0% organic: 300 of 1,000 installs" in told


def test_the_table_sorts_and_filters(browser: Browser, tmp_path: Path) -> None:
    page = Opened(browser, write(tmp_path, data.simulated(data.codes(14), 64))).page

    def column(number: int) -> list[str]:
        cells = page.locator(f".values tbody tr:not([hidden]) td:nth-child({number})")
        return [cell.get_attribute("data-value") or "" for cell in cells.all()]

    page.click("th >> text=Organic share")
    shares = [float(value) for value in column(2)]
    assert shares == sorted(shares, reverse=True)
    page.click("th >> text=Organic share")
    assert [float(value) for value in column(2)] == sorted(shares)
    page.fill('[data-filter="newest-table"]', "germany")
    assert column(1) == ["DE"]
    assert page.inner_text("[data-filter-count]") == "1 of 14"


def test_dark_and_light_colours_follow_the_system(browser: Browser, tmp_path: Path) -> None:
    path = write(tmp_path, data.simulated(data.codes(14), 64))
    opened = Opened(browser, path, color_scheme="dark")
    dark = colours(opened.page)
    opened.shoot("dark")
    opened.page.emulate_media(color_scheme="light")
    opened.page.wait_for_timeout(100)
    light = colours(opened.page)
    assert len(dark) == len(light) == 7
    assert not set(dark) & set(light)
    opened.assert_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_gets_light_vector_charts_and_every_row(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    path = write(tmp_path, data.simulated(data.codes(40), 64))
    opened = Opened(browser, path, color_scheme=scheme)
    page = opened.page
    page.fill('[data-filter="newest-table"]', "germany")
    page.emulate_media(media="print")
    page.wait_for_selector(".chart-print svg")
    assert page.locator(".chart-print svg path").count() > 20
    # Blue of the largest country and ink of the total, in their light forms.
    drawn = page.inner_html(".chart-print").replace(" ", "")
    assert "rgba(0,114,178,1)" in drawn and "rgba(27,30,35,1)" in drawn
    assert page.locator(".values tbody tr").last.is_visible()
    assert not page.locator("#country-input").is_visible()
    assert page.locator(".checks tbody tr").count() == len(data.checks())
    opened.shoot(f"print-{scheme}")
    page.emulate_media(media="screen")
    page.wait_for_selector("html:not(.printing)")
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    opened.assert_quiet()


def test_two_hundred_countries_stay_readable(browser: Browser, tmp_path: Path) -> None:
    opened = Opened(browser, write(tmp_path, data.simulated(data.codes(200), 210)))
    assert len(opened.chips()) == 6
    assert not opened.page.is_checked("#show-rest")
    opened.shoot("200-countries")
    for button in opened.page.locator(".values button.country").all()[6:26]:
        button.evaluate("(button) => button.click()")
    assert len(opened.chips()) == 24
    assert "At most 24 countries" in opened.page.inner_text("#picker-note")
    opened.assert_quiet()


def test_a_shut_gate_has_its_page(browser: Browser, tmp_path: Path) -> None:
    opened = Opened(browser, write(tmp_path, manifest=data.shut_manifest()))
    assert opened.page.locator(".banner").is_visible()
    assert opened.page.locator(".chart").count() == 0
    opened.shoot("gate-shut")
    opened.assert_quiet()


def test_markup_in_the_data_is_shown_and_not_run(browser: Browser, tmp_path: Path) -> None:
    country = '<img src=x onerror="alert(1)">'
    rows = [
        {"country": name, "week_start_date": week}
        for name in (country, EVIL)
        for week in data.mondays(6)
    ]
    bad_row = {**data.RAW_ROW, "name": EVIL}
    opened = Opened(browser, write(tmp_path, data.final_table(rows), quarantine=[bad_row]))
    assert EVIL in opened.page.inner_text("#quarantine")
    assert country in opened.page.inner_text("#newest-table")
    assert sorted(opened.chips()) == sorted([country, EVIL])
    box = opened.page.locator(".chart").bounding_box()
    assert box
    for step in range(0, 400, 8):
        opened.page.mouse.move(box["x"] + 64 + step * 2, box["y"] + 190)
    opened.assert_quiet()


@pytest.mark.parametrize("case", ["empty", "one week", "all null", "none complete"])
def test_thin_tables_render(browser: Browser, tmp_path: Path, case: str) -> None:
    empty = {"organic_p4w_count": 0, "installs_p4w_count": 0}
    rows: dict[str, list[dict[str, Any]]] = {
        "empty": [],
        "one week": [{}],
        "all null": [{"week_start_date": week, **empty} for week in data.mondays(5)],
        "none complete": [{"is_week_complete": False}],
    }
    opened = Opened(browser, write(tmp_path, data.final_table(rows[case])))
    assert opened.page.locator("#shares").is_visible()
    opened.assert_quiet()


def test_a_narrow_screen_does_not_scroll_sideways(browser: Browser, tmp_path: Path) -> None:
    opened = Opened(browser, write(tmp_path, data.simulated(data.codes(14), 64)))
    opened.page.set_viewport_size({"width": 400, "height": 800})
    opened.page.wait_for_timeout(300)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert opened.page.evaluate(wide) <= 0
    opened.shoot("narrow")
    opened.assert_quiet()
