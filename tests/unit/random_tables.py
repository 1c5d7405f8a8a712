"""Random small tables whose every promise is kept in some and broken in others; what is so."""

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import pyarrow as pa

from spark_app.declarations import Column, Finding, OneOf, Option, Table
from spark_app.lake.arrow import schema

Value = str | int | float | bool | date | Decimal | None
Row = Mapping[str, Value]

NAN, INF = math.nan, math.inf
MORE = Option("more_words", lambda text: (text,), (), "further words")
OPTIONS = {"more_words": ("extra",)}
WORDS = ("a", "it's", "a\\b", "")
# A column with two usual values, and others at the border of its promises and beyond.
COLUMNS: dict[Column, tuple[Value, ...]] = {
    Column("word", "string", "", one_of=OneOf(WORDS, MORE)): ("a", "", "extra", "A", " ", "it's"),
    Column("text", "string", ""): ("", "x", "NaN", "None"),
    Column("small", "int", "", least=-1, most=3): (0, -1, 3, 4, -2, 2**31 - 1),
    Column("large", "bigint", "", most=2**53): (1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)),
    Column("larger", "bigint", "", least=2**53 + 1): (2**53 + 1, 2**63 - 1, 2**53, -1),
    Column("real", "double", "", least=0): (0.5, -0.0, 0.0, INF, NAN, -5e-324, -INF),
    Column("share", "double", "", least=0, most=1): (-0.0, 1.0, 0.0, NAN, 1 + 2**-52, -1e-300),
    Column("below", "double", "", most=0.1): (0.1, -INF, NAN, 0.1 + 2**-56, INF),
    Column("euros", "decimal(10,2)", "", least=0, most=100): tuple(
        map(Decimal, ("0.00", "100.00", "100.01", "-0.01", "99999999.99"))
    ),
    Column("cents", "decimal(10,2)", "", least=0.1): tuple(
        map(Decimal, ("0.10", "5.00", "0.09", "-5.00"))
    ),
    Column("flag", "boolean", ""): (True, False),
    Column("day", "date", ""): (date(2021, 5, 1), date(1, 1, 1), date(9999, 12, 31)),
}
KEYS = (("word", "text"), ("large", "small", "day"), ("text", "real"), ("share",), ("cents",))
TABLES = [Table("anything", "one row each", key, tuple(COLUMNS)) for key in KEYS]
CASES = 20


def random_rows(seed: int) -> list[Row]:
    """Mostly usual values, so that each promise is kept in some tables and broken in others."""
    dice = random.Random(seed)
    weights = (0.75, 0.16, 0.09)
    return [
        {
            column.name: dice.choice(dice.choices((values[:2], values, (None,)), weights)[0])
            for column, values in COLUMNS.items()
        }
        for _ in range(dice.randrange(12))
    ]


ROWS = [random_rows(seed) for seed in range(CASES)]


def table_of(case: int) -> Table:
    return TABLES[case % len(TABLES)]


def arrow(table: Table, rows: Sequence[Row]) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema(table))


def expected(table: Table, rows: Sequence[Row]) -> dict[str, Finding]:
    """What plain Python finds."""
    failed: dict[str, int] = {}
    for column in table.columns:
        values = [row[column.name] for row in rows]
        failed[f"{column.name}_present"] = values.count(None)
        if column.least is not None or column.most is not None:
            failed[f"{column.name}_in_range"] = sum(not is_in_range(column, v) for v in values)
    words = (*WORDS, "extra", None)
    failed["word_is_known"] = sum(row["word"] not in words for row in rows)
    keys = Counter(tuple(key_value(row[name]) for name in table.key) for row in rows)
    failed["key_is_unique"] = sum(count for count in keys.values() if count > 1)
    return {name: Finding(len(rows), count) for name, count in failed.items()}


def is_in_range(column: Column, value: Value) -> bool:
    least, most = (
        Decimal(str(bound)) if bound is not None and isinstance(value, Decimal) else bound
        for bound in (column.least, column.most)
    )
    if value is None:
        return True
    is_high_enough = least is None or value >= least  # type: ignore[operator]
    return is_high_enough and (most is None or value <= most)  # type: ignore[operator]


def key_value(value: Value) -> Value:
    """Equal for equal keys: for Python no NaN equals another, but -0.0 equals 0."""
    return "not a number" if isinstance(value, float) and math.isnan(value) else value
