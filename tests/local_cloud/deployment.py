"""What a cluster needs of an account, and the request that launches one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from scripts.local_cloud import RunningCloud

TAG = {"Key": "for-use-with-amazon-emr-managed-policies", "Value": "true"}
V2 = "arn:aws:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
_numbers = count(1)


@dataclass
class Deployment:
    """Roles, network and bucket of a deployment; `request` launches a cluster in it."""

    cloud: RunningCloud
    bucket: str
    subnet: str
    vpc: str
    service_role: str
    instance_role: str
    profile: str
    made: list[str] = field(default_factory=list)

    def request(self, *steps: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        """A valid RunJobFlow; `instances` changes its `Instances`."""
        instances = {
            "InstanceFleets": [fleet("MASTER", "m7g.xlarge", "m6g.xlarge")],
            "Ec2SubnetIds": [self.subnet],
            "KeepJobFlowAliveWhenNoSteps": False,
            **changes.pop("instances", {}),
        }
        return {
            "Name": "acme",
            "ReleaseLabel": "emr-spark-8.1.0",
            "Applications": [{"Name": "Spark"}],
            "LogUri": f"s3://{self.bucket}/logs/",
            "ServiceRole": self.service_role,
            "JobFlowRole": self.profile,
            "Tags": [TAG],
            "VisibleToAllUsers": True,
            "Instances": {key: value for key, value in instances.items() if value is not None},
            "Steps": list(steps),
            **changes,
        }


def fleet(kind: str, *types: str, spot: int = 0, on_demand: int | None = None) -> dict[str, Any]:
    """An instance fleet."""
    return {
        "Name": kind.lower(),
        "InstanceFleetType": kind,
        "TargetOnDemandCapacity": (0 if spot else 1) if on_demand is None else on_demand,
        "TargetSpotCapacity": spot,
        "InstanceTypeConfigs": [{"InstanceType": name, "WeightedCapacity": 1} for name in types],
    }


def bash(script: str, action: str = "CONTINUE") -> dict[str, Any]:
    """A step that runs a line of shell."""
    return command("bash", "-c", script, action=action)


def command(*args: str, action: str = "CONTINUE") -> dict[str, Any]:
    """A step of `command-runner.jar`."""
    jar = {"Jar": "command-runner.jar", "Args": list(args)}
    return {"Name": args[0], "ActionOnFailure": action, "HadoopJarStep": jar}


def bootstrap(path: str, *args: str) -> dict[str, Any]:
    """A bootstrap action."""
    return {"Name": "dependencies", "ScriptBootstrapAction": {"Path": path, "Args": list(args)}}


def deploy(cloud: RunningCloud) -> Deployment:
    """A new deployment, as Terraform makes it: VPC, subnet, roles, profile, bucket."""
    number = next(_numbers)
    ec2, s3 = cloud.client("ec2"), cloud.client("s3")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="eu-central-1b")
    subnet = made["Subnet"]["SubnetId"]
    ec2.create_tags(Resources=[vpc, subnet], Tags=[TAG])
    bucket = f"acme-cloud-{number}"
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    instance_role = role(cloud, f"nodes-{number}", "ec2.amazonaws.com")
    passing = statement("iam:PassRole", instance_role)
    service_role = role(cloud, f"emr-{number}", "elasticmapreduce.amazonaws.com", [V2], [passing])
    iam = cloud.client("iam")
    iam.create_instance_profile(InstanceProfileName=f"nodes-{number}")
    iam.add_role_to_instance_profile(
        InstanceProfileName=f"nodes-{number}", RoleName=f"nodes-{number}"
    )
    profile = f"nodes-{number}"
    return Deployment(cloud, bucket, subnet, vpc, service_role, instance_role, profile)


def statement(action: str, resource: str) -> dict[str, str]:
    """A statement that allows an action."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def role(
    cloud: RunningCloud,
    name: str,
    service: str,
    policies: Sequence[str] = (),
    statements: Sequence[Mapping[str, str]] = (),
) -> str:
    """A role; its ARN."""
    iam = cloud.client("iam")
    principal = {"Service": service}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    for policy in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    if statements:
        text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=text)
    return str(made["Role"]["Arn"])
