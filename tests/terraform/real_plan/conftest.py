"""What the real provider plans for an empty account, which an emulator stands for."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.emulated_aws import emulated_aws
from tests.terraform.conftest import CONFIGURATION, Terraform
from tests.terraform.real_plan.policies import KEY, Plan, Policies

PACKAGE = CONFIGURATION / "tests" / "fixtures" / "dist"


@pytest.fixture(scope="session")
def account(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an emulated, empty AWS account; not started where Terraform is absent."""
    with emulated_aws(tmp_path_factory.mktemp("account")) as url:
        yield url


@pytest.fixture(scope="session")
def plan(account: str, terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """What an apply with a KMS key would make: everything that can be made."""
    file = tmp_path_factory.mktemp("plan") / "file"
    within = replace(terraform, environment={**terraform.environment, **_settings(account)})
    given = [f"-var=dist={PACKAGE}", f"-var=kms_key_arn={KEY}", f"-out={file}"]
    for command in (["plan", "-input=false", "-lock=false", *given], ["show", "-json", str(file)]):
        done = within.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    return Plan(json.loads(done.stdout))


def _settings(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@pytest.fixture(scope="session")
def policies(plan: Plan) -> Policies:
    return Policies(plan)
