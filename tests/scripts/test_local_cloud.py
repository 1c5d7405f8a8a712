"""What of the local cloud needs no cloud that runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.local_cloud import actions, cluster_settings, files, protocol
from scripts.local_cloud.__main__ import main
from scripts.local_cloud.calls import Call
from scripts.local_cloud.cloud import Cloud
from scripts.local_cloud.instance_types import INSTANCE_TYPES
from scripts.local_cloud.protocol import Refused
from scripts.local_cloud.refused import check_launch
from scripts.local_cloud.settings import Settings
from spark_app.emr import prices
from tests import in_process
from tests.emr import specs

KNOWN = files.environment("http://127.0.0.1:4566", "http://127.0.0.1:4567")


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """A cloud without an emulator beside it."""
    return Cloud(Settings(tmp_path, "http://127.0.0.1:9"))


def refusal(call: Any, *arguments: Any) -> str:
    """What is said to a request."""
    with pytest.raises(Refused) as refused:
        call(*arguments)
    assert refused.value.code == "ValidationException"
    return refused.value.message


def instances(**parts: Any) -> dict[str, Any]:
    return specs.cluster(Instances=parts)


def group(kind: str) -> dict[str, Any]:
    return {"InstanceRole": "MASTER", "InstanceType": kind, "InstanceCount": 1}


@pytest.mark.parametrize("kind", ["m9.bogus", "m7g.large", "m7g.24xlarge", "t3.xlarge", "xlarge"])
def test_an_instance_type_that_emr_does_not_have_is_refused(kind: str) -> None:
    fleet = specs.fleet(InstanceTypeConfigs=[{"InstanceType": kind}])
    for asked in (
        instances(InstanceFleets=[fleet]),
        instances(InstanceGroups=[group(kind)]),
        instances(MasterInstanceType=kind, InstanceCount=1),
    ):
        assert refusal(check_launch, asked, ()) == f"Instance type '{kind}' is not supported."


def test_every_type_of_the_price_table_is_one_that_emr_has() -> None:
    priced = {kind for kinds in prices.table()["region"].values() for kind in kinds}
    assert priced <= INSTANCE_TYPES


@pytest.mark.parametrize(
    ("action", "request_", "words"),
    [
        (actions.list_steps, {"ClusterId": "j-1", "StepIds": ["s-1"] * 11}, "step ids"),
        (actions.terminate_job_flows, {"JobFlowIds": ["j-1"] * 11}, "job flows"),
    ],
)
def test_more_than_ten_at_once_are_refused(
    action: Any, request_: dict[str, Any], words: str, cloud: Cloud
) -> None:
    said = refusal(action, Call(cloud, "eu-central-1", request_))

    assert said == f"Maximum number of {words} for a request is 10."


def test_more_steps_at_once_than_a_cluster_has_are_not_cancelled(cloud: Cloud) -> None:
    asked = {"ClusterId": "j-1", "StepIds": ["s-1"] * 257}

    said = refusal(actions.cancel_steps, Call(cloud, "eu-central-1", asked))

    assert said == "Maximum number of step ids for a request is 256."


def test_every_operation_of_the_cloud_is_one_of_emr() -> None:
    for operation in {**actions.ACTIONS, **cluster_settings.ACTIONS}:
        assert protocol.operation_of(f"ElasticMapReduce.{operation}") == operation


def test_a_request_beyond_the_limits_of_the_model_is_refused() -> None:
    step = {"Name": "a", "HadoopJarStep": {"Jar": "a.jar", "Args": ["x" * 10_281, "\0"]}}
    body = json.dumps({"JobFlowId": "j-1", "Steps": [step]}).encode()

    said = refusal(protocol.parameters_of, "AddJobFlowSteps", body)

    assert said.startswith("2 validation errors detected: Value 'xxx")
    assert "Args[0]' failed to satisfy constraint: Member must have length less than" in said
    assert "Args[1]' failed to satisfy constraint: Member must satisfy regular expression" in said


def test_without_java_it_does_not_start(tmp_path: Path) -> None:
    with in_process.at(tmp_path, {"JAVA_HOME": "/nonexistent"}):
        ended = in_process.ended(main, "start", "--folder", tmp_path / "cloud")

    assert ended.code == 2
    assert "no Java found at /nonexistent/bin/java; install OpenJDK 17" in ended.err
    assert not (tmp_path / "cloud").exists()


def test_the_copy_of_terraform_is_tied_to_the_cloud_and_has_no_state(tmp_path: Path) -> None:
    source = tmp_path / "project" / "terraform"
    for name in (
        *("main.tf", "lake/main.tf", "terraform.tfstate", "my.auto.tfvars", "backend.tf"),
        *(".terraform/providers/x", "real_override.tf"),
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("")
    (source / "variables.tf").write_text('variable "project_dir" {\n  type = string\n}\n')

    copy = files.copy_terraform(tmp_path / "cloud", KNOWN, source)

    assert copy is not None
    names = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    own = {"local_cloud_override.tf", "local_cloud.tf"}
    assert names == {"main.tf", "variables.tf", "lake/main.tf", *own}
    override = (copy / "local_cloud_override.tf").read_text()
    assert 'allowed_account_ids = ["000000000000"]' in override
    assert 'emr  = "http://127.0.0.1:4567"' in override and "sts  = var.local_cloud" in override
    variable = (copy / "local_cloud.tf").read_text()
    assert 'var.local_cloud == "http://127.0.0.1:4566"' in variable
    assert f'default = "{tmp_path / "project"}"' in override


def test_without_terraform_there_is_no_copy(tmp_path: Path) -> None:
    assert files.copy_terraform(tmp_path / "cloud", KNOWN, tmp_path / "none") is None
