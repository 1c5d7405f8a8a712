"""A cluster: its state, and the thread that takes it from STARTING to its end."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from scripts.local_cloud import launch
from scripts.local_cloud.account import Account
from scripts.local_cloud.node import Node
from scripts.local_cloud.node_logs import NodeLogs
from scripts.local_cloud.node_work import GRACE_SECONDS, NodeWork, NotFetched
from scripts.local_cloud.records import (
    ENDED,
    End,
    Fleet,
    Instance,
    Step,
    fleets_of,
    new_id,
    with_errors,
)
from scripts.local_cloud.settings import Settings, now
from scripts.local_cloud.stepping import Stepping

_LOG = logging.getLogger(__name__)
_START_SECONDS = 0.3
BY_USER = End("TERMINATED", "USER_REQUEST", "Terminated by user request")


class Cluster:
    """One cluster. `lock` guards what can be read of it and is notified of every change.

    `faults` gives what is to go wrong, `used_vcpus` what the account's other clusters use.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        account: Account,
        settings: Settings,
        faults: Callable[[], Mapping[str, Any]],
        used_vcpus: Callable[[], int],
    ) -> None:
        self.id = new_id("j-")
        self.request, self.account, self._settings = dict(request), account, settings
        self._faults, self._used_vcpus = faults, used_vcpus
        self.lock = threading.Condition(threading.RLock())
        instances = request["Instances"]
        self.keeps_alive = bool(instances.get("KeepJobFlowAliveWhenNoSteps", False))
        self.is_protected = bool(instances.get("TerminationProtected", False))
        self.replaces_unhealthy = bool(instances.get("UnhealthyNodeReplacement", False))
        self.is_visible = bool(request.get("VisibleToAllUsers", True))
        self.concurrency = int(request.get("StepConcurrencyLevel", 1))
        self.auto_termination = request.get("AutoTerminationPolicy")
        self.scaling = request.get("ManagedScalingPolicy")
        self.tags = {tag["Key"]: tag.get("Value", "") for tag in request.get("Tags", [])}
        self.fleets: list[Fleet] = fleets_of(instances)
        self.instances: list[Instance] = []
        self.steps: list[Step] = []
        self.state, self.reason = "STARTING", ("", "Provisioning Amazon EC2 capacity")
        self.error_details: Sequence[Mapping[str, Any]] = ()
        self.created_at: datetime = now()
        self.ready_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.zone, self.subnet = f"{account.region}a", ""
        self.asked_end: End | None = None
        self.work: NodeWork | None = None
        self.logs = self._logs()
        self.add_steps(request.get("Steps", []))
        self._thread = threading.Thread(target=self._live, name=self.id, daemon=True)

    def _logs(self) -> NodeLogs:
        uri = self.request.get("LogUri")
        delay = self._settings.log_delay_seconds
        root = f"{uri.rstrip('/')}/{self.id}/" if uri else None
        return NodeLogs(root, delay, lambda: self.work.client() if self.work else None)

    def start(self) -> None:
        """Begin to live."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until it is over, but not longer."""
        self._thread.join(seconds)

    @property
    def is_over(self) -> bool:
        """Whether it is ending or has ended."""
        return self.state in (*ENDED, "TERMINATING")

    @property
    def idle_seconds(self) -> float | None:
        """After how long without work it ends itself, in real seconds; null when it never does."""
        policy = self.auto_termination
        if not policy or self.is_protected:
            return None
        return self._settings.real_seconds(policy["IdleTimeout"])

    def add_steps(self, requests: Sequence[Mapping[str, Any]]) -> list[str]:
        """Put steps behind those that are there; their ids."""
        with self.lock:
            added = [Step(new_id("s-"), request) for request in requests]
            self.steps += added
            self.lock.notify_all()
            return [step.id for step in added]

    def ask_to_end(self, end: End = BY_USER, grace_seconds: float = GRACE_SECONDS) -> None:
        """End it from outside, whatever it does just now."""
        with self.lock:
            if self.is_over or self.asked_end:
                return
            self.asked_end = end
            self._set("TERMINATING", end.code, end.message)
        if self.work:
            threading.Thread(target=self.work.close, args=[grace_seconds], daemon=True).start()

    def set_state(self, state: str, message: str) -> None:
        """Be in another state, unless it is being ended."""
        with self.lock:
            if not self.is_over and self.state != state:
                self._set(state, "", message)

    def _set(self, state: str, code: str, message: str) -> None:
        self.state, self.reason = state, (code, message)
        self.lock.notify_all()

    def _live(self) -> None:
        try:
            end = self._launch() or self._bootstrap() or Stepping(self).run()
        except Exception:
            _LOG.exception("cluster %s", self.id)
            end = with_errors("INTERNAL_ERROR", "Internal error")
        self._end(end)
        if self.work:
            self.work.delete_disks()

    def _launch(self) -> End | None:
        """STARTING: everything that EMR finds out late, then the instances."""
        time.sleep(_START_SECONDS)
        found = launch.problem(self.request, self.account)
        if found:
            return found
        if subnets := launch.subnets_of(self.request["Instances"]):
            self.subnet = subnets[0]
            subnet = self.account.subnet(self.subnet)
            self.zone = subnet["AvailabilityZone"] if subnet else self.zone
        asked = launch.instances(self.fleets, self._faults(), self.zone, self._used_vcpus())
        if isinstance(asked, End):
            return asked
        with self.lock:
            self.instances = asked
            for each in asked:
                each.state = "BOOTSTRAPPING"
        self._make_node()
        return self.asked_end

    def _make_node(self) -> None:
        role = self.account.instance_role(self.request["JobFlowRole"]) or ""
        node = Node(self._settings.clusters / self.id, self._settings.general_url)
        node.prepare(self.request.get("Configurations", []))
        work = NodeWork(node, self.account, role, self.primary.ec2_id)
        with self.lock:
            self.work = work
            if self.asked_end:
                work.close(0)

    @property
    def primary(self) -> Instance:
        """The primary instance."""
        return next(each for each in self.instances if each.kind == "MASTER")

    def _bootstrap(self) -> End | None:
        """BOOTSTRAPPING: the bootstrap actions, one after the other."""
        self.set_state("BOOTSTRAPPING", "Running bootstrap actions")
        assert self.work is not None
        on = f"On the master instance ({self.primary.ec2_id}), bootstrap action"
        time.sleep(_START_SECONDS)
        for number, action in enumerate(self.request.get("BootstrapActions", []), 1):
            try:
                code = self.work.bootstrap(number, action, self.logs)
            except NotFetched:
                return self.asked_end or with_errors(
                    "BOOTSTRAP_FAILURE",
                    f"Master instance ({self.primary.ec2_id}) failed attempting to download "
                    f"bootstrap action {number} file from S3",
                    _detail("BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY", self.primary),
                )
            if self.asked_end:
                return self.asked_end
            if code:
                return with_errors(
                    "BOOTSTRAP_FAILURE",
                    f"{on} {number} returned a non-zero return code",
                    _detail("BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE", self.primary),
                )
        self._be_ready()
        return self.asked_end

    def _be_ready(self) -> None:
        with self.lock:
            self.ready_at = now()
            for instance in self.instances:
                instance.state, instance.ready_at = "RUNNING", self.ready_at
            for fleet in self.fleets:
                fleet.state, fleet.ready_at = "RUNNING", self.ready_at

    def _end(self, end: End) -> None:
        """TERMINATING: no process stays, the logs go out, then the end."""
        with self.lock:
            end = self.asked_end or end
            self.error_details = end.details
            if self.state != "TERMINATING":
                self._set("TERMINATING", end.code, end.message)
        if self.work:
            self.work.close(0 if self.asked_end else GRACE_SECONDS)
        with self.lock:
            for step in self.steps:
                if step.ended_at is None:
                    step.end("CANCELLED", "Job terminated")
        self.logs.send_rest()
        with self.lock:
            self.ended_at = now()
            for instance in self.instances:
                instance.state = "TERMINATED"
                instance.ended_at = instance.ended_at or self.ended_at
            for fleet in self.fleets:
                fleet.state, fleet.ended_at = "TERMINATED", self.ended_at
            self._set(end.state, end.code, end.message)


def _detail(code: str, primary: Instance) -> dict[str, Any]:
    return {
        "ErrorCode": code,
        "ErrorData": [{"primary-instance-id": primary.ec2_id}],
        "ErrorMessage": "A bootstrap action failed on the primary node.",
    }
