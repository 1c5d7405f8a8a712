"""Files that store the same rows in other Parquet types."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from spark_app.jobs.organic_share.raw import INSTALLS
from spark_app.lake.store import Disk
from spark_app.sources import contract
from spark_app.sources.files import choose_reader
from spark_app.sources.sampling import sample
from tests.builders import Row, raw_table
from tests.unit.computing import MANY, computing
from tests.unit.stored_files import LOAD, a_row, inspected, read, with_array, with_type, write

NAMES = [column.name for column in INSTALLS.columns]
MILLIS = LOAD.replace(microsecond=123000)
SECONDS = LOAD.replace(microsecond=0)
INTEGERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64()]
UNSIGNED = [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
ZONES = (None, "UTC", "Asia/Tokyo")
DAY_TYPES = [
    pa.date64(),
    *(pa.timestamp(unit, z) for unit in ("s", "ms", "us", "ns") for z in ZONES),
]
TEXTS = ["name", "year_week", "token", "country", "os_name"]
TEXT_TYPES = [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]


def value_variants() -> Iterator[tuple[str, pa.Table, Row]]:
    for kind in (*INTEGERS, *UNSIGNED, pa.float32()):
        row = a_row(name=f"value as {kind}")
        yield row["name"], with_type(raw_table([row]), "value", kind), row


def day_variants() -> Iterator[tuple[str, pa.Table, Row]]:
    for kind in DAY_TYPES:
        row = a_row(name=f"start_date as {kind}")
        yield row["name"], with_type(raw_table([row]), "start_date", kind), row
    early = a_row(name="end_date before 1970", end_date=date(1969, 12, 31))
    yield early["name"], with_type(raw_table([early]), "end_date", pa.timestamp("ns")), early


def load_variants() -> Iterator[tuple[str, pa.Table, Row]]:
    for unit, load in (("s", SECONDS), ("ms", MILLIS), ("us", LOAD), ("ns", LOAD)):
        for zone in ZONES:
            kind = pa.timestamp(unit, zone)
            row = a_row(name=f"load as {kind}", dataplatform_inserted_at=load)
            yield row["name"], with_type(raw_table([row]), "dataplatform_inserted_at", kind), row


def nano_variants() -> Iterator[tuple[str, pa.Table, Row]]:
    last = datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    least = datetime(1677, 9, 21, 0, 12, 43, 145224, tzinfo=UTC)
    for name, nanos, load in (
        ("nanoseconds are truncated", int(SECONDS.timestamp()) * 10**9 + 123456999, LOAD),
        ("also before 1970", -1, last),
        ("and the least", -(2**63), least),
    ):
        row = a_row(name=name, dataplatform_inserted_at=load)
        stored = pa.array([nanos], pa.timestamp("ns"))
        yield name, with_array(raw_table([row]), "dataplatform_inserted_at", stored), row


def text_variants() -> Iterator[tuple[str, pa.Table, Row]]:
    for kind in TEXT_TYPES:
        row = a_row(name=f"texts as {kind}")
        table = raw_table([row])
        for column in TEXTS:
            table = with_type(table, column, kind)
        yield row["name"], table, row


def null_variants() -> Iterator[tuple[str, pa.Table, Row]]:
    for column in NAMES:
        row = a_row(name="token without type", token=f"{column} without type") | {column: None}
        stored = pa.nulls(1, pa.null())
        yield f"{column} without type", with_array(raw_table([row]), column, stored), row


def shape_variants() -> Iterator[tuple[str, pa.Table, Row]]:
    row = a_row(name="columns in another order")
    yield row["name"], raw_table([row]).select(list(reversed(NAMES))), row
    row = a_row(name="further columns")
    extra = raw_table([row]).append_column("cost", pa.array([1.5]))
    yield row["name"], extra.append_column("more", pa.array([{"a": [1]}])), row
    row = a_row(name="columns that cannot be null")
    table = raw_table([row])
    required = pa.schema([field.with_nullable(False) for field in table.schema])
    yield row["name"], table.cast(required), row


def variants() -> list[tuple[str, pa.Table, Row]]:
    return [
        *value_variants(),
        *day_variants(),
        *load_variants(),
        *nano_variants(),
        *text_variants(),
        *null_variants(),
        *shape_variants(),
    ]


def written_variants(folder: Path) -> Mapping[str, Row]:
    """One file per variant, and the INT96 and page formats that are options of the writer."""
    rows = {}
    writers: dict[str, dict[str, Any]] = {
        "INT96": {"use_deprecated_int96_timestamps": True},
        "pages of version 2": {"data_page_version": "2.0", "compression": "zstd"},
        "no dictionary pages": {"use_dictionary": False, "compression": "none"},
    }
    for i, (name, table, row) in enumerate(variants()):
        write(table, folder / f"{i:03}.parquet")
        rows[name] = row
    for name, options in writers.items():
        rows[name] = a_row(name=name)
        write(raw_table([rows[name]]), folder / f"{name}.parquet", **options)
    rows["INT96 day"] = a_row(name="INT96 day")
    table = with_type(raw_table([rows["INT96 day"]]), "start_date", pa.timestamp("us"))
    write(table, folder / "int96-day.parquet", use_deprecated_int96_timestamps=True)
    return rows


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, Row]]:
    folder = tmp_path_factory.mktemp("one delivery in every type")
    return folder, written_variants(folder)


def by_label(rows: list[Row]) -> dict[str, Row]:
    labels = (str(row["name"]) + "|" + str(row["token"]) for row in rows)
    return dict(zip(labels, rows, strict=True))


@pytest.mark.parametrize("encoding", ["PLAIN", "BYTE_STREAM_SPLIT"])
def test_every_accepted_type_reads_as_the_same_rows_by_either_reader_of_spark(
    encoding: str, spark: SparkSession, delivery: tuple[Path, Mapping[str, Row]]
) -> None:
    folder, rows = delivery
    choose_reader(spark, [contract.DeliveredFile("any", 1, 1, (), frozenset({encoding}))])
    with computing(spark, MANY):
        found = read(spark, *sorted(folder.iterdir())).toArrow().to_pylist()
    choose_reader(spark, [])
    assert by_label(found) == by_label(list(rows.values()))


def test_a_read_gives_the_promised_columns_and_types(
    spark: SparkSession, delivery: tuple[Path, Mapping[str, Row]]
) -> None:
    folder, _ = delivery
    fields = read(spark, *sorted(folder.iterdir())).schema.fields
    assert [(field.name, field.dataType.simpleString()) for field in fields] == [
        (column.name, column.type) for column in INSTALLS.columns
    ]


def test_no_accepted_type_breaks_the_contract(delivery: tuple[Path, Mapping[str, Row]]) -> None:
    folder, _ = delivery
    found = contract.findings(inspected(*folder.iterdir()))
    assert (found["columns_present"].failed, found["types_kept"].failed) == (0, 0)
    assert (found["columns_present"].detail, found["types_kept"].detail) == ("", "")


def test_the_sample_reads_channels_of_every_accepted_type(
    delivery: tuple[Path, Mapping[str, Row]],
) -> None:
    folder, rows = delivery
    columns = ("name", "token", "has_subtrackers")
    for file in Disk().find(str(folder)):
        (channel,) = sample([file], columns, Disk())
        assert channel in {tuple(row[c] for c in columns) for row in rows.values()}
