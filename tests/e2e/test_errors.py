"""Errors that stop a run before Spark starts: one line each, the exit code, nothing changed."""

import datetime as dt
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e import process, raw_files
from tests.e2e.conftest import FIRST, SECOND, WEEKS, Made, Run
from tests.e2e.in_process import app, run
from tests.e2e.process import (
    JOB,
    Ended,
    checks,
    environment,
    expect_error,
    expect_recorded,
    manifest,
    seen_by_readers,
)
from tests.e2e.raw_files import SCHEMA, row, week_text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("gone.parquet", ("gone.parquet", "does not exist", "name a file, a folder or a glob")),
        ("gone/*.parquet", ("gone/*.parquet", "matches no file", "check")),
        ("empty", ("empty", "matches no file", "check")),
        ("hidden", ("hidden", "matches no file", "check")),
    ],
)
def test_a_source_that_is_not_there_is_named(
    tmp_path: Path, source: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "empty").mkdir()
    raw_files.write(tmp_path / "hidden" / "_half.parquet", [row()])
    raw_files.write(tmp_path / "hidden" / ".tmp" / "half.parquet", [row()])
    expect_error(run(source, tmp_path / "lake"), 2, *words)
    assert not (tmp_path / "lake").exists()


def test_without_a_source_the_lakes_raw_folder_is_read(tmp_path: Path) -> None:
    ended = app("run", JOB, "--lake", "other", cwd=tmp_path)
    expect_error(ended, 2, tmp_path / "other" / "raw" / "installs", "does not exist")


@pytest.mark.parametrize("kind", ["text", "empty", "cut off", "only magic"])
def test_one_file_that_is_not_parquet_spoils_the_delivery(
    run_here: Run, lake: Path, small: Path, kind: str
) -> None:
    before = seen_by_readers(lake)
    broken = small.parent / "a broken.parquet"
    shutil.copy(small, broken)
    if kind == "cut off":
        raw_files.break_footer(broken)
    else:
        broken.write_bytes({"text": b"name,value\n" * 9, "empty": b"", "only magic": b"PAR1"}[kind])
    ended = run_here(small.parent, lake, "--run-id", "broken")
    line = expect_error(ended, 2, broken, "broken or not Parquet", "deliver it again")
    expect_recorded(lake, "broken", "failed", 2, line)
    assert seen_by_readers(lake) == before


def _without(column: str) -> pa.Schema:
    return pa.schema([field for field in SCHEMA if field.name != column])


def _typed(column: str, kind: pa.DataType) -> pa.Schema:
    index = SCHEMA.get_field_index(column)
    return SCHEMA.set(index, pa.field(column, kind))


@pytest.mark.parametrize(
    ("schema", "overrides", "words"),
    [
        (_without("token"), {}, ("column token", "expected string", "found none")),
        (_without("value"), {}, ("column value", "expected double", "found none")),
        (
            _typed("value", pa.string()),
            {"value": "12"},
            ("column value", "expected double", "found BYTE_ARRAY STRING"),
        ),
        (
            _typed("start_date", pa.string()),
            {"start_date": "2021-01-01", "year_week": "2021_01"},
            ("column start_date", "expected date", "found BYTE_ARRAY STRING"),
        ),
        (
            _typed("country", pa.list_(pa.string())),
            {"country": ["DE"]},
            ("column country", "expected string", "found"),
        ),
    ],
)
def test_a_broken_contract_names_file_column_expected_and_found(
    run_here: Run,
    tmp_path: Path,
    schema: pa.Schema,
    overrides: dict[str, object],
    words: tuple[str, ...],
) -> None:
    rows = [{**row(), **overrides}]
    raw_files.write(tmp_path / "in" / "good.parquet", [row()])
    bad = raw_files.write(tmp_path / "in" / "odd.parquet", rows, schema)
    lake = tmp_path / "lake"
    ended = run_here(bad.parent, lake, "--run-id", "odd")
    line = expect_error(ended, 3, bad, *words, "nothing was published")
    found = expect_recorded(lake, "odd", "gate shut", 3, line)
    page = (lake / "runs" / "odd" / "report.html").read_text()
    assert found["report"] == str(lake / "runs" / "odd" / "report.html")
    assert "odd.parquet" in page
    assert f"report: {found['report']}" in ended.err
    outcomes = {name: check["outcome"] for name, check in checks(lake, "odd").items()}
    is_missing = "found none" in words
    assert outcomes["columns_present"] == ("failed" if is_missing else "passed")
    assert outcomes["types_kept"] == ("passed" if is_missing else "failed")
    assert not (lake / "final").exists()


def test_a_lake_below_a_file_or_on_a_read_only_place_is_refused(small: Path) -> None:
    below = small.parent / "note"
    below.write_text("a note")
    for lake in (below / "lake", Path("/proc/lake"), below):
        expect_error(run(small, lake, cwd=small.parent), 2, "cannot write", lake, "another lake")
    assert below.read_text() == "a note"


@pytest.mark.parametrize("taken", ["runs", "locks"])
def test_a_file_where_the_lake_needs_a_folder_is_named(lake: Path, small: Path, taken: str) -> None:
    shutil.rmtree(lake / taken)
    (lake / taken).write_text("")
    before = seen_by_readers(lake)
    expect_error(run(small, lake), 2, "cannot write", lake / taken, "another lake")
    assert seen_by_readers(lake) == before


@pytest.mark.parametrize("source", [".", "..", "in", "in/", "in/**", "in/*", "link", "in/lake"])
def test_a_lake_inside_its_source_is_refused(tmp_path: Path, source: str) -> None:
    raw_files.write(tmp_path / "in" / "good.parquet", [row()])
    lake = tmp_path / "in" / "lake"
    raw_files.write(lake / "quarantine" / "installs" / "run_id=x" / "part-0.parquet", [row()])
    (tmp_path / "link").symlink_to(tmp_path / "in")
    wanted = tmp_path / "in" if source == "." else tmp_path / "in" / "lake"
    where = wanted if source in (".", "..") else tmp_path
    ended = run(source, lake, cwd=where)
    expect_error(ended, 2, "lake", source, "choose a lake elsewhere")
    assert [path.name for path in lake.iterdir()] == ["quarantine"]


def test_a_lake_of_an_unknown_kind_is_refused(small: Path) -> None:
    ended = app("run", JOB, "--source", small, "--lake", "hdfs://node/lake", cwd=small.parent)
    expect_error(ended, 2, "hdfs://node/lake", "write a path or s3://BUCKET/PREFIX")
    assert not (small.parent / "hdfs:").exists()


@pytest.mark.parametrize(
    "since",
    [
        "2021-20",
        "2021_5",
        "21_05",
        "2021_53",
        "2021_00",
        "week",
        "0000_01",
        "2021-02-30",
        "2021-2-3",
    ],
)
def test_since_that_is_neither_date_nor_iso_week_is_refused(
    run_here: Run, lake: Path, made: Made, since: str
) -> None:
    ended = run_here(made.older, lake, "--since", since, "--run-id", "odd")
    words = ("neither a date nor an ISO week", "2021-05-17", "as in 2021_20")
    expect_error(ended, 2, "--since", since, *words)
    assert not (lake / "runs" / "odd").exists()


def test_since_before_anything_is_published_is_refused(run_here: Run, small: Path) -> None:
    lake = small.parents[1] / "lake"
    line = expect_error(
        run_here(small, lake, "--since", "2020_53", "--run-id", "one"),
        2,
        "--since",
        "nothing is published yet",
        "run without --since",
    )
    expect_recorded(lake, "one", "failed", 2, line)


def test_since_beyond_the_week_after_the_last_complete_one_is_refused(
    run_here: Run, lake: Path, made: Made
) -> None:
    before = seen_by_readers(lake)
    app("publish", JOB, "--run", FIRST, "--lake", lake, cwd=lake.parent)
    rolled_back = seen_by_readers(lake)
    assert rolled_back != before
    ended = run_here(made.pattern, lake, "--since", week_text(WEEKS.stop + 1), "--run-id", "gap")
    last = week_text(WEEKS.stop - 1)
    line = expect_error(ended, 2, "--since", "gap", last, "choose an earlier date or week")
    expect_recorded(lake, "gap", "failed", 2, line)
    assert seen_by_readers(lake) == rolled_back


def test_since_without_the_published_runs_staging_is_refused(
    run_here: Run, lake: Path, made: Made
) -> None:
    shutil.rmtree(lake / "runs" / SECOND / "staging")
    ended = run_here(made.older, lake, "--since", week_text(3), "--run-id", "gone")
    line = expect_error(ended, 2, "--since", SECOND, "gone", "run without --since")
    expect_recorded(lake, "gone", "failed", 2, line)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "nojob"), ("nojob", JOB)),
        (("checks", "nojob"), ("nojob", JOB)),
        (("report", "nojob"), ("nojob", JOB)),
        (("publish", "nojob", "--run", "x"), ("nojob", JOB)),
        (("publish", JOB, "--run", "nosuch"), ("nosuch", "runs")),
        (("publish", JOB, "--run", "../../final"), ("../../final", "letters, digits")),
        (("publish", JOB), ("--run RUN_ID", "--release")),
        (("run",), ("name the jobs", "--all", "list")),
        (("run", JOB, "--all"), ("name the jobs", "--all")),
        (("run", JOB, "nojob"), ("nojob", JOB)),
        (("report", JOB), ("nothing is published", "run it first")),
        (("runs",), ("no run yet", "run a job first")),
        (("prune", "--keep", "-1"), ("-1", "how many")),
        (("prune", "--keep", "many"), ("many", "--help")),
        (("prune",), ("--keep", "--help")),
        (("nocommand",), ("nocommand", "--help")),
        ((), ("COMMAND", "--help")),
        (("run", JOB, "--tolerance", "2"), ("'2'", "share from 0 to 1")),
        (("run", JOB, "--tolerance", "nan"), ("'nan'", "share from 0 to 1")),
        (("run", JOB, "--tolerance=-0.1"), ("'-0.1'", "share from 0 to 1")),
        (("run", JOB, "--since", ""), ("--since", "empty", "--help")),
        (("run", JOB, "--nosuch"), ("--nosuch", "--help")),
    ],
)
def test_wrong_usage_says_what_is_right(
    tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    expect_error(app(*arguments, cwd=tmp_path), 2, *words)
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("run_id", ["", "a b", "../x", "a/b", "ü", "x" * 129, "a.b", "a\n"])
def test_a_run_id_that_is_not_one_is_refused(small: Path, run_id: str) -> None:
    lake = small.parent.parent / "lake"
    expect_error(run(small, lake, f"--run-id={run_id}"), 2, "run id", "letters, digits")
    assert not lake.exists()


def test_the_same_id_with_the_same_work_done_has_nothing_to_do(lake: Path, made: Made) -> None:
    before = seen_by_readers(lake)
    ended = run(made.pattern, lake, "--run-id", SECOND, "--json")
    assert ended.code == 0, ended.err
    assert ended.err == f"run {SECOND} is done already; nothing to do\n"
    assert json.loads(ended.out) == manifest(lake, SECOND) == json.loads(made.second.out)
    assert seen_by_readers(lake) == before


@pytest.mark.parametrize("more", [("--tolerance", "0.5"), ("--since", "2021_01")])
def test_the_same_id_for_other_work_is_refused(
    lake: Path, made: Made, more: tuple[str, ...]
) -> None:
    ended = run(made.pattern, lake, "--run-id", SECOND, *more)
    expect_error(ended, 2, SECOND, "used", "choose another")
    expect_error(run(made.older, lake, "--run-id", SECOND), 2, SECOND, "used")
    expect_error(
        run(made.pattern, lake, "--run-id", SECOND, env={"SPARK_APP_EXTRA_COUNTRIES": "XK"}),
        2,
        SECOND,
        "used",
    )
    assert manifest(lake, SECOND) == json.loads(made.second.out)


def test_the_id_of_a_run_that_failed_is_used(run_here: Run, small: Path) -> None:
    lake = small.parents[1] / "lake"
    run_here(small, lake, "--since", "2020_53", "--run-id", "failed")
    expect_error(
        run_here(small, lake, "--since", "2020_53", "--run-id", "failed"), 2, "used", "failed"
    )


def _fake_java(home: Path, says: str) -> Path:
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java.chmod(0o755)
    return home


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ('openjdk version "11.0.2" 2019-01-15', ("Java 11", "17")),
        ('java version "1.8.0_401"', ("Java 8", "17")),
        ('openjdk version "25" 2025-09-16', ("Java 25", "17")),
        ("cannot find a runtime", ("Java", "17")),
    ],
)
def test_the_wrong_java_is_named(small: Path, says: str, words: tuple[str, ...]) -> None:
    home, lake = _fake_java(small.parents[1] / "java", says), small.parents[1] / "lake"
    ended = run(small, lake, env={"JAVA_HOME": str(home)})
    expect_error(ended, 2, *words, home, "OpenJDK 17", "JAVA_HOME")
    on_path = {"JAVA_HOME": "", "PATH": str(home / "bin")}
    expect_error(run(small, lake, env=on_path), 2, *words, home, "OpenJDK 17")
    assert not lake.exists()


def test_no_java_is_said(small: Path) -> None:
    lake = small.parents[1] / "lake"
    nowhere = str(small.parent)
    ended = run(small, lake, env={"JAVA_HOME": "", "PATH": nowhere})
    expect_error(ended, 2, "no Java found", "OpenJDK 17", "JAVA_HOME")
    ended = run(small, lake, env={"JAVA_HOME": nowhere})
    expect_error(ended, 2, "no Java found", nowhere, "OpenJDK 17")
    assert not lake.exists()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SPARK_APP_NOSUCH", "1", ("SPARK_APP_NOSUCH", "unknown", ".env.example")),
        ("SPARK_APP_SOURCE_INSTALS", "x", ("SPARK_APP_SOURCE_INSTALS", "no dataset")),
        ("SPARK_APP_MAX_LOAD_AGE_DAYS", "soon", ("soon", "whole number of days")),
        ("SPARK_APP_MAX_LOAD_AGE_DAYS", "-3", ("-3", "whole number of days")),
        ("SPARK_APP_DRIVER_MEMORY", "plenty", ("SPARK_APP_DRIVER_MEMORY", "plenty")),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    small: Path, name: str, value: str, words: tuple[str, ...]
) -> None:
    lake = small.parents[1] / "lake"
    expect_error(run(small, lake, env={name: value}), 2, *words)
    (small.parent / ".env").write_text(f"{name}={value}\n")
    expect_error(run(small, lake, cwd=small.parent), 2, *words)


def test_an_env_file_that_is_no_text_is_named(small: Path) -> None:
    (small.parent / ".env").write_bytes(b"SPARK_APP_LAKE=caf\xe9\n")
    ended = app("list", cwd=small.parent)
    expect_error(ended, 2, ".env cannot be read", "take it away")


def test_a_jvm_that_does_not_start_shows_its_last_words(small: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    env = {"SPARK_APP_DRIVER_MEMORY": "900000g"}
    ended = process.run(small, lake, "--run-id", "huge", "--verbose", env=env)
    assert ended.code == 1
    assert ended.errors == [
        "error: Spark's JVM did not start; its last words are in "
        f"{lake / 'runs' / 'huge' / 'log.txt'}"
    ]
    words = (lake / "runs" / "huge" / "log.txt").read_text()
    assert "heap" in words
    assert words.split("\n")[0] in ended.err


def shell(command: str, folder: Path, flag: str = "") -> Ended:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} {flag} -m spark_app {command}"],
        check=False,
        cwd=folder,
        env=environment(PYTHONUNBUFFERED=""),
        capture_output=True,
        text=True,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("command", ["list >&-", "runs --lake gone 2>&-", "checks organic_share"])
def test_closed_streams_and_readers_that_go_away_are_no_bug(tmp_path: Path, command: str) -> None:
    assert shell(f"{command} | head -1", tmp_path).err == ""


@pytest.mark.parametrize("flag", ["", "-u"])
def test_output_that_cannot_be_written_is_an_error(tmp_path: Path, flag: str) -> None:
    ended = shell("list > /dev/full", tmp_path, flag)
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert "error: the output could not be written" in ended.err


def test_a_published_file_of_somebody_else_is_not_replaced(small: Path) -> None:
    lake = small.parents[1] / "lake"
    foreign = lake / "final" / JOB / f"{JOB}.parquet"
    foreign.parent.mkdir(parents=True)
    pq.write_table(pa.table({"day": [dt.date(2021, 1, 1)]}), foreign)
    before = seen_by_readers(lake)
    expect_error(run(small, lake), 2, foreign, "not published by this application", "move it")
    foreign.write_text("a note")
    expect_error(run(small, lake), 2, foreign)
    foreign.write_bytes(before[str(foreign)])
    assert seen_by_readers(lake) == before


def test_a_published_run_whose_manifest_was_lost_stops_no_other_command(lake: Path) -> None:
    (lake / "runs" / "junk").mkdir()
    (lake / "runs" / "note.txt").write_text("a note")
    (lake / "runs" / "half").mkdir()
    (lake / "runs" / "half" / "run.json").write_text("")
    ended = app("runs", "--lake", lake, cwd=lake.parent)
    assert ended.code == 0, ended.err
    assert "junk" not in ended.out
