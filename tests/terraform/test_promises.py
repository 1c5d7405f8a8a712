"""What the configuration promises about data, steps and what is committed."""

import re
import shutil
import subprocess
from dataclasses import dataclass

import pytest

from tests.terraform.conftest import CONFIGURATION, ROOT

RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
LOCAL_ONLY = (
    *(".terraform.lock.hcl", "terraform.tfstate", "terraform.tfstate.backup"),
    *("terraform.tfvars", ".terraform/modules/modules.json"),
)


@dataclass(frozen=True)
class Resource:
    """A resource as it is written: its type, its name, and what stands in its block."""

    kind: str
    name: str
    body: str


def resources(kind: str) -> list[Resource]:
    """The resources of a type, in all modules."""
    texts = [path.read_text() for path in sorted(CONFIGURATION.rglob("*.tf"))]
    found = [Resource(*match) for text in texts for match in RESOURCE.findall(text)]
    return [resource for resource in found if resource.kind == kind]


def test_the_bucket_cannot_be_destroyed_by_mistake() -> None:
    (bucket,) = resources("aws_s3_bucket")
    assert re.search(r"^  lifecycle \{\n(.*\n)*?    prevent_destroy = true$", bucket.body, re.M)
    assert "force_destroy" not in bucket.body


def test_no_step_is_declared_and_none_that_was_added_counts_as_a_change() -> None:
    (cluster,) = resources("aws_emr_cluster")
    assert not re.search(r'^\s*(step|dynamic "step") (\{|=)', cluster.body, re.M)
    assert re.search(r"ignore_changes = \[[^\]]*\bstep\b", cluster.body)


def test_no_resource_could_delete_a_version_of_the_application() -> None:
    keys = [re.findall(r'^  key\s+= "(.+)"$', one.body, re.M) for one in resources("aws_s3_object")]
    assert keys == [["app/launch.json"]]
    assert resources("aws_s3_bucket_object") == []


def test_terraform_itself_is_pinned_in_every_module() -> None:
    files = sorted(CONFIGURATION.rglob("versions.tf"))
    assert [path.parent.name for path in files] == ["compute", "lake", "terraform"]
    assert all('required_version = ">= 1.11, < 2.0"' in path.read_text() for path in files)


@pytest.mark.parametrize("name", LOCAL_ONLY)
def test_what_belongs_to_one_deployment_or_machine_is_never_committed(name: str) -> None:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is not a checkout of git")
    assert _git("ls-files", f"terraform/{name}") == ""
    assert _git("check-ignore", f"terraform/{name}") == f"terraform/{name}"


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
