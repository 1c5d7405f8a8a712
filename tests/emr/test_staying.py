"""Leaving a run, ending it, and what runs at all."""

import json
import os
import pty
import signal
import time
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from spark_app.emr import claim as claims
from spark_app.emr.claim import Claim
from tests.emr import specs
from tests.emr.deployment import Deployment, end_of
from tests.emr.place import JOB
from tests.emr.scripted_emr import HELD, Fault, Plan

CLUSTER = "j-0000000000000"
COMES_BACK = f"the run goes on; come back with `python -m spark_app watch {CLUSTER}`"


def kept(deployment: Deployment) -> str:
    """A cluster that takes steps."""
    deployment.emr.plans["r1"] = Plan(HELD)
    return deployment.emr.keep(deployment.document()["cluster"])


def test_the_timeout_ends_the_cluster_that_was_launched(deployment: Deployment) -> None:
    deployment.emr.plans["r1"] = Plan(HELD)

    ended = deployment.submit("r1", "--timeout", "0.01")

    assert ended.code == 1
    (line,) = ended.errors
    assert "timed out after 0.01 minutes: run r1 was running after 0:0" in line
    assert f"cluster {CLUSTER} was ended" in line
    assert deployment.emr.clusters[CLUSTER].phase[0] == "TERMINATED"


def test_on_another_cluster_the_timeout_cancels_the_step_only(deployment: Deployment) -> None:
    cluster_id = kept(deployment)

    ended = deployment.submit("r1", "--cluster-id", cluster_id, "--timeout", "0.01")

    assert ended.code == 1
    assert f"was cancelled; cluster {cluster_id} goes on" in ended.errors[0]
    assert deployment.emr.clusters[cluster_id].phase == ("WAITING", "CANCELLED")
    assert deployment.emr.calls["TerminateJobFlows"] == 0


def test_a_cluster_that_the_timeout_cannot_end_is_named(deployment: Deployment) -> None:
    deployment.emr.plans["r1"] = Plan(HELD)
    deployment.emr.faults["TerminateJobFlows"] = [Fault(400, "ValidationException", "protected")]

    ended = deployment.submit("r1", "--timeout", "0.01")

    assert ended.code == 1
    assert "could not be ended: EMR refuses the request (protected)" in ended.errors[0]
    assert ended.errors[0].endswith(f"end it with `python -m spark_app terminate {CLUSTER}`")


def test_a_step_that_cannot_be_cancelled_is_told_with_emrs_reason(deployment: Deployment) -> None:
    cluster_id = kept(deployment)
    deployment.emr.cannot_cancel = "Cannot cancel a running step"

    ended = deployment.submit("r1", "--cluster-id", cluster_id, "--timeout", "0.01")

    assert ended.code == 1
    assert "could not be cancelled (Cannot cancel a running step)" in ended.errors[0]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_without_a_terminal_a_signal_leaves_the_run_going(
    number: int, code: int, deployment: Deployment
) -> None:
    deployment.emr.plans["r1"] = Plan(HELD)
    started = deployment.start("submit", JOB, "--run-id", "r1")
    deployment.until_launched()

    ended = end_of(started, number)

    assert ended.code == code
    assert ended.errors[0].endswith(COMES_BACK)
    assert deployment.emr.calls["TerminateJobFlows"] == 0


def test_one_that_waits_for_another_to_be_sent_can_be_stopped(deployment: Deployment) -> None:
    claim = Claim("r1", datetime.now(UTC).isoformat(), is_own=True)
    digest = claims.digest(specs.parsed(deployment.text()), specs.submission())
    deployment.put(f"lake/locks/submit-{digest}.json", json.dumps(asdict(claim)).encode())
    log = deployment.folder / "stderr"
    with log.open("w") as stderr:
        started = deployment.start("submit", JOB, "--run-id", "r2", stderr=stderr)
    deployment.until(lambda: "run r1 is being submitted by somebody" in log.read_text(), "words")

    ended = end_of(started, signal.SIGINT)

    assert ended.code == 130
    assert log.read_text().endswith("the same submit again attaches to it\n")
    assert deployment.emr.clusters == {}


class Terminal:
    """A command in a terminal: what it shows, and what is typed."""

    def __init__(self, deployment: Deployment, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        self.shown = ""
        self.process = deployment.start(*words, stdin=theirs, stderr=theirs)
        os.close(theirs)

    def until(self, text: str) -> None:
        """Read until the text is shown."""
        end = time.monotonic() + 30
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            self._read()

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._ours, f"{text}\n".encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        while self.process.poll() is None:
            self._read()
        self._read()
        return int(self.process.returncode)

    def _read(self) -> None:
        try:
            self.shown += os.read(self._ours, 4096).decode(errors="replace")
        except OSError:
            time.sleep(0.05)


def interrupted(deployment: Deployment, answer: str, *words: str) -> Terminal:
    """A submission in a terminal, after Ctrl-C and an answer to the question."""
    terminal = Terminal(deployment, "submit", JOB, "--run-id", "r1", *words)
    terminal.until("cluster running, step running")
    terminal.process.send_signal(signal.SIGINT)
    terminal.until("[end/LEAVE]")
    terminal.type(answer)
    assert terminal.end() == 130
    return terminal


def test_ctrl_c_in_a_terminal_leaves_the_run_by_default(deployment: Deployment) -> None:
    deployment.emr.plans["r1"] = Plan(HELD)

    terminal = interrupted(deployment, "")

    assert "End the cluster with its run, or leave it running?" in terminal.shown
    assert "stopped by Ctrl-C; the run goes on" in terminal.shown
    assert deployment.emr.calls["TerminateJobFlows"] == 0


def test_ctrl_c_in_a_terminal_ends_the_cluster_when_asked_to(deployment: Deployment) -> None:
    deployment.emr.plans["r1"] = Plan(HELD)

    terminal = interrupted(deployment, "end")

    assert f"stopped by Ctrl-C; cluster {CLUSTER} was ended" in terminal.shown
    assert deployment.emr.clusters[CLUSTER].phase[0] == "TERMINATED"


def test_ctrl_c_on_another_cluster_ends_the_step_only(deployment: Deployment) -> None:
    cluster_id = kept(deployment)

    terminal = interrupted(deployment, "end", "--cluster-id", cluster_id)

    assert "End the step, or leave it running?" in terminal.shown
    assert deployment.emr.calls["CancelSteps"] == 1
    assert deployment.emr.calls["TerminateJobFlows"] == 0


def test_clusters_lists_those_of_the_deployment_with_what_they_cost(
    deployment: Deployment,
) -> None:
    deployment.emr.plans["r1"] = Plan(HELD)
    foreign = deployment.document()["cluster"] | {"Tags": []}
    deployment.submit("r1", "--no-wait")
    other = deployment.emr.keep(foreign)
    own = deployment.emr.keep(deployment.document()["cluster"])

    ended = deployment.app("clusters")

    assert ended.code == 0, ended.err
    heads, first, second, note = ended.out.splitlines()
    assert heads.split() == ["cluster", "state", "since", "USD", "an", "hour", "instances", "for"]
    assert first.startswith(CLUSTER) and first.endswith("0.24  1 m7g.xlarge  organic_share, run r1")
    assert second.startswith(own) and second.endswith("steps")
    assert other not in ended.out
    assert note.startswith("estimated prices of 20")


def test_clusters_says_when_there_is_none(deployment: Deployment) -> None:
    ended = deployment.app("clusters")

    assert ended.out == "no cluster of deployment tests runs in eu-central-1\n"


def test_terminate_ends_a_cluster_and_says_when_it_has_ended_already(
    deployment: Deployment,
) -> None:
    cluster_id = kept(deployment)

    assert deployment.app("terminate", cluster_id).out == f"cluster {cluster_id} is ending\n"
    assert deployment.emr.clusters[cluster_id].phase[0] == "TERMINATED"
    assert deployment.app("terminate", cluster_id).out.endswith("has ended already\n")


def test_terminate_does_not_touch_what_is_not_of_the_deployment(deployment: Deployment) -> None:
    cluster_id = deployment.emr.keep(deployment.document()["cluster"] | {"Tags": []})

    ended = deployment.app("terminate", cluster_id)

    assert ended.code == 2
    assert f"cluster {cluster_id} is none of deployment tests" in ended.errors[0]
    assert deployment.emr.calls["TerminateJobFlows"] == 0


def test_watch_refuses_what_was_not_submitted_by_it(deployment: Deployment) -> None:
    cluster_id = kept(deployment)
    empty = deployment.app("watch", cluster_id)
    deployment.submit("r1", "--cluster-id", cluster_id, "--no-wait")
    deployment.emr.clusters[cluster_id].steps[0]["Name"] = "somebody's"
    pasted = deployment.app("watch", cluster_id)

    ended = deployment.app("watch", cluster_id, "--step", "s-00000000000000")
    nope = deployment.app("watch", cluster_id, "--step", "s-nope")

    assert (empty.code, pasted.code, ended.code, nope.code) == (2, 2, 2, 2)
    assert "has no step yet; `submit` adds one" in empty.errors[0]
    assert "has only steps that `submit` did not add" in pasted.errors[0]
    assert "(somebody's) was not submitted by this application" in ended.errors[0]
    assert f"cluster {cluster_id} has no step s-nope; leave out --step" in nope.errors[0]
