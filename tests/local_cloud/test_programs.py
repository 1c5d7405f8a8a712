"""What other tools ask of a cluster: versions, the debugging step, programs that are not there."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.local_cloud import RunningCloud
from tests.local_cloud.conftest import ended, log, step_states, steps, until
from tests.local_cloud.deployment import Deployment, bash, command
from tests.local_cloud.listening import is_of_this_machine, listeners

SCRIPT_RUNNER = "s3://eu-central-1.elasticmapreduce/libs/script-runner/script-runner.jar"
FETCH = "s3://eu-central-1.elasticmapreduce/libs/state-pusher/0.1/fetch"


def test_every_process_of_the_cloud_listens_on_this_machine_only(cloud: RunningCloud) -> None:
    found = listeners(cloud)

    assert len({name for name, _ in found}) == 2, found  # the emulator and EMR
    assert all(is_of_this_machine(address) for _, address in found), found


def test_a_cluster_tells_the_version_of_each_of_its_applications(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    names = [{"Name": "Hadoop"}, {"Name": "spark"}, {"Name": "Livy"}]
    debugging = command("state-pusher-script", action="TERMINATE_CLUSTER")
    older = {
        "Name": "Setup Hadoop Debugging",
        "HadoopJarStep": {"Jar": SCRIPT_RUNNER, "Args": [FETCH]},
    }
    request = deployment.request(debugging, older, Applications=names, ReleaseLabel="emr-6.15.0")

    cluster = launch(request)

    shown = emr.describe_cluster(ClusterId=cluster)["Cluster"]["Applications"]
    assert {each["Name"]: each["Version"] for each in shown} == {
        "Hadoop": "3.3.6",
        "spark": "3.4.1",
        "Livy": "0.7.1",
    }
    # and the debugging step, in both of its forms, does no harm
    assert ended(emr, cluster)[2] == "Steps completed"
    assert step_states(emr, cluster) == ["COMPLETED", "COMPLETED"]


@pytest.mark.parametrize(
    ("name", "label"), [("Sparc", "emr-7.14.0"), ("Hadoop", "emr-spark-8.1.0")]
)
def test_an_application_that_the_release_does_not_have_is_refused(
    emr: Any, deployment: Deployment, name: str, label: str
) -> None:
    request = deployment.request(Applications=[{"Name": name}], ReleaseLabel=label)

    with pytest.raises(ClientError, match=f"Application '{name}' is not available in release"):
        emr.run_job_flow(**request)


def test_a_program_that_only_a_real_node_has_says_so_in_one_line(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    names = ["hadoop-streaming", "hive-script", "s3-dist-cp"]

    cluster = launch(deployment.request(*(command(name, "--src", "x") for name in names)))

    ended(emr, cluster)
    assert step_states(emr, cluster) == ["FAILED"] * 3
    for name, step in zip(names, steps(emr, cluster), strict=True):
        said = log(deployment, cluster, f"steps/{step['Id']}/stderr")
        has = "it has spark-submit, aws, python3.11 and a shell"
        assert said == f"error: this cloud has no {name}; {has}\n"


def test_logs_of_containers_come_where_emr_puts_them_and_only_logs_stay_on_the_machine(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    folder = "application_1_0001/container_1_0001_01_000001"
    script = f"mkdir -p $CONTAINER_LOGS/{folder}; echo rows 3 > $CONTAINER_LOGS/{folder}/stdout"

    cluster = launch(deployment.request(bash(script)))

    ended(emr, cluster)
    assert log(deployment, cluster, f"containers/{folder}/stdout") == "rows 3\n"
    node = deployment.cloud.folder / "clusters" / cluster
    until(lambda: {path.name for path in node.iterdir()}, {"bin", "conf", "var"}.__eq__, "no disk")


def test_an_empty_argument_is_dropped_as_emr_does_it(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(command("echo", "", "one", "")))

    ended(emr, cluster)
    assert log(deployment, cluster, f"steps/{steps(emr, cluster)[0]['Id']}/stdout") == "one\n"
