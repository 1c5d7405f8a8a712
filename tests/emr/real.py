"""A deployment in a local cloud that really runs its application."""

import json
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.local_cloud import RunningCloud
from tests.e2e import process
from tests.emr import specs
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
        own, subnet = secrets.token_hex(4), network(cloud)
        self._parts = {
            "ServiceRole": service_role(cloud, f"service-{own}"),
            "JobFlowRole": profile(cloud, f"node-{own}"),
        }
        self.instances = specs.cluster()["Instances"] | {"Ec2SubnetIds": [subnet]}
        super().__init__(cloud.environment, folder)
        for name, content in self.files().items():
            self.put(f"app/{specs.VERSION}/{name}", content)

    def files(self) -> dict[str, bytes]:
        """The application, and scripts for bootstrap actions."""
        return {
            "main.py": MAIN.encode(),
            "bootstrap.sh": BOOTSTRAP.encode(),
            "broken.sh": BROKEN.encode(),
            "spark_app.zip": b"PK\x05\x06" + b"\0" * 18,
        }

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

    def fails(self, name: str, overrides: Mapping[str, Any], *more: str) -> process.Ended:
        """Submit the act `name` to a cluster that is launched with some parts set otherwise."""
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(self.document(**overrides)))
        source = f"{self.lake}/act/{name}"
        return self.submit(f"run-{name}", "--launch-spec", file, "--source", source, *more)


def network(cloud: RunningCloud) -> str:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"])


def role(cloud: RunningCloud, name: str, service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    return str(made["Role"]["Arn"])


def service_role(cloud: RunningCloud, name: str) -> str:
    arn = role(cloud, name, "elasticmapreduce.amazonaws.com")
    statement = {"Effect": "Allow", "Action": ["ec2:*", "iam:PassRole"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = cloud.client("iam")
    iam.put_role_policy(RoleName=name, PolicyName="launch", PolicyDocument=document)
    return arn


def profile(cloud: RunningCloud, name: str) -> str:
    role(cloud, name, "ec2.amazonaws.com")
    iam = cloud.client("iam")
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return name
