"""What none of the four may do, and the ways by which rights could grow."""

import json
import re
from collections.abc import Mapping
from typing import Any

import boto3
import pytest

from tests.terraform.conftest import ROOT
from tests.terraform.iam_simulator import Simulator
from tests.terraform.real_plan.policies import (
    ACCOUNT,
    CLUSTER,
    EVERYBODY,
    KEY,
    REGION,
    ROLE,
    Policies,
    request,
)

OBJECTS = (
    *("lake/raw/installs/a.parquet", "lake/final/organic_share/organic_share.parquet"),
    *("lake/locks/organic_share.json", "lake/runs/R/final/organic_share/organic_share.parquet"),
    "app/0123456789abcdef/spark_app.zip",
)
BUCKET_RIGHTS = (
    *("PutBucketPolicy", "DeleteBucketPolicy", "PutBucketVersioning", "PutBucketAcl"),
    *("PutLifecycleConfiguration", "PutEncryptionConfiguration", "PutBucketPublicAccessBlock"),
    *("DeleteBucket", "PutReplicationConfiguration"),
)
ROLE_RIGHTS = (
    *("CreateRole", "DeleteRole", "AttachRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy"),
)
KEY_RIGHTS = ("ScheduleKeyDeletion", "PutKeyPolicy", "DisableKey")
NAMES_NO_CLUSTER = ("RunJobFlow", "ListClusters")
ONLY_TELLS_WHOSE = "DescribeCluster"  # without it nobody could see that a cluster is not ours
OUR_NAME = "spark-app"
OUR_TAGS = {
    "aws:RequestTag/spark_app:deployment": OUR_NAME,
    "aws:RequestTag/for-use-with-amazon-emr-managed-policies": "true",
}
OURS = {"aws:ResourceTag/spark_app:deployment": OUR_NAME}
ANOTHERS = {"aws:ResourceTag/spark_app:deployment": "another"}
INLINE_LIMIT, MANAGED_LIMIT = 10_240, 6_144  # characters, without white space
LIMITS = dict.fromkeys(EVERYBODY, INLINE_LIMIT) | dict.fromkeys(
    ("operator", "reader"), MANAGED_LIMIT
)
KEYS_OWN_POLICY = {  # AWS's default: the identity policies of the account decide
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


def allowed(simulator: Simulator, requests: list[dict[str, Any]]) -> list[str]:
    """Those that AWS would allow, in words."""
    answers = zip(requests, simulator.are_allowed(requests), strict=True)
    return [f"{one['action']} {one['resource']}" for one, is_allowed in answers if is_allowed]


@pytest.mark.parametrize("who", EVERYBODY)
def test_nobody_changes_the_bucket_a_role_or_the_key(
    who: str, simulator: Simulator, policies: Policies
) -> None:
    policy, by_key = policies.identities[who], {"resourcePolicy": KEYS_OWN_POLICY}
    asked = [
        *(request(policy, f"s3:{right}", "") for right in BUCKET_RIGHTS),
        *(request(policy, f"iam:{right}", f"{ROLE}-instance") for right in ROLE_RIGHTS),
        *(request(policy, f"kms:{right}", KEY, None, **by_key) for right in KEY_RIGHTS),
    ]
    assert allowed(simulator, asked) == []


@pytest.mark.parametrize("who", EVERYBODY)
def test_nobody_deletes_an_old_version_or_opens_an_object(
    who: str, simulator: Simulator, policies: Policies
) -> None:
    actions = ("s3:DeleteObjectVersion", "s3:PutObjectAcl")
    policy = policies.identities[who]
    asked = [request(policy, action, key) for action in actions for key in OBJECTS]
    assert allowed(simulator, asked) == []


def test_nobody_makes_a_cluster_ours_by_a_tag(simulator: Simulator, policies: Policies) -> None:
    """Whoever may tag any cluster as ours may end it, and run steps with its role's rights."""
    circumstances = (OUR_TAGS, {**OUR_TAGS, **ANOTHERS})
    asked = [
        request(policies.identities[who], "elasticmapreduce:AddTags", CLUSTER, context)
        for who in EVERYBODY
        for context in circumstances
    ]
    assert allowed(simulator, asked) == []


@pytest.mark.parametrize("tags", [{}, ANOTHERS], ids=["no tag", "another's tag"])
def test_an_operator_has_no_hold_on_a_cluster_that_is_not_ours(
    tags: Mapping[str, str], simulator: Simulator, policies: Policies
) -> None:
    operator = policies.identities["operator"]
    free = (*NAMES_NO_CLUSTER, ONLY_TELLS_WHOSE)
    actions = [action for action in _what_submit_asks() if action not in free]
    asked = [request(operator, f"elasticmapreduce:{one}", CLUSTER, tags) for one in actions]
    assert allowed(simulator, asked) == []


def test_an_operator_may_do_what_submit_asks_of_emr(
    simulator: Simulator, policies: Policies
) -> None:
    operator, actions = policies.identities["operator"], _what_submit_asks()
    assert {"RunJobFlow", "AddJobFlowSteps", "DescribeCluster", "ListSteps"} <= set(actions)
    asked = [request(operator, f"elasticmapreduce:{one}", *_on(one)) for one in actions]
    assert len(allowed(simulator, asked)) == len(actions)


def _on(action: str) -> tuple[str, Mapping[str, str]]:
    """What an action of EMR is about, and under which circumstances it is ours."""
    if action in NAMES_NO_CLUSTER:
        return "*", OUR_TAGS if action == "RunJobFlow" else {}
    return CLUSTER, OURS


def _what_submit_asks() -> list[str]:
    """The actions of EMR that `spark_app/emr/service.py` calls."""
    source = (ROOT / "spark_app" / "emr" / "service.py").read_text()
    called = re.findall(r"self\._(?:reader|sender)\.(\w+)\(|self\._all\(\s*\"(\w+)\"", source)
    names = boto3.client("emr", region_name=REGION).meta.method_to_api_mapping
    return sorted({names[name] for pair in called for name in pair if name in names})


@pytest.mark.parametrize(
    ("role", "service", "source_account", "is_allowed"),
    [
        ("service", "elasticmapreduce", ACCOUNT, True),
        ("service", "elasticmapreduce", "999999999999", False),
        ("service", "ec2", ACCOUNT, False),
        ("instance", "ec2", ACCOUNT, True),
        ("instance", "elasticmapreduce", ACCOUNT, False),
        ("instance", "lambda", ACCOUNT, False),
    ],
)
def test_a_role_is_taken_by_its_service_and_on_behalf_of_our_account_only(
    role: str,
    service: str,
    source_account: str,
    is_allowed: bool,
    simulator: Simulator,
    policies: Policies,
) -> None:
    source = {"aws:SourceAccount": source_account, "aws:SourceArn": CLUSTER}
    asked = request(None, "sts:AssumeRole", f"{ROLE}-{role}", source)
    by = {"principal": f"{service}.amazonaws.com", "resourcePolicy": policies.trusts[role]}
    assert simulator.are_allowed([{**asked, **by}]) == [is_allowed]


def test_emr_has_awss_own_policy_and_nobody_else_has_one(policies: Policies) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
    assert policies.attached == {f"spark-app-{REGION}-service": arn}


def test_the_bucket_policy_lets_nobody_in(policies: Policies) -> None:
    assert {statement["Effect"] for statement in policies.bucket["Statement"]} == {"Deny"}


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_policy_says_what_is_allowed_and_not_what_is_left_out(
    who: str, policies: Policies
) -> None:
    statements = policies.identities[who]["Statement"]
    assert statements
    assert [one for one in statements if {"NotAction", "NotResource"} & set(one)] == []


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_policy_is_no_longer_than_aws_takes(who: str, policies: Policies) -> None:
    text = json.dumps(policies.identities[who], separators=(",", ":"))
    assert len(text) <= LIMITS[who]


def test_a_wider_policy_would_be_found(simulator: Simulator, policies: Policies) -> None:
    """The simulator reads what it is given: `lake/final/*` is what shuts `raw/` off."""
    narrow = json.dumps(policies.identities["reader"])
    wide = narrow.replace("/lake/final/*", "/lake/*")
    asked = [request(json.loads(text), "s3:GetObject", OBJECTS[0]) for text in (narrow, wide)]
    assert simulator.are_allowed(asked) == [False, True]
