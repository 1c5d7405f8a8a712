"""What the checks and rules of a run came to, read from the rows of its quality history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spark_app.report.text import some

LAYERS = ("raw", "staging", "final")


@dataclass(frozen=True)
class Check:
    """A row of the quality history; `table` is empty where an older run did not say it."""

    layer: str
    table: str
    name: str
    severity: str
    words: str
    rows: int
    failed: int
    outcome: str
    detail: str

    @property
    def is_rule(self) -> bool:
        """Whether it set rows aside instead of judging the whole; one that broke is a check."""
        return self.severity == "quarantine" and self.outcome in ("passed", "failed")

    @property
    def shuts_gate(self) -> bool:
        """An outcome that nobody foresaw shuts the gate as well."""
        if self.outcome in ("passed", "insufficient"):
            return False
        return self.outcome != "failed" or self.severity not in ("warn", "quarantine")


@dataclass(frozen=True)
class Outcomes:
    """All checks of a run. `set_aside`: rows that broke a rule, null when nobody counted them."""

    checks: tuple[Check, ...]
    set_aside: int | None

    @cached_property
    def gate_closers(self) -> list[Check]:
        return [c for c in self.checks if c.shuts_gate]

    @cached_property
    def warnings(self) -> list[Check]:
        return [
            c for c in self.checks if not c.is_rule and c.outcome == "failed" and not c.shuts_gate
        ]

    @cached_property
    def insufficient(self) -> list[Check]:
        return [c for c in self.checks if not c.is_rule and c.outcome == "insufficient"]

    @cached_property
    def passed(self) -> list[Check]:
        return [c for c in self.checks if not c.is_rule and c.outcome == "passed"]

    @cached_property
    def broken_rules(self) -> list[Check]:
        """The most broken first."""
        rules = [c for c in self.checks if c.is_rule and c.failed]
        return sorted(rules, key=lambda rule: -rule.failed)

    @cached_property
    def kept_rules(self) -> list[Check]:
        return [c for c in self.checks if c.is_rule and not c.failed]

    @property
    def has_tables(self) -> bool:
        return any(check.table for check in self.checks)

    def counts(self) -> list[tuple[str, str]]:
        """What there is to tell of the checks, as (kind, words); `17 passed`, `1 warned`."""
        kinds = (
            ("failed", self.gate_closers, "shut the gate"),
            ("passed", self.passed, "passed"),
            ("warned", self.warnings, "warned"),
            ("insufficient", self.insufficient, "had too little data"),
        )
        return [(kind, f"{len(found):,} {words}") for kind, found, words in kinds if found]

    def rules_words(self) -> str:
        """`12 rows set aside by 8 rules`; empty where there are no rules."""
        rules = some(len(self.broken_rules), "rule")
        if not self.broken_rules:
            return "no row set aside" if self.kept_rules else ""
        if self.set_aside is None:
            return f"rows broke {rules}"
        return f"{some(self.set_aside, 'row')} set aside by {rules}"


def outcomes_of(checks: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]) -> Outcomes:
    """In the order of the layers, and in that of the run."""
    rows = sorted(
        map(_check, checks), key=lambda c: LAYERS.index(c.layer) if c.layer in LAYERS else -1
    )
    return Outcomes(tuple(rows), _set_aside(manifest))


def _check(row: Mapping[str, Any]) -> Check:
    texts = {
        "layer": "layer",
        "table": "table",
        "name": "check",
        "severity": "severity",
        "words": "description",
        "outcome": "outcome",
        "detail": "detail",
    }
    return Check(
        **{field: str(row.get(key) or "") for field, key in texts.items()},
        rows=int(row.get("rows") or 0),
        failed=int(row.get("failed") or 0),
    )


def _set_aside(manifest: Mapping[str, Any]) -> int | None:
    counts = [stage.get("quarantined_count") for stage in manifest.get("stages") or ()]
    known = [int(count) for count in counts if count is not None]
    return sum(known) if known else None
