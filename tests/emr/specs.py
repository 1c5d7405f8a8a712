"""A base launch specification with overrides, and what is made from it."""

import json
from pathlib import Path
from typing import Any

from spark_app.emr.launch_spec import LaunchSpec, parse
from spark_app.emr.requests import Submission

LAKE, REGION = "s3://a-bucket/lake", "eu-central-1"
VERSION, DEPENDENCIES = "0123456789abcdef", "fedcba9876543210"
APPLICATION = f"s3://a-bucket/app/{VERSION}/"
RUN_ID = "20261125T060000000000Z-1a2b"


def fleet(kind: str = "MASTER", capacity: int = 1, **overrides: Any) -> dict[str, Any]:
    """An instance fleet of m7g.xlarge on demand."""
    base = {
        "Name": kind.lower(),
        "InstanceFleetType": kind,
        "TargetOnDemandCapacity": capacity,
        "InstanceTypeConfigs": [{"InstanceType": "m7g.xlarge", "WeightedCapacity": 1}],
    }
    return base | overrides


def cluster(**overrides: Any) -> dict[str, Any]:
    """The cluster part: one node, one bootstrap action."""
    base: dict[str, Any] = {
        "Name": "spark_app",
        "ReleaseLabel": "emr-spark-8.1.0",
        "Applications": [{"Name": "Spark"}],
        "LogUri": "s3://a-bucket/logs/",
        "ServiceRole": "arn:aws:iam::000000000000:role/a-service-role",
        "JobFlowRole": "an-instance-profile",
        "Instances": {
            "InstanceFleets": [fleet()],
            "Ec2SubnetIds": ["subnet-0a1b2c3d"],
            "KeepJobFlowAliveWhenNoSteps": False,
            "TerminationProtected": False,
        },
        "BootstrapActions": [
            {
                "Name": "dependencies",
                "ScriptBootstrapAction": {
                    "Path": f"{APPLICATION}bootstrap.sh",
                    "Args": [APPLICATION, "/opt/spark_app", REGION],
                },
            }
        ],
        "Tags": [
            {"Key": "for-use-with-amazon-emr-managed-policies", "Value": "true"},
            {"Key": "spark_app:deployment", "Value": "tests"},
            {"Key": "spark_app:dependencies", "Value": DEPENDENCIES},
        ],
        "StepConcurrencyLevel": 1,
        "VisibleToAllUsers": True,
    }
    return base | overrides


def document(**overrides: Any) -> dict[str, Any]:
    """A launch specification as Terraform writes it."""
    base = {
        "schema": 1,
        "region": REGION,
        "lake": LAKE,
        "application": APPLICATION,
        "version": VERSION,
        "dependencies": DEPENDENCIES,
        "max_minutes": 60,
        "idle_minutes": 15,
        "cluster": cluster(),
    }
    return base | overrides


def spec(**overrides: Any) -> LaunchSpec:
    """The launch specification, taken over."""
    return parsed(json.dumps(document(**overrides)))


def parsed(text: str) -> LaunchSpec:
    """A launch specification from its text."""
    return parse(text.encode(), "a.json")


def written(folder: Path, **overrides: Any) -> Path:
    """A launch specification in a file."""
    path = folder / "launch.json"
    path.write_text(json.dumps(document(**overrides)))
    return path


def submission(**overrides: Any) -> Submission:
    """A run without options."""
    return Submission(**({"jobs": ("organic_share",), "run_id": RUN_ID} | overrides))
