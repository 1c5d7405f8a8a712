"""What a run finds in the rows of a source: the counts at the raw gate, by name of the check."""

from collections.abc import Mapping, Sequence

from spark_app.declarations import Check, Evidence, Finding, OptionValue, Rule
from spark_app.quality.promises import with_today
from spark_app.quality.rules import count_broken
from spark_app.quality.standard import is_on

Findings = dict[str, Finding | Exception]
_SHOWN = 5


def counted(
    rows_count: int,
    delivered_count: int | None,
    broken: Mapping[str, int],
    bad_count: int,
    tolerance: float,
    *,
    worst: tuple[str, int] | None = None,
) -> Findings:
    """The standard findings; `delivered_count` is null where rows were left out on purpose. `worst`
    is the file with most bad rows, and how many, where that is known."""
    return {
        **{name: Finding(rows_count, count) for name, count in broken.items()},
        "all_rows_read": _all_rows_read(rows_count, delivered_count),
        "has_rows": has_rows(rows_count),
        "quarantine_within_tolerance": _within(rows_count, bad_count, tolerance, broken, worst),
    }


def has_rows(rows_count: int) -> Finding:
    """Whether there is a row at all."""
    return Finding(rows_count, int(not rows_count), "" if rows_count else "there is no row")


def own_findings(
    checks: Sequence[Check], evidence: Evidence, options: Mapping[str, OptionValue]
) -> Findings:
    """What a job's own checks find: predicates in one pass, functions one by one.

    A check that raises has its exception in place of a finding.
    """
    asked = [check for check in checks if is_on(check, options)]
    predicates = [check for check in asked if isinstance(check.holds, str)]
    return {
        **_of_predicates(predicates, evidence),
        **{c.name: _of_function(c, evidence) for c in asked if not isinstance(c.holds, str)},
    }


def _of_predicates(checks: Sequence[Check], evidence: Evidence) -> Findings:
    if not checks:
        return {}
    rules = [Rule(c.name, c.words, (), with_today(str(c.holds), evidence.today)) for c in checks]
    try:
        return dict(count_broken(evidence.rows, rules).findings())
    except Exception as error:  # a gate fails closed, whatever went wrong inside a check
        return {check.name: error for check in checks}


def _of_function(check: Check, evidence: Evidence) -> Finding | Exception:
    if isinstance(check.holds, str):
        raise TypeError(f"{check.name} is a predicate")
    try:
        return check.holds(evidence)
    except Exception as error:  # a gate fails closed, whatever went wrong inside a check
        return error


def _all_rows_read(rows_count: int, delivered_count: int | None) -> Finding:
    if delivered_count is None:
        return Finding(rows_count, 0, "older rows were left out by --since")
    difference = abs(delivered_count - rows_count)
    detail = f"{rows_count:,} read, {delivered_count:,} delivered" if difference else ""
    return Finding(delivered_count, difference, detail)


def _within(
    rows: int,
    bad: int,
    tolerance: float,
    broken: Mapping[str, int],
    most_in: tuple[str, int] | None,
) -> Finding:
    """The tolerance is inclusive; a delivery of bad rows only is refused whatever it is."""
    is_over = rows > 0 and (bad / rows > tolerance or bad == rows)
    if not is_over:
        return Finding(rows, 0)
    worst = sorted(broken.items(), key=lambda item: -item[1])[:_SHOWN]
    named = ", ".join(f"{name} {count:,}" for name, count in worst if count)
    share = f"{bad:,} of {rows:,} rows are bad ({bad / rows:.2%})"
    where = f"; most in {most_in[0]}: {most_in[1]:,}" if most_in else ""
    return Finding(rows, bad, f"{share}, tolerated are {tolerance:.2%}: {named}{where}")
