"""A copy of the configuration in a folder of its own: nothing is written below `terraform/`."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.terraform.iam_simulator import Absent, Simulator, installed

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "terraform"
_LOCAL = shutil.ignore_patterns(
    ".terraform*", "backend*.tf", "*.tfstate*", "*.tfvars", "*_override.tf"
)


@dataclass(frozen=True)
class Terraform:
    """Terraform in a folder, without any credentials."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command; its output as text."""
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """The configuration, initialised; skips where Terraform or its provider cannot be had."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed; nobody needs it to run or test the job")
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(CONFIGURATION, project / "terraform", ignore=_LOCAL)
    prices = Path("spark_app", "emr", "prices.json")
    for path in (Path("pyproject.toml"), prices):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, project / path)
    known = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    # Most of what Terraform does here is reading what its provider knows: garbage can wait.
    environment = {**known, "TF_IN_AUTOMATION": "1", "GOGC": "400"}
    made = Terraform(project / "terraform", environment)
    initialised = made.run("init", "-input=false", "-no-color")
    if initialised.returncode:
        why = " ".join(initialised.stderr.split())
        pytest.skip(f"the AWS provider cannot be had for Terraform: {why[:200]}")
    return made


@pytest.fixture(scope="session")
def simulator() -> Simulator:
    """The simulator of IAM; skips where it cannot be had."""
    try:
        return installed(ROOT / "build")
    except Absent as error:
        pytest.skip(str(error))
