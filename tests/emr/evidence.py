"""What a failed run left, with overrides."""

from typing import Any

from spark_app.emr.explain import FailureEvidence, cause_of
from spark_app.emr.logs import StepLog


def evidence(
    code: str = "STEP_FAILURE",
    message: str = "Steps completed with errors",
    state: str = "FAILED",
    output: str | None = None,
    controller: str = "",
    bootstrap: str | None = None,
    **overrides: Any,
) -> FailureEvidence:
    """A failed step on a cluster that ended with it, and what the step wrote."""
    log = None if output is None else StepLog(output, controller)
    reason = {"Code": code, "Message": message}
    base: dict[str, Any] = {
        "cluster": {"Id": "j-1", "Status": {"StateChangeReason": reason}},
        "step": {"Id": "s-1", "Status": {"State": state}},
        "manifest": None,
        "checks": [],
        "step_log": lambda _: log,
        "bootstrap_log": lambda: bootstrap,
        "logs_at": "s3://b/logs/j-1/",
    }
    return FailureEvidence(**(base | overrides))


def text(**overrides: Any) -> str:
    """The line about it."""
    return cause_of(evidence(**overrides)).text
