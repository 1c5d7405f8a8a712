"""A plan, and the policies in it: the very documents that an apply would hand to AWS."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

ACCOUNT = "000000000000"  # the emulator's
REGION = "eu-central-1"
BUCKET = f"arn:aws:s3:::spark-app-{ACCOUNT}-{REGION}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/spark-app-{REGION}"
CLUSTER = f"arn:aws:elasticmapreduce:{REGION}:{ACCOUNT}:cluster/j-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
EVERYBODY = ("service", "instance", "operator", "reader")


@dataclass(frozen=True)
class Plan:
    """A plan as `terraform show -json` has it."""

    document: dict[str, Any]

    @cached_property
    def everything(self) -> dict[str, dict[str, Any]]:
        """The planned resources by address; what is known after apply only is absent."""
        root = self.document["planned_values"]["root_module"]
        return {
            resource["address"]: resource["values"]
            for module in _modules(root)
            for resource in module.get("resources", [])
        }

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The planned resources of a type, by address."""
        found = self.everything.items()
        return {address: values for address, values in found if f".{kind}." in f".{address}"}


def _modules(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield module
    for child in module.get("child_modules", []):
        yield from _modules(child)


@dataclass(frozen=True)
class Policies:
    """Who may do what (`identities`), and who may become a role (`trusts`)."""

    plan: Plan

    @cached_property
    def identities(self) -> dict[str, dict[str, Any]]:
        """The policies of our own making: service, instance, operator, reader."""
        return self._documents(("aws_iam_role_policy", "aws_iam_policy"), "policy")

    @cached_property
    def trusts(self) -> dict[str, dict[str, Any]]:
        """Who may become the service role and the instance role."""
        return self._documents(("aws_iam_role",), "assume_role_policy")

    @cached_property
    def bucket(self) -> dict[str, Any]:
        """The bucket's own policy."""
        return self._documents(("aws_s3_bucket_policy",), "policy")["this"]

    @cached_property
    def attached(self) -> dict[str, str]:
        """The policy of AWS's making of each role that has one, by the role's name."""
        found = self.plan.resources("aws_iam_role_policy_attachment").values()
        return {value["role"]: value["policy_arn"] for value in found}

    def _documents(self, kinds: tuple[str, ...], argument: str) -> dict[str, dict[str, Any]]:
        found = [item for kind in kinds for item in self.plan.resources(kind).items()]
        return {address.rpartition(".")[2]: json.loads(v[argument]) for address, v in found}


def request(
    policy: Mapping[str, Any] | None,
    action: str,
    resource: str,
    context: Mapping[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A request, for the simulator, by somebody who has this policy and no other.

    A resource without `arn:` is a key in the bucket, and no key at all is the bucket itself.
    """
    is_arn = resource.startswith("arn:") or resource == "*"
    return {
        "principal": f"arn:aws:iam::{ACCOUNT}:role/somebody",
        "account": ACCOUNT,
        "policies": [] if policy is None else [policy],
        "action": action,
        "resource": resource if is_arn else f"{BUCKET}/{resource}".rstrip("/"),
        "context": {"aws:RequestedRegion": REGION, **(context or {})},
        **more,
    }
