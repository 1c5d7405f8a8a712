"""The tree of a shop's categories: one row per category, with its root and the way from there.

A category is a root when it has no parent, or when its parent is not delivered (which a check
tells). Categories that lie in a circle have no root, nor have those on a level beyond the 64th;
either keeps the table from being published.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.declarations import (
    RESCUED,
    Column,
    Csv,
    Evidence,
    Files,
    Finding,
    Job,
    Newest,
    Report,
    Table,
    fail,
    warn,
)
from spark_app.quality.words import some

if TYPE_CHECKING:
    import pyarrow as pa

DOUBLINGS = 6  # each doubles how far up a category is followed
LEVELS = 2**DOUBLINGS
SEPARATOR = " > "

CATEGORIES = Files(
    "category",
    Csv(),
    columns=(
        Column("categoryid", "string", "the category", is_id=True),
        Column("parentid", "string", "the category above it", null="it is a root", is_id=True),
        RESCUED,
    ),
)


def category(categories: DataFrame) -> DataFrame:
    """The categories, each followed up to its root."""
    rescued = F.max(RESCUED.name).alias(RESCUED.name)
    delivered = categories.groupBy("categoryid", "parentid").agg(rescued)
    ids = delivered.select(F.col("categoryid").alias("known_id"))
    parents = delivered.join(ids, F.col("parentid") == F.col("known_id"), "left")
    up = parents.select(
        F.col("categoryid").alias("category_id"),
        F.col("parentid").alias("parent_category_id"),
        RESCUED.name,
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
        RESCUED.name,
    )


def _doubled(up: DataFrame) -> DataFrame:
    """Each category followed twice as far: from where it has come to, as far again."""
    further = up.select(
        F.col("category_id").alias("at"), F.col("above").alias("top"), F.col("way").alias("more")
    )
    joined = up.join(further, F.col("above") == F.col("at"), "left")
    way = F.concat(F.coalesce("more", F.array().cast("array<string>")), "way")
    kept = ("category_id", "parent_category_id", RESCUED.name)
    return joined.select(*kept, F.col("top").alias("above"), way.alias("way"))


def _parents_known(evidence: Evidence) -> Finding:
    table = evidence.built
    unknown = [row["parent_category_id"] for row in table.to_pylist() if not row["is_parent_known"]]
    words = f"not delivered: {some(sorted(set(unknown)))}" if unknown else ""
    return Finding(table.num_rows, len(unknown), words)


def _no_circle(evidence: Evidence) -> Finding:
    table = evidence.built
    rootless = _rootless(table)
    lost = rootless.keys() - _too_deep(rootless)
    words = f"in a circle: {some(sorted(_in_circles(rootless, lost)))}" if lost else ""
    return Finding(table.num_rows, len(lost), words)


def _no_deep_level(evidence: Evidence) -> Finding:
    table = evidence.built
    deep = _too_deep(_rootless(table))
    return Finding(table.num_rows, len(deep), f"too deep: {some(sorted(deep))}" if deep else "")


def _rootless(table: "pa.Table") -> dict[str, str]:
    """The categories of which no root was found, with their parents."""
    lost = table.filter(table["root_category_id"].is_null()).to_pylist()
    return {row["category_id"]: row["parent_category_id"] for row in lost}


def _too_deep(rootless: Mapping[str, str]) -> set[str]:
    """Those whose way leads up to a category that has a root: it is just too long."""
    below: dict[str, list[str]] = defaultdict(list)
    for one, parent in rootless.items():
        below[parent].append(one)
    found: set[str] = set()
    waiting = [one for one, parent in rootless.items() if parent not in rootless]
    while waiting:
        one = waiting.pop()
        found.add(one)
        waiting += below[one]
    return found


def _in_circles(parents: Mapping[str, str], lost: set[str]) -> set[str]:
    """Those of the categories without an end above them that lie in a circle, not just below."""
    found: set[str] = set()
    seen: set[str] = set()
    for begin in lost:
        way: list[str] = []
        at = begin
        while at not in seen:
            seen.add(at)
            way.append(at)
            at = parents[at]
        if at in way:
            found.update(way[way.index(at) :])
    return found


TABLE = Table(
    "category",
    grain="one row per category",
    key=("category_id",),
    columns=(
        Column("category_id", "string", "the category"),
        Column("parent_category_id", "string", "the category above it", null="it is a root"),
        Column(
            "root_category_id",
            "string",
            "the root above it, or itself",
            null="in a circle, or on too deep a level",
        ),
        Column("path", "string", f"the categories from the root to it, with `{SEPARATOR}` between"),
        Column("level", "int", "how many categories the path has", least=1),
        Column("is_parent_known", "boolean", "whether the category above it was delivered"),
        RESCUED,
    ),
    checks=(
        fail("no_circle", "No category lies in a circle or below one.", _no_circle),
        fail("no_deep_level", f"No category lies below level {LEVELS}.", _no_deep_level),
        warn("parents_known", "Every parent was delivered.", _parents_known),
    ),
)
JOB = Job((CATEGORIES,), category, TABLE, report=Report("Categories", Newest()))
