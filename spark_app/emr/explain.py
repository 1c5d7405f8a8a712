"""Why a run on a cluster failed: one line, what to do next, and the exit code."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from spark_app.emr.log_text import exception_in, last_line, line_with
from spark_app.emr.logs import StepLog
from spark_app.errors import AppError, GateShut, RunFailed, Unusable
from spark_app.spark.failures import JVM_ENDED

ALONE = timedelta(minutes=5)
_TERRAFORM = "correct the Terraform configuration and apply it again"
_SPOT = "a Spot instance was taken back by EC2; submit again"
_CAPACITY = "EC2 has no such instances free just now; submit again, or allow more types or zones"
_LIMIT = "end what is not needed (`clusters`), or ask for more in Service Quotas"
_MEMORY = "choose a larger instance type or profile"
_DISK = "give the nodes larger disks, or choose a larger profile"
_DENIED = "compare the role's policy with the Terraform configuration and apply it again"

_ACCESS = re.compile(r"AccessDenied|Access Denied|403 Forbidden|status code: 403|not authorized to")
_OUT_OF_MEMORY = re.compile(
    r"OutOfMemoryError|Java heap space|GC overhead limit|^MemoryError|Cannot allocate memory"
    r"|exceeding (?:physical |virtual )?memory limits|exit(?:ed)? (?:code|status)[: ]*137|oom-kill",
    re.MULTILINE,
)
_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded")
_EXIT_CODE = re.compile(r"(?:exit code|exited? with|with ret)[ :']*(\d+)")
_ERROR_LINE = re.compile(r"^error: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Cause:
    """What went wrong in one line with what to do next, and the exit code that says it."""

    text: str
    exit_code: int = 1

    def error(self) -> AppError:
        """The error to raise."""
        kinds: Mapping[int, type[AppError]] = {1: RunFailed, 2: Unusable, 3: GateShut}
        kind = kinds.get(self.exit_code)
        if kind is None:
            kind = type("RunEnded", (RunFailed,), {"exit_code": self.exit_code})
        return kind(self.text)


@dataclass(frozen=True)
class FailureEvidence:
    """What there is to tell why a run failed.

    `manifest` is its `run.json`, null when it wrote none; `checks` its check results. The logs are
    read only when they are needed: the step's, once a function of it says that they tell enough,
    and that of the failed bootstrap action; null when they did not come. `logs_at` says where they
    lie. `job` names the run among several of its step, null when it was alone.
    """

    cluster: Mapping[str, Any]
    step: Mapping[str, Any]
    manifest: Mapping[str, Any] | None
    checks: Sequence[Mapping[str, Any]]
    step_log: Callable[[Callable[[str], bool]], StepLog | None]
    bootstrap_log: Callable[[], str | None]
    logs_at: str
    job: str | None = None


def cause_of(evidence: FailureEvidence) -> Cause:
    """Why the run failed, from the source that knows most."""
    by_manifest = _by_manifest(evidence)
    if by_manifest and not _was_hit(evidence.manifest or {}):
        return by_manifest
    sources = (_by_step, _by_cluster) if _failed_alone(evidence) else (_by_cluster, _by_step)
    for source in sources:
        if cause := source(evidence):
            return cause
    return by_manifest or _unknown(evidence)


def _was_hit(manifest: Mapping[str, Any]) -> bool:
    """Whether the run's own reason is only that something outside of it ended it."""
    return manifest.get("outcome") == "interrupted" or JVM_ENDED in str(manifest.get("reason"))


def _failed_alone(evidence: FailureEvidence) -> bool:
    """Whether the step failed well before its cluster ended."""
    ends = [
        found["Status"].get("Timeline", {}).get("EndDateTime")
        for found in (evidence.step, evidence.cluster)
    ]
    is_failed = evidence.step["Status"]["State"] == "FAILED"
    step_ended, cluster_ended = ends
    if not is_failed or step_ended is None:
        return False
    return cluster_ended is None or cluster_ended - step_ended > ALONE


def failed_checks(checks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The checks that kept a gate shut."""
    return [
        check
        for check in checks
        if check["outcome"] == "error"
        or (check["outcome"] == "failed" and check["severity"] == "fail")
    ]


def _by_manifest(evidence: FailureEvidence) -> Cause | None:
    """What the application recorded itself; null when it was killed before it could."""
    manifest = evidence.manifest
    if manifest is None or not manifest.get("exit_code"):
        return None
    reason = str(manifest.get("reason") or manifest.get("outcome"))
    missing = [f"{c['layer']}.{c['check']}" for c in failed_checks(evidence.checks)]
    unnamed = [name for name in missing if name.split(".", 1)[1] not in reason]
    if unnamed:
        reason = f"{reason} (checks that failed: {', '.join(missing)})"
    whose = f"{evidence.job}: " if evidence.job else ""
    return Cause(whose + reason, int(manifest["exit_code"]))


def _by_cluster(evidence: FailureEvidence) -> Cause | None:
    """What ended the cluster, when it was not the step."""
    status = evidence.cluster["Status"]
    reason = status.get("StateChangeReason", {})
    code, message = reason.get("Code", ""), str(reason.get("Message", "")).strip().rstrip(".")
    details = status.get("ErrorDetails") or []
    codes = " ".join([*(str(d.get("ErrorCode", "")) for d in details), message]).lower()
    if code == "BOOTSTRAP_FAILURE":
        never_ran = re.search(r"download|file_not_found|from s3", codes)
        return _bootstrap(message, None if never_ran else evidence.bootstrap_log(), evidence)
    if code == "USER_REQUEST":
        return Cause(f"the cluster was ended by somebody ({message}); submit again")
    if code in ("", "ALL_STEPS_COMPLETED", "STEP_FAILURE"):
        return None
    return _by_words(codes, message) or _by_code(code, message)


def _bootstrap(message: str, log: str | None, evidence: FailureEvidence) -> Cause:
    last = last_line(log)
    said = f": {last.removeprefix('error: ')}" if last else ""
    where = "" if last else f"; its log is {evidence.logs_at}node/"
    return Cause(
        f"the bootstrap of the cluster failed{said} ({message}){where}; correct what it names, "
        "`make package` and apply again when the package is at fault, and submit again"
    )


def _by_words(words: str, message: str) -> Cause | None:
    """Spot, capacity and limits come with several codes; their words tell them."""
    if "quota" in words or "limit" in words:
        return Cause(f"a service limit of the account was reached ({message}); {_LIMIT}")
    if "throttl" in words:
        return Cause(f"EC2 was asked too often in this account ({message}); submit again later")
    if "capacity" in words:
        return Cause(f"there is no capacity ({message}); {_CAPACITY}")
    if "spot" in words:
        return Cause(f"no Spot instances ({message}); {_SPOT}")
    return None


def _by_code(code: str, message: str) -> Cause:
    if code == "INSTANCE_FLEET_TIMEOUT":
        return Cause(f"the instances did not come in time ({message}); {_CAPACITY}")
    if code == "VALIDATION_ERROR":
        return Cause(f"{_what_is_wrong(message)} ({message}); {_TERRAFORM}", 2)
    if code == "INSTANCE_FAILURE":
        return Cause(f"an instance of the cluster was lost ({message}); submit again")
    return Cause(f"EMR ended the cluster ({code}: {message}); submit again")


def _what_is_wrong(message: str) -> str:
    """Which part of a request EMR does not accept."""
    words = message.lower()
    if re.search(r"\btags?\b", words):
        return "a tag that the service role's policy asks for is missing"
    if re.search(r"\brole\b|instance ?profile|permission", words):
        return "a role is missing or lacks rights, or what it uses lacks the tag of its policy"
    if re.search(r"\bsubnet|\bvpc\b|\broute\b|security group", words):
        return "the subnet or its network cannot be used"
    return "EMR cannot use the configuration"


def _by_step(evidence: FailureEvidence) -> Cause | None:
    """What the step said before it ended."""
    status = evidence.step["Status"]
    if status["State"] == "CANCELLED":
        message = status.get("StateChangeReason", {}).get("Message", "").rstrip(".")
        return Cause(f"the step was cancelled ({message or 'by somebody'}); submit again")
    if status["State"] not in ("FAILED", "INTERRUPTED"):
        return None
    log = evidence.step_log(lambda output: bool(_by_text(output, "", evidence))) or StepLog("")
    details = status.get("FailureDetails", {})
    said = "\n".join(str(details.get(key, "")) for key in ("Reason", "Message"))
    texts = (log.output, said)
    causes = (_by_text(text, log.controller, evidence) for text in texts)
    return next(filter(None, causes), None)


def _by_text(text: str, controller: str, evidence: FailureEvidence) -> Cause | None:
    if found := _ERROR_LINE.findall(text):
        return Cause(_error_of(evidence.job, found), _exit_code(controller))
    if _OUT_OF_MEMORY.search(text):
        line = line_with(_OUT_OF_MEMORY, text)
        return Cause(f"out of memory on the cluster ({line}); {_MEMORY}")
    if _DISK_FULL.search(text):
        line = line_with(_DISK_FULL, text)
        return Cause(f"the disk of a node is full ({line}); {_DISK}")
    if _ACCESS.search(text):
        line = line_with(_ACCESS, text)
        return Cause(f"access denied on the cluster ({line}); {_DENIED}", 2)
    if said := exception_in(text):
        return Cause(f"the application failed: {said}; the whole of it is in {_log_of(evidence)}")
    return None


def _error_of(job: str | None, lines: Sequence[str]) -> str:
    """The line that counts: a single job's last; of several the job's own, or else the first, as
    those that follow may only say that they were skipped."""
    if job is None:
        return lines[-1]
    return next((line for line in lines if line.startswith(f"{job}: ")), lines[0])


def _unknown(evidence: FailureEvidence) -> Cause:
    status = evidence.step["Status"]
    details = status.get("FailureDetails", {})
    reason = evidence.cluster["Status"].get("StateChangeReason", {}).get("Message", "")
    why = details.get("Message") or details.get("Reason") or reason or "no reason given"
    return Cause(
        f"the step ended {status['State'].lower()} ({str(why).strip().rstrip('.')}); look at "
        f"{_log_of(evidence)}"
    )


def _exit_code(controller: str) -> int:
    """The application's exit code, which EMR tells in the controller's log only."""
    found = _EXIT_CODE.findall(controller)
    return int(found[-1]) or 1 if found else 1


def _log_of(evidence: FailureEvidence) -> str:
    return f"{evidence.logs_at}steps/{evidence.step['Id']}/"
