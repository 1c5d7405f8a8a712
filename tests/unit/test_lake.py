"""The lake: atomic publishing, the lock, and finding source files."""

import errno
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_app.errors import RunFailed, Unusable
from spark_app.lake.lake import Lake
from spark_app.lake.store import Disk
from spark_app.lake.store.disk_lock import locked
from spark_app.quality.checks import CheckResult
from spark_app.sources.files import find_inputs, require_unchanged

NOW = datetime(2021, 3, 2, tzinfo=UTC)
TABLE = pa.table({"n": pa.array([1, 2], pa.int64())})
OTHER = pa.table({"n": pa.array([3], pa.int64())})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def built(lake: Lake, run_id: str, table: pa.Table = TABLE) -> str:
    lake.write_built(run_id, "t", table, f"digest of {run_id}")
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


def test_pruning_keeps_manifest_log_and_checks(lake: Lake) -> None:
    built(lake, "one")
    lake.write_manifest("one", {"run_id": "one"})
    Path(lake.log("one")).write_text("log")
    lake.write_quality(["t"], "one", [])
    lake.prune("one")
    assert files_below(lake.root) == [
        "quality/t/run_id=one/checks.parquet",
        "runs/one/log.txt",
        "runs/one/run.json",
    ]


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


def test_a_failed_write_leaves_the_old_content_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, scratch = tmp_path / "file", tmp_path / "scratch"
    Disk().write(str(path), b"old", str(scratch))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunFailed, match="the disk is full"):
        Disk().write(str(path), b"new", str(scratch))
    assert path.read_bytes() == b"old"
    assert files_below(str(scratch)) == []


def test_a_lake_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file")
    with pytest.raises(Unusable, match="cannot write"):
        Lake(str(tmp_path / "lake")).write_manifest("one", {})


@pytest.mark.parametrize("root", ["s3a://bucket/lake", "hdfs:///lake", "http://x/lake"])
def test_a_root_of_another_kind_is_refused(root: str) -> None:
    with pytest.raises(Unusable, match="write a path or s3://BUCKET/PREFIX"):
        Lake(root)


def test_a_root_may_be_a_uri_of_a_file_system(tmp_path: Path) -> None:
    assert Lake(f"file://{tmp_path}").root == str(tmp_path)


def test_the_quality_history_keeps_every_result(lake: Lake) -> None:
    result = CheckResult("final", "check", "warn", "Words.", 9, 1, "failed", "<why>")
    lake.write_quality(["t"], "one", [result])
    assert lake.read_checks("t", "one") == [result.as_dict()]
    assert lake.read_checks("t", "unknown") == []


def test_only_runs_with_a_manifest_are_runs(lake: Lake) -> None:
    lake.write_manifest("two", {"run_id": "two"})
    lake.write_manifest("one", {"run_id": "one"})
    os.makedirs(lake.run("empty"))
    assert list(lake.manifests()) == ["one", "two"]
    assert lake.manifest("empty") is None


def test_rows_of_a_folder_that_is_gone_are_refused(lake: Lake) -> None:
    with pytest.raises(Unusable, match="is gone"):
        lake.read_rows(lake.staging("one", "t"))


# The lock


def test_a_held_lock_refuses_a_second_run_and_says_who_holds_it(tmp_path: Path) -> None:
    path = str(tmp_path / "locks" / "job.json")
    with locked(path, "first", NOW):
        with (
            pytest.raises(RunFailed, match=r"run first \(process \d+, since 2021-03-02"),
            locked(path, "second", NOW),
        ):
            pass
        assert json.loads(Path(path).read_text())["run_id"] == "first"


def test_a_lock_that_was_given_back_is_free(tmp_path: Path) -> None:
    path = str(tmp_path / "job.json")
    with locked(path, "first", NOW) as held:
        assert held.died is None
    with locked(path, "second", NOW) as held:
        assert held.died is None


def test_a_run_that_fails_gives_its_lock_back(tmp_path: Path) -> None:
    path = str(tmp_path / "job.json")
    with pytest.raises(RunFailed), locked(path, "first", NOW):
        raise RunFailed("no")
    with locked(path, "second", NOW) as held:
        assert held.died is None


def test_a_holder_that_died_is_recognised(tmp_path: Path) -> None:
    path = str(tmp_path / "job.json")
    code = (
        "import os, sys; from datetime import datetime, UTC\n"
        "from spark_app.lake.store.disk_lock import locked\n"
        "with locked(sys.argv[1], 'killed', datetime.now(UTC)): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, path], check=False)
    assert json.loads(Path(path).read_text())["run_id"] == "killed"
    with locked(path, "next", NOW) as held:
        assert held.died == "killed"


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


def test_a_lock_file_with_other_content_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_text("not json")
    with locked(str(path), "one", NOW) as held:
        assert held.died is None


# Source files


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


def test_a_folder_where_a_file_is_read_is_named(lake: Lake) -> None:
    Path(lake.published_path("t")).mkdir(parents=True)
    with pytest.raises(Unusable, match=r"cannot read .*t\.parquet"):
        lake.published("t")


def test_rows_come_with_dates_and_texts_that_python_cannot_hold(lake: Lake) -> None:
    folder = Path(lake.path("rows"))
    folder.mkdir(parents=True)
    far = pa.array([3_000_000, None], pa.int32()).cast(pa.date32())
    odd = pa.array([b"caf\xe9", None]).view(pa.string())
    pq.write_table(pa.table({"day": far, "name": odd, "n": [1, 2]}), folder / "a.parquet")
    first, second = lake.rows(str(folder))
    assert (first["name"], first["n"]) == ("caf\ufffd", 1)
    assert "10183" in first["day"] or "out of range" in first["day"]
    assert second == {"day": None, "name": None, "n": 2}
    assert list(lake.rows(lake.path("gone"))) == []


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
    inputs = Disk().find(str(path))
    require_unchanged(inputs, Disk())
    if change == "content":
        path.write_bytes(b"longer than before")
    elif change == "time":
        os.utime(path, ns=(1, 1))
    else:
        path.unlink()
        if change == "replaced":
            path.mkdir()
    with pytest.raises(RunFailed, match="changed while it was read"):
        require_unchanged(inputs, Disk())
