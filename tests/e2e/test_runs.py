"""What a run that publishes says, leaves and does not leave."""

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.e2e import in_process, raw_files
from tests.e2e.conftest import FIRST, NEWER_WEEKS, SECOND, WEEKS, Made, Run
from tests.e2e.process import (
    JOB,
    all_checks,
    app,
    checks,
    expect_done,
    expect_recorded,
    inputs,
    manifest,
    published,
    readers_see,
    staging,
    table,
)

TERMINAL = ("output: ", "report: ")


def test_a_run_prints_a_line_per_stage_and_the_newest_week_of_every_country(made: Made) -> None:
    expect_done(made.first)
    stages = [line.split()[0] for line in made.first.err.splitlines()]
    assert stages == ["raw", "staging", "final"]
    rows = manifest(made.lake, FIRST)["stages"][0]["rows_in"]
    rules = {rule for _, broken in made.bad for rule in broken}
    set_aside = f"{len(made.bad)} rows set aside by {len(rules)} rules; checks "
    for word in (f"{rows:,} rows in", set_aside, " passed", " s "):
        assert word in made.first.err.splitlines()[0]
    lines = made.first.out.splitlines()
    week = raw_files.week_text(WEEKS.stop - 1)
    assert f"Organic share of installs, {week.replace('_', '-W')}" in made.first.out
    heads = lines.index(next(line for line in lines if line.startswith("Country ")))
    assert [line.split()[0] for line in lines[heads + 1 : heads + 4]] == ["DE", "FR", "US"]
    assert f"output: {published(made.lake)}" in lines
    assert f"report: {made.lake / 'report' / f'{JOB}.html'}" in lines


def test_json_is_one_document_and_the_manifest_as_it_is_kept(made: Made) -> None:
    expect_done(made.second)
    document = json.loads(made.second.out)
    assert document == manifest(made.lake, SECOND)
    assert set(document) >= {
        *("run_id", "job", "outcome", "exit_code", "reason", "started_at", "finished_at"),
        *("duration_seconds", "parameters", "sources", "inputs_digest", "versions", "stages"),
        "published_at",
    }
    assert set(document["versions"]) == {
        *("spark_app", "pyspark", "python", "java", "great_expectations")
    }
    assert [stage["name"] for stage in document["stages"]][:3] == ["raw", "staging", "final"]
    for name in ("started_at", "finished_at", "published_at"):
        assert dt.datetime.fromisoformat(document[name]).utcoffset() == dt.timedelta(0)


def test_every_file_that_was_read_is_kept_beside_the_manifest(made: Made) -> None:
    found = inputs(made.lake, SECOND)
    names = sorted(Path(one["path"]).name for one in found)
    assert names == ["part [1] of 2.parquet", "part {2},a*b?.parquet", "weeks 16-19.parquet"]
    for one in found:
        assert one["size_bytes"] == Path(one["path"]).stat().st_size
        assert one["source"] == "installs"
    source = manifest(made.lake, SECOND)["sources"]["installs"]
    size = sum(one["size_bytes"] for one in found)
    assert source == {"place": made.pattern, "files": 3, "bytes": size}


def test_both_runs_are_recorded_as_published(made: Made) -> None:
    for run_id in (FIRST, SECOND):
        expect_recorded(made.lake, run_id, "published", 0, None)
    assert readers_see(made.lake) == SECOND


def test_the_published_file_says_which_run_and_inputs_made_it(made: Made) -> None:
    marks = pq.read_schema(published(made.lake)).metadata
    found = manifest(made.lake, SECOND)
    assert marks[b"spark_app.run_id"].decode() == SECOND
    assert marks[b"spark_app.inputs_digest"].decode() == found["inputs_digest"]
    built = made.lake / "runs" / SECOND / "final" / JOB / f"{JOB}.parquet"
    assert built.read_bytes() == published(made.lake).read_bytes()


def test_the_published_table_is_what_the_metric_says(made: Made) -> None:
    """Counted again in plain Python from the delivered files."""
    found = table(made.lake).schema
    assert list(zip(found.names, found.types, strict=True)) == [
        ("year", pa.int32()),
        ("week", pa.int32()),
        ("country", pa.string()),
        ("share_organic_p4w", pa.float64()),
        ("week_start_date", pa.date32()),
        ("organic_p4w_count", pa.int64()),
        ("installs_p4w_count", pa.int64()),
        ("weeks_in_window_count", pa.int32()),
        ("is_week_complete", pa.bool_()),
    ]
    assert table(made.lake).to_pylist() == _again(_counting_rows())


def _counting_rows() -> dict[tuple[Any, ...], float]:
    """The value of every key that counts, the latest delivery and the larger value first."""
    rows = raw_files.weeks_of_rows([*WEEKS, *NEWER_WEEKS])
    counted = {
        (row["start_date"], row["country"], row["name"]): row["value"]
        for row in rows
        if row["os_name"] == "all"
    }
    day = rows[-1]["start_date"]
    return counted | {(day, "DE", "Ads"): 4.0, (day, "BR", "Organic"): 5.0}


def _again(values: dict[tuple[Any, ...], float]) -> list[dict[str, Any]]:
    weeks = [raw_files.FIRST_MONDAY + dt.timedelta(weeks=i) for i in range(NEWER_WEEKS.stop)]
    last_day = max(day for day, _, _ in values)
    rows = []
    for country in sorted({country for _, country, _ in values}):
        for index, week in enumerate(weeks):
            first = week - dt.timedelta(weeks=min(3, index))
            inside = {
                key: value
                for key, value in values.items()
                if key[1] == country and first <= key[0] <= week + dt.timedelta(days=6)
            }
            installs = int(sum(inside.values()))
            organic = int(sum(value for key, value in inside.items() if key[2] == "Organic"))
            rows.append(
                {
                    "year": week.isocalendar().year,
                    "week": week.isocalendar().week,
                    "country": country,
                    "share_organic_p4w": organic / installs if installs else None,
                    "week_start_date": week,
                    "organic_p4w_count": organic,
                    "installs_p4w_count": installs,
                    "weeks_in_window_count": min(4, index + 1),
                    "is_week_complete": week + dt.timedelta(days=6) <= last_day,
                }
            )
    return rows


def test_staging_is_the_complete_grid(made: Made) -> None:
    found = staging(made.lake, SECOND).to_pylist()
    assert len(found) == 4 * NEWER_WEEKS.stop
    us = [row for row in found if row["country"] == "US"]
    assert all(row["last_counted_date"] is None for row in us[raw_files.STOPPED :])
    assert sum(row["paid_count"] + row["organic_count"] for row in us[raw_files.STOPPED :]) == 0


def test_exactly_the_tolerated_share_of_bad_rows_passes(made: Made) -> None:
    raw = manifest(made.lake, FIRST)["stages"][0]
    assert raw["quarantined_count"] * 100 == raw["rows_in"]
    assert raw["quarantined_count"] == len(made.bad)
    check = checks(made.lake, FIRST)["quarantine_within_tolerance"]
    assert (check["outcome"], check["severity"]) == ("passed", "fail")


def test_quarantine_holds_bad_rows_complete_with_every_broken_rule(made: Made) -> None:
    found = pq.read_table(made.lake / "quarantine" / "installs" / f"run_id={FIRST}")
    columns = [*raw_files.SCHEMA.names, "broken_rules", "source_file"]
    assert found.schema.names in ([*columns, "run_id"], columns)
    rows = found.to_pylist()
    assert {"part" in row["source_file"] for row in rows} == {True}
    assert _rows(rows) == _rows([{**row, "broken_rules": list(why)} for row, why in made.bad])


def _rows(rows: list[dict[str, Any]]) -> list[str]:
    """Rows in an order of their own, NaN equal to NaN, times as UTC."""
    return sorted(
        str([_plain(row[name]) for name in (*raw_files.SCHEMA.names, "broken_rules")])
        for row in rows
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def test_every_check_is_in_the_quality_history(made: Made) -> None:
    listed = in_process.app("checks", JOB, cwd=made.working)
    assert listed.code == 0, listed.err
    names = [line.split(maxsplit=4) for line in listed.out.splitlines()[1:]]
    for run_id in (FIRST, SECOND):
        kept = all_checks(made.lake, run_id)
        found = checks(made.lake, run_id)
        assert {(row["layer"], row["table"], row["severity"], row["check"]) for row in kept} == {
            (layer, table, severity, name) for layer, table, severity, name, _ in names
        }
        assert len(kept) == len(names)
        broken = {rule: 0 for _, rules in made.bad for rule in rules}
        for _, rules in made.bad:
            for rule in rules:
                broken[rule] += 1
        counted = {name: found[name]["failed"] for name in broken}
        assert counted == broken
        for check in kept:
            assert check["outcome"] in ("passed", "failed", "insufficient")
            assert check["outcome"] == "passed" or check["severity"] != "fail"
            assert check["description"].endswith(".")


def test_sparks_log_goes_to_the_runs_file_only(made: Made) -> None:
    log = (made.lake / "runs" / FIRST / "log.txt").read_text()
    assert "WARN" in log
    assert "WARN" not in made.first.err + made.first.out


def test_a_run_copies_no_source_and_leaves_nothing_behind(made: Made) -> None:
    assert list(made.working.iterdir()) == []
    assert [
        path.name for path in made.scratch.iterdir() if not path.name.startswith("hsperfdata_")
    ] == []
    assert not (made.lake / "raw").exists()
    assert sorted(path.name for path in made.lake.iterdir()) == sorted(
        ["final", "locks", "quality", "quarantine", "report", "runs"]
    )
    for run_id in (FIRST, SECOND):
        held = {path.name for path in (made.lake / "runs" / run_id).iterdir()}
        assert held == {"run.json", "inputs.parquet", "log.txt", "staging", "final"}


def test_no_value_of_a_bad_row_stands_on_the_page_of_the_table(made: Made) -> None:
    page = (made.lake / "report" / f"{JOB}.html").read_text()
    assert SECOND in page
    assert "country_is_known" in page
    assert "&lt;script&gt;" not in page
    assert "<script><" not in page


def test_settings_come_from_env_file_and_environment(tmp_path: Path) -> None:
    """A delivery in the lake's own raw folder, a lake and rules from `.env`, Spark's log shown."""
    rows = [*raw_files.weeks_of_rows(range(1)), raw_files.row(country="XK", os_name="fridge")]
    raw_files.write(tmp_path / "set lake" / "raw" / "installs" / "2020" / "one.parquet", rows)
    (tmp_path / ".env").write_text(
        'SPARK_APP_LAKE="./set lake"\nSPARK_APP_EXTRA_COUNTRIES=XK\n'
        "SPARK_APP_EXTRA_OS_NAMES=toaster\nSPARK_APP_CHANNELS=Organic,Ads\n"
    )
    env = {"SPARK_APP_EXTRA_OS_NAMES": "fridge", "SPARK_APP_MAX_LOAD_AGE_DAYS": "1"}
    ended = app(
        "run", JOB, "--tolerance", "0", "--verbose", "--run-id", "set", cwd=tmp_path, env=env
    )
    assert ended.code == 0, ended.err
    assert " WARN " in ended.err
    lake = tmp_path / "set lake"
    assert " WARN " in (lake / "runs" / "set" / "log.txt").read_text()
    found = manifest(lake, "set")
    assert found["parameters"]["options"]["extra_countries"] == ["XK"]
    assert found["parameters"]["options"]["extra_os_names"] == ["fridge"]
    assert found["stages"][0]["quarantined_count"] == 0
    outcomes = {name: check["outcome"] for name, check in checks(lake, "set").items()}
    assert outcomes["channels_allowed"] == outcomes["loads_are_fresh"] == "failed"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "set lake"]
    assert [path.name for path in (lake / "raw" / "installs").rglob("*.parquet")] == ["one.parquet"]


def test_another_spark_and_folders_with_spaces_do_no_harm(made: Made) -> None:
    expect_done(made.first)
    assert "with space" in made.scratch.name
    assert list(made.scratch.iterdir()) == []


def test_a_setting_names_the_source_and_the_option_beats_it(small: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"SPARK_APP_SOURCE_INSTALLS={tmp_path}/nowhere.parquet\n")
    ended = in_process.app("run", JOB, cwd=tmp_path)
    assert f"{tmp_path}/nowhere.parquet does not exist" in ended.err
    ended = in_process.run("elsewhere.parquet", tmp_path / "lake", cwd=tmp_path)
    assert "elsewhere.parquet does not exist" in ended.err
    ended = in_process.app("list", cwd=tmp_path, env={"SPARK_APP_SOURCE_INSTALLS": str(small)})
    assert str(small) in ended.out


def test_a_source_may_be_a_file_uri(run_here: Run, small: Path, tmp_path: Path) -> None:
    expect_done(run_here(f"file://{small}", tmp_path / "lake"))
    assert readers_see(tmp_path / "lake") is not None
