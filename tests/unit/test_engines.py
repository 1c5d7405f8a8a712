"""Great-expectations, Spark and plain Python find the same in random small tables."""

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import pytest

from spark_app.declarations import Column, Finding, Rule, Table
from spark_app.quality import expectations, one_pass
from tests.unit.random_tables import (
    CASES,
    KEYS,
    NAN,
    OPTIONS,
    ROWS,
    TABLES,
    Value,
    arrow,
    expected,
    table_of,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_great_expectations_finds_what_plain_python_finds() -> None:
    for case, rows in enumerate(ROWS):
        table = table_of(case)
        found = expectations.judge(table, arrow(table, rows), OPTIONS)
        assert found == expected(table, rows), case


def test_spark_finds_what_plain_python_finds(spark: "SparkSession") -> None:
    for case, rows in enumerate(ROWS):
        table = table_of(case)
        frame = spark.createDataFrame(arrow(table, rows)).coalesce(1)
        assert one_pass.judge(table, frame, OPTIONS) == expected(table, rows), case


def test_every_check_is_broken_in_a_tenth_of_the_tables() -> None:
    broken = Counter(
        name
        for case, rows in enumerate(ROWS)
        for name, finding in expected(table_of(case), rows).items()
        if finding.failed
    )
    checks = expected(TABLES[0], [])
    assert {name: broken[name] for name in checks if broken[name] < CASES / 10} == {}
    assert {name: broken[name] for name in checks if broken[name] == CASES} == {}


def test_each_table_breaks_its_key_somewhere() -> None:
    found = [expected(table_of(case), rows) for case, rows in enumerate(ROWS)]
    broken = {table_of(case).key for case in range(CASES) if found[case]["key_is_unique"].failed}
    assert broken == {*KEYS}


def test_the_values_that_engines_see_differently_occur() -> None:
    values = {repr(value) for rows in ROWS for row in rows for value in row.values()}
    assert {"nan", "None", "''", str(2**53), str(2**53 + 1), "-0.0", "0.0"} <= values


@pytest.mark.parametrize(
    ("type_", "values", "failed"),
    [
        ("bigint", (2**53, 2**53 + 1, 2**53 + 1), 2),
        ("bigint", (2**53, 2**53 + 1, None), 0),
        ("bigint", (None, None, 1), 2),
        ("double", (NAN, NAN, None), 2),
        ("double", (0.0, -0.0, 1.0), 2),
        ("string", ("", None, "None", "nan"), 0),
        ("date", (date(1, 1, 1), date(1, 1, 1), None, None), 4),
    ],
)
def test_rows_fail_that_share_their_key_with_another(
    spark: "SparkSession", type_: str, values: tuple[Value, ...], failed: int
) -> None:
    table = Table("t", "one row each", ("k",), (Column("k", type_, ""),))
    rows = arrow(table, [{"k": value} for value in values])
    for found in (
        expectations.judge(table, rows, {}),
        one_pass.judge(table, spark.createDataFrame(rows), {}),
    ):
        assert found["key_is_unique"] == Finding(len(values), failed)


def test_no_rows_break_nothing(spark: "SparkSession") -> None:
    rows = arrow(TABLES[0], [])
    found = expectations.judge(TABLES[0], rows, OPTIONS)
    assert set(found.values()) == {Finding(0, 0)}
    assert one_pass.judge(TABLES[0], spark.createDataFrame(rows), OPTIONS) == found


NUMBER = Table("t", "one row each", ("k",), (Column("k", "bigint", ""), Column("n", "int", "")))


def test_spark_judges_further_rules_and_more_of_them_than_a_number_has_bits(
    spark: "SparkSession",
) -> None:
    rules = [Rule(f"r{i}", "R.", ("n",), f"n % 2 = {i % 2}") for i in range(130)]
    frame = spark.createDataFrame([(1, 1), (2, None), (3, 3)], "k bigint, n int")
    found = one_pass.judge(NUMBER, frame, {}, rules)
    assert found.pop("n_present") == Finding(3, 1)
    assert found.pop("k_present") == found.pop("key_is_unique") == Finding(3, 0)
    assert found == {f"r{i}": Finding(3, 0 if i % 2 else 2) for i in range(130)}


def test_two_rules_of_one_name_are_refused(spark: "SparkSession") -> None:
    rule = Rule("n_present", "N.", (), "true")
    with pytest.raises(ValueError, match="one name"):
        one_pass.judge(NUMBER, spark.createDataFrame([], "k bigint, n int"), {}, [rule])
