"""What each role and policy may and may not do, by a simulator of IAM.

The policies are read from Terraform's plan of the configuration as it is, not typed again.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.conftest import Terraform
from tests.terraform.iam_requests import (
    ACCOUNT,
    ALLOWED,
    BUCKET,
    REFUSED,
    WITH_KEY,
    WITH_LAKES,
    WITHOUT_LAKES,
    Ask,
    listing,
)
from tests.terraform.iam_simulator import Simulator

PLANS = Path(__file__).parent / "iam" / "policies.tftest.hcl"
ADDRESSES = {
    "service": "module.compute.aws_iam_role_policy.service",
    "instance": "module.compute.aws_iam_role_policy.instance",
    "operator": "module.compute.aws_iam_policy.operator",
    "reader": "module.compute.aws_iam_policy.reader",
    "bucket": "module.lake.aws_s3_bucket_policy.this",
    "endpoint": "module.compute.aws_vpc_endpoint.s3[0]",
    "glue_endpoint": "module.compute.aws_vpc_endpoint.glue[0]",
    "deliverer": 'module.compute.aws_iam_policy.deliverer["app_event"]',
}
IDENTITIES = ("service", "instance", "operator", "reader")
Policies = Mapping[str, Any]
KEY_POLICY = {  # AWS's own default: a key leaves it to the account's IAM
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


@pytest.fixture(scope="module")
def plans(terraform: Terraform) -> dict[str, Policies]:
    """The policies by name, of a deployment without more (`default`), of one with a key, and of one
    with lake tables and a deliverer."""
    folder = terraform.folder / "plans"
    folder.mkdir()
    shutil.copy(PLANS, folder)
    done = terraform.run("test", "-test-directory=plans", "-verbose", "-json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    found: dict[str, Policies] = {
        line["@testrun"]: _policies(line["test_plan"]) for line in told if "test_plan" in line
    }
    assert set(found) == {"default", "key", "lakes"}, done.stdout[-2000:]
    return found


def _policies(plan: Mapping[str, Any]) -> dict[str, Any]:
    planned = {change["address"]: change["change"]["after"] for change in plan["resource_changes"]}
    return {
        name: json.loads(planned[address]["policy"])
        for name, address in ADDRESSES.items()
        if address in planned
    }


@pytest.fixture(scope="module")
def default(plans: dict[str, Policies]) -> Policies:
    """The policies without a key."""
    return plans["default"]


def answers(
    simulator: Simulator, policies: Policies, asks: Sequence[Ask], **more: Any
) -> dict[str, bool]:
    """Whether each request is allowed, by its text."""
    requests = [
        {
            "principal": f"arn:aws:iam::{ACCOUNT}:role/{ask.who}",
            "account": ACCOUNT,
            "policies": [policies[ask.who]],
            "action": ask.action,
            "resource": ask.arn,
            "context": dict(ask.context),
            **more,
        }
        for ask in asks
    ]
    return dict(zip(map(str, asks), simulator.are_allowed(requests), strict=True))


def test_what_each_must_do_is_allowed(simulator: Simulator, default: Policies) -> None:
    told = answers(simulator, default, ALLOWED)
    assert len(told) == len(ALLOWED)
    assert [request for request, is_allowed in told.items() if not is_allowed] == []


def test_what_nobody_needs_is_refused(simulator: Simulator, default: Policies) -> None:
    told = answers(simulator, default, REFUSED)
    assert len(told) == len(REFUSED)
    assert [request for request, is_allowed in told.items() if is_allowed] == []


def test_every_identity_has_both_kinds_of_request() -> None:
    for asks in (ALLOWED, REFUSED):
        assert {ask.who for ask in asks} == set(IDENTITIES)


def test_a_key_may_be_used_but_not_managed(
    simulator: Simulator, plans: dict[str, Policies]
) -> None:
    told = answers(simulator, plans["key"], [ask for ask, _ in WITH_KEY], resourcePolicy=KEY_POLICY)
    assert told == {str(ask): is_allowed for ask, is_allowed in WITH_KEY}


def test_lake_tables_are_written_by_nodes_and_operators_and_read_by_readers(
    simulator: Simulator, plans: dict[str, Policies]
) -> None:
    told = answers(simulator, plans["lakes"], [ask for ask, _ in WITH_LAKES])
    assert told == {str(ask): is_allowed for ask, is_allowed in WITH_LAKES}


def test_with_lakes_everything_else_stays(
    simulator: Simulator, plans: dict[str, Policies], default: Policies
) -> None:
    more = (
        "instance s3:DeleteObject lake/runs/R/staging/",  # a run of a lake table takes away its own
        *(
            f"operator s3:PutObject lake/{path}/" for path in ("runs/R/staging", "quality")
        ),  # forget
    )
    asks = [ask for ask in REFUSED if not str(ask).startswith(more)]
    assert set(answers(simulator, plans["lakes"], asks).values()) == {False}
    assert set(answers(simulator, plans["lakes"], ALLOWED).values()) == {True}
    assert set(answers(simulator, default, WITHOUT_LAKES).values()) == {False}


def test_the_way_to_glue_leads_the_nodes_to_their_database_alone(
    simulator: Simulator, plans: dict[str, Policies]
) -> None:
    mine = {"aws:PrincipalAccount": ACCOUNT}
    of_nodes = [(a, is_) for a, is_ in WITH_LAKES if a.who == "instance" and "glue:" in a.action]
    asks = [Ask("thief", ask.action, ask.resource, mine) for ask, _ in of_nodes]
    anything = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    }
    policies = {"thief": anything}
    endpoint = plans["lakes"]["glue_endpoint"]
    told = answers(simulator, policies, asks, endpointPolicy=endpoint)
    assert list(told.values()) == [is_allowed for _, is_allowed in of_nodes]


def test_without_tls_the_bucket_refuses_even_who_is_allowed(
    simulator: Simulator, default: Policies
) -> None:
    asks = [
        Ask("reader", "s3:GetObject", "lake/final/t/t.parquet"),
        listing("reader", "lake/final/"),
    ]
    for is_tls in (True, False):
        over = [
            Ask(
                a.who,
                a.action,
                a.resource,
                {**a.context, "aws:SecureTransport": str(is_tls).lower()},
            )
            for a in asks
        ]
        told = answers(simulator, default, over, resourcePolicy=default["bucket"])
        assert set(told.values()) == {is_tls}


def test_the_nodes_endpoint_lets_the_job_through(simulator: Simulator, default: Policies) -> None:
    mine = {"aws:PrincipalAccount": ACCOUNT}
    asks = [
        Ask(ask.who, ask.action, ask.resource, {**ask.context, **mine})
        for ask in ALLOWED
        if ask.who == "instance"
    ]
    told = answers(simulator, default, asks, endpointPolicy=default["endpoint"])
    assert [request for request, is_allowed in told.items() if not is_allowed] == []


def test_the_nodes_endpoint_lets_nothing_out_to_other_buckets_or_with_other_credentials(
    simulator: Simulator, default: Policies
) -> None:
    anything = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    }
    asks = [
        Ask(
            "thief",
            "s3:PutObject",
            "arn:aws:s3:::another-bucket/a",
            {"aws:PrincipalAccount": ACCOUNT},
        ),
        Ask("thief", "s3:PutObject", "lake/final/a", {"aws:PrincipalAccount": "999999999999"}),
    ]
    told = answers(simulator, {"thief": anything}, asks, endpointPolicy=default["endpoint"])
    assert set(told.values()) == {False}


def test_no_policy_allows_every_action_or_needs_every_resource(plans: dict[str, Policies]) -> None:
    statements = [
        statement
        for policies in plans.values()
        for name in IDENTITIES
        for statement in policies[name]["Statement"]
    ]
    assert [s["Sid"] for s in statements if any("*" in action for action in s["Action"])] == []
    everywhere = [s for s in statements if "*" in s["Resource"]]
    assert {s["Sid"] for s in everywhere} == {"Launch", "FindClusters"}  # these name no resource
    assert all("Condition" in statement for statement in everywhere)


def test_no_identity_reaches_outside_its_bucket(plans: dict[str, Policies]) -> None:
    for name in (*IDENTITIES, "deliverer"):
        for statement in plans["lakes"][name]["Statement"]:
            if any(action.startswith("s3:") for action in statement["Action"]):
                assert all(resource.startswith(BUCKET) for resource in statement["Resource"])


def test_a_request_that_does_not_exist_is_an_error_not_a_refusal(
    simulator: Simulator, default: Policies
) -> None:
    with pytest.raises(ValueError, match="s3:GetObjekt"):
        answers(simulator, default, [Ask("reader", "s3:GetObjekt", "lake/final/a")])
