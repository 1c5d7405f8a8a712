"""Spark judges the promises of a table of any size: one pass for all rules, one for the key."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from spark_app.declarations import Finding, OptionValue, Rule, Table
from spark_app.quality.promises import KEY_IS_UNIQUE, column_rules
from spark_app.quality.rules import count_broken
from spark_app.spark.sql import sql_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_COUNT = "rows_with_key_count"


def judge(
    table: Table,
    frame: "DataFrame",
    options: Mapping[str, OptionValue],
    more: Sequence[Rule] = (),
) -> dict[str, Finding]:
    """What the rows break of the promises of `table` and of `more` rules, by name.

    Of `key_is_unique` those rows fail that share their key with another row.

    Raises:
        ValueError: two rules have one name.
        AnalysisException: a column is missing, or a rule is no predicate.
    """
    rules = (*column_rules(table.columns, options), *more)
    if len({KEY_IS_UNIQUE, *(rule.name for rule in rules)}) <= len(rules):
        raise ValueError(f"two rules of {table.name} have one name")
    found = count_broken(frame, rules)
    shared = _shared_key_count(table, frame)
    return found.findings() | {KEY_IS_UNIQUE: Finding(found.rows_count, shared)}


def _shared_key_count(table: Table, frame: "DataFrame") -> int:
    """How many rows share their key with another one.

    Keys of different hashes are different, and one number is cheaper to group by than texts are.
    """
    from pyspark.sql import functions as F

    hashed = F.xxhash64(*(F.col(sql_name(name)) for name in table.key))
    hashes = frame.groupBy(hashed).agg(F.count(F.lit(1)).alias(_COUNT))
    if hashes.where(F.col(_COUNT) > 1).isEmpty():
        return 0
    keys = frame.groupBy(*(F.col(sql_name(column)) for column in table.key))
    shared = keys.agg(F.count(F.lit(1)).alias(_COUNT)).where(F.col(_COUNT) > 1)
    return int(shared.agg(F.sum(_COUNT)).collect()[0][0] or 0)
