"""The tree of categories, by hand."""

from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession

from spark_app.declarations import Evidence, Finding
from spark_app.jobs.category import CATEGORIES, TABLE, category

Found = dict[str, tuple[str | None, str, bool]]


def built(spark: SparkSession, *lines: tuple[str | None, ...]) -> DataFrame:
    """The table of (category, parent, what nobody promised), of which the last may be left out."""
    names = [column.name for column in CATEGORIES.columns]
    whole = [(*line, None)[: len(names)] for line in lines]
    return category(spark.createDataFrame(whole, ", ".join(f"{name} string" for name in names)))


def tree(spark: SparkSession, *pairs: tuple[str, str | None]) -> Found:
    """Root, path and whether its parent is known of each category, from (category, parent)."""
    rows = built(spark, *pairs).collect()
    assert len(rows) == len({row["category_id"] for row in rows})
    return {
        row["category_id"]: (row["root_category_id"], row["path"], row["is_parent_known"])
        for row in rows
    }


def findings(spark: SparkSession, *pairs: tuple[str, str | None]) -> dict[str, Finding]:
    """What the table's own checks found, of those that found something."""
    rows = built(spark, *pairs)
    evidence = Evidence(rows, date(2024, 5, 1), {}, table=rows.toArrow())
    found = {check.name: check.holds(evidence) for check in TABLE.checks if callable(check.holds)}
    assert all(one.rows == len(pairs) for one in found.values())
    return {name: one for name, one in found.items() if one.failed or one.detail}


def test_each_category_has_its_root_and_the_way_from_there(spark: SparkSession) -> None:
    assert tree(spark, ("1", None), ("11", "1"), ("111", "11"), ("2", None)) == {
        "1": ("1", "1", True),
        "11": ("1", "1 > 11", True),
        "111": ("1", "1 > 11 > 111", True),
        "2": ("2", "2", True),
    }


def test_a_category_below_one_that_was_not_delivered_is_a_root_and_says_so(
    spark: SparkSession,
) -> None:
    assert tree(spark, ("11", "1"), ("111", "11")) == {
        "11": ("11", "11", False),
        "111": ("11", "11 > 111", True),
    }


@pytest.mark.parametrize("circle", [(("1", "1"),), (("1", "2"), ("2", "1"))])
def test_categories_in_or_below_a_circle_have_no_root(
    spark: SparkSession, circle: tuple[tuple[str, str], ...]
) -> None:
    found = tree(spark, *circle, ("9", "1"))
    assert {root for root, _, _ in found.values()} == {None}


def test_a_circle_is_told_by_the_categories_in_it(spark: SparkSession) -> None:
    below = (("8", "1"), ("9", "8"))
    other = (("5", "5"),)
    found = findings(spark, ("1", "2"), ("2", "3"), ("3", "1"), *below, *other, ("7", None))
    assert found == {"no_circle": Finding(7, 6, "in a circle: 1, 2, 3, 5")}


def test_a_circle_that_is_longer_than_a_way_can_be_is_one(spark: SparkSession) -> None:
    circle = [(f"{n:03}", f"{(n + 1) % 200:03}") for n in range(200)]
    words = "in a circle: 000, 001, 002, 003, 004 and 195 more"
    assert findings(spark, *circle) == {"no_circle": Finding(200, 200, words)}


def test_a_tree_that_is_merely_too_deep_is_told_as_that(spark: SparkSession) -> None:
    deep = [(f"{n:03}", f"{n - 1:03}" if n else None) for n in range(64)]
    assert findings(spark, *deep) == {}
    deeper = [*deep, ("064", "063"), ("065", "064")]
    assert findings(spark, *deeper) == {"no_deep_level": Finding(66, 2, "too deep: 064, 065")}


def test_parents_that_were_not_delivered_are_told_by_name(spark: SparkSession) -> None:
    found = findings(spark, ("1", None), ("2", "8"), ("3", "8"), ("4", "9"), ("5", "1"))
    assert found == {"parents_known": Finding(5, 3, "not delivered: 8, 9")}


def test_a_deep_tree_is_followed_to_its_root(spark: SparkSession) -> None:
    deep = [(str(n), str(n - 1) if n else None) for n in range(60)]
    root, path, _ = tree(spark, *deep)["59"]
    assert (root, path.count(" > ")) == ("0", 59)


def test_a_category_that_is_delivered_twice_is_one_row(spark: SparkSession) -> None:
    assert tree(spark, ("1", None), ("1", None)) == {"1": ("1", "1", True)}


def test_what_nobody_promised_is_kept_once(spark: SparkSession) -> None:
    lines = (("1", None, None), ("1", None, '{"name":"a"}'), ("1", None, '{"name":"b"}'))
    (row,) = built(spark, *lines, ("2", "1"), ("3", "2")).where("category_id = 1").collect()
    assert (row["root_category_id"], row["rescued_json"]) == ("1", '{"name":"b"}')
