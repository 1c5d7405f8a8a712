"""What every job can do without a line of its own: run, --since, rollback, prune, pages, submit."""

import ast
import dataclasses
import datetime as dt
import json
import shutil
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_app import jobs
from spark_app.declarations import Job
from spark_app.jobs import find_job
from spark_app.lake.lake import Lake
from spark_app.quality.standard import checks_of
from tests.e2e.in_process import App
from tests.e2e.process import Ended, all_checks, checks, expect_done, expect_error, manifest
from tests.emr import specs
from tests.fence.conftest import FROM_TEXT, JOBS_FOLDER, NAMES

MAY = dt.date(2021, 5, 1)
VISIT = {"visit_date": pa.date32(), "visitor_id": pa.string()}
ORDER = {"visit_date": pa.date32(), "amount": pa.int64()}


def day(number: int) -> dt.date:
    """So many days after the first of May."""
    return MAY + dt.timedelta(days=number)


def deliver(lake: Path, dataset: str, name: str, rows: Iterable[tuple[object, object]]) -> None:
    """A delivered file of two columns."""
    fields = {"visits": VISIT, "orders": ORDER}[dataset]
    table = pa.Table.from_pylist(
        [dict(zip(fields, row, strict=True)) for row in rows], schema=pa.schema(fields)
    )
    (lake / "raw" / dataset).mkdir(parents=True, exist_ok=True)
    pq.write_table(table, lake / "raw" / dataset / f"{name}.parquet")


def published(lake: Path, job: str) -> list[dict[str, Any]]:
    """The rows that readers see."""
    return list(pq.read_table(lake / "final" / job / f"{job}.parquet").to_pylist())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all lakes of these tests lie: runs tell delivered files by their whole paths."""
    return tmp_path_factory.mktemp("place")


@pytest.fixture
def lake(place: Path) -> Path:
    """Three days of visits and orders, one bad row of each."""
    found = place / "lake"
    shutil.rmtree(found, ignore_errors=True)
    visits = [(day(0), "a"), (day(0), "b"), (day(0), "a"), (day(1), "c"), (day(2), "a")]
    deliver(found, "visits", "one", [*visits * 40, (None, "lost")])
    deliver(found, "orders", "one", [(day(0), 5), (day(0), 7), (day(2), 3), (day(2), -9)])
    return found


@pytest.fixture
def run(app_here: App, lake: Path) -> Any:
    """Run jobs on the lake."""

    def run_jobs(*arguments: object, code: int = 0) -> Ended:
        ended = app_here("run", *arguments, "--lake", lake, cwd=lake.parent)
        assert ended.code == code, ended.err
        return expect_done(ended) if code == 0 else ended

    return run_jobs


@pytest.fixture
def after(run: Any, lake: Path, place: Path) -> Callable[..., None]:
    """Take the lake to where runs of two_sources under some ids leave it; each is made once."""

    def take(*run_ids: str) -> None:
        kept = place / "-".join(run_ids)
        if kept.exists():
            shutil.rmtree(lake)
            shutil.copytree(kept, lake)
            return
        if len(run_ids) > 1:
            take(*run_ids[:-1])
        run("two_sources", "--run-id", run_ids[-1])
        shutil.copytree(lake, kept)

    return take


def test_no_job_of_the_fence_needs_more_than_forty_lines_and_the_declarations() -> None:
    for name in (*NAMES, FROM_TEXT):
        source = (JOBS_FOLDER / f"{name}.py").read_text()
        assert len(source.splitlines()) <= 40
        imports = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ImportFrom)]
        assert {str(found.module) for found in imports} <= {
            *("pyspark.sql", "spark_app.declarations", "spark_app.jobs.two_sources"),
            "spark_app.quality.drift",
        }


def test_a_job_of_two_sources_publishes_what_its_transform_says(
    lake: Path, after: Callable[..., None]
) -> None:
    after("one")
    assert published(lake, "two_sources") == [
        {"visit_date": day(0), "visitors": 2, "amount": 12},
        {"visit_date": day(1), "visitors": 1, "amount": 0},
        {"visit_date": day(2), "visitors": 1, "amount": 3},
    ]
    stage = manifest(lake, "one")["stages"][0]
    assert (stage["rows_in"], stage["quarantined_count"], stage["rules_broken_count"]) == (
        205,
        2,
        2,
    )


def test_bad_rows_of_each_source_stand_in_its_own_quarantine(
    lake: Path, after: Callable[..., None]
) -> None:
    after("one")
    for dataset, rule in (("visits", "visit_date_present"), ("orders", "amount_in_range")):
        rows = pq.read_table(lake / "quarantine" / dataset / "run_id=one").to_pylist()
        assert [row["broken_rules"] for row in rows] == [[rule]]
        assert rows[0]["source_file"].endswith(f"{dataset}/one.parquet")


def test_the_tolerance_is_that_of_the_source_unless_the_command_says_another(
    run: Any, lake: Path
) -> None:
    ended = run("two_sources", "--tolerance", "0.01", code=3)
    line = expect_error(ended, 3, "quarantine_within_tolerance of orders", "1 of 4 rows are bad")
    assert "of visits" not in line


def test_standard_checks_are_there_for_every_table_and_every_source(
    lake: Path, after: Callable[..., None]
) -> None:
    after("one")
    kept = {
        (row["layer"], row["table"], row["check"]) for row in all_checks(lake, "one", "two_sources")
    }
    declared = checks_of(find_job("two_sources"), {})
    assert kept == {(check.layer, check.table, check.name) for check in declared}
    for table in ("visits", "orders"):
        assert {("raw", table, name) for name in ("columns_present", "all_rows_read")} <= kept
    wanted = ("key_is_unique", "visitors_in_range", "types_as_promised", "history_unchanged")
    assert {("final", "two_sources", name) for name in wanted} <= kept


def test_since_keeps_published_rows_and_reads_only_newer_ones(
    run: Any, lake: Path, after: Callable[..., None]
) -> None:
    after("one")
    before = published(lake, "two_sources")
    (lake / "raw" / "visits" / "one.parquet").unlink()
    deliver(lake, "visits", "two", [(day(0), "ignored"), (day(2), "x"), (day(3), "y")])
    run("two_sources", "--since", str(day(2)), "--run-id", "two")
    assert published(lake, "two_sources") == [
        *before[:2],
        {"visit_date": day(2), "visitors": 1, "amount": 3},
        {"visit_date": day(3), "visitors": 1, "amount": 0},
    ]


def test_since_continues_from_staging_where_there_is_one(run: Any, lake: Path) -> None:
    run("with_staging", "--run-id", "one")
    (lake / "raw" / "orders" / "one.parquet").unlink()
    deliver(lake, "orders", "two", [(day(1), 1_000), (day(2), 4), (day(3), 6)])
    run("with_staging", "--since", str(day(2)), "--run-id", "two")
    assert [(row["amount"], row["so_far"]) for row in published(lake, "with_staging")] == [
        *((12, 12), (4, 16), (6, 22))
    ]


def test_since_of_a_table_on_another_table_keeps_its_own_rows(
    run: Any, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(jobs.JOBS, "by_day", "as two_sources, but from its table")
    monkeypatch.setitem(sys.modules, "spark_app.jobs.by_day", by_day())
    run("two_sources", "by_day")
    before = published(lake, "by_day")
    deliver(lake, "orders", "two", [(day(0), 1_000), (day(1), 4), (day(3), 6)])
    run("two_sources")
    run("by_day", "--since", str(day(1)))
    assert published(lake, "by_day")[:1] == before[:1]
    assert published(lake, "by_day")[1:] == published(lake, "two_sources")[1:]


def by_day() -> Any:
    """A module with a job that publishes another job's table by the day."""
    job = find_job("two_sources")
    table = dataclasses.replace(job.publishes, name="by_day", checks=())
    reads, same = (job.publishes,), lambda rows: rows
    return SimpleNamespace(JOB=Job(reads=reads, transform=same, publishes=table))


def test_a_table_without_a_time_refuses_since(
    run: Any, lake: Path, after: Callable[..., None]
) -> None:
    after("one")
    ended = run("on_another_table", "--since", "2021_20", code=2)
    expect_error(ended, 2, "on_another_table has no time", "run without --since")


def test_a_job_reads_the_published_version_of_another_jobs_table(
    run: Any, lake: Path, after: Callable[..., None]
) -> None:
    after("one")
    run("on_another_table", "--run-id", "sums")
    month = {"month_date": MAY, "visitors": 4, "amount": 15}
    assert published(lake, "on_another_table") == [month]
    source = manifest(lake, "sums")["sources"]["two_sources"]
    assert source == {"table": "two_sources", "run_id": "one"}


def test_a_table_that_was_never_published_is_named_as_what_to_run_first(run: Any) -> None:
    ended = run("on_another_table", code=2)
    expect_error(ended, 2, "two_sources", "nothing is published yet", "--upstream")


def test_an_option_reaches_the_transform_and_stands_in_the_table(
    run: Any, lake: Path, after: Callable[..., None]
) -> None:
    after("one")
    run("on_another_table", "--set", "LEAST_VISITORS=2", "--run-id", "two")
    assert published(lake, "on_another_table")[0]["visitors"] == 2
    marks = pq.read_schema(lake / "final/on_another_table/on_another_table.parquet").metadata
    assert json.loads(marks[b"spark_app.options"]) == {"least_visitors": 2}
    assert manifest(lake, "two")["parameters"]["options"] == {"least_visitors": 2}
    assert "least_visitors" in (lake / "report" / "on_another_table.html").read_text()


def test_a_check_of_the_job_shuts_the_gate(
    run: Any, lake: Path, after: Callable[..., None]
) -> None:
    after("one")
    ended = run("on_another_table", "--set", "LEAST_VISITORS=9", "--run-id", "none", code=3)
    expect_error(ended, 3, "final gate stayed shut", "has_rows (there is no row)")
    assert checks(lake, "none", "final", "on_another_table")["has_visitors"]["outcome"] == "passed"
    assert (lake / "runs" / "none" / "report.html").exists()


def test_all_jobs_run_in_the_order_of_their_dependencies(run: Any, lake: Path) -> None:
    ended = run(*reversed(NAMES), "--run-id", "x")
    order = [line.split(":")[0] for line in ended.out.splitlines()]
    assert {*order} == {*NAMES}
    assert order.index("two_sources") < order.index("on_another_table")
    for name in NAMES:
        found = manifest(lake, f"x-{name}")
        assert (found["outcome"], found["command"]) == ("published", "x")


def test_upstream_and_downstream_run_what_belongs_together(run: Any, lake: Path) -> None:
    run("on_another_table", "--upstream", "--run-id", "up")
    assert {p.name for p in (lake / "runs").iterdir()} == {"up-two_sources", "up-on_another_table"}
    run("two_sources", "--downstream", "--run-id", "down")
    assert published(lake, "on_another_table")[0]["amount"] == 15
    source = manifest(lake, "down-on_another_table")["sources"]["two_sources"]
    assert source["run_id"] == "down-two_sources"


def test_a_job_whose_source_failed_is_skipped_and_says_why(run: Any, lake: Path) -> None:
    (lake / "raw" / "visits" / "one.parquet").write_text("no parquet")
    ended = run("two_sources", "with_staging", "--downstream", code=2)
    lines = {line.split(":")[0]: line for line in ended.out.splitlines()}
    assert "broken or not Parquet" in lines["two_sources"]
    assert "skipped, because two_sources, which it reads, failed" in lines["on_another_table"]
    assert "published" in lines["with_staging"]


def test_a_retry_of_several_passes_over_what_is_done(run: Any, lake: Path) -> None:
    good = (lake / "raw" / "visits" / "one.parquet").read_bytes()
    (lake / "raw" / "visits" / "one.parquet").write_text("no parquet")
    run("two_sources", "with_staging", "--run-id", "x", code=2)
    (lake / "raw" / "visits" / "one.parquet").write_bytes(good)
    ended = run("two_sources", "with_staging", "--run-id", "x")
    assert "run x-with_staging is done already" in ended.err
    assert manifest(lake, "x-two_sources-2")["outcome"] == "published"


def test_if_new_leaves_what_has_nothing_new_and_says_a_shut_gate_again(
    run: Any, lake: Path, after: Callable[..., None]
) -> None:
    after("one")
    ended = run("two_sources", "--if-new")
    assert "two_sources: up to date, run one" in ended.out
    deliver(lake, "orders", "bad", [(day(3), -1)] * 9)
    line = expect_error(run("two_sources", "--if-new", code=3), 3, "quarantine_within_tolerance")
    again = expect_error(run("two_sources", "--if-new", code=3), 3, "quarantine_within_tolerance")
    assert again == line
    assert len(list((lake / "runs").iterdir())) == 2


def test_dry_run_says_what_would_run_and_why_and_runs_nothing(run: Any, lake: Path) -> None:
    ended = run("two_sources", "--downstream", "--dry-run")
    rows = [line.split(maxsplit=2) for line in ended.out.splitlines()[1:]]
    assert [row[:2] for row in rows] == [["two_sources", "run"], ["on_another_table", "run"]]
    assert rows[0][2] == "it never ran to an end"
    assert "two_sources, which it reads, is made again" in rows[1][2]
    assert not (lake / "runs").exists()
    run("two_sources", "--downstream")
    ended = run("two_sources", "--downstream", "--if-new", "--dry-run")
    assert [line.split()[1] for line in ended.out.splitlines()[1:]] == ["leave", "leave"]


def test_dry_run_says_that_a_gate_stays_shut_and_what_is_skipped_for_it(
    run: Any, lake: Path
) -> None:
    run("two_sources", "--tolerance", "0.01", code=3)
    ended = run("two_sources", "--tolerance", "0.01", "--downstream", "--if-new", "--dry-run")
    rows = [line.split(maxsplit=2) for line in ended.out.splitlines()[1:]]
    assert rows[0] == ["two_sources", "shut", "nothing new, and the gate stayed shut"]
    assert rows[1] == ["on_another_table", "skip", "two_sources, which it reads, fails"]


def test_a_table_that_was_rolled_back_is_held_until_it_is_released(
    run: Any, lake: Path, after: Callable[..., None], app_here: App
) -> None:
    after("one")
    deliver(lake, "visits", "two", [(day(3), "y")])
    run("two_sources", "--run-id", "two")

    def app(*arguments: object) -> str:
        ended = app_here(*arguments, "--lake", lake, cwd=lake.parent)
        assert ended.code == 0, ended.err
        return ended.out

    assert "held:" in app("publish", "two_sources", "--run", "one")
    assert len(published(lake, "two_sources")) == 3
    assert "held at run one" in run("two_sources", "--if-new").out
    assert "held" in (lake / "report" / "index.html").read_text()
    assert "released: two_sources" in app("publish", "two_sources", "--release")
    run("two_sources", "--if-new")
    assert len(published(lake, "two_sources")) == 4


def test_a_rollback_that_is_stopped_after_the_switch_holds_the_table(
    run: Any, lake: Path, after: Callable[..., None], app_here: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    after("one", "two")
    switch = Lake.publish

    def switch_and_stop(*args: Any) -> None:
        switch(*args)
        signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "publish", switch_and_stop)
        back = ("publish", "two_sources", "--run", "one", "--lake", lake)
        assert app_here(*back, cwd=lake.parent).code == 143
    assert "held at run one" in run("two_sources", "--if-new").out


def test_an_explicit_run_goes_on_and_releases_a_held_table(
    run: Any, lake: Path, after: Callable[..., None], app_here: App
) -> None:
    after("one", "two")
    app_here("publish", "two_sources", "--run", "one", "--lake", lake, cwd=lake.parent)
    run("two_sources", "--run-id", "three")
    assert "up to date, run three" in run("two_sources", "--if-new").out


def test_prune_deletes_old_tables_of_every_job(run: Any, lake: Path, app_here: App) -> None:
    for run_id in ("one", "two"):
        run("two_sources", "with_staging", "--run-id", run_id)
    ended = app_here("prune", "--keep", "0", "--lake", lake, cwd=lake.parent)
    assert ended.code == 0, ended.err
    left = {path.parent.name for path in lake.glob("runs/*/final")}
    assert left == {"two-two_sources", "two-with_staging"}


def test_every_table_has_its_page_and_stands_on_the_site(run: Any, lake: Path) -> None:
    run(*NAMES)
    index = (lake / "report" / "index.html").read_text()
    for name in NAMES:
        page = (lake / "report" / f"{name}.html").read_text()
        assert find_job(name).publishes.grain in page
        assert f'href="{name}.html"' in index
        assert find_job(name).publishes.grain in index
    run("two_sources")
    assert "stale" in (lake / "report" / "index.html").read_text()


def test_a_dry_submit_asks_for_one_step_of_all_jobs(app_here: App, tmp_path: Path) -> None:
    spec = specs.written(tmp_path)
    arguments = ("submit", "two_sources", "--downstream", "--dry-run", "--run-id", "x")
    ended = app_here(*arguments, "--launch-spec", spec, cwd=tmp_path)
    assert ended.code == 0, ended.err
    (step,) = json.loads(ended.out)["Steps"]
    words = step["HadoopJarStep"]["Args"]
    at = words.index("run")
    assert words[at + 1 : at + 3] == ["two_sources", "on_another_table"]
    assert words[words.index("--run-id") + 1] == "x"


def test_a_held_table_is_left_where_the_step_of_a_submission_says_so(
    run: Any, lake: Path, after: Callable[..., None], app_here: App
) -> None:
    after("one")
    deliver(lake, "orders", "two", [(day(1), 9)])
    run("two_sources", "--run-id", "two")
    app_here("publish", "two_sources", "--run", "one", "--lake", lake, cwd=lake.parent)
    ended = run("two_sources", "with_staging", "--leave-held", "two_sources", "--run-id", "x")
    assert "two_sources: held at run one" in ended.out
    assert "with_staging: published" in ended.out
    assert published(lake, "two_sources")[1]["amount"] == 0


def test_a_table_of_other_columns_is_not_read_until_it_is_made_again(run: Any, lake: Path) -> None:
    run("two_sources", "on_another_table")
    path = lake / "final" / "two_sources" / "two_sources.parquet"
    run_id = pq.read_schema(path).metadata[b"spark_app.run_id"].decode()
    built = lake / "runs" / run_id / "final" / "two_sources" / "two_sources.parquet"
    pq.write_table(pq.read_table(built).drop_columns(["amount"]), built)
    ended = run("on_another_table", code=2)
    expect_error(ended, 2, "two_sources was made with other columns", "--upstream")


def test_a_bug_in_one_job_does_not_end_the_others(
    run: Any, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(visits: Any, orders: Any) -> Any:
        return visits.select("nothing_of_that_name")

    job = find_job("two_sources")
    monkeypatch.setattr(
        sys.modules["spark_app.jobs.two_sources"], "JOB", dataclasses.replace(job, transform=wrong)
    )
    ended = run("two_sources", "with_staging", code=1)
    assert "Traceback" in ended.err
    lines = {line.split(":")[0]: line for line in ended.out.splitlines()}
    assert "nothing_of_that_name" in lines["two_sources"]
    assert "published" in lines["with_staging"]


def test_the_site_says_that_a_run_failed_and_quotes_no_bad_row(
    run: Any, lake: Path, after: Callable[..., None]
) -> None:
    after("one")
    deliver(lake, "orders", "bad", [(day(3), -1234567)] * 9)
    run("two_sources", "--run-id", "shut", code=3)
    for name in ("index.html", "two_sources.json", "two_sources.html"):
        text = (lake / "report" / name).read_text()
        assert "1234567" not in text
    assert "gate shut" in (lake / "report" / "index.html").read_text()


def test_a_retry_passes_over_what_is_done_whatever_was_delivered_since(
    run: Any, lake: Path
) -> None:
    run("two_sources", "with_staging", "--run-id", "x")
    deliver(lake, "orders", "more", [(day(1), 1)])
    ended = run("two_sources", "with_staging", "--run-id", "x")
    assert ended.err.count("is done already") == 2


def test_json_of_several_says_how_each_job_ended(run: Any, lake: Path) -> None:
    (lake / "raw" / "visits" / "one.parquet").write_text("no parquet")
    ended = run("two_sources", "with_staging", "--json", code=2)
    found = {one["job"]: one for one in json.loads(ended.out)}
    assert found["two_sources"]["exit_code"] == 2
    assert "broken or not Parquet" in found["two_sources"]["words"]
    assert found["with_staging"]["manifest"]["outcome"] == "published"


def test_rolling_forward_to_the_newest_run_holds_nothing(
    lake: Path, after: Callable[..., None], app_here: App
) -> None:
    after("one", "two")
    for run_id, is_held in (("one", True), ("two", False)):
        ended = app_here("publish", "two_sources", "--run", run_id, "--lake", lake, cwd=lake.parent)
        assert ("held:" in ended.out) == is_held
