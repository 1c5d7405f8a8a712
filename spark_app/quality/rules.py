"""Row rules as Spark columns: the mask of broken rules, and whether a row is good."""

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from spark_app.quality.checks import Check, RowRule

if TYPE_CHECKING:
    from pyspark.sql import Column


def rule_of(check: Check) -> RowRule:
    """The row rule of a check that has one.

    Raises:
        TypeError: the check is of another kind.
    """
    if not isinstance(check.test, RowRule):
        raise TypeError(f"{check.name} is not a row rule")
    return check.test


def sql_text(value: str) -> str:
    """A string as a Spark SQL literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def broken_mask(rules: Sequence[tuple[int, Check]]) -> "Column":
    """A bigint whose bit i is set where the rule numbered i is broken."""
    from pyspark.sql import functions as F

    bits = [F.when(F.expr(rule_of(rule).broken()), F.lit(1 << i)).otherwise(0) for i, rule in rules]
    return reduce(lambda a, b: a.bitwiseOR(b), bits, F.lit(0)).cast("bigint")


def is_good(rules: Sequence[Check]) -> "Column":
    """Whether a row breaks no rule."""
    from pyspark.sql import functions as F

    return reduce(lambda a, b: a & b, [~F.expr(rule_of(rule).broken()) for rule in rules])


def broken_names(rules: Sequence[Check]) -> "Column":
    """The names of all the rules that a row breaks, in the order of the rules."""
    from pyspark.sql import functions as F

    names = [F.when(F.expr(rule_of(rule).broken()), F.lit(rule.name)) for rule in rules]
    return F.array_compact(F.array(*names))


def to_row_expectation(rule: Check) -> Any:
    """The rule as a great-expectations expectation on a Spark frame of raw rows."""
    import great_expectations.expectations as gxe

    expectation: Any = vars(gxe)["UnexpectedRowsExpectation"]  # not among its declared names
    broken = rule_of(rule).broken().replace("{", "{{").replace("}", "}}")
    query = f"SELECT * FROM {{batch}} WHERE {broken}"
    return expectation(unexpected_rows_query=query, meta={"check": rule.name})
