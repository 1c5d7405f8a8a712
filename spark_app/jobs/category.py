"""The tree of a shop's categories: one row per category, with its root and the way from there.

A category is a root when it has no parent, or when its parent is not delivered (which a check
tells). Categories that lie in a circle have no root, and keep the table from being published.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.declarations import Column, Csv, Files, Job, Newest, Report, Table, fail, warn

DOUBLINGS = 6  # each doubles how far up a category is followed: 64 levels
SEPARATOR = " > "

CATEGORIES = Files(
    "category",
    Csv(),
    columns=(
        Column("categoryid", "string", "the category"),
        Column("parentid", "string", "the category above it", null="it is a root"),
    ),
)


def category(categories: DataFrame) -> DataFrame:
    """The categories, each followed up to its root."""
    delivered = categories.distinct()
    ids = delivered.select(F.col("categoryid").alias("known_id"))
    parents = delivered.join(ids, F.col("parentid") == F.col("known_id"), "left")
    up = parents.select(
        F.col("categoryid").alias("category_id"),
        F.col("parentid").alias("parent_category_id"),
        F.col("known_id").alias("above"),
        F.array("categoryid").alias("way"),
    )
    for _ in range(DOUBLINGS):
        up = _doubled(up)
    root = F.when(F.col("above").isNull(), F.element_at("way", 1))
    return up.select(
        "category_id",
        "parent_category_id",
        root.alias("root_category_id"),
        F.array_join("way", SEPARATOR).alias("path"),
        F.size("way").alias("level"),
        (F.col("parent_category_id").isNull() | (F.size("way") > 1)).alias("is_parent_known"),
    )


def _doubled(up: DataFrame) -> DataFrame:
    """Each category followed twice as far: from where it has come to, as far again."""
    further = up.select(
        F.col("category_id").alias("at"), F.col("above").alias("top"), F.col("way").alias("more")
    )
    joined = up.join(further, F.col("above") == F.col("at"), "left")
    way = F.concat(F.coalesce("more", F.array().cast("array<string>")), "way")
    return joined.select(
        "category_id", "parent_category_id", F.col("top").alias("above"), way.alias("way")
    )


TABLE = Table(
    "category",
    grain="one row per category",
    key=("category_id",),
    columns=(
        Column("category_id", "string", "the category"),
        Column("parent_category_id", "string", "the category above it", null="it is a root"),
        Column("root_category_id", "string", "the root above it, or itself", null="in a circle"),
        Column("path", "string", f"the categories from the root to it, with `{SEPARATOR}` between"),
        Column("level", "int", "how many categories the path has", least=1),
        Column("is_parent_known", "boolean", "whether the category above it was delivered"),
    ),
    checks=(
        fail("no_circle", "Every category has a root.", "root_category_id IS NOT NULL"),
        warn("parents_known", "Every parent was delivered.", "is_parent_known"),
    ),
)
JOB = Job((CATEGORIES,), category, TABLE, report=Report("Categories", Newest()))
