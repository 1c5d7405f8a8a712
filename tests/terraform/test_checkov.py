"""checkov finds nothing in the configuration but what is skipped with a reason beside it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.conftest import CONFIGURATION, ROOT

OPTIONS = ("--framework", "terraform", "--skip-download", "--skip-path", "tests")


@pytest.fixture(scope="module")
def findings() -> dict[str, Any]:
    """What checkov says. It has a virtual environment of its own: it pins an old boto3."""
    places = f"{ROOT / '.venv-checkov' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    checkov = shutil.which("checkov", path=places)
    if checkov is None:
        pytest.skip("checkov is not installed; `make checkov` puts it into .venv-checkov")
    done = subprocess.run(
        [checkov, "--directory", str(CONFIGURATION), "--output", "json", *OPTIONS],
        env={**os.environ, "LOG_LEVEL": "CRITICAL"},
        capture_output=True,
        text=True,
        check=False,
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_no_finding_is_left(findings: dict[str, Any]) -> None:
    failed = findings["results"]["failed_checks"]
    assert [f"{check['check_id']} {check['resource']}" for check in failed] == []
    assert findings["summary"]["parsing_errors"] == 0


def test_checkov_looked_at_bucket_network_roles_and_cluster(findings: dict[str, Any]) -> None:
    assert findings["summary"]["passed"] > 80
    looked_at = {check["resource"] for check in findings["results"]["passed_checks"]}
    for kind in ("aws_s3_bucket.this", "aws_security_group.nodes", "aws_iam_role.service"):
        assert any(resource.endswith(kind) for resource in looked_at), kind


def test_every_skip_has_a_reason() -> None:
    files: list[Path] = [*CONFIGURATION.rglob("*.tf")]
    skips = [line for file in files for line in re.findall("checkov:skip.*", file.read_text())]
    assert skips
    assert [line for line in skips if not re.match(r"checkov:skip=CKV\w+:.{20,}", line)] == []
