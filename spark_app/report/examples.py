"""Rows that were set aside, by the rule that they broke: for the operator's eyes alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spark_app.report.outcomes import Check, Outcomes

EXAMPLES_PER_RULE = 5
FRAME_COLUMNS = ("broken_rules", "source_file", "delivered_bytes", "dataset")

Example = Mapping[str, Any]


@dataclass(frozen=True)
class RuleExamples:
    """A rule, the raw columns of its examples, and some rows that broke it."""

    rule: Check
    columns: tuple[str, ...]
    rows: tuple[Example, ...]


def by_rule(outcomes: Outcomes, examples: Sequence[Example]) -> list[RuleExamples]:
    """The most broken rule first; one that only an example names comes last.

    An example has its raw columns, `broken_rules`, `source_file`, and the `dataset` it is of: two
    sources may have rules of one name.
    """
    known = {(rule.table, rule.name): rule for rule in outcomes.broken_rules}
    named = [(str(row.get("dataset") or ""), name) for row in examples for name in _names(row)]
    for table, name in named:
        if not any(_is_of(rule, table, name) for rule in known.values()):
            known[table, name] = _unknown(table, name)
    return [_examples(rule, examples) for rule in known.values()]


def _examples(rule: Check, examples: Sequence[Example]) -> RuleExamples:
    rows = [
        row
        for row in examples
        if any(_is_of(rule, str(row.get("dataset") or ""), name) for name in _names(row))
    ]
    columns = tuple(name for name in rows[0] if name not in FRAME_COLUMNS) if rows else ()
    return RuleExamples(rule, columns, tuple(rows[:EXAMPLES_PER_RULE]))


def _is_of(rule: Check, table: str, name: str) -> bool:
    return rule.name == name and (not rule.table or not table or rule.table == table)


def _names(row: Example) -> list[str]:
    return [str(name) for name in row.get("broken_rules") or ()]


def _unknown(table: str, name: str) -> Check:
    return Check("raw", table, name, "quarantine", "", 0, 0, "failed", "")
