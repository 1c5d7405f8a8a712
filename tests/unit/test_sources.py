"""Finding source files on a disk, and pinning them."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from spark_app.declarations import Column, Files, Job, Parquet, Table
from spark_app.errors import RunFailed, Unusable
from spark_app.lake.lake import Lake
from spark_app.lake.store import Disk
from spark_app.sources.files import find_inputs
from spark_app.sources.pinned import (
    PinnedSource,
    bytes_delivered,
    inputs_of,
    pin_sources,
    places,
    read_table,
)
from tests.builders import job_of

NOW = datetime(2021, 3, 2, tzinfo=UTC)
NUMBER = (Column("n", "bigint", "a number"),)
FILES = Files("visits", Parquet(), NUMBER)
ORDERS = Files("orders", Parquet(), NUMBER)
TABLE = Table("totals", "one row each", key=("n",), columns=NUMBER)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def found(folder: Path, pattern: str) -> list[str]:
    return [os.path.relpath(file.path, folder) for file in Disk().find(str(folder / pattern))]


def test_a_file_a_folder_or_a_glob_names_files_in_order(tmp_path: Path) -> None:
    touch(tmp_path, "b.parquet", "a.parquet", "sub/c.parquet", "sub/deep/d.parquet", "x.txt")
    assert found(tmp_path, "b.parquet") == ["b.parquet"]
    assert found(tmp_path, "*.parquet") == ["a.parquet", "b.parquet"]
    assert found(tmp_path, "[ab].parquet") == ["a.parquet", "b.parquet"]
    assert found(tmp_path, "s*") == ["sub/c.parquet", "sub/deep/d.parquet"]
    assert found(tmp_path, "**/*.parquet") == [
        *("a.parquet", "b.parquet", "sub/c.parquet", "sub/deep/d.parquet"),
    ]
    assert set(found(tmp_path, ".")) == {
        *("a.parquet", "b.parquet", "sub/c.parquet", "sub/deep/d.parquet", "x.txt"),
    }


def test_hidden_files_and_folders_are_no_delivery(tmp_path: Path) -> None:
    touch(tmp_path, "a.parquet", "_SUCCESS", ".a.parquet.crc", "_temporary/b", ".git/c")
    assert found(tmp_path, ".") == ["a.parquet"]
    assert found(tmp_path, "*") == ["a.parquet"]


def test_a_file_that_two_matches_name_is_read_once(tmp_path: Path) -> None:
    touch(tmp_path, "sub/a.parquet")
    assert found(tmp_path, "**") == ["sub/a.parquet"]


def test_a_name_that_looks_like_a_glob_is_a_name_where_it_exists(tmp_path: Path) -> None:
    touch(tmp_path, "x[1].parquet", "x1.parquet")
    assert found(tmp_path, "x[1].parquet") == ["x[1].parquet"]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [("gone", "does not exist"), ("*.csv", "matches no file"), ("empty", "matches no file")],
)
def test_a_source_without_files_is_refused(pattern: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Unusable, match=why):
        Disk().find(str(tmp_path / pattern))


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.parquet").symlink_to(tmp_path / "gone")
    with pytest.raises(Unusable):
        Disk().find(str(tmp_path / "*.parquet"))


def test_a_folder_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a.parquet", "closed/b.parquet")
    scan = os.scandir

    def closed(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(Unusable, match="closed cannot be read"):
        Disk().find(str(tmp_path))


def test_linked_folders_are_read_and_circles_end(tmp_path: Path) -> None:
    touch(tmp_path, "archive/2020/a.parquet", "in/b.parquet")
    (tmp_path / "in" / "2020").symlink_to(tmp_path / "archive" / "2020")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in")
    assert sorted(found(tmp_path, "in")) == ["in/2020/a.parquet", "in/b.parquet"]


def test_hidden_folders_below_a_glob_are_no_delivery(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.parquet", "in/_temporary/0/b.parquet", "_named/c.parquet")
    assert found(tmp_path, "in/**/*.parquet") == ["in/a.parquet"]
    assert found(tmp_path, "_named/*.parquet") == ["_named/c.parquet"]


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.parquet")
    with pytest.raises(Unusable, match=r"pipe\.parquet is no regular file"):
        Disk().find(str(tmp_path))


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/inst\xff.parquet")).touch()
    with pytest.raises(Unusable, match=r"inst\\xff\.parquet has a name that is not UTF-8"):
        Disk().find(str(tmp_path))


def test_a_source_that_holds_the_lake_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.parquet", "lake/runs/one/x.parquet")
    for source in (tmp_path, tmp_path / "lake", tmp_path / "lake" / "runs"):
        with pytest.raises(Unusable, match="lies inside the source"):
            find_inputs(str(source), Disk(), Lake(str(tmp_path / "lake")))


def test_a_source_that_will_hold_the_lake_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.parquet")
    with pytest.raises(Unusable, match="lies inside the source"):
        find_inputs(str(tmp_path), Disk(), Lake(str(tmp_path / "new" / "lake")))


def test_the_raw_folder_of_the_lake_and_its_neighbours_are_sources(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    touch(tmp_path, "lake/raw/installs/a.parquet", "lake-exports/b.parquet")
    assert len(find_inputs(lake.raw("installs"), Disk(), lake)) == 1
    assert len(find_inputs(str(tmp_path / "lake-exports"), Disk(), lake)) == 1


@pytest.mark.parametrize("change", ["content", "time", "gone", "replaced"])
def test_an_input_that_changed_is_noticed(change: str, tmp_path: Path) -> None:
    touch(tmp_path, "a.parquet")
    path = tmp_path / "a.parquet"
    lake = Lake(str(tmp_path / "lake"))
    job = job_of(TABLE, FILES)
    (pinned,) = pin_sources(job, lake, {"visits": str(path)}, None)
    pinned.require_unchanged()
    if change == "content":
        path.write_bytes(b"longer than before")
    elif change == "time":
        os.utime(path, ns=(1, 1))
    else:
        path.unlink()
        if change == "replaced":
            path.mkdir()
    with pytest.raises(RunFailed, match="changed while it was read"):
        pinned.require_unchanged()


# The sources of a job


def pinned_of(job: Job, lake: Lake) -> list[PinnedSource]:
    return list(pin_sources(job, lake, places(job, lake, {}), None))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with two files of visits and one of orders."""
    touch(tmp_path, "lake/raw/visits/a.parquet", "lake/raw/visits/b.parquet")
    touch(tmp_path, "lake/raw/orders/a.parquet", "elsewhere/c.parquet")
    return Lake(str(tmp_path / "lake"))


BOTH = job_of(TABLE, FILES, ORDERS)


def test_deliveries_lie_in_the_lake_unless_a_place_is_given(lake: Lake) -> None:
    assert places(BOTH, lake, {}) == {n: f"{lake.root}/raw/{n}" for n in ("visits", "orders")}
    given = places(BOTH, lake, {"orders": "s3://bucket/orders", "others": "/x"})
    assert given == {"visits": lake.raw("visits"), "orders": "s3://bucket/orders"}


def test_the_files_of_every_source_are_pinned_in_the_order_of_the_job(lake: Lake) -> None:
    visits, orders = pinned_of(BOTH, lake)
    assert (visits.name, len(visits.files), orders.name, len(orders.files)) == (
        *("visits", 2),
        *("orders", 1),
    )
    assert inputs_of([visits, orders]) == [*visits.files, *orders.files]
    size = len("lake/raw/visits/a.parquet") * 2
    assert visits.bytes_count == size
    assert visits.as_dict() == {"place": lake.raw("visits"), "files": 2, "bytes": size}


def test_a_source_that_is_not_there_is_refused_by_its_place(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "lake" / "raw" / "orders" / "a.parquet").unlink()
    with pytest.raises(Unusable, match="raw/orders"):
        pinned_of(BOTH, lake)


def test_bytes_delivered_are_those_of_all_places_together(lake: Lake) -> None:
    together = sum(pinned.bytes_count for pinned in pinned_of(BOTH, lake))
    assert bytes_delivered(places(BOTH, lake, {}), lake, None) == together


def publish(lake: Lake, run_id: str, numbers: list[int]) -> None:
    lake.write_built(run_id, "totals", pa.table({"n": pa.array(numbers, pa.int64())}), "", {})
    with lake.lock("totals", run_id, NOW, print) as held:
        lake.publish(run_id, "totals", lake.published("totals"), held)


ON_TOTALS = job_of(Table("more", "one row each", ("n",), TABLE.columns), TABLE)


def test_another_jobs_table_is_pinned_at_the_run_that_made_its_published_version(
    lake: Lake,
) -> None:
    publish(lake, "one", [1])
    (first,) = pinned_of(ON_TOTALS, lake)
    publish(lake, "two", [2])
    (second,) = pinned_of(ON_TOTALS, lake)
    assert (first.as_dict(), second.as_dict()) == (
        {"table": "totals", "run_id": "one"},
        {"table": "totals", "run_id": "two"},
    )
    assert first.place == lake.built("one", "totals")
    first.require_unchanged()
    assert first.files != second.files


def test_the_pinned_version_is_read_whatever_is_published_meanwhile(
    lake: Lake, spark: SparkSession
) -> None:
    publish(lake, "one", [1])
    (pinned,) = pinned_of(ON_TOTALS, lake)
    publish(lake, "two", [2])
    assert [row["n"] for row in read_table(spark, pinned, lake).collect()] == [1]


def test_a_table_that_was_never_published_is_refused_with_what_to_do(lake: Lake) -> None:
    with pytest.raises(Unusable, match=r"nothing is published yet; .* run more --upstream"):
        pinned_of(ON_TOTALS, lake)


def test_a_table_whose_run_was_pruned_is_refused_with_what_to_do(lake: Lake) -> None:
    publish(lake, "one", [1])
    lake.prune("one")
    with pytest.raises(Unusable, match="totals was published, is gone; run totals again"):
        pinned_of(ON_TOTALS, lake)
