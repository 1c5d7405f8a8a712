"""Objects that break readers: what a run reads of a bucket, and what it refuses by name."""

import io
from typing import Any

import pyarrow.parquet as pq
import pytest

from spark_app.errors import Unusable
from spark_app.jobs.organic_share.raw import INSTALLS
from spark_app.lake.lake import Lake
from spark_app.lake.store import StoredFile, store_of
from spark_app.lake.store.s3 import S3
from spark_app.sources.files import find_inputs, inspect_files
from tests.builders import raw_row, raw_table


def put(s3: Any, bucket: str, *keys: str, **options: str) -> None:
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x", **options)


def found(bucket: str, pattern: str) -> list[str]:
    source = f"s3://{bucket}/{pattern}"
    return [file.path.removeprefix(f"s3://{bucket}/") for file in store_of(source).find(source)]


def refusal(lake: Lake, source: str) -> str:
    with pytest.raises(Unusable) as refused:
        find_inputs(source, lake.store, lake)
    return str(refused.value)


def test_markers_of_folders_and_copies_under_way_are_passed_over(s3: Any, bucket: str) -> None:
    put(s3, bucket, "in_$folder$", "in/x_$folder$", "in/a.parquet", "in/b.parquet._COPYING_")
    assert found(bucket, "in") == found(bucket, "in/*") == ["in/a.parquet"]


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("{2020,2021}/*.parquet", ["2020/a.parquet", "2021/b.parquet"]),
        ("20{20,21/b.parquet,gone}", ["2020/a.parquet", "2021/b.parquet"]),
        ("{{2020,2021},gone}", ["2020/a.parquet", "2021/b.parquet"]),
        ("odd/{a,b}.parquet", ["odd/{a,b}.parquet"]),
        ("also{1,2}", ["also{1,2}/a.parquet"]),
    ],
)
def test_braces_name_what_they_name_on_a_disk(
    s3: Any, bucket: str, pattern: str, keys: list[str]
) -> None:
    put(s3, bucket, "2020/a.parquet", "2021/b.parquet", "2022/c.parquet", "odd/{a,b}.parquet")
    put(s3, bucket, "odd/a.parquet", "also{1,2}/a.parquet")
    assert found(bucket, pattern) == keys


@pytest.mark.parametrize("source", ["in", "in//a.parquet", "in/*/*.parquet"])
def test_a_key_with_two_slashes_is_refused_by_name(
    lake: Lake, s3: Any, bucket: str, source: str
) -> None:
    put(s3, bucket, "in//a.parquet")
    said = refusal(lake, f"s3://{bucket}/{source}")
    assert said.startswith(f"source file s3://{bucket}/in//a.parquet has an empty name")


@pytest.mark.parametrize("source", ["in", "in/table", "in/table/d=1/a.parquet", "in/table/d=*/*"])
def test_a_delta_table_is_refused_wherever_its_files_are_named(
    lake: Lake, s3: Any, bucket: str, source: str
) -> None:
    put(s3, bucket, "in/table/_delta_log/00000000000000000000.json", "in/table/d=1/a.parquet")
    said = refusal(lake, f"s3://{bucket}/{source}")
    assert said.startswith(f"s3://{bucket}/in/table is a Delta table")


@pytest.mark.parametrize("kind", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_is_refused_with_what_to_do(
    lake: Lake, s3: Any, bucket: str, kind: str
) -> None:
    put(s3, bucket, "in/a.parquet", StorageClass=kind)
    said = refusal(lake, f"s3://{bucket}/in")
    assert said == (
        f"source file s3://{bucket}/in/a.parquet is archived (Glacier); restore it, or take it away"
    )


@pytest.mark.parametrize(
    ("more", "is_archived"),
    [
        ({}, True),
        ({"RestoreStatus": {"IsRestoreInProgress": True}}, True),
        ({"RestoreStatus": {"IsRestoreInProgress": False}}, False),
    ],
)
def test_an_archived_object_that_was_restored_is_read(
    more: dict[str, Any], is_archived: bool
) -> None:
    listed = {"Key": "a", "Size": 1, "ETag": '"v"', "StorageClass": "GLACIER", **more}
    assert S3._stored("bucket", listed) == StoredFile("s3://bucket/a", 1, "v", is_archived)


def test_an_object_that_moved_to_an_archive_of_its_own_is_named(s3: Any, bucket: str) -> None:
    put(s3, bucket, "a.parquet", StorageClass="GLACIER")
    with pytest.raises(Unusable, match=r"a\.parquet is archived; restore it in S3, or take it"):
        store_of("s3://b").fetch(f"s3://{bucket}/a.parquet")


def test_a_footer_is_read_from_the_end_of_an_object(s3: Any, bucket: str) -> None:
    sink = io.BytesIO()
    pq.write_table(raw_table([raw_row()] * 300), sink, row_group_size=1)
    s3.put_object(Bucket=bucket, Key="a.parquet", Body=sink.getvalue())
    store = store_of("s3://b")
    (file,) = inspect_files(INSTALLS, store.find(f"s3://{bucket}/a.parquet"), store)
    assert (file.rows_count, len(file.columns)) == (300, 10)
