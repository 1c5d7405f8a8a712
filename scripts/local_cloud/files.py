"""The files that a cloud writes for its users: the environment to source, Terraform's copy."""

import json
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.local_cloud.settings import ACCOUNT, CHECKOUT, HOST, KEYS, REGION

# Whatever keys, profile and endpoints the shell has, it is this account at this address, or none.
_OVERRIDE = """\
# What ties this copy to the local cloud; everything else is the configuration as it is.
provider "aws" {
  access_key          = "%(key)s"
  secret_key          = "%(secret)s"
  allowed_account_ids = ["%(account)s"]
  s3_use_path_style   = true
  max_retries         = 2

  endpoints {
    emr  = "%(emr)s"
    ec2  = var.%(name)s
    glue = var.%(name)s
    iam  = var.%(name)s
    kms  = var.%(name)s
    s3   = var.%(name)s
    sts  = var.%(name)s
  }
}
"""
# What Terraform starts besides its provider takes keys and endpoint from the shell: so it is asked.
_VARIABLE = """\
variable "%(name)s" {
  description = "Where the local cloud is, set by its file env."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.%(name)s == "%(general)s"
    error_message = "This shell does not lead to the local cloud: run `source %(env)s` first."
  }
}
"""
_PROJECT_DIR = """
variable "project_dir" {
  default = %s
}
"""
_STAY_BEHIND = (
    *(".terraform", "*.tfstate*", "*.tfvars", "*.tfvars.json", "*.tfplan"),
    *("backend*.tf", "*_override.tf", "crash*.log"),
)
_NOT_OURS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CA_BUNDLE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    *(f"AWS_ENDPOINT_URL_{service}" for service in ("S3", "STS", "IAM", "EC2", "KMS", "GLUE")),
)
_SHELL = "local_cloud"  # the variable by which the copy knows the cloud's shell
_NO_PROXY = [f'export {name}="${{{name}:+${name},}}{HOST}"' for name in ("NO_PROXY", "no_proxy")]


def environment(general_url: str, emr_url: str) -> dict[str, str]:
    """What leads any AWS client to the cloud."""
    return {
        "AWS_ENDPOINT_URL": general_url,
        "AWS_ENDPOINT_URL_EMR": emr_url,
        **KEYS,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        f"TF_VAR_{_SHELL}": general_url,
    }


def write_environment(folder: Path, known: Mapping[str, str]) -> Path:
    """Write the file to source."""
    path = folder / "env"
    lines = [f"export {name}={shlex.quote(value)}" for name, value in known.items()]
    lines += [f"export TERRAFORM={shlex.quote(str(folder / 'terraform'))}"]  # for `make destroy`
    path.write_text("\n".join([f"unset {' '.join(_NOT_OURS)}", *lines, *_NO_PROXY, ""]))
    return path


def copy_terraform(
    folder: Path, known: Mapping[str, str], source: Path = CHECKOUT / "terraform"
) -> Path | None:
    """Copy the configuration without its state, tied to the cloud that the environment `known`
    leads to; null when there is none.
    """
    target = folder / "terraform"
    shutil.rmtree(target, ignore_errors=True)
    if not source.is_dir():
        return None
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_STAY_BEHIND))
    has_project_dir = any(
        'variable "project_dir"' in path.read_text() for path in target.glob("*.tf")
    )
    project_dir = _PROJECT_DIR % json.dumps(str(source.parent)) if has_project_dir else ""
    own = _own(folder, known)
    (target / "local_cloud_override.tf").write_text(_OVERRIDE % own + project_dir)
    (target / "local_cloud.tf").write_text(_VARIABLE % own)
    return target


def _own(folder: Path, known: Mapping[str, str]) -> dict[str, str]:
    return {
        "key": known["AWS_ACCESS_KEY_ID"],
        "secret": known["AWS_SECRET_ACCESS_KEY"],
        "account": ACCOUNT,
        "general": known["AWS_ENDPOINT_URL"],
        "emr": known["AWS_ENDPOINT_URL_EMR"],
        "name": _SHELL,
        "env": str(folder / "env"),
    }


def write_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Say that the cloud is ready: whole or not at all."""
    draft = folder / "server.json.new"
    draft.write_text(json.dumps(state))
    draft.replace(folder / "server.json")


def read_state(folder: Path) -> dict[str, Any] | None:
    """What the server said when it was ready; null when there is none."""
    try:
        return dict(json.loads((folder / "server.json").read_text()))
    except (OSError, ValueError):
        return None
