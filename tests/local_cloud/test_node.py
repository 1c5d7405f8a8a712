"""What runs on a node: bootstrap actions and steps as real processes, and their logs."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from scripts.local_cloud import RunningCloud, files
from scripts.local_cloud.node import Node
from tests.local_cloud.conftest import ended, log, step_states, steps, until, wait_for
from tests.local_cloud.deployment import Deployment, bash, bootstrap, command

KEPT = {"KeepJobFlowAliveWhenNoSteps": True}
SPARK_MAIN = b"""
import os, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.range(10).write.parquet(sys.argv[1])
print("rows", spark.read.parquet(sys.argv[1]).count(), os.environ["GREETING"])
print("downloaded to", os.path.dirname(os.path.dirname(sys.argv[0])))
print("error: said by the application", file=sys.stderr)
sys.exit(3)
"""


def put(deployment: Deployment, name: str, body: bytes) -> str:
    """A file in the application's part of the bucket; its URI."""
    deployment.cloud.client("s3").put_object(Bucket=deployment.bucket, Key=f"app/{name}", Body=body)
    return f"s3://{deployment.bucket}/app/{name}"


def step_log(emr: Any, deployment: Deployment, cluster: str, name: str, at: int = 0) -> str:
    """A log of one of a cluster's steps."""
    return log(deployment, cluster, f"steps/{steps(emr, cluster)[at]['Id']}/{name}")


def primary(emr: Any, cluster: str) -> str:
    """The primary's id in EC2."""
    return str(emr.list_instances(ClusterId=cluster)["Instances"][0]["Ec2InstanceId"])


def test_a_bootstrap_action_puts_things_where_a_step_finds_them(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    script = put(
        deployment, "good.sh", b'#!/bin/bash\nmkdir -p "$1"\necho "$2" > "$1/word"\necho ok\n'
    )
    action = bootstrap(script, "/opt/acme", "word")
    reads = command("cat", "/opt/acme/word")

    cluster = launch(deployment.request(reads, BootstrapActions=[action]))

    assert ended(emr, cluster)[0] == "TERMINATED"
    assert step_log(emr, deployment, cluster, "stdout") == "word\n"
    node = f"node/{primary(emr, cluster)}/bootstrap-actions/1"
    assert log(deployment, cluster, f"{node}/stdout") == "ok\n"
    assert log(deployment, cluster, f"{node}/stderr") == ""
    assert "exit code 0" in log(deployment, cluster, f"{node}/controller")
    assert not Path("/opt/acme").exists()


@pytest.mark.parametrize("path", ["file:/usr/bin/true", "file:///usr/bin/true"])
def test_a_bootstrap_action_may_lie_on_the_node(
    emr: Any, deployment: Deployment, launch: Callable[..., str], path: str
) -> None:
    cluster = launch(deployment.request(bash("true"), BootstrapActions=[bootstrap(path)]))

    assert ended(emr, cluster)[:2] == ("TERMINATED", "ALL_STEPS_COMPLETED")


def test_a_bootstrap_action_that_fails_ends_the_cluster(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    script = put(deployment, "bad.sh", b'echo "error: wrong architecture" >&2\nexit 4\n')

    cluster = launch(deployment.request(bash("true"), BootstrapActions=[bootstrap(script)]))

    state, code, message = ended(emr, cluster)
    node = primary(emr, cluster)
    assert (state, code) == ("TERMINATED_WITH_ERRORS", "BOOTSTRAP_FAILURE")
    assert message == (
        f"On the master instance ({node}), bootstrap action 1 returned a non-zero return code"
    )
    assert step_states(emr, cluster) == ["CANCELLED"]
    said = log(deployment, cluster, f"node/{node}/bootstrap-actions/1/stderr")
    assert said == "error: wrong architecture\n"


def test_a_bootstrap_action_that_cannot_be_downloaded_ends_the_cluster(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    missing = bootstrap(f"s3://{deployment.bucket}/app/none.sh")

    cluster = launch(deployment.request(BootstrapActions=[missing]))

    _, code, message = ended(emr, cluster)
    assert code == "BOOTSTRAP_FAILURE"
    assert message.endswith("failed attempting to download bootstrap action 1 file from S3")


def test_a_node_sees_the_instance_role_and_nothing_of_the_caller(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    who = "aws sts get-caller-identity --region eu-central-1 --query Arn --output text; env"

    cluster = launch(deployment.request(bash(who)))

    ended(emr, cluster)
    arn, *lines = step_log(emr, deployment, cluster, "stdout").splitlines()
    role = deployment.instance_role.rsplit("/", 1)[-1]
    assert f"assumed-role/{role}/{primary(emr, cluster)}" in arn
    seen = dict(line.split("=", 1) for line in lines)
    assert seen["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert not {"AWS_REGION", "AWS_DEFAULT_REGION", "PYTHONPATH", "VIRTUAL_ENV"} & set(seen)
    assert Path(seen["HOME"]) == deployment.cloud.folder / "clusters" / cluster
    assert not set(seen) & (set(os.environ) - {"HOME", "PATH", "LANG", "PWD", "SHLVL", "_", "USER"})


def test_a_node_has_the_programs_that_a_bootstrap_needs(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(
        deployment.request(bash("for p in python3.11 aws sha256sum java; do command -v $p; done"))
    )

    ended(emr, cluster)
    assert len(step_log(emr, deployment, cluster, "stdout").splitlines()) == 4


def test_a_script_runner_step_downloads_and_runs_a_script(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    script = put(deployment, "script.sh", b'echo "got $1"\n')
    jar = "s3://eu-central-1.elasticmapreduce/libs/script-runner/script-runner.jar"
    step = {"Name": "s", "HadoopJarStep": {"Jar": jar, "Args": [script, "word"]}}

    cluster = launch(deployment.request(step))

    ended(emr, cluster)
    assert step_log(emr, deployment, cluster, "stdout") == "got word\n"


def test_a_step_that_cannot_begin_says_why_in_its_log(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    missing = f"s3://{deployment.bucket}/none.sh"
    cannot = [
        {"Jar": "s3://acme/own.jar", "Args": ["x"]},
        {"Jar": "command-runner.jar"},
        {"Jar": "script-runner.jar", "Args": [missing]},
        {"Jar": "command-runner.jar", "Args": ["no-such-program"]},
    ]
    requests = [
        {"Name": "x", "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar} for jar in cannot
    ]

    cluster = launch(deployment.request(*requests))

    ended(emr, cluster)
    assert step_states(emr, cluster) == ["FAILED"] * 4
    said = [step_log(emr, deployment, cluster, "stderr", at) for at in range(4)]
    assert "Error fetching jar file s3://acme/own.jar" in said[0]
    assert "command-runner.jar needs arguments" in said[1]
    assert f"{missing} could not be downloaded" in said[2]
    assert 'Cannot run program "no-such-program"' in said[3]


def test_logs_come_some_time_after_the_step_and_tell_its_exit_code(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    said = bash("echo out; echo err >&2; exit 7")
    cluster = launch(deployment.request(said, instances=KEPT))
    s3 = deployment.cloud.client("s3")

    def listed() -> list[Any]:
        found = s3.list_objects_v2(Bucket=deployment.bucket, Prefix=f"logs/{cluster}/")
        return list(found.get("Contents", []))

    logs = until(listed, lambda found: len(found) == 3, "three logs")
    over = steps(emr, cluster)[0]["Status"]["Timeline"]["EndDateTime"]
    assert min(one["LastModified"] for one in logs) - over > timedelta(seconds=1)
    assert step_log(emr, deployment, cluster, "stdout") == "out\n"
    assert step_log(emr, deployment, cluster, "stderr") == "err\n"
    assert "ended with exit code 7 :" in step_log(emr, deployment, cluster, "controller")


def test_a_cluster_without_a_log_uri_or_with_a_wrong_one_runs_all_the_same(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    request = deployment.request(bash("exit 1"))
    request.pop("LogUri")
    nowhere = launch(deployment.request(bash("true"), LogUri="s3://not-there/logs"))
    without = launch(request)

    assert ended(emr, nowhere)[2] == "Steps completed"
    assert ended(emr, without)[2] == "Steps completed with errors"
    assert steps(emr, without)[0]["Status"]["FailureDetails"] == {"Reason": "Unknown Error."}


def test_a_step_that_prints_100_mb_costs_the_server_no_memory(
    cloud: RunningCloud, emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    server = psutil.Process(server_pid(cloud))
    before = server.memory_info().rss

    cluster = launch(deployment.request(bash("yes 0123456789 | head -c 100000000")))

    assert ended(emr, cluster)[2] == "Steps completed"
    assert len(step_log(emr, deployment, cluster, "stdout")) == 100_000_000
    assert server.memory_info().rss - before < 50_000_000


@pytest.mark.parametrize("has_iceberg", [True, False])
def test_a_node_has_iceberg_where_its_cluster_asks_for_it(
    tmp_path: Path, has_iceberg: bool
) -> None:
    properties = {"iceberg.enabled": str(has_iceberg).lower()}
    asked = {"Classification": "iceberg-defaults", "Properties": properties}
    node = Node(tmp_path, "http://127.0.0.1:9")

    node.prepare([asked])

    said = (tmp_path / "conf" / "spark-env.sh").read_text()
    jars = ("iceberg-spark-runtime-4.1_2.13-1.11.0.jar", "iceberg-aws-bundle-1.11.0.jar")
    assert [jar in said for jar in jars] == [has_iceberg, has_iceberg]
    assert "hadoop-aws-3.4.2.jar" in said


def server_pid(cloud: RunningCloud) -> int:
    return int((files.read_state(cloud.folder) or {})["pid"])


def test_a_real_spark_submit_reads_and_writes_s3_and_ends_with_its_own_exit_code(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    main = put(deployment, "main.py", SPARK_MAIN)
    configured = [
        {"Classification": "spark-defaults", "Properties": {"spark.sql.shuffle.partitions": "2"}},
        {
            "Classification": "spark-env",
            "Configurations": [
                {"Classification": "export", "Properties": {"GREETING": "hello there"}}
            ],
        },
    ]
    region = "spark.hadoop.fs.s3a.endpoint.region=eu-central-1"
    submit = ("spark-submit", "--deploy-mode", "client", "--conf", region, main)
    step = command(*submit, f"s3://{deployment.bucket}/out")

    cluster = launch(deployment.request(step, Configurations=configured))

    wait_for(emr, cluster, "TERMINATED")
    assert "exit code 3 :" in step_log(emr, deployment, cluster, "controller")
    node = deployment.cloud.folder / "clusters" / cluster
    assert step_log(emr, deployment, cluster, "stdout").splitlines() == [
        "rows 10 hello there",
        f"downloaded to {node}/tmp",
        "error: said by the application",
    ]
    conf = node / "conf" / "spark-defaults.conf"
    assert "spark.sql.shuffle.partitions 2\n" in conf.read_text()
