"""A lake in S3: publishing by conditional writes, finding sources, pinned inputs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_app import aws
from spark_app.errors import RunFailed, Unusable
from spark_app.lake.lake import Lake
from spark_app.lake.store import READERS, store_of
from spark_app.sources.files import find_inputs, require_unchanged
from tests.s3.fault_proxy import Asked, Fault, FaultProxy

NOW = datetime(2021, 3, 2, tzinfo=UTC)
TABLE = pa.table({"n": pa.array([1, 2], pa.int64())})
OTHER = pa.table({"n": pa.array([3], pa.int64())})


def built(lake: Lake, run_id: str, table: pa.Table = TABLE) -> str:
    lake.write_built(run_id, "t", table, f"digest of {run_id}", {})
    return run_id


def publish(lake: Lake, run_id: str) -> None:
    expected = lake.published("t")
    with lake.lock("job", run_id, NOW, print) as held:
        lake.publish(run_id, "t", expected, held)


def published_run(lake: Lake) -> str | None:
    found = lake.published("t")
    return found.run_id if found else None


def once(fault: Fault, method: str, part: str) -> Any:
    """A rule: the first such request fails."""
    done: list[Asked] = []

    def rule(asked: Asked) -> Fault | None:
        if done or asked.method != method or part not in asked.path:
            return None
        done.append(asked)
        return fault

    return rule


def put(s3: Any, bucket: str, *keys: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=key.encode()), keys))


def test_what_is_published_is_the_very_object_that_was_built(lake: Lake) -> None:
    publish(lake, built(lake, "one"))
    found = lake.published("t")
    assert found is not None
    assert (found.run_id, found.inputs_digest) == ("one", "digest of one")
    assert lake.store.fetch(lake.built("one", "t"))[0] == found.content  # type: ignore[index]


def test_nothing_is_published_at_first(lake: Lake) -> None:
    assert published_run(lake) is None


def test_an_older_run_can_be_published_again(lake: Lake) -> None:
    publish(lake, built(lake, "one"))
    publish(lake, built(lake, "two", OTHER))
    publish(lake, "one")
    assert published_run(lake) == "one"


def test_a_version_that_somebody_else_published_is_not_overwritten(lake: Lake) -> None:
    seen = lake.published("t")
    publish(lake, built(lake, "two", OTHER))
    with (
        lake.lock("job", "three", NOW, print) as held,
        pytest.raises(RunFailed, match="was changed by somebody else during the run"),
    ):
        lake.publish(built(lake, "three"), "t", seen, held)
    assert published_run(lake) == "two"


def test_a_publication_whose_answer_was_lost_counts(lake: Lake, proxy: FaultProxy) -> None:
    publish(lake, built(lake, "one"))
    proxy.rule = once(Fault(is_answer_lost=True), "PUT", "/final/t/t.parquet")
    built(lake, "two", OTHER)
    proxy.rule = once(Fault(is_answer_lost=True), "PUT", "/lake/final/t/t.parquet")
    publish(lake, "two")
    assert proxy.failed == 2
    assert published_run(lake) == "two"


def test_a_publication_that_collides_is_tried_again(lake: Lake, proxy: FaultProxy) -> None:
    built(lake, "one")
    conflict = Fault(status=409, code="ConditionalRequestConflict")
    proxy.rule = once(conflict, "PUT", "/lake/final/t/t.parquet")
    publish(lake, "one")
    assert proxy.failed == 1
    assert published_run(lake) == "one"


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(status=500), Fault(is_cut=True)])
def test_one_failure_of_s3_is_not_noticed(lake: Lake, proxy: FaultProxy, fault: Fault) -> None:
    for method, part in [("PUT", "runs/one"), ("PUT", "/lake/final/"), ("GET", "/lake/final/")]:
        proxy.rule = once(fault, method, part)
        publish(lake, built(lake, "one"))
    assert published_run(lake) == "one"
    assert proxy.failed == 3


def test_pruning_deletes_the_tables_and_keeps_the_manifest(lake: Lake) -> None:
    built(lake, "one")
    lake.write_manifest("one", {"run_id": "one"})
    lake.prune("one")
    assert lake.is_pruned("one")
    assert list(lake.manifests()) == ["one"]


def test_what_spark_staged_is_deleted_beyond_one_page(lake: Lake, s3_url: str, bucket: str) -> None:
    lake.store.make_folder(lake.path("runs", "one", "staging"))
    server = HTTPConnection(urlsplit(s3_url).netloc)
    for i in range(1001):
        server.request("PUT", f"/{bucket}/lake/runs/one/staging/t/{i}.parquet", b"")
        answer = server.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
    server.close()
    lake.prune("one")
    assert lake.is_pruned("one")


def test_files_are_deleted_by_name_whether_they_are_there_or_not(lake: Lake) -> None:
    for name in "ab":
        lake.store.write(lake.path("x", name), b"x", "")
    lake.store.delete([lake.path("x", "a"), lake.path("x", "c")])
    assert lake.store.children(lake.path("x")) == ["b"]


def test_only_runs_with_a_manifest_are_runs(lake: Lake) -> None:
    lake.write_manifest("two", {"run_id": "two"})
    lake.write_manifest("one", {"run_id": "one"})
    built(lake, "empty")
    assert list(lake.manifests()) == ["one", "two"]


KEYS = (
    "in/a.parquet",
    "in/b.parquet",
    "in/deep/er/c.parquet",
    "in/_SUCCESS",
    "in/.hidden/d.parquet",
    "in-other/e.parquet",
)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("in/a.parquet", ["in/a.parquet"]),
        ("in", ["in/a.parquet", "in/b.parquet", "in/deep/er/c.parquet"]),
        ("in/", ["in/a.parquet", "in/b.parquet", "in/deep/er/c.parquet"]),
        ("in/*.parquet", ["in/a.parquet", "in/b.parquet"]),
        ("in/[b-z].parquet", ["in/b.parquet"]),
        ("in/?.parquet", ["in/a.parquet", "in/b.parquet"]),
        ("in/**/*.parquet", ["in/a.parquet", "in/b.parquet", "in/deep/er/c.parquet"]),
        ("in/d*", ["in/deep/er/c.parquet"]),
        ("in*/*.parquet", ["in-other/e.parquet", "in/a.parquet", "in/b.parquet"]),
        ("in/.hidden", ["in/.hidden/d.parquet"]),
        ("", ["in-other/e.parquet", "in/a.parquet", "in/b.parquet", "in/deep/er/c.parquet"]),
    ],
)
def test_a_source_is_found_as_on_a_disk(
    s3: Any, bucket: str, pattern: str, found: list[str]
) -> None:
    put(s3, bucket, *KEYS, "in/folder-marker/")
    source = f"s3://{bucket}/{pattern}"
    paths = [file.path for file in store_of(source).find(source)]
    assert paths == [f"s3://{bucket}/{key}" for key in found]


@pytest.mark.parametrize("pattern", ["nothing", "in/*.csv", "in/none/"])
def test_a_source_that_matches_nothing_is_refused(s3: Any, bucket: str, pattern: str) -> None:
    put(s3, bucket, *KEYS)
    with pytest.raises(Unusable, match="matches no file; check the prefix or the glob"):
        store_of("s3://b").find(f"s3://{bucket}/{pattern}")


def test_a_source_that_holds_the_lake_is_refused(lake: Lake, s3: Any, bucket: str) -> None:
    put(s3, bucket, "lake/runs/one/x.parquet", "lake/raw/installs/x.parquet")
    with pytest.raises(Unusable, match="lies inside the source"):
        find_inputs(f"s3://{bucket}", lake.store, lake)
    assert len(find_inputs(lake.raw("installs"), lake.store, lake)) == 1


@pytest.mark.parametrize("more", [0, READERS], ids=["few", "many"])
def test_an_input_that_changed_or_vanished_is_named(more: int, s3: Any, bucket: str) -> None:
    put(s3, bucket, "in/a", "in/b", *(f"in/more-{number}" for number in range(more)))
    store = store_of("s3://b")
    pinned = store.find(f"s3://{bucket}/in")
    require_unchanged(pinned, store)
    s3.put_object(Bucket=bucket, Key="in/b", Body=b"new")
    with pytest.raises(RunFailed, match="in/b changed while it was read"):
        require_unchanged(pinned, store)
    s3.delete_object(Bucket=bucket, Key="in/a")
    with pytest.raises(RunFailed, match="in/a changed while it was read"):
        require_unchanged(pinned, store)


def test_an_object_is_read_in_parts_of_the_pinned_version(s3: Any, bucket: str) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"n": range(300_000)}), sink, row_group_size=1000)
    content = bytes(sink.getvalue())
    s3.put_object(Bucket=bucket, Key="a.parquet", Body=content)
    store = store_of("s3://b")
    (file,) = store.find(f"s3://{bucket}/a.parquet")
    assert pq.read_metadata(store.open(file)).num_rows == 300_000
    with pq.ParquetFile(store.open(file)) as opened:
        assert opened.read_row_group(7)["n"].to_pylist() == list(range(7000, 8000))
    s3.put_object(Bucket=bucket, Key="a.parquet", Body=content[::-1])
    with pytest.raises(RunFailed, match=r"a.parquet changed while it was read"):
        pq.read_metadata(store.open(file))


def test_a_bucket_name_that_cannot_be_is_refused() -> None:
    with pytest.raises(Unusable, match="names no S3 bucket; write s3://BUCKET/PREFIX"):
        Lake("s3:///lake")


def test_names_with_double_slashes_and_dots_are_names(s3: Any, bucket: str) -> None:
    put(s3, bucket, "in//a.parquet", "in/b..parquet")
    store = store_of("s3://b")
    pinned = store.find(f"s3://{bucket}/in")
    assert [file.path for file in pinned] == [
        f"s3://{bucket}/in//a.parquet",
        f"s3://{bucket}/in/b..parquet",
    ]
    require_unchanged(pinned, store)


def test_a_folder_that_the_console_made_is_no_file(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="in/", Body=b"")
    put(s3, bucket, "in/a.parquet")
    found = store_of("s3://b").find(f"s3://{bucket}/in/")
    assert [file.path for file in found] == [f"s3://{bucket}/in/a.parquet"]


def test_a_publication_counts_when_every_answer_is_lost(
    lake: Lake, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(lake, built(lake, "one"))
    built(lake, "two", OTHER)

    def lose_every_answer(asked: Asked) -> Fault | None:
        is_put = asked.method == "PUT" and "/lake/final/" in asked.path
        return Fault(is_answer_lost=True) if is_put else None

    proxy.rule = lose_every_answer
    monkeypatch.setattr(aws, "ATTEMPTS", 2)
    aws.client.cache_clear()
    publish(lake, "two")
    assert published_run(lake) == "two"
