"""The HTML text of the report, without a browser."""

import re
from typing import Any

import pytest

from spark_app.jobs.organic_share import report
from spark_app.report import markup, render_report
from tests.report import report_data as data

EVIL = "<script>alert(1)</script>"


def page(table: Any = None, **fields: Any) -> str:
    given = {
        "title": report.TITLE,
        "manifest": data.manifest(),
        "checks": data.checks(),
        "quarantine": data.quarantine(),
        "sections": report.sections(table) if table is not None else (),
        **fields,
    }
    return render_report(**given)


def text_of(html: str) -> str:
    """What a reader sees, without scripts."""
    without = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", without))


def test_the_page_shows_headline_checks_quarantine_and_run() -> None:
    text = text_of(page(data.simulated(["DE", "FR"], 20)))
    for part in ("2020-W19", "Share over time", "Newest values", "Checks", "Quarantined rows"):
        assert part in text
    assert "Published 2021-12-14 06:03:20 UTC by run 20211214T060312123456-9f3a" in text
    assert "31 rows" in text and "31 0" not in text


def test_250_countries_of_210_weeks_stay_below_five_megabytes() -> None:
    assert len(page(data.simulated(data.codes(250), 210)).encode()) < 5_000_000


def test_nothing_in_the_page_asks_for_another_file() -> None:
    html = page(data.simulated(["DE"], 20))
    assert not re.search(r"<(script|img|iframe|link)[^>]*\b(src|href)=.(?!data:,)", html)
    assert "@import" not in html and "url(http" not in html
    assert "default-src 'none'" in html


def test_text_of_the_data_is_escaped_wherever_it_stands() -> None:
    table = data.final_table([{"country": EVIL}, {"country": '"><img src=x onerror=alert(1)>'}])
    bad_row = dict.fromkeys(data.RAW_ROW, EVIL) | {"broken_rules": [EVIL]}
    bad_check = dict.fromkeys(("layer", "check", "severity", "description", "detail"), EVIL)
    html = page(
        table,
        title=EVIL,
        manifest=data.manifest(
            run_id=EVIL,
            outcome=EVIL,
            reason=EVIL,
            inputs=[{"path": EVIL, "size_bytes": 1, "version": EVIL}],
            parameters={EVIL: EVIL},
            versions={EVIL: EVIL},
            stages=[data.stage(EVIL, 1, 1, 0, 1, 1.0)],
        ),
        checks=[data.check(**bad_check, outcome=EVIL)],
        quarantine=[bad_row],
    )
    assert EVIL not in html and "<script>alert" not in html.lower()
    assert "<img" not in html.replace("<img>", "")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_json_cannot_end_its_script_element() -> None:
    assert "</" not in markup.script_json('{"a": "</script><!--"}')
    html = page(data.final_table([{"country": "</script><b>"}]))
    block = re.search(r"data-chart=[^>]*>(.*?)</script>", html, re.DOTALL)
    assert block and block[1].endswith("}")


def test_null_blank_and_padded_values_are_told_apart() -> None:
    row = {**data.RAW_ROW, "name": "", "country": " DE", "token": None}
    html = page(quarantine=[row])
    assert '<span class="quoted">""</span>' in html
    assert '<span class="quoted">" DE"</span>' in html
    assert '<span class="none">null</span>' in html


def test_failing_checks_stand_before_passed_ones() -> None:
    text = text_of(page()).split("Checks", 1)[1]
    order = ["country_is_known", "drift_of_newest_week", "load_time_is_new", "has_rows"]
    positions = [text.index(name) for name in order]
    assert positions == sorted(positions)


def test_a_page_after_a_shut_gate_says_that_nothing_was_published_and_why() -> None:
    closed = data.check(
        layer="raw",
        check="quarantined_share",
        description="At most 1 % of the rows are quarantined.",
        failed=330,
        outcome="failed",
        detail="3.5 %",
    )
    html = page(manifest=data.shut_manifest(), checks=[closed, *data.checks()])
    text = text_of(html)
    assert "Nothing was published: gate shut" in text
    assert "2 checks kept the gate after raw shut" in text
    assert text.index("At most 1 % of the rows are quarantined.") < text.index("9 checks")
    assert "330 rows broke at least one rule" in text
    assert "bokeh.min.js" not in html
    assert len(html) < 100_000


@pytest.mark.parametrize("outcome", ["failed", "interrupted", "running"])
def test_a_run_without_stages_checks_or_inputs_still_has_a_page(outcome: str) -> None:
    manifest = {"run_id": "r1", "job": "organic_share", "outcome": outcome}
    text = text_of(page(manifest=manifest, checks=[], quarantine=[]))
    assert f"Nothing was published: {outcome}" in text
    assert "No check ran." in text and "No row broke a rule." in text


def test_an_empty_table_says_so() -> None:
    assert "The table has no rows." in text_of(page(data.final_table([])))


def test_one_incomplete_week_says_that_no_week_is_complete() -> None:
    text = text_of(page(data.final_table([{"is_week_complete": False}])))
    assert "No week of this table is complete yet." in text


def test_shares_that_are_all_null_are_dashes() -> None:
    rows = [
        {"week_start_date": week, "organic_p4w_count": 0, "installs_p4w_count": 0}
        for week in data.mondays(5)
    ]
    text = text_of(page(data.final_table(rows)))
    assert "Organic share, all countries –" in text
    assert "under 200 installs" in text


@pytest.mark.parametrize(
    ("change", "text"),
    [(0.0123, "+1.2"), (-0.0123, "\u22121.2"), (0.0001, "0.0"), (-0.0001, "0.0")],
)
def test_changes_are_percentage_points_with_a_sign(change: float, text: str) -> None:
    assert markup.points(change) == text


def test_a_trend_breaks_where_the_share_is_null() -> None:
    svg = report.trend_svg((0.1, 0.2, None, 0.3))
    assert svg.count("M") == 2
    assert report.trend_svg((None, None)) == ""
