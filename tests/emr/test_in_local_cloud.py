"""Failures that the local cloud really makes: on nodes that run bootstraps and spark-submit."""

import json
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scripts.local_cloud import RunningCloud, local_cloud
from tests.e2e import process
from tests.emr import specs
from tests.emr.deployment import error_of
from tests.emr.place import Place

V2_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
BOOTSTRAP = f"""#!/bin/bash
set -eu
mkdir -p "$2/env/bin"
ln -s {sys.executable} "$2/env/bin/python"
"""
BROKEN = """#!/bin/bash
echo installing
echo 'error: wheels are for another architecture' >&2
exit 1
"""
# The application of these tests does what the last part of its --source says.
MAIN = """
import json, sys
import boto3

options = dict(zip(sys.argv[3::2], sys.argv[4::2]))
act = options["--source"].rpartition("/")[2]
if act == "missing":
    print("error: source s3://b/missing matches no file; check the glob", file=sys.stderr)
    sys.exit(2)
if act == "traceback":
    {}["no such country"]
if act == "memory":
    bytearray(2**62)
bucket, _, prefix = options["--lake"].removeprefix("s3://").partition("/")
reason = "the raw gate is shut; nothing was published"
manifest = {"outcome": "gate shut", "exit_code": 3, "reason": reason}
boto3.client("s3", region_name=options["--region"]).put_object(
    Bucket=bucket, Key=f"{prefix}/runs/{options['--run-id']}/run.json", Body=json.dumps(manifest)
)
sys.exit(3)
"""


class Real(Place):
    """A deployment in a local cloud that really runs its application."""

    def __init__(self, cloud: RunningCloud, folder: Path) -> None:
        """Make roles, network and application."""
        self.cloud = cloud
        subnet, role, profile = _network(cloud), _service_role(cloud, "service"), _profile(cloud)
        self._parts = {"ServiceRole": role, "JobFlowRole": profile}
        self.instances = specs.cluster()["Instances"] | {"Ec2SubnetIds": [subnet]}
        super().__init__(cloud.environment, folder)
        for name, text in {
            "main.py": MAIN,
            "bootstrap.sh": BOOTSTRAP,
            "broken.sh": BROKEN,
            "spark_app.zip": "PK\x05\x06" + "\0" * 18,
        }.items():
            self.put(f"app/{specs.VERSION}/{name}", text.encode())

    @property
    def application(self) -> str:
        """The folder of the application."""
        return f"s3://{self.bucket}/app/{specs.VERSION}/"

    def document(self, **overrides: Any) -> dict[str, Any]:
        """The launch specification."""
        parts = {
            "LogUri": f"s3://{self.bucket}/logs/",
            "Instances": self.instances,
            "BootstrapActions": self.bootstrap("bootstrap.sh"),
            **self._parts,
        }
        cluster = specs.cluster(**parts)
        return specs.document(
            lake=self.lake, application=self.application, cluster=cluster | overrides
        )

    def bootstrap(self, name: str) -> list[dict[str, Any]]:
        """A bootstrap action of the application."""
        args = [self.application, "/opt/spark_app", specs.REGION]
        script = {"Path": f"{self.application}{name}", "Args": args}
        return [{"Name": "dependencies", "ScriptBootstrapAction": script}]

    def fails(self, name: str, overrides: Mapping[str, Any]) -> process.Ended:
        """Submit the act `name` to a cluster that is launched with some parts set otherwise."""
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(self.document(**overrides)))
        source = f"s3://{self.bucket}/act/{name}"
        return self.submit(f"run-{name}", "--launch-spec", file, "--source", source)


def _network(cloud: RunningCloud) -> str:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"])


def _role(cloud: RunningCloud, name: str, service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    return str(made["Role"]["Arn"])


def _service_role(cloud: RunningCloud, name: str) -> str:
    arn = _role(cloud, name, "elasticmapreduce.amazonaws.com")
    statement = {"Effect": "Allow", "Action": ["ec2:*", "iam:PassRole"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = cloud.client("iam")
    iam.put_role_policy(RoleName=name, PolicyName="launch", PolicyDocument=document)
    return arn


def _profile(cloud: RunningCloud) -> str:
    _role(cloud, "node", "ec2.amazonaws.com")
    iam = cloud.client("iam")
    iam.create_instance_profile(InstanceProfileName="node")
    iam.add_role_to_instance_profile(InstanceProfileName="node", RoleName="node")
    return "node"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A cloud and a deployment in it."""
    folder = tmp_path_factory.mktemp("real")
    with local_cloud(folder / "cloud") as cloud:
        yield Real(cloud, folder)


@pytest.fixture(scope="module")
def ended(real: Real) -> dict[str, process.Ended]:
    """What each of the submissions said, which run at once."""
    bare = _role(real.cloud, "bare", "elasticmapreduce.amazonaws.com")
    tagged = _service_role(real.cloud, "tagged")
    real.cloud.client("iam").attach_role_policy(RoleName="tagged", PolicyArn=V2_POLICY)
    nowhere = real.instances | {"Ec2SubnetIds": ["subnet-00000000000000000"]}
    clusters: dict[str, dict[str, Any]] = {
        **{act: {} for act in ("missing", "traceback", "memory", "shut")},
        "bootstrap": {"BootstrapActions": real.bootstrap("broken.sh")},
        "download": {"BootstrapActions": real.bootstrap("gone.sh")},
        "subnet": {"Instances": nowhere},
        "role": {"ServiceRole": bare},
        "tag": {"ServiceRole": tagged},
    }
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(clusters, pool.map(real.fails, clusters, clusters.values()), strict=True))


@pytest.mark.parametrize(
    ("act", "code", "words"),
    [
        ("missing", 2, "source s3://b/missing matches no file; check the glob"),
        ("traceback", 1, "the application failed: KeyError: 'no such country'"),
        ("memory", 1, "out of memory on the cluster (MemoryError)"),
        ("shut", 3, "the raw gate is shut; nothing was published"),
        ("bootstrap", 1, "the bootstrap of the cluster failed: wheels are for another arch"),
        ("download", 1, "the bootstrap of the cluster failed (Master instance"),
        ("subnet", 2, "the subnet or its network cannot be used"),
        ("role", 2, "a role is missing or lacks rights"),
        ("tag", 2, "a tag that the service role's policy asks for is missing"),
    ],
)
def test_the_cause_is_told(
    act: str, code: int, words: str, ended: dict[str, process.Ended]
) -> None:
    assert error_of(ended[act], code).startswith(words)


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"no_capacity": ["m7g.xlarge"]}, "there is no capacity (EC2 has insufficient capacity"),
        ({"vcpu_limit": 2}, "a service limit of the account was reached"),
    ],
)
def test_what_ec2_does_not_give_is_told(faults: dict[str, Any], words: str, real: Real) -> None:
    real.cloud.set_faults(faults)
    try:
        ended = real.fails(next(iter(faults)), {})
    finally:
        real.cloud.set_faults({})

    assert error_of(ended, 1).startswith(words)


def test_credentials_that_expired_are_told(real: Real) -> None:
    real.cloud.set_faults({"expired": True})
    try:
        ended = real.app("clusters")
    finally:
        real.cloud.set_faults({})

    assert "the AWS credentials have expired" in error_of(ended, 2)
