"""Other tools against the local cloud, as they come: awswrangler, emr-cli, boto3's own loops."""

import gzip
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scripts.local_cloud import RunningCloud, local_cloud
from tests.e2e.process import ROOT
from tests.local_cloud.deployment import Deployment, deploy, role
from tests.local_cloud.listening import is_of_this_machine, listeners

CLIENTS = ROOT / ".venv-clients" / "bin"
SECONDS = 240
MAIN = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print("rows", spark.range(5).count(), sys.argv[1:])
"""
# With the defaults of each call: release 6.7.0, default roles and logs, debugging, cluster mode.
WRANGLER = """
import json, sys
import awswrangler as wr, boto3
subnet, main = sys.argv[1:]
cluster = wr.emr.create_cluster(subnet_id=subnet)
steps = [
    wr.emr.submit_spark_step(cluster, path=main, args=["x"]),
    wr.emr.submit_step(cluster, command="echo hello"),
]
emr = boto3.client("emr")
for step in steps:
    emr.get_waiter("step_complete").wait(
        ClusterId=cluster, StepId=step, WaiterConfig={"Delay": 1, "MaxAttempts": 200}
    )
emr.get_waiter("cluster_running").wait(ClusterId=cluster, WaiterConfig={"Delay": 1})
states = [wr.emr.get_step_state(cluster, step) for step in steps]
print(json.dumps({"cluster": cluster, "steps": steps, "states": states}))
"""
BOTO3 = """
import json, sys
import boto3
cluster = sys.argv[1]
emr = boto3.client("emr")
jar = {"Jar": "command-runner.jar", "Args": ["sleep", "60"]}
step = {"Name": "n", "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar}
emr.add_job_flow_steps(JobFlowId=cluster, Steps=[step] * 60)
found = {}
for name in emr.meta.method_to_api_mapping:
    if emr.can_paginate(name) and name in WANTED:
        asked = {} if name == "list_clusters" else {"ClusterId": cluster}
        pages = list(emr.get_paginator(name).paginate(**asked))
        found[name] = [len(pages), sum(len(page[WANTED[name]]) for page in pages)]
emr.terminate_job_flows(JobFlowIds=[cluster])
emr.get_waiter("cluster_terminated").wait(ClusterId=cluster, WaiterConfig={"Delay": 1})
print(json.dumps(found))
"""
LISTS = {
    "list_clusters": "Clusters",
    "list_steps": "Steps",
    "list_instances": "Instances",
    "list_instance_fleets": "InstanceFleets",
    "list_bootstrap_actions": "BootstrapActions",
}


@dataclass(frozen=True)
class Account:
    """An account with EMR's default roles and the bucket of its default logs.

    `listened` is what listened while programs ran: name and address.
    """

    deployment: Deployment
    logs: str
    listened: set[tuple[str, str]] = field(default_factory=set)

    def run(self, folder: Path, program: str, *arguments: str) -> str:
        """A program of the clients' environment that has to succeed; what it printed.

        Meanwhile no process of the cloud may listen to others than this machine.
        """
        cloud = self.deployment.cloud
        with (folder / "out").open("w") as out:
            command = [str(CLIENTS / program), *arguments]
            at_work = subprocess.Popen(
                command, cwd=folder, env=dict(cloud.environment), stdout=out, stderr=out
            )
        deadline = time.monotonic() + SECONDS
        while at_work.poll() is None and time.monotonic() < deadline:
            self.listened.update(listeners(cloud))
            time.sleep(0.5)
        at_work.kill()
        said = (folder / "out").read_text()
        assert at_work.wait() == 0, said
        return said

    def log(self, cluster: str, pattern: str) -> str:
        """The only log of a cluster whose key ends so."""
        s3 = self.deployment.cloud.client("s3")
        prefix = f"elasticmapreduce/{cluster}/"
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.logs, Prefix=prefix)
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        (key,) = [key for key in keys if Path(key).match(pattern)]
        return gzip.decompress(s3.get_object(Bucket=self.logs, Key=key)["Body"].read()).decode()


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    if not (CLIENTS / "emr").exists():
        pytest.skip("other tools are not installed; `make clients` puts them into .venv-clients")
    with local_cloud(tmp_path_factory.mktemp("cloud"), time_scale=600) as cloud:
        yield Account(deploy(cloud), _defaults(cloud))


def _defaults(cloud: RunningCloud) -> str:
    """Make what `aws emr create-default-roles` makes, and EMR itself; the bucket of logs."""
    policy = "arn:aws:iam::aws:policy/service-role/AmazonElasticMapReduceRole"
    role(cloud, "EMR_DefaultRole", "elasticmapreduce.amazonaws.com", [policy])
    role(cloud, "EMR_EC2_DefaultRole", "ec2.amazonaws.com")
    names = {"InstanceProfileName": "EMR_EC2_DefaultRole"}
    cloud.client("iam").create_instance_profile(**names)
    cloud.client("iam").add_role_to_instance_profile(**names, RoleName="EMR_EC2_DefaultRole")
    number = cloud.client("sts").get_caller_identity()["Account"]
    bucket = f"aws-logs-{number}-eu-central-1"
    place = {"LocationConstraint": "eu-central-1"}
    cloud.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    return bucket


@pytest.fixture(scope="module")
def wrangled(account: Account, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What awswrangler made and waited for: a cluster, its steps and their states."""
    bucket = account.deployment.bucket
    s3 = account.deployment.cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="app/main.py", Body=MAIN.encode())
    folder, main = tmp_path_factory.mktemp("wrangler"), f"s3://{bucket}/app/main.py"
    said = account.run(folder, "python", "-c", WRANGLER, account.deployment.subnet, main)
    return dict(json.loads(said.splitlines()[-1]))


def test_awswrangler_runs_a_spark_application_in_cluster_mode_with_its_defaults(
    account: Account, wrangled: dict[str, Any]
) -> None:
    cluster, spark = wrangled["cluster"], wrangled["steps"][0]
    emr = account.deployment.cloud.client("emr")

    assert wrangled["states"] == ["COMPLETED", "COMPLETED"]
    names = [step["Name"] for step in emr.list_steps(ClusterId=cluster)["Steps"]]
    assert names[-1] == "Setup Hadoop Debugging"
    assert account.log(cluster, "containers/*/*/stdout.gz") == "rows 5 ['x']\n"
    assert "\t final status: SUCCEEDED\n" in account.log(cluster, f"steps/{spark}/stderr.gz")


def test_emr_cli_packages_and_runs_a_file_and_shows_what_it_printed(
    account: Account, wrangled: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text(MAIN)
    to = ("--s3-code-uri", f"s3://{account.deployment.bucket}/code/")
    what = ("--entry-point", "main.py", "--cluster-id", wrangled["cluster"], "--build")

    account.run(tmp_path, "emr", "run", *what, *to, "--job-name", "in cluster mode")
    said = account.run(tmp_path, "emr", "run", *what, *to, "--job-args", "a,b", "--show-stdout")

    assert "Job completed successfully!" in said
    assert "rows 5 ['a', 'b']" in said
    steps = account.deployment.cloud.client("emr").list_steps(ClusterId=wrangled["cluster"])
    states = {step["Name"]: step["Status"]["State"] for step in steps["Steps"]}
    assert states["in cluster mode"] == states["emr-cli job"] == "COMPLETED"


def test_boto3_pages_through_every_list_and_waits_for_the_end(
    account: Account, wrangled: dict[str, Any], tmp_path: Path
) -> None:
    program = f"WANTED = {LISTS}\n{BOTO3}"

    said = account.run(tmp_path, "python", "-c", program, wrangled["cluster"])
    found = json.loads(said.splitlines()[-1])

    assert found.keys() == LISTS.keys()
    pages, count = found.pop("list_steps")
    assert pages == 2 and count > 60
    assert found["list_instance_fleets"] == [1, 1] and found["list_clusters"] == [1, 1]


def test_what_ran_listened_on_this_machine_only(account: Account, wrangled: dict[str, Any]) -> None:
    assert wrangled["states"] and "java" in {name for name, _ in account.listened}
    assert all(is_of_this_machine(address) for _, address in account.listened), account.listened
