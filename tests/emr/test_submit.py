"""Getting a run onto a cluster once, and staying with it to its end."""

import json
import re

from tests.emr import specs
from tests.emr.deployment import Deployment, check, end_of
from tests.emr.place import JOB
from tests.emr.scripted_emr import HELD, RUNNING, Fault, Plan


def test_a_run_goes_to_a_cluster_of_its_own_and_its_end_is_told(deployment: Deployment) -> None:
    deployment.publishes("r1", check("raw", "keys"), check("raw", "age", "failed", severity="warn"))

    ended = deployment.submit("r1")

    assert ended.code == 0, ended.err
    lines = ended.err.splitlines()
    assert lines[0] == (
        "submitting organic_share to a cluster of its own in eu-central-1, application "
        f"{specs.VERSION}"
    )
    assert re.match(
        r"it will cost 0\.2\d USD an hour \(1 m7g.xlarge\), at most 0\.2\d USD", lines[1]
    )
    assert [line[9:] for line in lines[2:]] == [
        "cluster j-0000000000000 running",
        "step s-00000000000000 running",
        "cluster j-0000000000000 terminated",
        "step s-00000000000000 completed",
    ]
    assert re.match(r"   0:0\d  cluster", lines[2])
    out = ended.out.splitlines()
    assert out[:3] == [
        "run:     r1",
        "outcome: published",
        "checks:  raw 1 passed, 1 warned",
    ]
    assert re.match(r"cost:    0\.1\d USD \(1 m7g\.xlarge\) at estimated prices of 20", out[3])
    assert "2021-W09" in ended.out
    assert "DE              0.2500" in ended.out
    assert out[-2:] == [
        f"output: {deployment.lake}/final/organic_share/organic_share.parquet",
        f"report: {deployment.lake}/report/organic_share.html",
    ]


def test_what_is_sent_is_what_a_dry_run_printed_and_the_dry_run_sends_nothing(
    deployment: Deployment,
) -> None:
    dry = deployment.submit("r1", "--dry-run", "--since", "2021_20")
    assert deployment.emr.calls == {}
    deployment.submit("r1", "--no-wait", "--since", "2021_20")

    (made,) = deployment.emr.clusters.values()
    assert made.request == json.loads(dry.out)


def test_without_waiting_it_says_how_to_come_back(deployment: Deployment) -> None:
    ended = deployment.submit("r1", "--no-wait")

    assert ended.code == 0
    assert ended.out == "cluster j-0000000000000  step s-00000000000000  run r1\n"
    assert ended.err.endswith("come back with `python -m spark_app watch j-0000000000000`\n")


def test_watch_comes_back_to_a_run(deployment: Deployment) -> None:
    deployment.publishes("r1")
    deployment.submit("r1", "--no-wait")

    ended = deployment.app("watch", "j-0000000000000")

    assert ended.code == 0, ended.err
    assert "outcome: published" in ended.out


def test_the_same_submission_attaches_to_the_one_that_is_under_way(deployment: Deployment) -> None:
    deployment.emr.plans["r1"] = Plan(HELD)
    deployment.submit("r1", "--no-wait")

    ended = deployment.submit("r2", "--no-wait")

    assert "the same submission is under way as run r1: attached to it" in ended.err
    assert "run r1" in ended.out
    assert len(deployment.emr.clusters) == 1


def test_another_submission_does_not(deployment: Deployment) -> None:
    deployment.emr.plans["r1"] = Plan(HELD)
    deployment.submit("r1", "--no-wait")

    deployment.submit("r2", "--no-wait", "--tolerance", "0.5")

    assert len(deployment.emr.clusters) == 2


def test_once_it_has_ended_the_next_one_is_a_new_run(deployment: Deployment) -> None:
    deployment.publishes("r1")
    deployment.submit("r1")

    ended = deployment.submit("r2", "--no-wait")

    assert "run r2" in ended.out
    assert len(deployment.emr.clusters) == 2


def test_a_claim_whose_cluster_is_gone_is_replaced(deployment: Deployment) -> None:
    deployment.emr.plans["r1"] = Plan(HELD)
    deployment.submit("r1", "--no-wait")
    deployment.emr.clusters.clear()

    ended = deployment.submit("r2", "--no-wait")

    assert "run r2" in ended.out


def test_a_claim_that_nobody_can_read_is_replaced(deployment: Deployment) -> None:
    deployment.submit("r1", "--no-wait")
    deployment.put(deployment.claim_key(), b"rubbish")

    assert "run r2" in deployment.submit("r2", "--no-wait").out


def test_of_two_that_race_one_launches_and_both_follow_it(deployment: Deployment) -> None:
    for run_id in ("r1", "r2", "r3"):
        deployment.emr.plans[run_id] = Plan(HELD)

    racing = [
        deployment.start("submit", JOB, "--run-id", run_id, "--no-wait")
        for run_id in ("r1", "r2", "r3")
    ]
    ended = [end_of(one) for one in racing]

    assert [one.code for one in ended] == [0, 0, 0]
    assert len(deployment.emr.clusters) == 1
    assert len({one.out for one in ended}) == 1


def test_a_launch_whose_answer_was_lost_is_found_again_by_its_run_id(
    deployment: Deployment,
) -> None:
    deployment.publishes("r1")
    deployment.emr.faults["RunJobFlow"] = [Fault(is_lost=True)]

    ended = deployment.submit("r1")

    assert ended.code == 0, ended.err
    assert "it was: cluster j-0000000000000" in ended.err
    assert len(deployment.emr.clusters) == deployment.emr.calls["RunJobFlow"] == 1


def test_a_step_whose_answer_was_lost_is_found_again_by_its_name(deployment: Deployment) -> None:
    cluster_id = deployment.emr.keep(deployment.document()["cluster"])
    deployment.emr.faults["AddJobFlowSteps"] = [Fault(is_lost=True)]

    ended = deployment.submit("r1", "--cluster-id", cluster_id, "--no-wait")

    assert ended.code == 0, ended.err
    assert len(deployment.emr.clusters[cluster_id].steps) == 1


def test_one_that_died_before_it_knew_its_cluster_is_found_by_the_next(
    deployment: Deployment,
) -> None:
    deployment.emr.plans["r1"] = Plan(HELD)
    deployment.emr.faults["RunJobFlow"] = [Fault(is_lost=True)]
    deployment.emr.faults["ListClusters"] = [Fault(500, "InternalServerError")] * 1000
    first = deployment.start("submit", JOB, "--run-id", "r1")
    deployment.until(lambda: deployment.emr.calls["ListClusters"], "the search")
    first.kill()
    end_of(first)
    deployment.emr.faults.clear()

    ended = deployment.submit("r2", "--no-wait")

    assert "run r1" in ended.out
    assert len(deployment.emr.clusters) == 1


def test_a_cluster_that_shows_itself_late_is_not_launched_twice(deployment: Deployment) -> None:
    deployment.emr.plans["r1"] = Plan(HELD)
    deployment.submit("r1", "--no-wait")
    deployment.unname_cluster()
    deployment.emr.unseen = 1

    ended = deployment.submit("r2", "--no-wait")

    assert "run r1" in ended.out
    assert len(deployment.emr.clusters) == 1


def test_a_launch_that_is_throttled_is_sent_again(deployment: Deployment) -> None:
    deployment.emr.faults["RunJobFlow"] = [Fault(400, "ThrottlingException", "Rate exceeded")]

    ended = deployment.submit("r1", "--no-wait")

    assert ended.code == 0, ended.err
    assert len(deployment.emr.clusters) == 1


def test_throttled_answers_while_waiting_are_no_news(deployment: Deployment) -> None:
    deployment.publishes("r1", phases=(RUNNING, RUNNING, ("TERMINATED", "COMPLETED")))
    rate = Fault(400, "ThrottlingException", "Rate exceeded")
    deployment.submit("r1", "--no-wait")
    deployment.emr.faults["DescribeStep"] = [rate] * 3

    ended = deployment.app("watch", "j-0000000000000")

    assert ended.code == 0, ended.err
    assert ended.err.count("still waiting") == 1


def test_a_refused_launch_does_not_keep_the_next_one_waiting(deployment: Deployment) -> None:
    deployment.emr.faults["RunJobFlow"] = [Fault(400, "ValidationException", "no such release")]
    assert deployment.submit("r1", "--no-wait").code == 2

    ended = deployment.submit("r2", "--no-wait")

    assert ended.code == 0, ended.err
    assert "waiting" not in ended.err


def test_a_step_goes_to_a_cluster_that_is_there_and_leaves_it_running(
    deployment: Deployment,
) -> None:
    cluster_id = deployment.emr.keep(deployment.document()["cluster"])
    deployment.publishes("r1", phases=(RUNNING, ("WAITING", "COMPLETED")))

    ended = deployment.submit("r1", "--cluster-id", cluster_id)

    assert ended.code == 0, ended.err
    assert "the cluster's for the time of the step" in ended.out
    assert deployment.emr.clusters[cluster_id].phase == ("WAITING", "COMPLETED")
    assert deployment.emr.calls["RunJobFlow"] == 0


def test_settings_of_this_machine_travel_to_the_cluster(deployment: Deployment) -> None:
    ended = deployment.submit("r1", "--dry-run", SPARK_APP_CHANNELS="Ads")

    assert json.loads(ended.out)["Steps"][0]["HadoopJarStep"]["Args"][-2:] == [
        "--set",
        "CHANNELS=Ads",
    ]


def test_a_lake_table_with_nothing_new_ends_well_without_a_run(deployment: Deployment) -> None:
    iceberg = {"Classification": "iceberg-defaults", "Properties": {"iceberg.enabled": "true"}}
    cluster = deployment.document()["cluster"] | {"Configurations": [iceberg]}
    deployment.put("app/launch.json", deployment.text(cluster=cluster).encode())
    deployment.put("lake/raw/app_event/one.csv", b"u1,,,,open,1,2024-05-01 10:00:00.000000,,\n")
    deployment.emr.plans["r1"] = Plan()

    ended = deployment.app("submit", "app_event", "--run-id", "r1")

    assert ended.code == 0, ended.err
    assert "outcome: nothing new" in ended.out
