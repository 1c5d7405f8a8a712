"""The gate after a layer: it opens only when every check ran and none that must hold failed."""

from collections.abc import Sequence
from dataclasses import dataclass

from spark_app.errors import GateShut
from spark_app.quality.results import CheckResult, Layer


@dataclass(frozen=True)
class Tally:
    """How the checks of a layer ended, in numbers; rules that rows broke are counted apart."""

    passed: int
    warned: int
    failed: int
    rules_broken: int


def tally(results: Sequence[CheckResult]) -> Tally:
    """Count results; a check that shuts a gate is `failed`, whatever its outcome is called."""
    checks = [r for r in results if r.severity != "quarantine" or is_shutting(r)]
    failed = sum(is_shutting(result) for result in checks)
    passed = sum(result.outcome == "passed" for result in checks)
    broken = sum(result.failed > 0 for result in results if result.severity == "quarantine")
    return Tally(passed, len(checks) - passed - failed, failed, broken)


def is_shutting(result: CheckResult) -> bool:
    """Whether a result shuts its gate: any error, and a `fail` check that did not pass."""
    return result.outcome == "error" or (result.severity == "fail" and result.outcome != "passed")


def shut_reason(layer: Layer, results: Sequence[CheckResult]) -> str | None:
    """Why the gate after `layer` stays shut, or null when it opens."""
    mine = [result for result in results if result.layer == layer]
    if not mine:
        return f"no check of the {layer} layer ran"
    has_several = len({result.table for result in mine}) > 1
    shut = [_why(result, has_several) for result in mine if is_shutting(result)]
    return "; ".join(dict.fromkeys(shut)) or None


def require_open(layer: Layer, results: Sequence[CheckResult]) -> None:
    """Raise unless the gate after `layer` opens.

    Raises:
        GateShut: a check failed or could not run; the text names every one.
    """
    reason = shut_reason(layer, results)
    if reason:
        raise GateShut(f"the {layer} gate stayed shut: {reason}; nothing was published")


def _why(result: CheckResult, has_several: bool) -> str:
    name = f"{result.check} of {result.table}" if has_several else result.check
    if result.outcome == "error":
        return f"{name} could not run ({result.detail})"
    seen = result.detail or f"{result.failed:,} of {result.rows:,} fail"
    return f"{name} ({seen})"
