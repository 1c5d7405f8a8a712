"""How a cluster takes its steps: in their order, so many at once, until it ends."""

import threading
import time
from typing import TYPE_CHECKING

from scripts.local_cloud.node_work import GRACE_SECONDS
from scripts.local_cloud.records import End, Step, with_errors
from scripts.local_cloud.settings import now

if TYPE_CHECKING:
    from scripts.local_cloud.cluster import Cluster

_LOOK_SECONDS = 0.5
STEP_FAILED = with_errors("STEP_FAILURE", "Shut down as step failed")
IDLE = End("TERMINATED", "ALL_STEPS_COMPLETED", "Auto-terminated after being idle")


class Stepping:
    """The steps of a cluster whose node is ready."""

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self._end: End | None = None
        self._idle_since = time.monotonic()

    def run(self) -> End:
        """Run steps until the cluster has to end; why it ends."""
        cluster = self._cluster
        with cluster.lock:
            while True:
                self._start_pending()
                if end := self._why_end():
                    return end
                cluster.lock.wait(_LOOK_SECONDS if cluster.idle_seconds is None else 0.05)

    def _start_pending(self) -> None:
        cluster = self._cluster
        if cluster.asked_end or self._end:
            return
        running = [step for step in cluster.steps if step.state in ("RUNNING", "CANCEL_PENDING")]
        pending = [step for step in cluster.steps if step.state == "PENDING"]
        for step in pending[: max(0, cluster.concurrency - len(running))]:
            step.state, step.started_at = "RUNNING", now()
            threading.Thread(target=self._take, args=[step], daemon=True).start()
            running.append(step)
        if running:
            cluster.set_state("RUNNING", "Running step")

    def _why_end(self) -> End | None:
        """Why the cluster ends now; null while it goes on."""
        cluster = self._cluster
        if cluster.asked_end or self._end:
            return cluster.asked_end or self._end
        if any(step.ended_at is None for step in cluster.steps):
            return None
        if not cluster.keeps_alive:
            return self._completed()
        had = "after last step completed." if cluster.steps else "to run steps."
        cluster.set_state("WAITING", f"Cluster ready {had}")
        idle = cluster.idle_seconds
        if idle is not None and time.monotonic() - self._idle_since >= idle:
            return IDLE
        return None

    def _completed(self) -> End:
        failed = any(step.state == "FAILED" for step in self._cluster.steps)
        message = "Steps completed with errors" if failed else "Steps completed"
        return End("TERMINATED", "ALL_STEPS_COMPLETED", message)

    def _take(self, step: Step) -> None:
        """Run one step to its end."""
        cluster = self._cluster
        assert cluster.work is not None
        try:
            code = cluster.work.step(step.id, step.request["HadoopJarStep"])
        except Exception as error:
            (cluster.work.step_logs(step.id) / "stderr").write_text(f"{error}\n")
            code = 1
        cluster.logs.send_later(cluster.work.step_logs(step.id), f"steps/{step.id}")
        for folder in cluster.work.containers(step.id):
            cluster.logs.send_later(folder, f"containers/{folder.parent.name}/{folder.name}")
        with cluster.lock:
            self._ended(step, code)
            cluster.lock.notify_all()

    def _ended(self, step: Step, code: int) -> None:
        cluster = self._cluster
        self._idle_since = time.monotonic()
        if cluster.asked_end:
            step.end("CANCELLED", "Job terminated")
        elif step.state == "CANCEL_PENDING":
            step.end("CANCELLED", "Cancelled by user")
        elif code == 0:
            step.end("COMPLETED")
        else:
            step.end("FAILED")
            log = cluster.logs.uri(f"steps/{step.id}/stderr.gz")
            step.failure = {"Reason": "Unknown Error."} | ({"LogFile": log} if log else {})
            self._after_failure(step)

    def _after_failure(self, failed: Step) -> None:
        """What `ActionOnFailure` says; a protected cluster waits instead of ending."""
        if failed.action == "CONTINUE":
            return
        for step in self._cluster.steps:
            if step.state == "PENDING":
                step.end("CANCELLED", "Job terminated")
        if failed.action == "TERMINATE_CLUSTER" and not self._cluster.is_protected:
            self._end = STEP_FAILED


def cancel(cluster: "Cluster", step_id: str, is_forced: bool) -> str | None:
    """Cancel a step; why it cannot be, or null."""
    with cluster.lock:
        step = next((each for each in cluster.steps if each.id == step_id), None)
        if step is None:
            return f"Step id '{step_id}' is not valid."
        if step.state == "PENDING":
            step.end("CANCELLED", "Cancelled by user")
            cluster.lock.notify_all()
            return None
        if step.state != "RUNNING":
            return f"Step {step_id} is not in a state that can be cancelled: {step.state}."
        step.state = "CANCEL_PENDING"
    if cluster.work:
        cluster.work.stop(step_id, 0 if is_forced else GRACE_SECONDS)
    return None
