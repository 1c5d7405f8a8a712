"""What a run with `--since` takes from the run that is published now, and when it cannot."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_app.declarations import Column, Job, Staging, Table
from spark_app.errors import Unusable
from spark_app.jobs.organic_share import JOB, TABLE
from spark_app.lake.arrow import schema
from spark_app.lake.lake import Lake
from spark_app.run.since import KeptRows, kept_rows, parse_since
from tests.builders import Row, final_row, job_of, staged, staging_table

FIRST = date(2021, 3, 1)
WEEKS = [FIRST + timedelta(weeks=i) for i in range(3)]
NO_ROWS = {"organic_count": 0, "paid_count": 0, "last_counted_date": None}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2021_20", date(2021, 5, 17)),
        ("2021_01", date(2021, 1, 4)),
        ("2020_53", date(2020, 12, 28)),
        ("2020_01", date(2019, 12, 30)),
        ("2021-05-17", date(2021, 5, 17)),
        ("2021-05-19", date(2021, 5, 19)),
        ("2020-02-29", date(2020, 2, 29)),
    ],
)
def test_since_is_a_day_or_the_monday_of_a_week(text: str, day: date) -> None:
    assert parse_since(text) == day


@pytest.mark.parametrize(
    "text",
    [
        *("2021_53", "2021_00", "2021_54", "0000_01", "2021_1", "2021-20", "202120", "21_20"),
        *("", "x", " 2021_20", "2021_20 ", "2021_20\n", "2021_W20", "2021_020"),
        *("2021-02-29", "2021-13-01", "2021-05-00", "0000-01-01", "20210517", "2021-5-17"),
        *(" 2021-05-17", "2021-05-17\n", "2021-05-17T00", "2021-W20-1", "17.05.2021"),
        *("٢٠٢١_20", "2021-05-1٧"),
    ],
)
def test_what_is_no_day_and_no_week_is_refused(text: str) -> None:
    with pytest.raises(Unusable, match="is neither a date nor an ISO week; write 2021-05-17, or"):
        parse_since(text)


# The weeks of organic_share, from its staging


def write_staging(lake: Lake, run_id: str, *parts: pa.Table) -> None:
    """As Spark writes it, with what the manifest says of it."""
    folder = Path(lake.staging(run_id, TABLE.name))
    folder.mkdir(parents=True)
    for i, part in enumerate(parts):
        pq.write_table(part, folder / f"part-{i}.parquet")
    (folder / "_SUCCESS").touch()
    count = sum(part.num_rows for part in parts)
    stages = [{"name": "staging", "rows_out": count}]
    lake.write_manifest(run_id, {"version": 2, "stages": stages})


def publish(lake: Lake, table: Table, rows: list[Row]) -> None:
    """Publish rows as those of the run `one`."""
    built = pa.Table.from_pylist(rows, schema=schema(table))
    lake.write_built("one", table.name, built, "digest", {})
    with lake.lock(table.name, "one", datetime.now(UTC), print) as held:
        lake.publish("one", table.name, None, held)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with a published run of three weeks, the last of them not complete."""
    lake = Lake(str(tmp_path))
    publish(lake, TABLE, [final_row(w, 1, 2, "DE", is_week_complete=w != WEEKS[-1]) for w in WEEKS])
    counted = [staged(week, 1, 1) for week in WEEKS]
    empty = [staged(week, 1, 1, country="US") | NO_ROWS for week in WEEKS]
    write_staging(lake, "one", staging_table(counted[:2]), staging_table([*counted[2:], *empty]))
    return lake


def kept(lake: Lake, since: date, job: Job = JOB) -> KeptRows:
    return kept_rows(since, job, lake, lake.published(job.name))


@pytest.mark.parametrize(("since", "count"), [(WEEKS[0], 0), (WEEKS[1], 1), (WEEKS[2], 2)])
def test_the_weeks_before_are_kept(since: date, count: int, lake: Lake) -> None:
    found = kept(lake, since)
    assert found.since == since
    assert found.rows.to_pylist() == [
        *(staged(week, 1, 1) for week in WEEKS[:count]),
        *(staged(week, 1, 1, country="US") | NO_ROWS for week in WEEKS[:count]),
    ]


@pytest.mark.parametrize("days", [0, 1, 6])
def test_a_day_within_a_week_keeps_whole_weeks_and_reads_from_its_monday(
    days: int, lake: Lake
) -> None:
    found = kept(lake, WEEKS[1] + timedelta(days=days))
    assert found.since == WEEKS[1]
    assert {row["week_start_date"] for row in found.rows.to_pylist()} == {WEEKS[0]}


@pytest.mark.parametrize("since", [FIRST - timedelta(days=10), date.min])
def test_a_day_before_the_first_week_keeps_nothing(since: date, lake: Lake) -> None:
    found = kept(lake, since)
    assert (found.rows.num_rows, found.since) == (0, since)


def test_without_a_publication_there_is_nothing_to_continue(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="nothing is published yet; run without --since first"):
        kept(Lake(str(tmp_path)), FIRST)


def test_a_week_after_the_one_that_follows_the_last_complete_one_leaves_a_gap(lake: Lake) -> None:
    with pytest.raises(
        Unusable, match=r"would leave a gap: .* 2021-03-08 \(2021_10\) as its last time"
    ):
        kept(lake, WEEKS[2] + timedelta(weeks=1))
    with pytest.raises(Unusable, match="would leave a gap"):
        kept(lake, WEEKS[2] + timedelta(days=1))


def test_staging_that_was_pruned_by_half_cannot_be_continued(lake: Lake) -> None:
    (Path(lake.staging("one", TABLE.name)) / "part-0.parquet").unlink()
    with pytest.raises(Unusable, match="staging of the published run one, which is gone"):
        kept(lake, FIRST)


def test_staging_that_was_pruned_cannot_be_continued(lake: Lake) -> None:
    lake.prune("one")
    with pytest.raises(Unusable, match="staging of the published run one, which is gone"):
        kept(lake, FIRST)


def test_staging_of_a_run_without_a_manifest_cannot_be_continued(lake: Lake) -> None:
    Path(lake.manifest_path("one")).unlink()
    with pytest.raises(Unusable, match="staging of the published run one, which is gone"):
        kept(lake, FIRST)


# Any other table

DAILY = Table(
    "visits",
    grain="one row per day",
    key=("day",),
    time="day",
    columns=(
        Column("day", "date", "a day"),
        Column("visits", "bigint", "how many"),
        Column("is_over", "boolean", "whether the day is over"),
    ),
)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def visits(*numbers: int, open_from: int = 99) -> list[Row]:
    return [{"day": day(i), "visits": i, "is_over": i < open_from} for i in numbers]


def kept_days(lake: Lake, since: int, table: Table = DAILY) -> list[int]:
    found = kept(lake, day(since), job_of(table))
    assert found.since == day(since)
    return [row["visits"] for row in found.rows.to_pylist()]


def test_a_table_without_staging_keeps_its_published_rows(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    publish(lake, DAILY, visits(0, 1, 2, 5))
    assert kept_days(lake, 2) == [0, 1]
    assert kept_days(lake, 4) == [0, 1, 2]
    assert kept_days(lake, 6) == [0, 1, 2, 5]
    with pytest.raises(Unusable, match=r"gap: .* 2021-03-06 \(2021_09\) as its last time"):
        kept_days(lake, 7)


def test_a_row_that_is_not_settled_has_to_be_read_again(tmp_path: Path) -> None:
    lake, table = Lake(str(tmp_path)), replace(DAILY, settled="is_over")
    publish(lake, table, visits(0, 1, 2, 3, open_from=2))
    assert kept_days(lake, 2, table) == [0, 1]
    with pytest.raises(Unusable, match="2021-03-02"):
        kept_days(lake, 3, table)


def test_without_a_settled_row_there_is_nothing_to_continue(tmp_path: Path) -> None:
    lake, table = Lake(str(tmp_path)), replace(DAILY, settled="is_over")
    publish(lake, table, visits(0, 1, open_from=0))
    with pytest.raises(Unusable, match="what is published has no complete row"):
        kept_days(lake, 0, table)


def test_an_empty_publication_cannot_be_continued(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    publish(lake, DAILY, [])
    with pytest.raises(Unusable, match="no complete row"):
        kept_days(lake, 0)


def test_a_table_without_time_refuses(tmp_path: Path) -> None:
    lake, table = Lake(str(tmp_path)), replace(DAILY, time=None)
    publish(lake, table, visits(0, 1))
    with pytest.raises(Unusable, match="visits has no time by which rows could be kept"):
        kept(lake, FIRST, job_of(table))


def test_a_staging_table_without_time_refuses(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    publish(lake, DAILY, visits(0, 1))
    job = job_of(DAILY, staging=Staging(replace(DAILY, time=None), made_by=lambda rows: rows))
    with pytest.raises(Unusable, match="the staging of visits has no time"):
        kept(lake, FIRST, job)


@pytest.mark.parametrize(("since", "weeks"), [(7, 1), (9, 1), (13, 1), (14, 2), (20, 2), (27, 3)])
def test_periods_are_counted_from_the_first_one_that_is_published(
    since: int, weeks: int, tmp_path: Path
) -> None:
    lake, table = Lake(str(tmp_path)), replace(DAILY, days=7)
    publish(lake, table, visits(0, 7, 21))  # the third week is missing
    found = kept(lake, day(since), job_of(table))
    assert found.since == day(since - since % 7)
    assert found.rows["visits"].to_pylist() == [0, 7, 21][: min(weeks, 2)]
