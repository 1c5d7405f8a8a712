"""The lake: its paths, and what it keeps of every run."""

import errno
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_app.errors import GateShut, RunFailed, Unusable
from spark_app.lake.lake import Lake
from spark_app.lake.store import Disk, StoredFile
from spark_app.quality.results import CheckResult

TABLE = pa.table({"n": pa.array([1, 2], pa.int64())})
OTHER = pa.table({"n": pa.array([3], pa.int64())})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def files_below(folder: str) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file())


def test_files_are_deleted_by_name_whether_they_are_there_or_not(lake: Lake) -> None:
    for name in "ab":
        lake.store.write(lake.path("x", name), b"x", lake.run("one"))
    lake.store.delete([lake.path("x", "a"), lake.path("x", "c")])
    assert lake.store.children(lake.path("x")) == ["b"]


def test_pruning_keeps_manifest_log_and_checks(lake: Lake) -> None:
    lake.write_built("one", "t", TABLE, "digest", {})
    lake.write_manifest("one", {"run_id": "one"})
    Path(lake.log("one")).write_text("log")
    lake.write_quality("t", "one", [])
    lake.prune("one")
    assert files_below(lake.root) == [
        "quality/t/run_id=one/checks.parquet",
        "runs/one/log.txt",
        "runs/one/run.json",
    ]


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
    raw = CheckResult("raw", "visits", "check", "quarantine", "Words.", 9, 1, "failed", "<why>")
    final = CheckResult("final", "t", "check", "warn", "Words.", 9, 1, "failed", "")
    lake.write_quality("t", "one", [raw.as_dict(), final.as_dict()])
    assert lake.read_checks("t", "one") == [raw.as_dict(), final.as_dict()]
    assert [row["table"] for row in lake.read_checks("t", "one")] == ["visits", "t"]
    assert lake.read_checks("t", "unknown") == []


def test_only_runs_with_a_manifest_are_runs(lake: Lake) -> None:
    lake.write_manifest("two", {"run_id": "two"})
    lake.write_manifest("one", {"run_id": "one"})
    os.makedirs(lake.run("empty"))
    assert list(lake.manifests()) == ["one", "two"]
    assert lake.manifest("empty") is None


def test_rows_of_a_folder_that_is_gone_are_refused(lake: Lake) -> None:
    with pytest.raises(Unusable, match="is gone"):
        lake.read_rows(lake.staging("one", "t"), most_bytes=2**20)


def test_rows_of_a_folder_are_read_whole_up_to_a_size(lake: Lake) -> None:
    folder = Path(lake.staging("one", "t"))
    folder.mkdir(parents=True)
    for name, table in (("a", TABLE), ("b", OTHER)):
        pq.write_table(table, folder / f"{name}.parquet")
    (folder / "_SUCCESS").touch()
    size = sum(file.stat().st_size for file in folder.glob("*.parquet"))
    assert lake.read_rows(str(folder), most_bytes=size)["n"].to_pylist() == [1, 2, 3]
    with pytest.raises(GateShut, match=r"fits_one_file: .* is larger than 0 MiB"):
        lake.read_rows(str(folder), most_bytes=size - 1)


def test_the_files_that_a_run_reads_stand_beside_its_manifest(lake: Lake) -> None:
    visits = [StoredFile("/in/a.parquet", 7, "v1"), StoredFile("/in/b.parquet", 2**40, "v2")]
    lake.write_inputs("one", {"visits": visits, "orders": [], "totals": visits[:1]})
    path = Path(lake.run("one")) / "inputs.parquet"
    assert [tuple(row.values()) for row in pq.read_table(path).to_pylist()] == [
        ("visits", "/in/a.parquet", 7, "v1"),
        ("visits", "/in/b.parquet", 2**40, "v2"),
        ("totals", "/in/a.parquet", 7, "v1"),
    ]
    lake.write_inputs("two", {})
    empty = pq.read_table(Path(lake.run("two")) / "inputs.parquet")
    assert empty.column_names == ["source", "path", "size_bytes", "version"]


def test_a_manifest_of_a_newer_version_is_refused_by_its_path(lake: Lake) -> None:
    lake.write_manifest("one", {"run_id": "one", "version": 3})
    with pytest.raises(Unusable, match=r"runs/one/run\.json was written by a newer version"):
        lake.manifests()


def test_summaries_that_cannot_be_read_are_passed_over(lake: Lake) -> None:
    folder = Path(lake.path("report"))
    assert lake.summaries() == []
    folder.mkdir(parents=True)
    contents = {"b.json": '{"table": "b"}', "a.json": '{"table": "a"}', "half.json": '{"tab'}
    for name, content in (contents | {"none.json": "", "list.json": "[1]", "b.html": "x"}).items():
        (folder / name).write_text(content)
    assert lake.summaries() == [{"table": "a"}, {"table": "b"}]


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


def test_every_path_lies_below_the_root_and_none_is_another(lake: Lake) -> None:
    paths = [
        *(lake.raw("t"), lake.run("t"), lake.manifest_path("t"), lake.inputs("t"), lake.log("t")),
        *(lake.staging("t", "t"), lake.built("t", "t"), lake.quarantine("t", "t")),
        *(lake.quality("t", "t"), lake.published_path("t"), lake.report("t")),
        *(lake.summary_path("t"), lake.index_path(), lake.run_report("t"), lake.lock_path("t")),
    ]
    assert all(path.startswith(f"{lake.root}/") for path in paths)
    assert len(set(paths)) == len(paths)


def test_readers_find_the_table_and_its_page_where_they_always_were(lake: Lake) -> None:
    assert lake.published_path("t") == f"{lake.root}/final/t/t.parquet"
    assert lake.report("t") == f"{lake.root}/report/t.html"
    assert lake.index_path() == f"{lake.root}/report/index.html"
    assert lake.quarantine("visits", "one") == f"{lake.root}/quarantine/visits/run_id=one"
    assert lake.quality("t", "one") == f"{lake.root}/quality/t/run_id=one/checks.parquet"
