"""Pages of every shape and the index of the site in headless Chromium."""

from pathlib import Path
from typing import Any

import pytest

from spark_app.declarations import Job
from spark_app.report.page import render_run_page, render_table_page
from spark_app.report.site import render_index
from tests.report import report_data as data
from tests.report import report_runs as runs
from tests.report.chromium import Tab, needs_chromium
from tests.report.report_jobs import ACTIVITY, CAMPAIGNS, ITEMS, SHARES
from tests.report.report_pages import FIND, write, written
from tests.report.test_report_site import failed, known

EVIL = "<script>alert(1)</script>"

pytestmark = needs_chromium


def test_a_table_without_time_or_report_is_its_rows(tab: Tab, tmp_path: Path) -> None:
    opened = tab.open(write(tmp_path, data.items(1200), ITEMS))
    opened.page.fill(FIND, "77")
    visible = opened.page.locator(".values tbody tr:not([hidden])")
    assert "item 77" not in visible.first.inner_text()  # by key, not by any cell
    assert opened.page.inner_text("[data-filter-count]") == "19 of 1000"
    opened.shoot("rows")
    opened.assert_quiet()


def test_a_shut_gate_has_its_page(tab: Tab, tmp_path: Path) -> None:
    checks = [runs.CLOSED, *runs.checks()]
    page = render_run_page(SHARES, runs.shut_manifest(), checks, runs.quarantine())
    opened = tab.open(written(tmp_path, page))
    assert opened.page.locator(".banner").is_visible()
    assert opened.page.locator(".chart").count() == 0
    opened.shoot("gate-shut")
    opened.assert_quiet()


def test_markup_in_the_data_is_shown_and_not_run(tab: Tab, tmp_path: Path) -> None:
    country = '<img src=x onerror="alert(1)">'
    rows = [
        {"country": name, "week_start_date": week}
        for name in (country, EVIL)
        for week in data.mondays(6)
    ]
    opened = tab.open(write(tmp_path, data.final_table(rows)))
    assert country in opened.page.inner_text(".values")
    assert sorted(opened.chips()) == sorted([country, EVIL])
    box = opened.page.locator(".chart").bounding_box()
    assert box
    for step in range(0, 400, 8):
        opened.page.mouse.move(box["x"] + 64 + step * 2, box["y"] + 190)
    opened.assert_quiet()


def test_markup_in_rows_set_aside_is_shown_and_not_run(tab: Tab, tmp_path: Path) -> None:
    bad_row = {**runs.RAW_ROW, "name": EVIL}
    page = render_run_page(SHARES, runs.shut_manifest(), runs.checks(), [bad_row])
    opened = tab.open(written(tmp_path, page))
    assert EVIL in opened.page.inner_text("#quarantine")
    opened.assert_quiet()


@pytest.mark.parametrize("case", ["empty", "one week", "all null", "none complete"])
def test_thin_tables_render(tab: Tab, tmp_path: Path, case: str) -> None:
    empty = {"organic_p4w_count": 0, "installs_p4w_count": 0}
    rows: dict[str, list[dict[str, Any]]] = {
        "empty": [],
        "one week": [{}],
        "all null": [{"week_start_date": week, **empty} for week in data.mondays(5)],
        "none complete": [{"is_week_complete": False}],
    }
    opened = tab.open(write(tmp_path, data.final_table(rows[case])))
    assert opened.page.locator("section.line").is_visible()
    opened.assert_quiet()


@pytest.mark.parametrize(
    ("job", "rows"),
    [
        (ACTIVITY, data.activity([])),
        (ACTIVITY, data.activity([5])),
        (ACTIVITY, data.activity([0, 0])),
        (CAMPAIGNS, data.campaigns()),
        (CAMPAIGNS, data.campaigns(("a", "ios", [-1.5]))),
        (ITEMS, data.items(0)),
        (ITEMS, data.items(1)),
    ],
)
def test_thin_tables_of_other_shapes_render(tab: Tab, tmp_path: Path, job: Job, rows: Any) -> None:
    opened = tab.open(write(tmp_path, rows, job))
    assert opened.page.locator("#checks").is_visible()
    opened.assert_quiet()


def forty_tables() -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = [
        {"held": True},
        {"last_run": failed("gate shut", "1 check kept the gate after raw shut: has_rows")},
        {"failing": [{"kind": "warned", "check": "c", "words": "No value is odd.", "detail": "7"}]},
        {"sources": [{"name": "organic_share", "kind": "table", "run_id": "an earlier one"}]},
        {"run_id": None, "last_run": failed("failed", "the disk is full"), "tiles": []},
    ]
    named = [
        known(table=f"table_{i}", title=f"Table {i}", **fields[i % 9])
        if i % 9 < 5
        else known(table=f"table_{i}", title=f"Table {i}")
        for i in range(39)
    ]
    return [known(), *named]


@pytest.mark.parametrize("count", [0, 1, 40])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_index_renders(tab: Tab, tmp_path: Path, count: int, width: int) -> None:
    opened = tab.open(written(tmp_path, render_index(forty_tables()[:count])))
    opened.page.set_viewport_size({"width": width, "height": 800})
    assert opened.page.locator(".site tbody tr").count() == count
    assert opened.sideways() <= 0
    opened.shoot(f"index-{count}-{width}")
    opened.assert_quiet()


def test_the_index_finds_a_table(tab: Tab, tmp_path: Path) -> None:
    opened = tab.open(written(tmp_path, render_index(forty_tables())))
    opened.page.fill(FIND, "organic")
    assert opened.page.inner_text("[data-filter-count]") == "1 of 40"


def test_the_index_leads_to_a_table_and_back(tab: Tab, tmp_path: Path) -> None:
    page = render_table_page(SHARES, runs.manifest(), runs.checks(), data.simulated(["DE"], 9))
    (tmp_path / "organic_share.html").write_text(page, encoding="utf-8")
    (tmp_path / "index.html").write_text(render_index([known()]), encoding="utf-8")
    opened = tab.open(tmp_path / "index.html")
    opened.page.click("text=Organic share of installs")
    opened.page.click("text=All tables")
    assert opened.page.url.endswith("index.html")
    assert opened.complaints == []
