"""What the real provider plans for an empty account, which an emulator stands for."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.terraform.conftest import CONFIGURATION, Terraform
from tests.terraform.real_plan.policies import KEY, Plan, Policies

STARTED_WITHIN = 30.0
PACKAGE = CONFIGURATION / "tests" / "fixtures" / "dist"


@pytest.fixture(scope="session")
def account(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an emulated, empty AWS account; not started where Terraform is absent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("account")
    where = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "TMPDIR": str(folder)}
    server = subprocess.Popen(
        [Path(sys.executable).with_name("ministack")],
        env={**os.environ, **where},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _await(port: int) -> None:
    deadline = time.monotonic() + STARTED_WITHIN
    while time.monotonic() < deadline:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the emulated account did not start")


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
