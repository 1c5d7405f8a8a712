"""What is kept of each table in small, and the index that is drawn from it."""

import json
import subprocess
import sys
from html import unescape
from typing import Any

import pytest

from spark_app.report.site import render_index, summary
from tests.report import report_data as data
from tests.report import report_runs as runs
from tests.report.report_jobs import CAMPAIGNS, ITEMS, SHARES
from tests.report.test_report_page import EVIL, text_of

ROWS = data.final_table([{"country": "DE"}, {"country": "FR", "installs_p4w_count": 500}])


def known(**fields: Any) -> dict[str, Any]:
    """The summary of a table that is up to date, of whose checks none warned."""
    found = summary(SHARES, runs.manifest(), [runs.check()], ROWS, runs.manifest())
    return {**found, **fields}


def failed(outcome: str, reason: str) -> dict[str, Any]:
    return {"run_id": "newer", "outcome": outcome, "reason": reason, "finished_at": None}


def index(*summaries: dict[str, Any]) -> str:
    return text_of(render_index(summaries))


def test_a_summary_says_what_is_published_and_how_the_last_run_ended() -> None:
    last = runs.manifest(run_id="later", outcome="failed", reason="no disk")
    found = json.loads(json.dumps(summary(SHARES, runs.manifest(), runs.checks(), ROWS, last)))
    assert found["table"] == "organic_share"
    assert found["grain"] == "one row per country and week_start_date"
    assert (found["newest"], found["newest_label"]) == ("2019-12-30", "2020-W01")
    assert found["rows_count"] == 2
    assert found["tiles"] == [
        {"label": "Organic share", "text": "40.0\u202f%"},
        {"label": "Installs", "text": "1,500"},
    ]
    assert found["sources"] == [{"name": "installs", "kind": "files"}]
    assert [(one["kind"], one["check"]) for one in found["failing"]] == [
        ("warned", "drift_of_newest_week")
    ]
    assert found["set_aside"] == "35 rows set aside by 2 rules"
    assert found["last_run"] == {
        "run_id": "later",
        "outcome": "failed",
        "finished_at": "2021-12-14T06:03:20.900000+00:00",
    }


def test_a_summary_without_a_published_table_has_nulls() -> None:
    last = runs.shut_manifest()
    found = summary(SHARES, None, [runs.CLOSED], None, last)
    assert (found["run_id"], found["newest"], found["rows_count"]) == (None, None, None)
    assert [(one["kind"], one["check"]) for one in found["failing"]] == [
        ("failed", "quarantine_within_tolerance")
    ]


def test_a_summary_stays_small() -> None:
    table = data.simulated(data.codes(200), 100)
    found = summary(SHARES, runs.manifest(), runs.checks(), table, runs.manifest())
    assert len(json.dumps(found)) < 3000


def test_a_table_without_a_report_or_a_time_has_a_summary() -> None:
    found = summary(ITEMS, runs.manifest(), [], data.items(3), runs.manifest())
    assert (found["title"], found["rows_count"], found["newest"]) == ("item", 3, None)
    assert "up to date" in index(found)


def test_a_table_made_from_tables_names_their_runs() -> None:
    sources = {"daily_activity": {"table": "daily_activity", "run_id": "r7"}}
    manifest = runs.manifest(sources=sources)
    found = summary(CAMPAIGNS, manifest, [], data.campaigns(("a", "ios", [1])), manifest)
    assert found["sources"] == [{"name": "daily_activity", "kind": "table", "run_id": "r7"}]


def test_the_index_has_every_table_with_its_page() -> None:
    html = render_index([known(), known(table="other", title="Other")])
    assert 'href="organic_share.html"' in html and 'href="other.html"' in html
    text = text_of(html)
    for part in ("2 tables: 2 up to date", "2020-W01", "40.0 %", "one row per country", "files"):
        assert part in text


def test_without_tables_the_index_says_what_to_do() -> None:
    assert "No table is published yet." in index()
    assert "spark_app run NAME" in index()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "up to date"),
        ({"held": True}, "held rolled back"),
        ({"last_run": failed("gate shut", "'Ann'")}, "gate shut run newer did not publish"),
        ({"last_run": failed("running", "")}, "running a run is under way"),
        ({"run_id": None, "last_run": {}}, "not published"),
        ({"failing": [{"kind": "warned", "check": "c", "words": "Odd."}]}, "1 warned"),
    ],
)
def test_the_index_says_how_a_table_stands(fields: dict[str, Any], words: str) -> None:
    assert words in index(known(**fields))


def test_a_table_is_stale_when_a_source_was_published_again() -> None:
    source = {"name": "organic_share", "kind": "table"}
    old = known(table="old", sources=[{**source, "run_id": "an earlier one"}])
    new = known(table="new", sources=[{**source, "run_id": known()["run_id"]}])
    text = index(known(), old, new)
    assert text.startswith(" Tables Tables 3 tables: 1 stale, 2 up to date")
    assert "stale organic_share was published again since" in text


def test_a_source_that_the_site_does_not_know_makes_nothing_stale() -> None:
    source = {"name": "elsewhere", "kind": "table", "run_id": "r1"}
    assert "stale" not in index(known(sources=[source]))


def test_a_run_that_was_published_does_not_stand_as_failed() -> None:
    older = {"run_id": "older", "outcome": "published", "reason": None, "finished_at": None}
    assert "1 up to date" in index(known(last_run=older))


def test_tables_that_need_somebody_come_first() -> None:
    text = index(
        known(table="good"),
        known(table="warned", failing=[{"kind": "warned", "words": "Odd.", "check": "c"}]),
        known(table="shut", last_run=failed("gate shut", "bad")),
    )
    assert text.index("shut one") < text.index("warned one") < text.index("good one")


def test_a_table_that_was_never_published_has_no_link() -> None:
    html = render_index([known(run_id=None, last_run=failed("failed", "no disk"))])
    assert 'href="organic_share.html"' not in html
    assert "run newer did not publish" in html


def test_no_reason_of_a_failed_run_stands_on_the_site() -> None:
    """It may quote a value of a row that was set aside."""
    assert "Ann" not in index(known(last_run=failed("failed", "The value 'Ann' is malformed")))
    last = {**runs.manifest(), "run_id": "later", "outcome": "failed", "reason": "'Ann'"}
    assert "Ann" not in str(summary(SHARES, runs.manifest(), [], None, last))


def test_a_summary_of_another_version_is_drawn_as_far_as_it_goes() -> None:
    assert "1 table" in index({"table": "old"})


def test_the_index_escapes_what_it_is_given() -> None:
    check = {"kind": "warned", "check": EVIL, "words": EVIL, "detail": EVIL}
    html = render_index(
        [
            known(
                table=EVIL,
                title=EVIL,
                grain=EVIL,
                failing=[check],
                sources=[{"name": EVIL, "kind": "table", "run_id": "1"}],
                last_run=failed(EVIL, EVIL),
            )
        ]
    )
    assert EVIL not in html and EVIL in unescape(html)


def test_knowing_the_site_loads_neither_numpy_nor_jinja() -> None:
    program = (
        "import sys, spark_app.report.site, spark_app.report.terminal, spark_app.report.write;"
        "print([m for m in ('numpy', 'jinja2', 'bokeh', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_page_does_not_load_bokeh_for_python() -> None:
    program = (
        "import sys; from tests.report.test_report_page import *;"
        "page(data.simulated(['DE'], 5)); print('bokeh' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
