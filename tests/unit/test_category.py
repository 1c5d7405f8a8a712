"""The tree of categories, by hand."""

import pytest
from pyspark.sql import SparkSession

from spark_app.jobs.category import category

Found = dict[str, tuple[str | None, str, bool]]


def tree(spark: SparkSession, *pairs: tuple[str, str | None]) -> Found:
    """Root, path and whether its parent is known of each category, from (category, parent)."""
    delivered = spark.createDataFrame(list(pairs), "categoryid string, parentid string")
    rows = category(delivered).collect()
    assert len(rows) == len({row["category_id"] for row in rows})
    return {
        row["category_id"]: (row["root_category_id"], row["path"], row["is_parent_known"])
        for row in rows
    }


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


def test_a_deep_tree_is_followed_to_its_root(spark: SparkSession) -> None:
    deep = [(str(n), str(n - 1) if n else None) for n in range(60)]
    root, path, _ = tree(spark, *deep)["59"]
    assert (root, path.count(" > ")) == ("0", 59)


def test_a_category_that_is_delivered_twice_is_one_row(spark: SparkSession) -> None:
    assert tree(spark, ("1", None), ("1", None)) == {"1": ("1", "1", True)}
