"""What a run with `--since` takes from the run that is published now, and when it cannot."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_app.errors import Unusable
from spark_app.jobs.organic_share import JOB
from spark_app.jobs.organic_share.schema import published_schema
from spark_app.lake.lake import Lake
from spark_app.run.since import history_for
from tests.builders import Row, staged, staging_table

TABLE = "organic_share"
FIRST = date(2021, 3, 1)
WEEKS = [FIRST + timedelta(weeks=i) for i in range(3)]
NO_ROWS = {"organic_count": 0, "paid_count": 0, "last_counted_date": None}


def published_row(week: date, is_complete: bool) -> Row:
    year, number, _ = week.isocalendar()
    return {
        "year": year,
        "week": number,
        "country": "DE",
        "share_organic_p4w": 0.5,
        "week_start_date": week,
        "organic_p4w_count": 1,
        "installs_p4w_count": 2,
        "weeks_in_window_count": 1,
        "is_week_complete": is_complete,
    }


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with a published run of three weeks, the last of them not complete."""
    lake = Lake(str(tmp_path))
    rows = [published_row(week, week != WEEKS[-1]) for week in WEEKS]
    lake.write_built("one", TABLE, pa.Table.from_pylist(rows, schema=published_schema()), "digest")
    with lake.lock(JOB.name, "one", datetime.now(UTC), print) as held:
        lake.publish("one", TABLE, None, held)
    staging = [staged(week, 1, 1) for week in WEEKS]
    staging += [staged(week, 1, 1, country="US") | NO_ROWS for week in WEEKS]
    folder = Path(lake.staging("one", TABLE))
    folder.mkdir(parents=True)
    pq.write_table(staging_table(staging[:2]), folder / "part-0.parquet")
    pq.write_table(staging_table(staging[2:]), folder / "part-1.parquet")
    (folder / "_SUCCESS").touch()
    lake.write_manifest("one", {"stages": [{"name": "staging", "rows_out": len(staging)}]})
    return lake


def history(lake: Lake, since: date) -> pa.Table:
    published = {TABLE: lake.published(TABLE)}
    return history_for(since, JOB.load(), lake, JOB, published)[TABLE]


@pytest.mark.parametrize(("since", "kept"), [(WEEKS[0], 0), (WEEKS[1], 1), (WEEKS[2], 2)])
def test_the_weeks_before_that_have_rows_are_kept(since: date, kept: int, lake: Lake) -> None:
    assert history(lake, since).to_pylist() == [staged(week, 1, 1) for week in WEEKS[:kept]]


def test_without_a_publication_there_is_nothing_to_continue(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="nothing is published yet; run without --since first"):
        history(Lake(str(tmp_path)), FIRST)


def test_a_week_after_the_one_that_follows_the_last_complete_one_leaves_a_gap(lake: Lake) -> None:
    with pytest.raises(Unusable, match=r"would leave a gap: .* 2021_10 as last complete week"):
        history(lake, WEEKS[2] + timedelta(weeks=1))


def test_staging_that_was_pruned_by_half_cannot_be_continued(lake: Lake) -> None:
    (Path(lake.staging("one", TABLE)) / "part-0.parquet").unlink()
    with pytest.raises(Unusable, match="staging of the published run one, which is gone"):
        history(lake, FIRST)


def test_staging_that_was_pruned_cannot_be_continued(lake: Lake) -> None:
    lake.prune("one")
    with pytest.raises(Unusable, match="staging of the published run one, which is gone"):
        history(lake, FIRST)
