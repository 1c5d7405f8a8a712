"""Great-expectations, Spark's pass of rules and plain Python judge promises alike."""

import datetime as dt
import math
import random
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from spark_app.declarations import Column, OneOf, Option, Table
from spark_app.lake.arrow import schema
from spark_app.quality import expectations
from spark_app.quality.promises import column_rules
from spark_app.quality.rules import count_broken

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CASES, ROWS = 40, 8
MORE = Option("more", str, (), "further words")
OPTIONS = {"more": ("extra",)}
COLUMNS = (
    Column("word", "string", "a word", one_of=OneOf(("a", "it's", "\\\\"), more=MORE)),
    Column("small", "int", "a number", least=-1, most=3),
    Column("large", "bigint", "a number", least=0, most=2**53),
    Column("real", "double", "a number", least=0),
    Column("bounded", "double", "a number", most=0.5),
    Column("money", "decimal(10,2)", "an amount", least=0, most=100),
    Column("flag", "boolean", "a flag"),
    Column("day", "date", "a day"),
)
VALUES: dict[str, tuple[Any, ...]] = {
    "word": ("a", "it's", "\\\\", "extra", "", "A", " a", None),
    "small": (-1, 0, 3, -2, 4, None),
    "large": (0, 2**53, 2**53 + 1, 2**53 - 1, -1, 2**63 - 1, None),
    "real": (0.0, -0.0, 1e300, math.inf, math.nan, -1e-300, -math.inf, None),
    "bounded": (0.5, -0.0, math.nextafter(0.5, 1), math.nan, -math.inf, math.inf, None),
    "money": (Decimal("0.00"), Decimal("100.00"), Decimal("100.01"), Decimal("-0.01"), None),
    "flag": (True, False, None),
    "day": (dt.date(2021, 5, 1), dt.date(1, 1, 1), None),
}
TABLE = Table("anything", "one row each", key=("word", "small"), columns=COLUMNS)


def _rows(seed: int) -> list[dict[str, Any]]:
    """Rows of mostly good values, so that each promise is sometimes kept and sometimes broken."""
    dice = random.Random(seed)
    good = {name: values[:2] for name, values in VALUES.items()}
    return [
        {
            name: dice.choice(values if dice.random() < 0.12 else good[name])
            for name, values in VALUES.items()
        }
        for _ in range(ROWS)
    ]


def _expected(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many rows break each promise, and share their key with another, in plain Python."""
    broken = {f"{name}_present": sum(row[name] is None for row in rows) for name in VALUES}
    words = {"a", "it's", "\\\\", "extra"}
    known = [row["word"] for row in rows if row["word"] is not None]
    broken["word_is_known"] = sum(word not in words for word in known)
    for column in COLUMNS:
        if column.least is not None or column.most is not None:
            values = [row[column.name] for row in rows if row[column.name] is not None]
            broken[f"{column.name}_in_range"] = sum(not _fits(column, value) for value in values)
    keys = Counter((row["word"], row["small"]) for row in rows)
    broken["key_is_unique"] = sum(count for count in keys.values() if count > 1)
    return broken


def _fits(column: Column, value: Any) -> bool:
    least = -math.inf if column.least is None else column.least
    most = math.inf if column.most is None else column.most
    return bool(least <= value <= most)


@pytest.fixture(scope="module")
def cases() -> list[list[dict[str, Any]]]:
    return [_rows(seed) for seed in range(CASES)]


def _failed(found: dict[str, Any]) -> dict[str, int]:
    return {name: finding.failed for name, finding in found.items()}


def test_every_kind_of_promise_is_broken_in_a_tenth_of_the_cases(
    cases: list[list[dict[str, Any]]],
) -> None:
    kinds: Counter[str] = Counter()
    for rows in cases:
        broken = {name for name, count in _expected(rows).items() if count}
        kinds.update({kind for kind in KINDS if any(name.endswith(kind) for name in broken)})
    assert all(kinds[kind] >= CASES / 10 for kind in KINDS), kinds
    values = [value for rows in cases for row in rows for value in row.values()]
    assert {"''", "9007199254740993", "None", "nan", "-0.0"} <= {repr(value) for value in values}


KINDS = ("_present", "_is_known", "_in_range", "key_is_unique")


def test_great_expectations_finds_what_plain_python_finds(
    cases: list[list[dict[str, Any]]],
) -> None:
    for rows in cases:
        table = pa.Table.from_pylist(rows, schema=schema(TABLE))
        assert _failed(expectations.judge(TABLE, table, OPTIONS)) == _expected(rows)


def test_the_pass_of_rules_finds_what_plain_python_finds(
    spark: "SparkSession", cases: list[list[dict[str, Any]]]
) -> None:
    rules = column_rules(COLUMNS, OPTIONS)
    for rows in cases:
        frame = spark.createDataFrame(pa.Table.from_pylist(rows, schema=schema(TABLE)))
        expected = _expected(rows)
        del expected["key_is_unique"]
        assert _failed(count_broken(frame, rules).findings()) == expected


@pytest.mark.parametrize("key", [("word",), ("word", "small")])
def test_a_key_may_be_one_column_or_several(key: tuple[str, ...]) -> None:
    table = Table("anything", "one row each", key=key, columns=COLUMNS[:2])
    rows = [{"word": word, "small": 1} for word in ("a", "a", "a", "b")]
    found = expectations.judge(table, pa.Table.from_pylist(rows, schema=schema(table)), OPTIONS)
    assert found["key_is_unique"].failed == 3


def test_more_rules_than_bits_of_a_number_are_counted(spark: "SparkSession") -> None:
    columns = [Column(f"c{i}", "bigint", "a number", least=i) for i in range(70)]
    frame = spark.range(1).selectExpr(
        *(f"if({i} % 7 = 0, null, {i} - {i} % 2) AS c{i}" for i in range(70))
    )
    found = count_broken(frame, column_rules(columns, {}))
    assert {n for n, count in found.by_rule.items() if count} == {
        *(f"c{i}_present" for i in range(0, 70, 7)),
        *(f"c{i}_in_range" for i in range(70) if i % 7 and i % 2),
    }
    assert found.bad_count == 1


def test_no_rows_break_nothing() -> None:
    table = pa.Table.from_pylist([], schema=schema(TABLE))
    found = expectations.judge(TABLE, table, OPTIONS)
    assert {(finding.rows, finding.failed) for finding in found.values()} == {(0, 0)}


def test_the_libraries_that_nobody_asks_stay_unloaded() -> None:
    script = (
        "import sys; from spark_app.quality import expectations; expectations.load(); "
        "kinds = {type(sys.modules[name]).__name__ for name in ('altair', 'scipy.stats')}; "
        "assert kinds == {'_LazyModule'}, kinds"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
