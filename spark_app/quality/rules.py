"""Rules as Spark columns: the mask of broken rules, and what a pass with it finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from spark_app.declarations import Finding, Rule
from spark_app.quality.promises import broken
from spark_app.sources.text_types import SOURCE_FILE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

MASK_BITS = 62
_MASK, _COUNT = "rules_mask", "rows_count"


@dataclass(frozen=True)
class RuleCounts:
    """What one pass over rows found: rows in all, rows that broke a rule, and how many by rule."""

    rows_count: int
    bad_count: int
    by_rule: dict[str, int]

    def findings(self) -> dict[str, Finding]:
        """The same by the name of the rule."""
        return {name: Finding(self.rows_count, count) for name, count in self.by_rule.items()}


def count_broken(frame: "DataFrame", rules: Sequence[Rule]) -> RuleCounts:
    """Count rows by the rules that they break, in one pass: the masks are its grouping keys."""
    from pyspark.sql import functions as F

    numbered = list(enumerate(rules))
    words = [numbered[at : at + MASK_BITS] for at in range(0, len(numbered), MASK_BITS)]
    masks = {f"{_MASK}_{i}": broken_mask(word, i * MASK_BITS) for i, word in enumerate(words)}
    groups = frame.groupBy(*(mask.alias(name) for name, mask in masks.items()))
    rows = groups.agg(F.count(F.lit(1)).alias(_COUNT)).collect()
    counted = [(_bits([row[name] for name in masks]), int(row[_COUNT])) for row in rows]
    return RuleCounts(
        sum(count for _, count in counted),
        sum(count for bits, count in counted if bits),
        {rule.name: sum(n for bits, n in counted if bits >> i & 1) for i, rule in numbered},
    )


def broken_mask(rules: Sequence[tuple[int, Rule]], first: int = 0) -> "Column":
    """A bigint whose bit i - `first` is set where the rule numbered i is broken."""
    from pyspark.sql import functions as F

    bits = [F.when(F.expr(broken(rule)), F.lit(1 << (i - first))).otherwise(0) for i, rule in rules]
    return reduce(lambda a, b: a.bitwiseOR(b), bits, F.lit(0)).cast("bigint")


def is_good(rules: Sequence[Rule]) -> "Column":
    """Whether a row breaks no rule."""
    from pyspark.sql import functions as F

    return reduce(lambda a, b: a & b, [~F.expr(broken(rule)) for rule in rules], F.lit(True))


def bad_rows(frame: "DataFrame", rules: Sequence[Rule]) -> "DataFrame":
    """The rows that break a rule, unchanged, with the names of all the rules that they break
    (`broken_rules`) and their file (`source_file`, where the frame does not say it)."""
    from pyspark.sql import functions as F

    bad = frame.withColumn("broken_rules", broken_names(rules)).where(F.size("broken_rules") > 0)
    if SOURCE_FILE in frame.columns:
        return bad
    return bad.withColumn(SOURCE_FILE, F.input_file_name())


def broken_names(rules: Sequence[Rule]) -> "Column":
    """The names of all the rules that a row breaks, in the order of the rules.

    Most rows break none: for them no array is made and searched.
    """
    from pyspark.sql import functions as F

    names = [F.when(F.expr(broken(rule)), F.lit(rule.name)) for rule in rules]
    none = F.array().cast("array<string>")
    return F.when(is_good(rules), none).otherwise(F.array_compact(F.array(*names)))


def _bits(words: Sequence[int]) -> int:
    return sum(word << (i * MASK_BITS) for i, word in enumerate(words))
