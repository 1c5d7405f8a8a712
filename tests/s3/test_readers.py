"""The readers that `docs/reading.md` shows, over and over while runs publish."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from spark_app.lake.lake import Lake
from tests.docs.pages import blocks, docs, marked

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PAGE = docs("reading")
READERS = [b.marker.partition(": ")[2] for b in blocks(PAGE) if b.marker.startswith("reader: ")]
NAME = "organic_share"
NOW = datetime(2021, 3, 2, tzinfo=UTC)
SIZES = {"small": 100, "large": 20_000}
LOOKS = 25


@pytest.fixture
def published(bucket: str) -> Lake:
    """A lake with two runs of different size, the smaller one published."""
    lake = Lake(f"s3://{bucket}/lake")
    for run_id, size in SIZES.items():
        lake.write_built(run_id, NAME, _table(size), "", {})
    _publish(lake, "small")
    return lake


def _table(size: int) -> pa.Table:
    """Rows with the columns that a reader looks at, one of them of a complete week."""
    row = {"country": "DE", "year": 2021, "week": 8, "share_organic_p4w": 0.5}
    row |= {"installs_p4w_count": 9, "week_start_date": date(2021, 2, 22)}
    rows = [{**row, "is_week_complete": False} for _ in range(size - 1)]
    return pa.Table.from_pylist([{**row, "is_week_complete": True}, *rows])


def _publish(lake: Lake, run_id: str) -> None:
    with lake.lock("job", run_id, NOW, print) as held:
        lake.publish(run_id, NAME, lake.published(NAME), held)


@contextmanager
def _publishing(lake: Lake) -> Iterator[list[str]]:
    """One run after the other is published in the background; those that were."""
    done: list[str] = []
    is_over = threading.Event()

    def go_on() -> None:
        while not is_over.is_set():
            run_id = list(SIZES)[(len(done) + 1) % 2]
            _publish(lake, run_id)
            done.append(run_id)

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    yield done
    is_over.set()
    thread.join()


def _rows(table: Any) -> int:
    """How many rows a reader got, whatever it calls a table."""
    return int(len(table) if hasattr(table, "__len__") else table.count())


@pytest.mark.parametrize("reader", READERS)
def test_a_documented_reader_always_sees_one_whole_version(
    reader: str, published: Lake, bucket: str, spark: "SparkSession"
) -> None:
    fetch, parse = marked(PAGE, "content: S3")[0], marked(PAGE, f"reader: {reader}")[0]
    code = compile(fetch.replace("BUCKET", bucket) + parse, reader, "exec")
    seen: list[int] = []
    with _publishing(published) as done:
        while len(seen) < LOOKS or len(done) < 4:
            names: dict[str, Any] = {"spark": spark}
            exec(code, names)
            seen.append(_rows(names["table"]))
    assert set(seen) <= set(SIZES.values())
    assert len(set(seen)) == 2, f"{len(done)} switches, but {reader} saw only {set(seen)}"


def test_the_readers_are_those_that_are_promised() -> None:
    assert READERS == ["pandas", "Polars", "DuckDB", "Spark"]
