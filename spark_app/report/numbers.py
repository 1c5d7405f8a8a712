"""What the generic sections show, computed apart from their HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Check = Mapping[str, Any]
Row = Mapping[str, Any]

OUTCOMES = ("failed", "error", "insufficient", "passed")
SEVERITIES = ("fail", "quarantine", "warn")
LAYERS = ("raw", "staging", "final")


@dataclass(frozen=True)
class BrokenRule:
    """One row rule that rows broke; a row that breaks two rules counts for both."""

    rule: str
    description: str
    rows_count: int | None
    broken_count: int | None
    examples: tuple[Row, ...]


def ordered(checks: Sequence[Check]) -> list[Check]:
    """Failed first, then error, insufficient, passed; in each the severest, then the earliest."""

    def rank(check: Check) -> tuple[int, int, int]:
        return (
            _index(OUTCOMES, check["outcome"]),
            _index(SEVERITIES, check["severity"]),
            _index(LAYERS, check["layer"]),
        )

    return sorted(checks, key=rank)


def outcome_counts(checks: Sequence[Check]) -> list[tuple[str, int]]:
    """The outcomes that occur, with how often, in the order of `ordered`."""
    seen = [str(check["outcome"]) for check in ordered(checks)]
    return [(outcome, seen.count(outcome)) for outcome in dict.fromkeys(seen)]


def gate_closers(checks: Sequence[Check]) -> list[Check]:
    """The checks that shut a gate: an error anywhere, or a failed check of severity `fail`."""
    return [
        check
        for check in ordered(checks)
        if check["outcome"] not in ("passed", "insufficient", "failed")
        or (check["outcome"] == "failed" and check["severity"] == "fail")
    ]


def broken_rules(
    checks: Sequence[Check], quarantine: Sequence[Row], examples_count: int = 5
) -> list[BrokenRule]:
    """Rules that rows broke, most broken first; null counts when only the examples know it."""
    declared = {
        str(check["check"]): check
        for check in checks
        if check["severity"] == "quarantine" and check["failed"]
    }
    named = dict.fromkeys(
        [*declared, *(rule for row in quarantine for rule in row["broken_rules"])]
    )
    rules = [
        BrokenRule(
            rule=rule,
            description=str(declared.get(rule, {}).get("description", "")),
            rows_count=declared.get(rule, {}).get("rows"),
            broken_count=declared.get(rule, {}).get("failed"),
            examples=tuple(r for r in quarantine if rule in r["broken_rules"])[:examples_count],
        )
        for rule in named
    ]
    return sorted(rules, key=lambda rule: -(rule.broken_count or 0))


def quarantined_count(manifest: Mapping[str, Any]) -> int | None:
    """Rows that broke at least one rule; null when no stage counted them."""
    counts = [stage.get("quarantined_count") for stage in manifest.get("stages") or ()]
    known = [value for value in counts if value is not None]
    return max(known) if known else None


def _index(order: tuple[str, ...], value: object) -> int:
    """Unknown values first: what nobody foresaw is shown, not hidden."""
    return order.index(str(value)) if value in order else -1
