"""Files that store promised integers in wider or narrower types."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from spark_app.declarations import Column, Files, Parquet
from spark_app.sources import contract
from tests.unit.stored_files import inspected, read, write

SMALL = [pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16()]
LARGE = [*SMALL, pa.int64(), pa.uint32()]
OTHERS: dict[str, pa.Array] = {
    "double": pa.array([7.0]),
    "float": pa.array([7.0], pa.float32()),
    "decimal": pa.array([Decimal("7.5")]),
    "boolean": pa.array([True]),
    "text": pa.array(["7"]),
    "date": pa.array([7], pa.date32()),
    "timestamp": pa.array([7], pa.timestamp("us")),
    "unsigned 64 bits": pa.array([7], pa.uint64()),
    "list": pa.array([[7]]),
}
TOO_WIDE = {"64 bits": pa.array([7]), "unsigned 32 bits": pa.array([7], pa.uint32())}


def promising(kind: str) -> Files:
    return Files("numbers", Parquet(), columns=(Column("n", kind, "a number"),))


def ends(kind: pa.DataType) -> list[Any]:
    """The smallest and the largest number of an Arrow type, and null."""
    is_signed, bits = pa.types.is_signed_integer(kind), kind.bit_width
    return [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, None] if is_signed else [0, 2**bits - 1, None]


@pytest.mark.parametrize(("promised", "kinds"), [("int", SMALL), ("bigint", LARGE)])
def test_every_type_whose_numbers_fit_reads_as_the_same_numbers(
    promised: str, kinds: list[pa.DataType], spark: SparkSession, tmp_path: Path
) -> None:
    paths = [
        write(pa.table({"n": pa.array(ends(kind), kind)}), tmp_path / f"{kind}.parquet")
        for kind in kinds
    ]
    found = read(spark, *paths, source=promising(promised))
    assert found.dtypes == [("n", promised)]
    numbers = [row["n"] for row in found.collect()]
    assert sorted(numbers, key=str) == sorted((n for k in kinds for n in ends(k)), key=str)


@pytest.mark.parametrize("promised", ["int", "bigint"])
def test_nulls_without_a_type_are_nulls(promised: str, spark: SparkSession, tmp_path: Path) -> None:
    path = write(pa.table({"n": pa.nulls(2, pa.null())}), tmp_path / "null.parquet")
    found = read(spark, path, source=promising(promised))
    assert found.dtypes == [("n", promised)]
    assert [row["n"] for row in found.collect()] == [None, None]


@pytest.mark.parametrize(
    ("promised", "case"),
    [
        *(("int", case) for case in (*OTHERS, *TOO_WIDE)),
        *(("bigint", case) for case in OTHERS),
    ],
)
def test_a_type_whose_values_might_not_fit_is_refused(
    promised: str, case: str, tmp_path: Path
) -> None:
    path = write(pa.table({"n": (OTHERS | TOO_WIDE)[case]}), tmp_path / "other.parquet")
    finding = contract.findings(inspected(path, source=promising(promised)))["types_kept"]
    assert finding.failed == 1
    assert finding.detail.startswith(f"file {path}, column n: expected {promised}, found ")
