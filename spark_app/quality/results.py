"""What a check answered in one run: a row of the quality history."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from spark_app.declarations import Finding, Severity
from spark_app.errors import first_line

Layer = Literal["raw", "staging", "final"]
Outcome = Literal["passed", "failed", "insufficient", "error"]
LAYERS: tuple[Layer, ...] = ("raw", "staging", "final")


@dataclass(frozen=True)
class LayerCheck:
    """A check as it stands at a gate: of one layer and one table (raw: one dataset).

    A severity of `quarantine` is a rule: rows that break it are set aside, the gate does not mind.
    """

    layer: Layer
    table: str
    name: str
    severity: Severity | Literal["quarantine"]
    words: str


@dataclass(frozen=True)
class CheckResult:
    """One row of the quality history: a check of a run, with what was seen.

    `rows` is how many were looked at, `failed` how many of them broke the check.
    """

    layer: Layer
    table: str
    check: str
    severity: Severity | Literal["quarantine"]
    description: str
    rows: int
    failed: int
    outcome: Outcome
    detail: str = ""

    def as_dict(self) -> dict[str, str | int]:
        return asdict(self)


def results_of(
    checks: Sequence[LayerCheck], findings: Mapping[str, Finding | Exception]
) -> list[CheckResult]:
    """One result a check, by its name. A check without a finding, or that raised, is an `error`."""
    return [_result(check, findings.get(check.name)) for check in checks]


def error_of(check: LayerCheck, detail: str) -> CheckResult:
    """The result of a check that could not be run."""
    return _with_outcome(check, Finding(0, 0, detail), "error")


def _result(check: LayerCheck, found: Finding | Exception | None) -> CheckResult:
    if isinstance(found, Exception):
        return error_of(check, f"{type(found).__name__}: {first_line(found)}")
    if not isinstance(found, Finding):  # a job's own function may give anything
        return error_of(check, "it gave no result")
    if found.failed:
        return _with_outcome(check, found, "failed")
    if found.is_insufficient:
        return _with_outcome(check, found, "insufficient" if check.severity == "warn" else "error")
    return _with_outcome(check, found, "passed")


def _with_outcome(check: LayerCheck, found: Finding, outcome: Outcome) -> CheckResult:
    return CheckResult(
        check.layer,
        check.table,
        check.name,
        check.severity,
        check.words,
        found.rows,
        found.failed,
        outcome,
        found.detail,
    )
