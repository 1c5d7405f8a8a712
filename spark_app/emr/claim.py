"""Who submits what: one conditional write decides which of several equal submissions launches."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from spark_app.emr.launch_spec import LaunchSpec
from spark_app.emr.requests import Submission
from spark_app.errors import AppError, RunFailed
from spark_app.lake.lake import Lake


@dataclass(frozen=True)
class Claim:
    """A submission and where it runs.

    `cluster_id` and `step_id` are null until EMR has named them. `is_own` says that the cluster was
    launched for this run, `is_given_up` that it was never sent. `claimed_at` is ISO 8601 in UTC.
    """

    run_id: str
    claimed_at: str
    is_own: bool
    cluster_id: str | None = None
    step_id: str | None = None
    is_given_up: bool = False

    def age_seconds(self, now: datetime) -> float:
        """How old the claim is."""
        return (now - datetime.fromisoformat(self.claimed_at)).total_seconds()


class Claims:
    """The claim of one submission, `locks/submit-<digest>.json` in the lake."""

    def __init__(self, lake: Lake, spec: LaunchSpec, submission: Submission) -> None:
        """Take what makes two submissions the same; nothing is read yet."""
        self.path = lake.lock_path(f"submit-{digest(spec, submission)}")
        self._store, self._scratch = lake.store, lake.root

    def read(self) -> tuple[Claim | None, str | None]:
        """The claim that stands, and its version; null when there is none or it is unreadable."""
        found = self._store.fetch(self.path)
        if found is None:
            return None, None
        return _parse(found[0]), found[1]

    def write(self, claim: Claim, expected: str | None) -> bool:
        """Replace the claim of version `expected` (null: none). False: somebody was faster."""
        content = json.dumps(asdict(claim), indent=2).encode() + b"\n"
        return self._store.replace(self.path, content, expected, self._scratch)

    def complete(self, claim: Claim, cluster_id: str, step_id: str | None) -> Claim:
        """Add where the run is to our claim.

        Raises:
            RunFailed: the claim is no longer ours.
        """
        standing, version = self.read()
        done = replace(claim, cluster_id=cluster_id, step_id=step_id)
        is_ours = standing is not None and standing.run_id == claim.run_id
        if not is_ours or not self.write(done, version):
            raise RunFailed(
                f"the claim {self.path} was taken over while run {claim.run_id} was submitted; it "
                f"runs on {cluster_id}: look at it with `watch {cluster_id}`"
            )
        return done

    def give_up(self, claim: Claim) -> None:
        """Record that our claim was never sent: the next submission need not wait for it."""
        with suppress(AppError):  # must not hide why it was not sent
            standing, version = self.read()
            if standing == claim:
                self.write(replace(claim, is_given_up=True), version)


def new(submission: Submission, is_own: bool, cluster_id: str | None, now: datetime) -> Claim:
    """A claim on a submission that was not sent yet."""
    return Claim(submission.run_id, now.astimezone(UTC).isoformat(), is_own, cluster_id)


def digest(spec: LaunchSpec, submission: Submission) -> str:
    """What makes two submissions the same: 16 hex digits; the run id does not count."""
    same: Mapping[str, Any] = {
        "lake": spec.lake,
        "version": spec.version,
        "jobs": submission.jobs,
        "sources": submission.sources,
        "if_new": submission.if_new,
        "unnamed": submission.unnamed,
        "tolerance": submission.tolerance,
        "since": submission.since,
        "settings": submission.settings,
        **submission.once.as_dict(),
    }
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:16]


def _parse(content: bytes) -> Claim | None:
    try:
        claim = Claim(**json.loads(content))
        claim.age_seconds(datetime.now(UTC))
    except (ValueError, TypeError):
        return None
    return claim
