"""Files that store the same rows in other Parquet types, and files that cannot be the same rows."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from spark_app.errors import AppError, GateShut, Unusable
from spark_app.jobs.organic_share.checks import contract_checks
from spark_app.jobs.organic_share.schema import RAW
from spark_app.jobs.organic_share.steps import first_facts
from spark_app.lake.store import Disk
from spark_app.quality.gate import evaluate
from spark_app.sources import contract
from spark_app.sources import files as raw
from spark_app.spark import failures
from tests.builders import Row, context, raw_row, raw_table

LOAD = datetime(2021, 3, 2, 4, 5, 6, 123456, tzinfo=UTC)
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


def with_type(table: pa.Table, column: str, kind: pa.DataType) -> pa.Table:
    """The table with one column stored in another type."""
    i = table.schema.get_field_index(column)
    return table.set_column(i, column, table[column].cast(kind))


def with_array(table: pa.Table, column: str, array: pa.Array) -> pa.Table:
    """The table with other content in one column."""
    return table.set_column(table.schema.get_field_index(column), column, array)


def a_row(**overrides: Any) -> Row:
    given = {"value": 7.0, "token": "t", "dataplatform_inserted_at": LOAD, **overrides}
    return raw_row(date(2021, 3, 1), **given)


def write(table: pa.Table, path: Path, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    return path


def inspected(*paths: Path) -> list[contract.DeliveredFile]:
    return [contract.inspect(RAW, str(path), str(path)) for path in paths]


def read(spark: SparkSession, *paths: Path) -> DataFrame:
    size = sum(path.stat().st_size for path in paths)
    return raw.read_raw(spark, RAW, inspected(*paths), Disk(), bytes_count=size)


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
    for name, nanos, load in (
        ("nanoseconds are truncated", int(SECONDS.timestamp()) * 10**9 + 123456999, LOAD),
        ("also before 1970", -1, last),
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
    for column in RAW.names:
        row = a_row(name="token without type", token=f"{column} without type") | {column: None}
        stored = pa.nulls(1, pa.null())
        yield f"{column} without type", with_array(raw_table([row]), column, stored), row


def shape_variants() -> Iterator[tuple[str, pa.Table, Row]]:
    row = a_row(name="columns in another order")
    yield row["name"], raw_table([row]).select(list(reversed(RAW.names))), row
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


def test_every_accepted_type_reads_as_the_same_rows(
    spark: SparkSession, delivery: tuple[Path, Mapping[str, Row]]
) -> None:
    folder, rows = delivery
    found = read(spark, *sorted(folder.iterdir())).toArrow().to_pylist()
    assert by_label(found) == by_label(list(rows.values()))


def test_a_read_gives_the_promised_columns_and_types(
    spark: SparkSession, delivery: tuple[Path, Mapping[str, Row]]
) -> None:
    folder, _ = delivery
    fields = read(spark, *sorted(folder.iterdir())).schema.fields
    assert [(field.name, field.dataType.simpleString()) for field in fields] == [
        (column.name, column.type) for column in RAW.columns
    ]


def test_no_accepted_type_breaks_the_contract(delivery: tuple[Path, Mapping[str, Row]]) -> None:
    folder, _ = delivery
    words = contract.explanations(inspected(*folder.iterdir()))
    assert (words["is_missing"], words["is_wrong_type"]) == ("", "")


def test_the_sample_reads_channels_of_every_accepted_type(
    delivery: tuple[Path, Mapping[str, Row]],
) -> None:
    folder, rows = delivery
    columns = ("name", "token", "has_subtrackers")
    for file in Disk().find(str(folder)):
        (channel,) = raw.sample([file], columns, Disk())
        assert channel in {tuple(row[c] for c in columns) for row in rows.values()}


REFUSED: dict[str, tuple[str, pa.Array, str, str]] = {
    "text as value": ("value", pa.array(["7"]), "double", "BYTE_ARRAY STRING"),
    "decimal as value": ("value", pa.array([Decimal("7")]), "double", "DECIMAL"),
    "boolean as value": ("value", pa.array([True]), "double", "BOOLEAN"),
    "date as value": ("value", pa.array([date(2021, 3, 1)]), "double", "INT32 DATE"),
    "timestamp as value": ("value", pa.array([LOAD]), "double", "INT64 TIMESTAMP"),
    "text as date": ("start_date", pa.array(["2021-03-01"]), "date", "BYTE_ARRAY STRING"),
    "integer as date": ("end_date", pa.array([18687], pa.int32()), "date", "INT32"),
    "integer as timestamp": (
        "dataplatform_inserted_at",
        pa.array([1614657906000]),
        "timestamp",
        "INT64",
    ),
    "date as timestamp": (
        "dataplatform_inserted_at",
        pa.array([date(2021, 3, 1)]),
        "timestamp",
        "INT32 DATE",
    ),
    "bytes as text": ("name", pa.array([b"Organic"]), "string", "BYTE_ARRAY"),
    "integer as text": ("country", pa.array([49]), "string", "INT64"),
    "integer as boolean": ("has_subtrackers", pa.array([1]), "boolean", "INT64"),
    "text as boolean": ("has_subtrackers", pa.array(["true"]), "boolean", "BYTE_ARRAY STRING"),
    "list as text": ("token", pa.array([["t"]]), "string", "nested"),
    "structure as text": ("os_name", pa.array([{"os": "all"}]), "string", "nested"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_type_is_told_by_file_column_expected_and_found(
    case: str, tmp_path: Path
) -> None:
    column, stored, expected, found = REFUSED[case]
    path = write(with_array(raw_table([a_row()]), column, stored), tmp_path / "new.parquet")
    words = contract.explanations(inspected(path))["is_wrong_type"]
    assert words.startswith(f"file {path}, column {column}: expected {expected}, found ")
    assert found in words


@pytest.mark.parametrize("change", ["taken away", "in another case"])
def test_a_missing_column_is_told_by_file_and_column(change: str, tmp_path: Path) -> None:
    table = raw_table([a_row()])
    others = [name for name in table.column_names if name != "country"]
    renamed = table.rename_columns(["Country" if n == "country" else n for n in table.column_names])
    path = write(table.select(others) if change == "taken away" else renamed, tmp_path / "f")
    words = contract.explanations(inspected(path))
    assert words["is_missing"] == f"file {path}, column country: expected string, found none"


def test_one_refused_file_among_good_ones_shuts_the_raw_gate(tmp_path: Path) -> None:
    good = write(raw_table([a_row()]), tmp_path / "a.parquet")
    bad = write(raw_table([a_row()]).drop_columns(["value"]), tmp_path / "b.parquet")
    files = inspected(good, bad)
    facts = first_facts(context(delivery=contract.explanations(files)))
    results = {r.check: r for r in evaluate(contract_checks(), contract.as_table(files), facts)}
    assert results["columns_present"].outcome == "failed"
    assert results["columns_present"].failed == 1
    assert f"file {bad}, column value" in results["columns_present"].detail
    assert results["types_kept"].outcome == "passed"
    assert results["no_extra_columns"].outcome == "passed"


def test_an_extra_column_only_warns(tmp_path: Path) -> None:
    table = raw_table([a_row()]).append_column("cost", pa.array([1.5]))
    files = inspected(write(table, tmp_path / "a.parquet"))
    facts = first_facts(context(delivery=contract.explanations(files)))
    results = {r.check: r for r in evaluate(contract_checks(), contract.as_table(files), facts)}
    assert (results["no_extra_columns"].severity, results["no_extra_columns"].outcome) == (
        "warn",
        "failed",
    )
    assert "column cost" in results["no_extra_columns"].detail
    assert results["columns_present"].outcome == "passed"


LOSSY: dict[str, tuple[str, pa.Array, str]] = {
    "an integer above 2^53": ("value", pa.array([2**53 + 1]), "9007199254740993"),
    "a negative one below -2^53": ("value", pa.array([-(2**53) - 1]), "-9007199254740993"),
    "an unsigned one": ("value", pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
    "a date with a time": (
        "start_date",
        pa.array([datetime(2021, 3, 1, 0, 0, 1)]),
        "2021-03-01 00:00:01",
    ),
    "a date with a microsecond": (
        "end_date",
        pa.array([1000], pa.timestamp("ns")),
        "00:00:00.000001",
    ),
}


def refusal(spark: SparkSession, path: Path) -> AppError | None:
    try:
        read(spark, path).collect()
    except Exception as error:
        return failures.explain(error, lambda: None)
    return None


@pytest.mark.parametrize("case", LOSSY)
def test_a_value_that_would_change_is_refused_by_name(
    case: str, spark: SparkSession, tmp_path: Path
) -> None:
    column, stored, shown = LOSSY[case]
    path = write(with_array(raw_table([a_row()]), column, stored), tmp_path / "lossy.parquet")
    error = refusal(spark, path)
    assert isinstance(error, GateShut)
    assert f"column {column}" in str(error)
    assert shown in str(error)
    assert "lossy.parquet" in str(error)
    assert "\n" not in str(error)


def test_the_largest_exact_integers_are_kept(spark: SparkSession, tmp_path: Path) -> None:
    edges = [2**53, -(2**53), None]
    table = raw_table([a_row()] * 3)
    wide = write(with_array(table, "value", pa.array(edges)), tmp_path / "a.parquet")
    found = [row[0] for row in read(spark, wide).select("value").collect()]
    assert found == [2.0**53, -(2.0**53), None]


ODD = [
    "a b",
    "x[1]",
    "any*",
    "{a,b}",
    "what?",
    "100%25",
    "ha#sh",
    "Grüße",
    "back\\slash",
    "a:b",
    "c,d",
]
ODD_FOLDERS = [*ODD, "country=US", "_hidden", ".dot", "a [b] {c}"]


def test_paths_with_odd_characters_are_read(spark: SparkSession, tmp_path: Path) -> None:
    paths = [
        *(tmp_path / f"{name}.parquet" for name in ODD),
        *(tmp_path / name / "part.parquet" for name in ODD_FOLDERS),
    ]
    for path in paths:
        write(raw_table([a_row(name=str(path))]), path)
    rows = read(spark, *paths).select("name", "country").collect()
    assert sorted(row["name"] for row in rows) == sorted(map(str, paths))
    assert {row["country"] for row in rows} == {"DE"}


@pytest.mark.parametrize("content", [b"", b"PAR1", b"name,value\nOrganic,1\n" * 9])
def test_what_is_not_parquet_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    path.write_bytes(content)
    with pytest.raises(Unusable, match=r"broken\.parquet is empty, broken or not Parquet") as told:
        inspected(path)
    assert "\n" not in str(told.value)


def test_a_file_cut_in_half_is_refused(tmp_path: Path) -> None:
    path = write(raw_table([a_row()] * 100), tmp_path / "cut.parquet")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(Unusable):
        inspected(path)


def test_rows_read_do_not_depend_on_the_size_of_a_task(spark: SparkSession, tmp_path: Path) -> None:
    table = raw_table([a_row(value=float(i)) for i in range(100)])
    path = write(table, tmp_path / "groups.parquet", row_group_size=7)
    files = inspected(path)
    frame = raw.read_raw(spark, RAW, files, Disk(), bytes_count=10**12)
    assert sorted(pc.unique(frame.toArrow()["value"]).to_pylist()) == list(range(100))


@pytest.mark.parametrize(("bytes_count", "rows_count"), [(0, 0), (1, 0), (10**9, 1), (1, 10**9)])
def test_a_task_reads_neither_too_little_nor_too_much(bytes_count: int, rows_count: int) -> None:
    size = raw.task_bytes(bytes_count, rows_count)
    assert raw.MIN_TASK_BYTES <= size <= raw.MAX_TASK_BYTES


def test_a_huge_source_makes_at_most_ten_thousand_tasks() -> None:
    assert 10**14 / raw.task_bytes(10**14, 10**12) <= 10_000
