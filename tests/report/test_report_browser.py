"""The charts and tables of a page in headless Chromium."""

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page

from tests.report import report_data as data
from tests.report.chromium import Tab, needs_chromium
from tests.report.report_jobs import ACTIVITY, CAMPAIGNS
from tests.report.report_pages import FIND, weeks_of_14, write

ADD, NOTE = '[data-role="add"]', '[data-role="note"]'

pytestmark = needs_chromium


def colours(page: Page) -> list[str]:
    """Of the drawn lines, as the chart has them."""
    script = """() => [...Bokeh.documents[0].roots()[0].references()]
      .find((model) => model.data && "dash" in model.data).data.color"""
    found: list[str] = page.evaluate(script)
    return found


def markers(page: Page) -> list[str]:
    """The shapes of the points that are to be seen, each once."""
    script = """() => {
      const points = [...Bokeh.documents[0].roots()[0].references()]
        .find((model) => model.data && "marker" in model.data).data;
      return [...new Set(points.marker.filter((_, i) => points.alpha[i] > 0))].sort();
    }"""
    found: list[str] = page.evaluate(script)
    return found


def shown_days(page: Page) -> float:
    """How long the time is that the chart shows."""
    script = """() => {
      const {start, end} = [...Bokeh.index.roots][0].child_views[0].model.x_range;
      return (end - start) / 864e5;
    }"""
    return float(page.evaluate(script))


def test_it_renders_without_error_or_request(tab: Tab, tmp_path: Path) -> None:
    opened = tab.open(weeks_of_14(tmp_path))
    assert opened.page.locator(".chart canvas").count() >= 2
    assert len(opened.chips()) == 6
    assert opened.chips()[0] == "US United States"
    opened.shoot("light")
    opened.assert_quiet()


def test_the_policy_of_the_page_stops_any_request(tab: Tab, tmp_path: Path) -> None:
    opened = tab.open(weeks_of_14(tmp_path))
    asked = "fetch('https://example.org/').then(() => 'sent', () => 'refused')"
    assert opened.page.evaluate(asked) == "refused"
    assert len(opened.requests) == 1


def test_groups_are_added_removed_and_cleared(tab: Tab, tmp_path: Path) -> None:
    opened = tab.open(weeks_of_14(tmp_path))
    page = opened.page
    page.fill(ADD, "it")
    page.press(ADD, "Enter")
    assert opened.chips()[-1] == "IT Italy"
    page.locator(".chosen .chip").first.click()
    assert not [text for text in opened.chips() if text.startswith("US")]
    page.locator('button[data-group="ID"]').click()
    assert opened.chips()[-1] == "ID Indonesia"
    page.click('[data-role="none"]')
    assert opened.chips() == []
    assert len(colours(page)) == 1  # all together stays
    page.click('[data-role="largest"]')
    assert len(opened.chips()) == 6
    page.fill(ADD, "XX")
    page.press(ADD, "Enter")
    assert "There is no XX here" in page.inner_text(NOTE)
    opened.assert_quiet()


def test_hovering_tells_the_values(tab: Tab, tmp_path: Path) -> None:
    rows = [{"week_start_date": week} for week in data.mondays(3)]
    opened = tab.open(write(tmp_path, data.final_table(rows)))
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
    assert "30.0%: 300 Organic of 1,000 Installs" in told


def test_the_table_sorts_and_filters(tab: Tab, tmp_path: Path) -> None:
    page = tab.open(weeks_of_14(tmp_path)).page

    def column(number: int) -> list[str]:
        cells = page.locator(f".values tbody tr:not([hidden]) td:nth-child({number})")
        return [cell.get_attribute("data-value") or "" for cell in cells.all()]

    page.click("th >> text=Organic share")
    shares = [float(value) for value in column(2)]
    assert shares == sorted(shares, reverse=True)
    page.click("th >> text=Organic share")
    assert [float(value) for value in column(2)] == sorted(shares)
    page.fill(FIND, "germany")
    assert column(1) == ["DE"]
    assert page.inner_text("[data-filter-count]") == "1 of 14"


def test_dark_and_light_colours_follow_the_system(tab: Tab, tmp_path: Path) -> None:
    path = weeks_of_14(tmp_path)
    opened = tab.open(path, "dark")
    dark = colours(opened.page)
    opened.shoot("dark")
    opened.page.emulate_media(color_scheme="light")
    opened.until(lambda: not set(colours(opened.page)) & set(dark), "other colours")
    light = colours(opened.page)
    assert len(dark) == len(light) == 7
    opened.assert_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_gets_light_vector_charts_and_every_row(
    tab: Tab, tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    path = write(tmp_path, data.simulated(data.codes(40), 64))
    opened = tab.open(path, scheme)
    page = opened.page
    page.fill(FIND, "germany")
    page.emulate_media(media="print")
    page.wait_for_selector(".chart-print svg")
    assert page.locator(".chart-print svg path").count() > 20
    # Blue of the largest country and ink of the total, in their light forms.
    drawn = page.inner_html(".chart-print").replace(" ", "")
    assert "rgba(0,114,178,1)" in drawn and "rgba(27,30,35,1)" in drawn
    assert page.locator(".values tbody tr").last.is_visible()
    assert not page.locator(ADD).is_visible()
    assert page.locator(".checks tbody tr").last.is_visible()  # folded on the screen
    opened.shoot(f"print-{scheme}")
    page.emulate_media(media="screen")
    page.wait_for_selector("html:not(.printing)")
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    opened.assert_quiet()


def test_two_hundred_groups_stay_readable(tab: Tab, tmp_path: Path) -> None:
    opened = tab.open(write(tmp_path, data.simulated(data.codes(200), 210)))
    assert len(opened.chips()) == 6
    assert not opened.page.is_checked('[data-role="rest"]')
    opened.shoot("200-groups")
    for button in opened.page.locator(".values button.pick").all()[6:26]:
        button.evaluate("(button) => button.click()")
    assert len(opened.chips()) == 24
    assert "At most 24 lines" in opened.page.inner_text(NOTE)
    opened.assert_quiet()


def test_marks_have_shapes_of_their_own(tab: Tab, tmp_path: Path) -> None:
    weeks: list[dict[str, Any]] = [
        {"weeks_in_window_count": 3},
        {"installs_p4w_count": 150, "organic_p4w_count": 15},
        {},
        {"is_week_complete": False},
    ]
    rows = [
        {"week_start_date": week, **row} for week, row in zip(data.mondays(4), weeks, strict=True)
    ]
    opened = tab.open(write(tmp_path, data.final_table(rows)))
    assert markers(opened.page) == ["circle", "diamond", "square"]
    legend = opened.page.inner_text(".legend")
    assert "fewer than 200 installs: noisy" in legend and "incomplete week" in legend


def test_zoom_buttons_show_the_newest_times(tab: Tab, tmp_path: Path) -> None:
    page = tab.open(weeks_of_14(tmp_path)).page
    buttons = page.locator('[data-role="zoom"] button')
    assert buttons.all_inner_texts() == ["All", "1 year", "3 months"]
    assert shown_days(page) > 63 * 7
    buttons.nth(2).click()
    assert 84 < shown_days(page) < 130


def test_a_line_without_groups_is_drawn_alone(tab: Tab, tmp_path: Path) -> None:
    opened = tab.open(write(tmp_path, data.activity(list(range(40, 240))), ACTIVITY))
    assert opened.page.locator(".chart canvas").count() >= 1
    assert len(colours(opened.page)) == 1
    assert opened.page.locator(ADD).count() == 0
    opened.shoot("one-line")
    opened.assert_quiet()


def test_counts_by_group_start_without_their_sum(tab: Tab, tmp_path: Path) -> None:
    rows = [(f"campaign {i}", "ios", [float(i * j % 97) for j in range(90)]) for i in range(1, 61)]
    opened = tab.open(write(tmp_path, data.campaigns(*rows), CAMPAIGNS))
    assert len(colours(opened.page)) == len(opened.chips()) == 6
    opened.page.check('[data-role="together"]')
    assert len(colours(opened.page)) == 7
    assert opened.page.locator(".bars tr").count() == 51
    opened.shoot("bars")
    opened.assert_quiet()


def test_a_narrow_screen_does_not_scroll_sideways(tab: Tab, tmp_path: Path) -> None:
    opened = tab.open(weeks_of_14(tmp_path))
    opened.page.set_viewport_size({"width": 400, "height": 800})
    opened.until(lambda: opened.sideways() <= 0, "a page as wide as the screen")
    opened.shoot("narrow")
    opened.assert_quiet()
