"""Files that cannot hold the promised rows, and files that are none."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession

from spark_app.errors import AppError, GateShut, Unusable
from spark_app.jobs.organic_share.raw import INSTALLS
from spark_app.quality.results import CheckResult, results_of
from spark_app.quality.standard import source_checks
from spark_app.sources import contract, files
from spark_app.spark import failures
from tests.builders import DEFAULTS, raw_table
from tests.unit.stored_files import LOAD, a_row, inspected, read, with_array, write


def footer_results(*paths: Path) -> dict[str, CheckResult]:
    """The results of the checks that the footers of files answer."""
    found = contract.findings(inspected(*paths))
    checks = [c for c in source_checks(INSTALLS, DEFAULTS) if c.name in found]
    return {result.check: result for result in results_of(checks, found)}


def test_a_column_that_is_neither_promised_nor_found_passes_no_check() -> None:
    column = contract.DeliveredColumn("file", "column", None, None, None)
    found = contract.findings([contract.DeliveredFile("file", 1, 1, (column,))])
    assert {name: finding.rows for name, finding in found.items()} == {
        "columns_present": 1,
        "types_kept": 1,
        "no_extra_columns": 1,
    }
    assert (found["columns_present"].failed, found["no_extra_columns"].failed) == (1, 1)


REFUSED: dict[str, tuple[str, pa.Array, str, str]] = {
    "text as value": ("value", pa.array(["7"]), "double", "BYTE_ARRAY STRING"),
    "decimal as value": ("value", pa.array([Decimal("7.5")]), "double", "DECIMAL"),
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
def test_a_refused_type_is_named_by_file_column_expected_and_found(
    case: str, tmp_path: Path
) -> None:
    column, stored, expected, found = REFUSED[case]
    path = write(with_array(raw_table([a_row()]), column, stored), tmp_path / "new.parquet")
    words = contract.findings(inspected(path))["types_kept"].detail
    assert words.startswith(f"file {path}, column {column}: expected {expected}, found ")
    assert found in words


@pytest.mark.parametrize("change", ["taken away", "in another case"])
def test_a_missing_column_is_named_by_file_and_column(change: str, tmp_path: Path) -> None:
    table = raw_table([a_row()])
    others = [name for name in table.column_names if name != "country"]
    renamed = table.rename_columns(["Country" if n == "country" else n for n in table.column_names])
    path = write(table.select(others) if change == "taken away" else renamed, tmp_path / "f")
    found = contract.findings(inspected(path))["columns_present"]
    hint = "" if change == "taken away" else " (there is Country)"
    assert found.detail == f"file {path}, column country: expected string, found none{hint}"


def test_one_refused_file_among_good_ones_shuts_the_raw_gate(tmp_path: Path) -> None:
    good = write(raw_table([a_row()]), tmp_path / "a.parquet")
    bad = write(raw_table([a_row()]).drop_columns(["value"]), tmp_path / "b.parquet")
    results = footer_results(good, bad)
    assert results["columns_present"].outcome == "failed"
    assert results["columns_present"].failed == 1
    assert f"file {bad}, column value" in results["columns_present"].detail
    assert results["types_kept"].outcome == "passed"
    assert results["no_extra_columns"].outcome == "passed"


def test_an_extra_column_only_warns(tmp_path: Path) -> None:
    table = raw_table([a_row()]).append_column("cost", pa.array([1.5]))
    results = footer_results(write(table, tmp_path / "a.parquet"))
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
    "report [2021-10-05T00:00:00]",
    "installs (1)",
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
    said = r"broken\.parquet is empty, broken or not Parquet"
    with pytest.raises(Unusable, match=said) as refused:
        inspected(path)
    assert "\n" not in str(refused.value)


def test_a_file_cut_in_half_is_refused(tmp_path: Path) -> None:
    path = write(raw_table([a_row()] * 100), tmp_path / "cut.parquet")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(Unusable):
        inspected(path)


def test_rows_read_do_not_depend_on_the_size_of_a_task(spark: SparkSession, tmp_path: Path) -> None:
    table = raw_table([a_row(value=float(i)) for i in range(100)])
    path = write(table, tmp_path / "groups.parquet", row_group_size=7)
    frame = files.read_files(spark, INSTALLS, inspected(path), bytes_count=10**12)
    assert sorted(pc.unique(frame.toArrow()["value"]).to_pylist()) == list(range(100))


@pytest.mark.parametrize(("bytes_count", "rows_count"), [(0, 0), (1, 0), (10**9, 1), (1, 10**9)])
def test_a_task_reads_neither_too_little_nor_too_much(bytes_count: int, rows_count: int) -> None:
    size = files.task_bytes(bytes_count, rows_count)
    assert files.MIN_TASK_BYTES <= size <= files.MAX_TASK_BYTES


def test_the_cores_of_this_machine_share_the_rows_in_few_tasks() -> None:
    few = files.task_bytes(40 * 2**20, 50_000_000, cores=2)
    assert 40 * 2**20 / few == files.TASKS_PER_CORE * 2
    assert files.task_bytes(10**12, 10**11, cores=2) == files.MAX_SHARE_BYTES


def test_a_huge_source_makes_at_most_ten_thousand_tasks() -> None:
    assert 10**14 / files.task_bytes(10**14, 10**12) <= 10_000
