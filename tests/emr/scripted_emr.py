"""A server that speaks EMR's protocol and lets happen what only AWS can make happen.

It runs nothing: a test says how a cluster goes. `scripts/local_cloud` is the one that really runs.
"""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from spark_app.emr.model import complaints

Phase = tuple[str, str]  # the states of cluster and step
RUNNING: Phase = ("RUNNING", "RUNNING")
WELL: Phase = ("TERMINATED", "COMPLETED")
BADLY: Phase = ("TERMINATED_WITH_ERRORS", "FAILED")
HELD = (("STARTING", "PENDING"), RUNNING)  # until somebody ends it


@dataclass
class Plan:
    """How a cluster goes: one phase further at each look, and at the last phase it stays.

    `before_end` happens when the last phase is entered.
    """

    phases: Sequence[Phase] = (RUNNING, WELL)
    reason: tuple[str, str] = ("ALL_STEPS_COMPLETED", "Steps completed")
    failure: Mapping[str, str] = field(default_factory=dict)
    error_codes: Sequence[str] = ()
    before_end: Callable[[str, str], object] = lambda cluster_id, step_id: None


@dataclass
class Fault:
    """What an operation answers instead. `is_lost`: it happens, and the answer never comes."""

    status: int = 400
    code: str = ""
    message: str = ""
    is_lost: bool = False


@dataclass
class Cluster:
    """A cluster that was launched, or made for a test."""

    id: str
    request: Mapping[str, Any]
    plan: Plan
    steps: list[dict[str, Any]]
    began: float = field(default_factory=time.time)
    at: int = 0
    phase: Phase = ("STARTING", "PENDING")


class ScriptedEmr:
    """The server; use it in a `with` block. `calls` counts the requests by operation, and `unseen`
    how many times ListClusters still answers as before any launch."""

    def __init__(self) -> None:
        self.plans: defaultdict[str, Plan] = defaultdict(Plan)
        self.clusters: dict[str, Cluster] = {}
        self.faults: defaultdict[str, list[Fault]] = defaultdict(list)
        self.calls: defaultdict[str, int] = defaultdict(int)
        self.cannot_cancel = ""
        self.unseen = 0
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    def __enter__(self) -> "ScriptedEmr":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def keep(self, request: Mapping[str, Any], phase: str = "WAITING") -> str:
        """A cluster that is there and takes steps; its id."""
        with self._lock:
            made = Cluster(
                f"j-{len(self.clusters):013}", request, Plan(), [], phase=(phase, "PENDING")
            )
            self.clusters[made.id] = made
            return made.id

    def answer(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any] | Fault:
        """What the server says."""
        with self._lock:
            self.calls[operation] += 1
            fault = self.faults[operation].pop(0) if self.faults[operation] else None
            if fault and not fault.is_lost:
                return fault
            if wrong := complaints(operation, body):
                return Fault(400, "ValidationException", "; ".join(wrong))
            asked = body.get("ClusterId")
            if asked and asked not in self.clusters:
                return Fault(400, "InvalidRequestException", f"Cluster id '{asked}' is not valid.")
            done: dict[str, Any] | Fault = getattr(self, f"_{operation}")(body)
            return fault or done

    def _RunJobFlow(self, body: Mapping[str, Any]) -> dict[str, Any]:
        run_id = body["Steps"][0]["Name"].split(" ")[2]
        made = Cluster(f"j-{len(self.clusters):013}", body, self.plans[run_id], [])
        self.clusters[made.id] = made
        self._add(made, body["Steps"])
        return {"JobFlowId": made.id}

    def _AddJobFlowSteps(self, body: Mapping[str, Any]) -> dict[str, Any]:
        made = self.clusters[body["JobFlowId"]]
        made.plan, made.at = self.plans[body["Steps"][0]["Name"].split(" ")[2]], 0
        return {"StepIds": self._add(made, body["Steps"])}

    def _add(self, made: Cluster, steps: Sequence[Mapping[str, Any]]) -> list[str]:
        for step in steps:
            step_id = f"s-{made.id[2:]}{len(made.steps)}"
            made.steps.insert(0, {**step, "Id": step_id, "began": time.time()})
        made.phase = (made.phase[0], "PENDING")
        return [made.steps[0]["Id"]]

    def _DescribeCluster(self, body: Mapping[str, Any]) -> dict[str, Any]:
        made = self.clusters[body["ClusterId"]]
        if made.steps and made.phase[0] not in ("TERMINATED", "TERMINATED_WITH_ERRORS"):
            self._go_on(made)
        code, message = made.plan.reason
        reason = {"Code": code, "Message": message} if made.phase[0].startswith("TERM") else {}
        status = {
            "State": made.phase[0],
            "StateChangeReason": reason,
            "Timeline": {"CreationDateTime": made.began},
            "ErrorDetails": [{"ErrorCode": code} for code in made.plan.error_codes],
        }
        tags, logs = made.request.get("Tags", []), made.request.get("LogUri")
        return {"Cluster": {"Id": made.id, "Status": status, "Tags": tags, "LogUri": logs}}

    def _go_on(self, made: Cluster) -> None:
        phases = made.plan.phases
        if made.at == len(phases) - 1:
            made.plan.before_end(made.id, made.steps[0]["Id"])
        if made.at < len(phases):
            made.phase = phases[made.at]
            made.at += 1

    def _DescribeStep(self, body: Mapping[str, Any]) -> dict[str, Any] | Fault:
        made = self.clusters[body["ClusterId"]]
        found = [step for step in made.steps if step["Id"] == body["StepId"]]
        if not found:
            return Fault(400, "InvalidRequestException", "Step id 's-nope' is not valid.")
        return {"Step": self._step(made, found[0])}

    def _step(self, made: Cluster, step: Mapping[str, Any]) -> dict[str, Any]:
        status: dict[str, Any] = {
            "State": made.phase[1],
            "Timeline": {"CreationDateTime": step["began"], "StartDateTime": step["began"]},
        }
        if made.plan.failure and made.phase[1] == "FAILED":
            status["FailureDetails"] = made.plan.failure
        config = {"Args": step["HadoopJarStep"]["Args"]}
        return {"Id": step["Id"], "Name": step["Name"], "Config": config, "Status": status}

    def _ListSteps(self, body: Mapping[str, Any]) -> dict[str, Any]:
        made = self.clusters[body["ClusterId"]]
        return {"Steps": [self._step(made, step) for step in made.steps]}

    def _ListClusters(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if self.unseen:
            self.unseen -= 1
            return {"Clusters": []}
        found = [m for m in self.clusters.values() if m.phase[0] in body["ClusterStates"]]
        return {"Clusters": [{"Id": m.id, "Name": m.request["Name"]} for m in found]}

    def _ListInstances(self, body: Mapping[str, Any]) -> dict[str, Any]:
        made = self.clusters[body["ClusterId"]]
        timeline = {"CreationDateTime": made.began - 1800}
        instance = {"Id": "ci-1", "InstanceType": "m7g.xlarge", "Market": "ON_DEMAND"}
        return {"Instances": [{**instance, "Status": {"State": "RUNNING", "Timeline": timeline}}]}

    def _TerminateJobFlows(self, body: Mapping[str, Any]) -> dict[str, Any]:
        for cluster_id in body["JobFlowIds"]:
            made = self.clusters[cluster_id]
            made.phase = ("TERMINATED", "CANCELLED")
            made.plan = Plan((made.phase,), ("USER_REQUEST", "Terminated by user request"))
        return {}

    def _CancelSteps(self, body: Mapping[str, Any]) -> dict[str, Any]:
        made = self.clusters[body["ClusterId"]]
        if self.cannot_cancel:
            info = {"StepId": body["StepIds"][0], "Status": "FAILED", "Reason": self.cannot_cancel}
            return {"CancelStepsInfoList": [info]}
        made.phase, made.plan = ("WAITING", "CANCELLED"), Plan((("WAITING", "CANCELLED"),))
        return {"CancelStepsInfoList": [{"StepId": body["StepIds"][0], "Status": "SUBMITTED"}]}


def _handler(emr: ScriptedEmr) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = emr.answer(self.headers["X-Amz-Target"].split(".")[1], body)
            if isinstance(answer, Fault) and answer.is_lost:
                self.close_connection = True
                return
            is_fault = isinstance(answer, Fault)
            status = answer.status if isinstance(answer, Fault) else 200
            content = json.dumps(
                {"__type": answer.code, "message": answer.message}
                if isinstance(answer, Fault)
                else answer
            ).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            if is_fault:
                self.send_header("x-amzn-ErrorType", answer.code)  # type: ignore[union-attr]
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *_: object) -> None:
            """Say nothing."""

    return Handler
