"""Publishing: one atomic step under a lock, and what readers see before and after it."""

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_app.errors import RunFailed, Unusable
from spark_app.lake import parquet
from spark_app.lake.lake import OPTIONS_KEY, Lake

NOW = datetime(2021, 3, 2, tzinfo=UTC)
TABLE = pa.table({"n": pa.array([1, 2], pa.int64())})
OTHER = pa.table({"n": pa.array([3], pa.int64())})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def built(lake: Lake, run_id: str, table: pa.Table = TABLE) -> str:
    lake.write_built(run_id, "t", table, f"digest of {run_id}", {"channels": ["Ads"]})
    return run_id


def publish(lake: Lake, run_id: str) -> None:
    expected = lake.published("t")
    with lake.lock("job", run_id, NOW, print) as held:
        lake.publish(run_id, "t", expected, held)


def files_below(folder: str) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file())


def test_nothing_is_published_at_first(lake: Lake) -> None:
    assert lake.published("t") is None


def test_what_is_published_is_the_very_file_that_was_built(lake: Lake) -> None:
    publish(lake, built(lake, "one"))
    assert Path(lake.published_path("t")).read_bytes() == Path(lake.built("one", "t")).read_bytes()


def test_a_published_file_says_which_run_made_it_from_what(lake: Lake) -> None:
    publish(lake, built(lake, "one"))
    found = lake.published("t")
    assert found is not None
    assert (found.run_id, found.inputs_digest) == ("one", "digest of one")
    assert found.table().to_pylist() == TABLE.to_pylist()
    marks = pq.read_schema(lake.published_path("t")).metadata
    assert json.loads(marks[OPTIONS_KEY]) == {"channels": ["Ads"]}


def test_who_made_what_is_published_is_known_without_reading_its_rows(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(lake, built(lake, "one"))

    def no_rows(*_: object) -> None:
        raise AssertionError("rows were read")

    monkeypatch.setattr(parquet, "parse", no_rows)
    monkeypatch.setattr(parquet, "read", no_rows)
    found = lake.published("t")
    assert found is not None
    assert found.run_id == "one"


@pytest.mark.parametrize("content", [b"", b"PAR1", b"{}" * 99])
def test_a_published_file_that_is_no_parquet_is_not_ours(content: bytes, lake: Lake) -> None:
    path = Path(lake.published_path("t"))
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(Unusable, match="was not published by this application; move it away"):
        lake.published("t")


def test_an_older_run_can_be_published_again(lake: Lake) -> None:
    publish(lake, built(lake, "one"))
    publish(lake, built(lake, "two", OTHER))
    publish(lake, "one")
    assert pq.read_table(lake.published_path("t")).to_pylist() == TABLE.to_pylist()


def test_publishing_leaves_one_file_and_nothing_half_written(lake: Lake) -> None:
    publish(lake, built(lake, "one"))
    publish(lake, built(lake, "two"))
    assert files_below(lake.path("final")) == ["t/t.parquet"]
    assert files_below(lake.run("two")) == ["final/t/t.parquet"]


def test_a_version_that_somebody_else_published_is_not_overwritten(lake: Lake) -> None:
    publish(lake, built(lake, "one"))
    seen = lake.published("t")
    publish(lake, built(lake, "two", OTHER))
    with (
        lake.lock("job", "three", NOW, print) as held,
        pytest.raises(RunFailed, match="was changed by somebody else during the run"),
    ):
        lake.publish(built(lake, "three"), "t", seen, held)
    assert lake.published("t").run_id == "two"  # type: ignore[union-attr]


def test_the_first_publication_does_not_overwrite_another_one(lake: Lake) -> None:
    publish(lake, built(lake, "one"))
    with lake.lock("job", "two", NOW, print) as held, pytest.raises(RunFailed):
        lake.publish(built(lake, "two"), "t", None, held)
    assert lake.published("t").run_id == "one"  # type: ignore[union-attr]


def test_a_published_table_that_vanished_is_not_replaced_silently(lake: Lake) -> None:
    publish(lake, built(lake, "one"))
    seen = lake.published("t")
    os.unlink(lake.published_path("t"))
    with lake.lock("job", "two", NOW, print) as held, pytest.raises(RunFailed):
        lake.publish(built(lake, "two"), "t", seen, held)


def test_a_run_that_was_pruned_cannot_be_published(lake: Lake) -> None:
    built(lake, "one")
    lake.prune("one")
    assert lake.is_pruned("one")
    with pytest.raises(Unusable, match="it was pruned or failed"):
        publish(lake, "one")


def test_a_file_that_is_not_ours_is_not_taken_for_a_publication(lake: Lake) -> None:
    path = Path(lake.published_path("t"))
    path.parent.mkdir(parents=True)
    pq.write_table(TABLE, path)
    with pytest.raises(Unusable, match="was not published by this application"):
        lake.published("t")


def test_a_reader_sees_the_old_or_the_new_table_whole(lake: Lake) -> None:
    publish(lake, built(lake, "small", OTHER))
    big = pa.table({"n": pa.array(range(200_000), pa.int64())})
    built(lake, "big", big)
    seen: set[object] = set()
    is_over = threading.Event()

    def read_on() -> None:
        while not is_over.is_set():
            try:
                found = lake.published("t")
                seen.add(found.table().num_rows if found else None)
            except Exception as error:
                seen.add(error)

    reader = threading.Thread(target=read_on)
    reader.start()
    for i in range(400):
        publish(lake, "big" if i % 2 else "small")
        if i > 40 and len(seen) > 1:
            break
    is_over.set()
    reader.join()
    assert seen == {1, 200_000}


@pytest.mark.parametrize("way", ["deleted", "replaced"])
def test_a_lock_that_was_taken_away_stops_the_run_before_it_publishes(way: str, lake: Lake) -> None:
    built(lake, "one")
    with lake.lock("job", "one", NOW, print) as held:
        os.unlink(lake.lock_path("job"))
        if way == "replaced":
            Path(lake.lock_path("job")).write_text("{}")
        with pytest.raises(RunFailed, match="was taken away"):
            lake.publish("one", "t", None, held)
    assert lake.published("t") is None
