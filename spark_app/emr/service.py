"""The calls to EMR: each sends what it was given and hands back the part that counts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any

from spark_app import aws
from spark_app.emr import answers, requests
from spark_app.emr.answers import NoAnswer, Unreached
from spark_app.errors import AppError, RunFailed

LIVE_STATES = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
ENDED_STATES = ("TERMINATED", "TERMINATED_WITH_ERRORS")
STEP_ENDED_STATES = ("COMPLETED", "CANCELLED", "FAILED", "INTERRUPTED")
READ_ATTEMPTS = 3


class Emr:
    """EMR in one region. Every method turns its errors into `AppError`s.

    What starts something is never sent twice by itself: a second RunJobFlow would be a second
    cluster.
    """

    def __init__(self, region: str) -> None:
        """Take the region; nobody is asked yet."""
        self.region = region

    @cached_property
    def _reader(self) -> Any:
        return aws.client("emr", self.region, READ_ATTEMPTS)

    @cached_property
    def _sender(self) -> Any:
        return aws.client("emr", self.region, 1)

    def launch(self, request: Mapping[str, Any]) -> str:
        """Start a cluster; its id."""
        with self._explained("RunJobFlow"):
            return str(self._sender.run_job_flow(**request)["JobFlowId"])

    def add_step(self, request: Mapping[str, Any]) -> str:
        """Add a step to a cluster; its id."""
        with self._explained("AddJobFlowSteps"):
            return str(self._sender.add_job_flow_steps(**request)["StepIds"][0])

    def cancel(self, cluster_id: str, step_id: str) -> None:
        """Cancel a step.

        Raises:
            RunFailed: EMR refuses.
        """
        with self._explained("CancelSteps"):
            answer = self._reader.cancel_steps(**requests.cancel(cluster_id, step_id))
        for info in answer.get("CancelStepsInfoList", []):
            if info.get("Status") == "FAILED":
                why = info.get("Reason", "no reason given")
                raise RunFailed(f"step {step_id} could not be cancelled ({why})")

    def terminate(self, cluster_id: str) -> None:
        """Ask for the end of a cluster."""
        with self._explained("TerminateJobFlows"):
            self._reader.terminate_job_flows(**requests.terminate(cluster_id))

    def cluster(self, cluster_id: str) -> dict[str, Any]:
        """A cluster as it is now.

        Raises:
            NoSuchCluster: there is none of this id in this region and account.
        """
        with self._explained("DescribeCluster", cluster_id):
            return dict(self._reader.describe_cluster(ClusterId=cluster_id)["Cluster"])

    def step(self, cluster_id: str, step_id: str) -> dict[str, Any]:
        """A step as it is now."""
        with self._explained("DescribeStep", cluster_id, step_id):
            answer = self._reader.describe_step(ClusterId=cluster_id, StepId=step_id)
            return dict(answer["Step"])

    def steps(self, cluster_id: str) -> list[dict[str, Any]]:
        """The steps of a cluster, the newest first."""
        return self._all("list_steps", "Steps", cluster_id, ClusterId=cluster_id)

    def instances(self, cluster_id: str) -> list[dict[str, Any]]:
        """Every instance that a cluster has or had."""
        return self._all("list_instances", "Instances", cluster_id, ClusterId=cluster_id)

    def clusters(self, states: tuple[str, ...], after: datetime | None) -> list[dict[str, Any]]:
        """Summaries of the clusters in some states, made after a moment (null: ever)."""
        since = {} if after is None else {"CreatedAfter": after}
        return self._all("list_clusters", "Clusters", None, ClusterStates=list(states), **since)

    def _all(
        self, operation: str, key: str, cluster_id: str | None, **asked: Any
    ) -> list[dict[str, Any]]:
        with self._explained(operation, cluster_id):
            pages = self._reader.get_paginator(operation).paginate(**asked)
            return [dict(found) for page in pages for found in page.get(key, [])]

    @contextmanager
    def _explained(
        self, operation: str, cluster_id: str | None = None, step_id: str | None = None
    ) -> Iterator[None]:
        from botocore.exceptions import ClientError, EndpointConnectionError

        try:
            with aws.explained(f"EMR in {self.region} ({operation})"):
                yield
        except AppError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError):
                meant = answers.of_answer(cause, self.region, cluster_id, step_id)
                raise meant or error from cause
            if isinstance(cause, EndpointConnectionError):
                raise Unreached(
                    f"EMR in {self.region} cannot be reached ({cause}); check the network and the "
                    "region of the launch specification"
                ) from cause
            raise NoAnswer(str(error)) if type(error) is RunFailed else error from cause
