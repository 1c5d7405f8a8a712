"""What a check is. Jobs declare theirs with these types, in words and as data."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Layer = Literal["raw", "staging", "final"]
Severity = Literal["fail", "quarantine", "warn"]
Outcome = Literal["passed", "failed", "insufficient", "error"]


@dataclass(frozen=True)
class RowRule:
    """What is true of every good row, as Spark SQL over the columns that it reads.

    A row is judged only where all of `reads` are present, unless `judges_null`: presence
    is a rule of its own. A predicate that yields null counts as broken.
    """

    reads: tuple[str, ...]
    ok: str
    judges_null: bool = False

    def broken(self) -> str:
        """The Spark SQL predicate that is true for a row that breaks the rule."""
        judged = [] if self.judges_null else [f"{column} IS NOT NULL" for column in self.reads]
        return " AND ".join([*judged, f"NOT coalesce(({self.ok}), false)"])


@dataclass(frozen=True)
class Expectation:
    """A great-expectations expectation by class name; arguments may depend on the run's facts.

    `explain` says more than great-expectations does when the check fails.
    """

    kind: str
    arguments: Callable[[Any], Mapping[str, Any]]
    explain: Callable[[Any], str] | None = None


@dataclass(frozen=True)
class Finding:
    """What a measure found: of `rows` looked at, `failed` break the check.

    `is_insufficient` says that there was too little data to tell; only for `warn` checks.
    """

    rows: int
    failed: int
    detail: str = ""
    is_insufficient: bool = False


@dataclass(frozen=True)
class Measure:
    """A check on the facts that the run counted on its way."""

    find: Callable[[Any], Finding]


@dataclass(frozen=True)
class Check:
    """One expectation on one layer, said in words a person understands."""

    name: str
    layer: Layer
    severity: Severity
    description: str
    test: RowRule | Expectation | Measure


@dataclass(frozen=True)
class CheckResult:
    """One row of the quality history: a check of a run, with what was seen.

    `rows` is how many were looked at, `failed` how many of them broke the check.
    """

    layer: Layer
    check: str
    severity: Severity
    description: str
    rows: int
    failed: int
    outcome: Outcome
    detail: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def result_of(check: Check, finding: Finding) -> CheckResult:
    """Judge a finding. Only a `warn` check may answer `insufficient`: for others it is an error."""
    outcome: Outcome = "failed" if finding.failed else "passed"
    if finding.is_insufficient and not finding.failed:
        outcome = "insufficient" if check.severity == "warn" else "error"
    return _result(check, finding.rows, finding.failed, outcome, finding.detail)


def error_of(check: Check, detail: str, rows: int = 0) -> CheckResult:
    """The result of a check that could not be run."""
    return _result(check, rows, 0, "error", detail)


def _result(check: Check, rows: int, failed: int, outcome: Outcome, detail: str) -> CheckResult:
    return CheckResult(
        check.layer,
        check.name,
        check.severity,
        check.description,
        rows,
        failed,
        outcome,
        detail,
    )
