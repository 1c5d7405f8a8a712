"""Several jobs in one submission: one cluster, one step, and how each of them ended."""

import json
from typing import Any

import pytest

from spark_app.emr.requests import jobs_of
from tests.emr.deployment import Deployment, error_of
from tests.emr.scripted_emr import BADLY, HELD, RUNNING, WELL, Plan
from tests.fence.conftest import fence_jobs

__all__ = ["fence_jobs"]

TWO, ON, STAGED = "two_sources", "on_another_table", "with_staging"
BOTH = (TWO, "--downstream", "--run-id", "x")


def words_of(request: dict[str, Any]) -> list[str]:
    """What the only step of a request runs."""
    (step,) = request["Steps"]
    words = list(step["HadoopJarStep"]["Args"])
    return words[words.index("run") :]


def end(
    deployment: Deployment, job: str, code: int = 0, reason: str | None = None, number: str = ""
) -> None:
    """Leave the run of a job of the command `x`."""
    outcome = {0: "published", 3: "gate shut"}.get(code, "failed")
    run_id = f"x-{job}{number}"
    deployment.manifest(run_id, outcome, code, reason, job=job, command="x")


def test_they_are_one_step_on_one_cluster_in_the_order_in_which_they_run(
    deployment: Deployment,
) -> None:
    ended = deployment.app("submit", ON, TWO, "--run-id", "x", "--no-wait")

    assert ended.code == 0, ended.err
    (cluster,) = deployment.emr.clusters.values()
    assert words_of(dict(cluster.request))[:3] == ["run", TWO, ON]
    assert cluster.request["Name"] == f"spark_app {TWO}+{ON} x"
    tags = {tag["Key"]: tag["Value"] for tag in cluster.request["Tags"]}
    assert (tags["spark_app:run_id"], tags["spark_app:jobs"]) == ("x", f"{TWO}+{ON}")
    assert ended.err.startswith(f"submitting {TWO}+{ON} to a cluster of its own")
    assert f"{TWO}+{ON}, run x" in deployment.app("clusters").out


def test_a_dry_run_prints_all_that_shapes_any_of_them(
    deployment: Deployment,
) -> None:
    of_another_job = {"SPARK_APP_CHANNELS": "Ads"}
    settings = {"SPARK_APP_LEAST_VISITORS": "2", **of_another_job}
    orders, visits = f"orders={deployment.lake}/orders", f"visits={deployment.lake}/visits"
    more = ("--source", orders, "--source", visits, "--if-new")

    ended = deployment.app("submit", *BOTH, *more, "--since", "2021-05-17", "--dry-run", **settings)

    assert words_of(json.loads(ended.out)) == [
        *("run", TWO, ON),
        *("--lake", deployment.lake),
        *("--region", "eu-central-1", "--max-minutes", "60", "--run-id", "x"),
        *("--since", "2021-05-17"),
        *("--source", orders, "--source", visits),
        *("--leave-held", ON, "--set", "LEAST_VISITORS=2", "--if-new"),
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--source", "s3://b/raw"), "names no dataset (they read visits, orders)"),
        (("--source", "visits=/srv/visits"), "source /srv/visits is on this machine"),
        (("--run-id", "x" * 120), f"run id '{'x' * 120}-{TWO}' is not one"),
        (("--all",), "name the jobs to run, or give --all"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(
    more: tuple[str, ...], words: str, deployment: Deployment
) -> None:
    assert words in error_of(deployment.app("submit", TWO, ON, *more), 2)
    assert deployment.emr.calls == {}


def test_a_line_says_how_each_of_them_ended(deployment: Deployment) -> None:
    def publish(*_: str) -> None:
        end(deployment, TWO, 3, "of an earlier try")
        end(deployment, TWO, number="-2")
        end(deployment, ON)

    deployment.emr.plans["x"] = Plan((RUNNING, WELL), before_end=publish)

    ended = deployment.app("submit", *BOTH)

    assert ended.code == 0, ended.err
    *lines, cost = ended.out.splitlines()
    assert lines == [
        "run:     x",
        f"{TWO}: published, run x-{TWO}-2",
        f"{ON}: published, run x-{ON}",
    ]
    assert cost.startswith("cost:    0.")


def test_with_if_new_one_may_have_nothing_to_do(deployment: Deployment) -> None:
    deployment.emr.plans["x"] = Plan((RUNNING, WELL), before_end=lambda *_: end(deployment, ON))

    ended = deployment.app("submit", *BOTH, "--if-new")

    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[1:3] == [
        f"{TWO}: nothing to do",
        f"{ON}: published, run x-{ON}",
    ]


def test_the_worst_exit_code_counts_and_what_reads_a_failed_table_was_skipped(
    deployment: Deployment,
) -> None:
    def fail(*_: str) -> None:
        end(deployment, TWO, 2, "the lake cannot be used; mend it")
        end(deployment, STAGED, 3, "the raw gate stayed shut; nothing was published")

    deployment.emr.plans["x"] = Plan((RUNNING, BADLY), before_end=fail)

    ended = deployment.app("submit", STAGED, *BOTH)

    assert error_of(ended, 2) == f"{TWO}: the lake cannot be used; mend it"
    assert {*ended.out.splitlines()} > {
        f"{TWO}: failed, run x-{TWO}: the lake cannot be used; mend it",
        f"{ON}: skipped, because {TWO}, which it reads, failed",
        f"{STAGED}: gate shut, run x-{STAGED}: the raw gate stayed shut; nothing was published",
    }


def test_why_one_did_not_even_begin_is_told_from_its_own_line_of_the_log(
    deployment: Deployment,
) -> None:
    stderr = (
        f"error: {TWO}: source s3://b/visits matches no file; check the glob\n"
        f"error: {ON}: skipped, because {TWO}, which it reads, failed\n"
        f"error: {STAGED}: the raw gate stayed shut\n"
    )
    deployment.fails("x", stderr, "INFO ended with exit code 2 : spark-submit")
    logged = deployment.emr.plans["x"].before_end

    def fail(cluster_id: str, step_id: str) -> None:
        logged(cluster_id, step_id)
        end(deployment, STAGED, 3, "the raw gate stayed shut")

    deployment.emr.plans["x"].before_end = fail

    ended = deployment.app("submit", STAGED, *BOTH)

    assert error_of(ended, 2) == f"{TWO}: source s3://b/visits matches no file; check the glob"
    assert f"{TWO}: no run was begun" in ended.out.splitlines()


def test_a_lake_in_which_none_of_them_ran_is_another_one(deployment: Deployment) -> None:
    line = error_of(deployment.app("submit", *BOTH), 1)

    assert line.startswith(f"the step ended well but left no run.json of run x-{TWO} in s3://")


def test_watch_finds_the_jobs_in_what_the_step_runs(deployment: Deployment) -> None:
    deployment.emr.plans["x"] = Plan((RUNNING, WELL), before_end=lambda *_: end(deployment, TWO))
    deployment.app("submit", *BOTH, "--if-new", "--no-wait")

    ended = deployment.app("watch", "j-0000000000000")

    assert ended.code == 0, ended.err
    assert f"{TWO}: published, run x-{TWO}" in ended.out.splitlines()
    assert f"{ON}: nothing to do" in ended.out.splitlines()


def test_jobs_named_otherwise_are_the_same_submission_and_other_jobs_another_one(
    deployment: Deployment,
) -> None:
    for run_id in ("x", "y", "z"):
        deployment.emr.plans[run_id] = Plan(HELD)
    deployment.app("submit", TWO, ON, "--run-id", "x", "--no-wait")

    same = deployment.app("submit", ON, TWO, "--run-id", "y", "--no-wait")
    other = deployment.app("submit", ON, "--run-id", "z", "--no-wait")

    assert "the same submission is under way as run x: attached to it" in same.err
    assert "run z" in other.out
    names = [cluster.request["Name"] for cluster in deployment.emr.clusters.values()]
    assert names == [f"spark_app {TWO}+{ON} x", f"spark_app {ON} z"]


def test_a_step_on_a_kept_cluster_carries_them_too(deployment: Deployment) -> None:
    cluster_id = deployment.emr.keep(deployment.document()["cluster"])

    deployment.app("submit", *BOTH, "--cluster-id", cluster_id, "--no-wait")

    (step,) = deployment.emr.answer("ListSteps", {"ClusterId": cluster_id})["Steps"]  # type: ignore[index]
    assert jobs_of(step) == (TWO, ON)


def test_those_that_nobody_named_are_left_while_their_tables_are_held(
    deployment: Deployment,
) -> None:
    ended = deployment.app("submit", ON, "--upstream", "--dry-run")

    words = words_of(json.loads(ended.out))
    assert words[words.index("--leave-held") + 1] == TWO
    assert words.count("--leave-held") == 1
