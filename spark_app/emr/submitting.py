"""Getting a run under way exactly once: attach to what runs already, or claim, send and look."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from spark_app import stopping
from spark_app.emr import claim as claims
from spark_app.emr import requests
from spark_app.emr.answers import NoAnswer, NoSuchCluster, Throttled, Unreached
from spark_app.emr.claim import Claim, Claims
from spark_app.emr.launch_spec import DEPENDENCIES_TAG, RUN_ID_TAG, LaunchSpec, tags_of
from spark_app.emr.requests import Submission
from spark_app.emr.service import ENDED_STATES, LIVE_STATES, STEP_ENDED_STATES, Emr
from spark_app.errors import AppError, RunFailed, Unusable

Log = Callable[[str], None]
SENDS = 4
LOOK_SECONDS = 15.0  # after that long a cluster that was asked for shows in ListClusters
UNSENT_SECONDS = 180.0  # a claim of this age without a cluster was never sent
CLOCKS_APART = timedelta(minutes=10)
RENEW = "terraform -chdir=terraform apply -replace='module.compute.aws_emr_cluster.this[0]'"


@dataclass(frozen=True)
class SubmittedRun:
    """A run on a cluster. `is_own`: the cluster was launched for it and ends with it."""

    run_id: str
    cluster_id: str
    step_id: str
    is_own: bool
    is_attached: bool = False


def require_fitting(cluster: dict[str, Any], spec: LaunchSpec) -> None:
    """Refuse a cluster that could not make the run.

    Raises:
        Unusable: it has ended, ends by itself, or was started with other dependencies.
    """
    cluster_id, status = cluster["Id"], cluster["Status"]
    if status["State"] not in LIVE_STATES:
        why = status.get("StateChangeReason", {}).get("Message") or status["State"]
        raise Unusable(
            f"cluster {cluster_id} has ended ({why.rstrip('.')}); leave out --cluster-id, or start "
            "it anew: terraform -chdir=terraform apply"
        )
    tags = tags_of(cluster)
    if RUN_ID_TAG in tags:
        raise Unusable(
            f"cluster {cluster_id} was launched for run {tags[RUN_ID_TAG]} alone and ends with it; "
            "leave out --cluster-id"
        )
    has = tags.get(DEPENDENCIES_TAG)
    if has is None:
        raise Unusable(
            f"cluster {cluster_id} was not started for this application (it has no tag "
            f"{DEPENDENCIES_TAG}); `clusters` lists those that were"
        )
    if has != spec.dependencies:
        raise Unusable(
            f"this application needs other dependencies ({spec.dependencies}) than this cluster "
            f"was started with ({has}); renew the cluster: {RENEW}"
        )


class Submitter:
    """Gets one submission under way; `cluster_id` is null for a cluster of its own."""

    def __init__(
        self, emr: Emr, spec: LaunchSpec, ours: Claims, cluster_id: str | None, log: Log
    ) -> None:
        """Take what it needs; nothing is sent yet."""
        self._emr, self._spec, self._claims = emr, spec, ours
        self._cluster_id, self._log = cluster_id, log

    def submit(self, submission: Submission) -> SubmittedRun:
        """Attach to the same submission when one is under way, else send this one.

        Raises:
            RunFailed: EMR gave no answer, and the run is nowhere to be found.
        """
        is_logged = False
        while True:
            standing, version = self._claims.read()
            found, is_pending = self._look(standing) if standing else (None, False)
            if found:
                return found
            if standing and is_pending:
                if not is_logged:
                    self._log(f"run {standing.run_id} is being submitted by somebody; waiting")
                is_logged = True
                time.sleep(1)
                continue
            now = datetime.now(UTC)
            mine = claims.new(submission, self._cluster_id is None, self._cluster_id, now)
            if self._claims.write(mine, version):
                return self._send(mine, submission)

    def _look(self, standing: Claim) -> tuple[SubmittedRun | None, bool]:
        """The submission of a claim as long as it is under way, and whether it may still show.

        Both from one look: between two, a launch shows itself, and neither would count it.
        """
        try:
            found = self._locate(standing)
            if found is None:
                return None, _may_still_be_sent(standing)
            state = self._emr.step(found.cluster_id, found.step_id)["Status"]["State"]
            cluster = self._emr.cluster(found.cluster_id)["Status"]["State"]
        except NoSuchCluster:
            return None, False
        is_under_way = state not in STEP_ENDED_STATES and cluster in LIVE_STATES
        return found if is_under_way else None, False

    def _locate(self, standing: Claim) -> SubmittedRun | None:
        """Where the run of a claim is, also when nobody wrote that down."""
        if standing.step_id and standing.cluster_id:
            return _run_of(standing, standing.cluster_id, standing.step_id)
        cluster_id = standing.cluster_id or self._cluster_of(standing)
        step = self._step_of(standing.run_id, cluster_id) if cluster_id else None
        return _run_of(standing, str(cluster_id), step["Id"]) if step else None

    def _cluster_of(self, standing: Claim) -> str | None:
        """The cluster that carries the run id as a tag, in whatever state."""
        after = datetime.fromisoformat(standing.claimed_at) - CLOCKS_APART
        for found in self._emr.clusters((*LIVE_STATES, "TERMINATING", *ENDED_STATES), after):
            if not found["Name"].endswith(f" {standing.run_id}"):
                continue
            if tags_of(self._emr.cluster(found["Id"])).get(RUN_ID_TAG) == standing.run_id:
                return str(found["Id"])
        return None

    def _step_of(self, run_id: str, cluster_id: str) -> dict[str, Any] | None:
        steps = self._emr.steps(cluster_id)
        return next((step for step in steps if requests.run_id_of(step) == run_id), None)

    def _send(self, mine: Claim, submission: Submission) -> SubmittedRun:
        """Send until EMR took it; after a lost answer, look before sending again."""
        for attempt in range(1, SENDS + 1):
            try:
                with stopping.deferred():
                    sent = self._send_once(mine, submission)
                return self._shown(sent)
            except NoAnswer as error:
                if error.is_lost and (found := self._find_again(mine, error)) is not None:
                    self._claims.complete(mine, found.cluster_id, found.step_id)
                    return replace(found, is_attached=False)
                if attempt == SENDS or isinstance(error, Unreached):
                    if not error.is_lost:
                        self._claims.give_up(mine)
                    raise
                if isinstance(error, Throttled):
                    time.sleep(2**attempt)
        raise AssertionError("unreachable")

    def _send_once(self, mine: Claim, submission: Submission) -> Claim:
        """Send, and add to our claim where the run is."""
        self._require_ours(mine)
        try:
            if mine.cluster_id is None:
                cluster_id = self._emr.launch(requests.launch(self._spec, submission))
                step_id = None
            else:
                cluster_id = mine.cluster_id
                request = requests.add_step(self._spec, submission, cluster_id)
                step_id = self._emr.add_step(request)
        except NoAnswer:
            raise
        except AppError:
            self._claims.give_up(mine)
            raise
        try:
            return self._claims.complete(mine, cluster_id, step_id)
        except AppError as error:
            raise RunFailed(
                f"run {mine.run_id} was started on cluster {cluster_id} (`watch {cluster_id}` "
                f"follows it), but: {error}"
            ) from error

    def _require_ours(self, mine: Claim) -> None:
        """Before anything is sent, the claim must be ours and too young to be taken over.

        Raises:
            RunFailed: it is not; nothing was sent now.
        """
        standing, _ = self._claims.read()
        is_ours = standing is not None and standing.run_id == mine.run_id
        if not is_ours or mine.age_seconds(datetime.now(UTC)) > UNSENT_SECONDS / 2:
            raise RunFailed(
                f"submitting run {mine.run_id} took too long, another submit may have taken over; "
                "the same submit again attaches to what runs"
            )

    def _shown(self, mine: Claim) -> SubmittedRun:
        """The run that EMR took, as soon as it shows."""
        if found := self._find(mine):
            return replace(found, is_attached=False)
        raise RunFailed(
            f"cluster {mine.cluster_id} does not show its step for run {mine.run_id}; "
            f"look at it with `watch {mine.cluster_id}`"
        )

    def _find_again(self, mine: Claim, error: NoAnswer) -> SubmittedRun | None:
        """The run after all; null when EMR says that there is none.

        Raises:
            NoAnswer: EMR does not say; the claim stays, by which the next submit finds the run.
        """
        self._log(f"no answer ({error}); looking whether run {mine.run_id} was started")
        found = self._find(mine)
        self._log(f"it was: cluster {found.cluster_id}" if found else "it was not")
        return found

    def _find(self, mine: Claim) -> SubmittedRun | None:
        """The run that was sent; null when it does not show after some time.

        Raises:
            NoAnswer: EMR never answered.
        """
        until, silence = time.monotonic() + LOOK_SECONDS, None
        while True:
            try:
                if found := self._locate(mine):
                    return found
                silence = None
            except NoAnswer as error:
                silence = error
            if time.monotonic() > until:
                if silence is not None:
                    raise silence
                return None
            time.sleep(1)


def _may_still_be_sent(standing: Claim) -> bool:
    age = standing.age_seconds(datetime.now(UTC))
    is_young = -CLOCKS_APART.total_seconds() < age < UNSENT_SECONDS
    return standing.step_id is None and not standing.is_given_up and is_young


def _run_of(claim: Claim, cluster_id: str, step_id: str) -> SubmittedRun:
    return SubmittedRun(claim.run_id, cluster_id, step_id, claim.is_own, is_attached=True)
