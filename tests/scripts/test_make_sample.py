"""The embedded sample is always the same, and has what real exports have."""

import itertools
import os
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from scripts import make_sample
from spark_app.jobs.organic_share.raw import INSTALLS
from spark_app.jobs.organic_share.transform import KEY
from spark_app.sources.contract import findings, inspect_footer

Row = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample")
    make_sample.write(out, make_sample.SEED)
    return out


@pytest.fixture(scope="module")
def table(folder: Path) -> pa.Table:
    return pq.read_table(folder)


@pytest.fixture(scope="module")
def bad(table: pa.Table) -> list[Row]:
    return [row for row in candidates(table) if not is_good(row)]


def candidates(table: pa.Table) -> list[Row]:
    """The rows of days on which a bad row was put, and those without a day."""
    days = pa.array([day for day, _ in make_sample.BAD_ROWS])
    start = table["start_date"]
    rows = table.filter(pc.or_kleene(pc.is_in(start, days), pc.is_null(start)))
    return list(rows.to_pylist())


def is_good(row: Row) -> bool:
    """The row rules in plain Python, as far as the sample breaks them."""
    value, day = row["value"], row["start_date"]
    return (
        value is not None
        and value >= 0
        and float(value).is_integer()
        and day is not None
        and row["end_date"] == day
        and row["year_week"] == "{}_{:02}".format(*day.isocalendar()[:2])
        and bool(row["name"].strip())
        and row["country"] in make_sample.COUNTRIES
        and row["os_name"] in make_sample.OS_NAMES
    )


def latest(table: pa.Table) -> dict[tuple[Any, ...], float]:
    """The value that counts of every key of a table without bad rows."""
    ordered = table.sort_by([("dataplatform_inserted_at", "ascending")])
    columns = [ordered[name].to_pylist() for name in (*KEY, "value")]
    return {values[:-1]: values[-1] for values in zip(*columns, strict=True)}


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    make_sample.write(tmp_path, make_sample.SEED)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        p.name: p.read_bytes() for p in folder.iterdir()
    }


def test_another_seed_gives_other_rows(folder: Path, tmp_path: Path) -> None:
    make_sample.write(tmp_path, make_sample.SEED + 1)
    name = "installs-2021-06.parquet"
    assert (tmp_path / name).read_bytes() != (folder / name).read_bytes()


def test_equal_files_are_left_alone_and_others_replaced(tmp_path: Path) -> None:
    make_sample.write(tmp_path, make_sample.SEED)
    files = sorted(tmp_path.iterdir())
    for path in files:
        os.utime(path, ns=(1, 1))
    files[0].write_bytes(b"something else")
    make_sample.write(tmp_path, make_sample.SEED)
    assert sorted(tmp_path.iterdir()) == files
    assert pq.read_table(files[0]).num_rows > 0
    assert {path.stat().st_mtime_ns for path in files[1:]} == {1}


def test_it_keeps_the_contract(folder: Path) -> None:
    files = [inspect_footer(INSTALLS, str(path), str(path)) for path in folder.iterdir()]
    assert [(found.failed, found.detail) for found in findings(files).values()] == [(0, "")] * 3


def test_it_is_small_and_one_file_a_month(folder: Path, table: pa.Table) -> None:
    assert 100_000 < table.num_rows < 200_000
    assert len(list(folder.iterdir())) == 15
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000


def test_it_crosses_a_53_week_year_with_a_gap_and_ends_amid_a_week(table: pa.Table) -> None:
    days = sorted(d for d in set(table["start_date"].to_pylist()) if d)
    weeks = {day.isocalendar()[:2] for day in days}
    assert {(2020, 53), (2021, 1)} <= weeks
    assert len(weeks) == 64 - 5
    assert max(later - day for day, later in itertools.pairwise(days)).days == 36
    assert days[-1].isoweekday() < 7


def test_a_country_appears_late(table: pa.Table) -> None:
    late = table.filter(pc.equal(table["country"], make_sample.LATE_COUNTRY))
    assert pc.min(late["start_date"]).as_py() == make_sample.LATE_START


def test_a_handful_of_rows_break_different_rules(table: pa.Table, bad: list[Row]) -> None:
    assert len(bad) == len(make_sample.BAD_ROWS) == 12
    assert len(bad) < table.num_rows / 1000


def test_one_bad_row_is_a_later_delivery(table: pa.Table, bad: list[Row]) -> None:
    later = [
        row
        for row in bad
        if row["start_date"]
        and row["dataplatform_inserted_at"].date() > row["start_date"]
        and row["dataplatform_inserted_at"].hour != 4
    ]
    assert len(later) == 1


def test_the_rollups_are_consistent_after_restatements(table: pa.Table) -> None:
    bad_days = pa.array([day for day, _ in make_sample.BAD_ROWS])
    start = table["start_date"]
    clean = table.filter(pc.and_(pc.is_valid(start), pc.invert(pc.is_in(start, bad_days))))
    platforms: dict[Any, float] = defaultdict(float)
    countries: dict[Any, float] = defaultdict(float)
    every = latest(clean)
    for (day, country, os_name, name), value in every.items():
        if os_name != "all":
            platforms[day, country, name] += value
        if country != "ALL":
            countries[day, os_name, name] += value
    assert len(every) < clean.num_rows, "some rows are delivered again"
    assert {k[:2] + k[3:]: v for k, v in every.items() if k[2] == "all"} == platforms
    assert {(k[0], k[2], k[3]): v for k, v in every.items() if k[1] == "ALL"} == countries


def test_the_organic_share_of_one_country_drops_at_the_end(table: pa.Table) -> None:
    def share(country: str, first: date) -> float:
        days = pa.array([first + timedelta(days=i) for i in range(7)])
        chosen = pc.and_(pc.equal(table["country"], country), pc.is_in(table["start_date"], days))
        week = table.filter(pc.and_(chosen, pc.equal(table["os_name"], "all")))
        organic = week.filter(pc.equal(week["name"], "Organic"))
        return float(pc.sum(organic["value"]).as_py() / pc.sum(week["value"]).as_py())

    newest, before = make_sample.DRIFT_START, make_sample.DRIFT_START - timedelta(weeks=1)
    assert share("BR", newest) < 0.85 * share("BR", before)
    assert share("DE", newest) > 0.85 * share("DE", before)
