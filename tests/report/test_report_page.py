"""The HTML text of the pages, without a browser."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import spark_app.report
from spark_app.declarations import Job
from spark_app.report.charts import script_json
from spark_app.report.page import render_run_page, render_table_page
from tests.report import report_data as data
from tests.report import report_runs as runs
from tests.report.report_jobs import ACTIVITY, CAMPAIGNS, ITEMS, SHARES

EVIL = "<script>alert(1)</script>"


def page(table: Any, job: Job = SHARES, **fields: Any) -> str:
    given = {"manifest": runs.manifest(), "checks": runs.checks(), **fields}
    return render_table_page(job, given["manifest"], given["checks"], table)


def run_page(job: Job = SHARES, **fields: Any) -> str:
    given = {
        "manifest": runs.shut_manifest(),
        "checks": [runs.CLOSED, *runs.checks()],
        "examples": runs.quarantine(),
        **fields,
    }
    return render_run_page(job, **given)


def text_of(html: str) -> str:
    """What a reader sees, without scripts."""
    without = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", without)))


def test_the_page_shows_every_part_then_checks_columns_and_run() -> None:
    text = text_of(page(data.simulated(["DE", "FR"], 20)))
    order = ("2020-W19", "Hover for values", "The rows of", "Warned", "Rows set aside")
    positions = [text.index(part) for part in (*order, "Key: ", "Inputs digest")]
    assert positions == sorted(positions)
    assert "Published 2021-12-14 06:03:20 UTC by run 20211214T060312123456-9f3a" in text
    assert "organic_share , one row per country and week_start_date" in text


def test_a_good_run_shows_nothing_in_red() -> None:
    html = page(data.simulated(["DE"], 20))
    assert "35 rows set aside by 2 rules" in text_of(html)
    assert '"badge failed"' not in html and "Shut the gate" not in html


def test_what_passed_is_folded() -> None:
    html = page(data.simulated(["DE"], 20))
    folded = " ".join(re.findall(r"<details>(.*?)</details>", html, re.DOTALL))
    assert "4 checks passed" in folded and "weeks_are_contiguous" in folded
    assert "1 rule that no row broke" in folded and "name_present" in folded
    assert "drift_of_newest_week" not in folded and "country_is_known" not in folded


def test_the_published_page_tells_where_the_rows_set_aside_are_and_none_of_their_values() -> None:
    secret = runs.rule("country_is_known", "country is known.", 31, detail="Atlantis")
    html = page(data.simulated(["DE"], 20), checks=[secret])
    assert "quarantine/installs/run_id=20211214T060312123456-9f3a/" in html
    assert "country_is_known" in html and "Atlantis" not in html


def test_the_page_has_grain_columns_options_and_sources() -> None:
    sources = {
        "installs": {"place": "s3://bucket/exports", "files": 12, "bytes": 1_094_886},
        "daily_activity": {"table": "daily_activity", "run_id": "r7"},
    }
    html = page(data.simulated(["DE"], 20), manifest=runs.manifest(sources=sources))
    text = text_of(html)
    assert "there were no installs" in text and "new users" in text and "never null" in text
    assert "extra_countries XK, AN" in text
    assert "s3://bucket/exports 12 1.1 MB" in text
    assert 'href="daily_activity.html"' in html and "table of run r7" in text
    assert 'href="index.html"' in html


def test_a_held_table_says_so() -> None:
    text = text_of(page(data.simulated(["DE"], 20), manifest=runs.manifest(held=True)))
    assert "publish organic_share --release" in text


def test_250_groups_of_210_weeks_stay_below_five_megabytes() -> None:
    assert len(page(data.simulated(data.codes(250), 210)).encode()) < 5_000_000


def test_nothing_in_the_page_asks_for_another_file() -> None:
    html = page(data.simulated(["DE"], 20))
    assert not re.search(r"<(script|img|iframe|link)[^>]*\b(src|href)=.(?!data:,)", html)
    assert "@import" not in html and "url(http" not in html
    assert "default-src 'none'" in html


def hostile_manifest() -> dict[str, Any]:
    return runs.manifest(
        run_id=EVIL,
        outcome=EVIL,
        reason=EVIL,
        command=EVIL,
        sources={EVIL: {"place": EVIL}, EVIL + "2": {"table": EVIL, "run_id": EVIL}},
        parameters={"options": {EVIL: EVIL}, "tolerance": EVIL},
        versions={EVIL: EVIL},
        stages=[runs.stage(EVIL, 1, 1, 0, 1, 1.0)],
    )


@pytest.mark.parametrize("kind", ["table", "run"])
def test_text_of_the_data_is_escaped_wherever_it_stands(kind: str) -> None:
    rows = data.final_table([{"country": EVIL}, {"country": '"><img src=x onerror=alert(1)>'}])
    words = ("layer", "table", "check", "severity", "description", "detail")
    checks = [runs.check(**dict.fromkeys(words, EVIL), outcome=EVIL), runs.rule(EVIL, EVIL, 3)]
    bad_row = dict.fromkeys(runs.RAW_ROW, EVIL) | {EVIL: EVIL, "broken_rules": [EVIL]}
    html = (
        page(rows, manifest=hostile_manifest(), checks=checks)
        if kind == "table"
        else run_page(manifest=hostile_manifest(), checks=checks, examples=[bad_row])
    )
    assert EVIL not in html and "<script>alert" not in html.lower()
    assert "<img" not in html.replace("<img>", "")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_bars_and_keys_are_escaped() -> None:
    html = page(data.campaigns((EVIL, EVIL, [1, 2])), CAMPAIGNS)
    assert EVIL not in html


def test_json_cannot_end_its_script_element() -> None:
    assert "</" not in script_json({"a": "</script><!--"})
    html = page(data.final_table([{"country": "</script><b>"}]))
    block = re.search(r"data-line=[^>]*>(.*?)</script>", html, re.DOTALL)
    assert block and block[1].endswith("}")


def test_the_page_of_a_run_says_that_nothing_was_published_and_why() -> None:
    html = run_page()
    text = text_of(html)
    assert "Nothing was published: gate shut" in text
    assert "1 check kept the gate after raw shut" in text
    assert text.index("At most 1 % of the rows are set aside.") < text.index("4 passed")
    assert "330 rows set aside by 2 rules" in text
    assert 'href="../../report/index.html"' in html
    assert "linePlots" not in html and len(html) < 100_000


def test_the_page_of_a_run_shows_bad_rows_to_the_operator() -> None:
    text = text_of(run_page())
    assert "For the operator" in text and "Germany" in text and "31 rows" in text


def test_null_blank_and_padded_values_are_told_apart() -> None:
    html = run_page(examples=[{**runs.RAW_ROW, "name": "", "country": " DE", "token": None}])
    assert (
        '<span class="quoted">&#34;&#34;</span>' in html or '<span class="quoted">""</span>' in html
    )
    assert '<span class="quoted">" DE"</span>' in html
    assert '<span class="none">null</span>' in html


@pytest.mark.parametrize("outcome", ["failed", "interrupted", "timed out", "running"])
def test_a_run_without_stages_or_checks_still_has_a_page(outcome: str) -> None:
    text = text_of(run_page(manifest={"run_id": "r1", "outcome": outcome}, checks=[], examples=[]))
    assert f"Nothing was published: {outcome}" in text
    assert "No check ran." in text and "No stage finished." in text


@pytest.mark.parametrize(
    ("job", "rows"),
    [
        (SHARES, data.final_table([])),
        (ACTIVITY, data.activity([])),
        (CAMPAIGNS, data.campaigns()),
        (ITEMS, data.items(0)),
    ],
)
def test_an_empty_table_says_so(job: Job, rows: Any) -> None:
    assert "The table has no rows." in text_of(page(rows, job))


def test_one_time_that_is_not_settled_says_so() -> None:
    text = text_of(page(data.final_table([{"is_week_complete": False}])))
    assert "No week of this table is complete yet." in text


def test_ratios_that_are_all_null_are_dashes() -> None:
    rows = [
        {"week_start_date": week, "organic_p4w_count": 0, "installs_p4w_count": 0}
        for week in data.mondays(5)
    ]
    text = text_of(page(data.final_table(rows)))
    assert "Organic share, all together –" in text
    assert "fewer than 200 installs" in text


def test_a_job_without_a_report_shows_its_first_thousand_rows() -> None:
    text = text_of(page(data.items(1200), ITEMS))
    assert "the first 1,000: 200 more rows are left out" in text
    assert "Item 1000" in text and "Item 1001" not in text
    assert "1,234.50" in text


def test_counts_without_groups_have_tiles_a_line_and_the_newest_day() -> None:
    html = page(data.activity([100] * 8 + [150]), ACTIVITY)
    text = text_of(html)
    assert "Active users 150 +50.0 % against the day before" in text
    assert "Newest day 2021-03-09 Tuesday, 9 Mar 2021" in text
    assert "Revenue, EUR 75.00" in text
    assert 'data-role="add"' not in html


def test_bars_show_the_largest_and_the_rest() -> None:
    many = [(f"c{i}", "ios", [float(i)]) for i in range(53)]
    html = page(data.campaigns(*many), CAMPAIGNS)
    assert "Revenue, EUR by Campaign" in text_of(html)
    assert "3 other 3.00" in text_of(html)
    assert 'style="width:100.0%"' in html


def test_a_negative_bar_is_marked() -> None:
    html = page(data.campaigns(("a", "ios", [-5]), ("b", "ios", [10])), CAMPAIGNS)
    assert 'class="bar negative" style="width:50.0%"' in html


def test_the_frame_names_nothing_of_a_job() -> None:
    folder = Path(spark_app.report.__file__).parent
    files = [path for path in folder.rglob("*") if path.suffix in (".py", ".js", ".css", ".html")]
    assert len(files) > 20
    for path in files:
        assert not re.search(r"(?i)organic|install|channel|countr|\bshare", path.read_text()), path
