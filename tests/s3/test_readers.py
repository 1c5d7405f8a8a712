"""The readers that the README shows, over and over while runs publish."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from spark_app.lake.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

README = (Path(__file__).parents[2] / "README.md").read_text()
READERS = re.findall(r"<!-- reader -->\n```python\n# (\w+)[^\n]*(.*?)\n```", README, re.S)
NAME = "organic_share"
NOW = datetime(2021, 3, 2, tzinfo=UTC)
SIZES = {"small": 100, "large": 20_000}
LOOKS = 25


@pytest.fixture
def published(bucket: str) -> Lake:
    """A lake with two runs of different size, the smaller one published."""
    lake = Lake(f"s3://{bucket}/lake")
    for run_id, size in SIZES.items():
        lake.write_built(run_id, NAME, pa.table({"n": pa.array(range(size), pa.int64())}), "", {})
    _publish(lake, "small")
    return lake


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


@pytest.mark.parametrize("reader", [name for name, _ in READERS])
def test_a_documented_reader_always_sees_one_whole_version(
    reader: str, published: Lake, bucket: str, spark: "SparkSession"
) -> None:
    code = compile(dict(READERS)[reader].replace("BUCKET", bucket), reader, "exec")
    seen: list[Any] = []
    with _publishing(published) as done:
        while len(seen) < LOOKS or len(done) < 4:
            names: dict[str, Any] = {"spark": spark}
            exec(code, names)
            seen.append(names["rows"])
    assert set(seen) <= set(SIZES.values())
    assert len(set(seen)) == 2, f"{len(done)} switches, but {reader} saw only {set(seen)}"


def test_the_readers_are_those_that_are_promised() -> None:
    assert [name for name, _ in READERS] == ["pandas", "DuckDB", "Spark"]
