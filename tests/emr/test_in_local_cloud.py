"""Failures that the local cloud really makes: on nodes that run bootstraps and spark-submit."""

from collections.abc import Iterator
from typing import Any

import pytest

from scripts.local_cloud import local_cloud
from tests.e2e import process
from tests.emr.deployment import error_of
from tests.emr.real import V2_POLICY, Real, role, service_role


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A cloud and a deployment in it."""
    folder = tmp_path_factory.mktemp("real")
    with local_cloud(folder / "cloud") as cloud:
        yield Real(cloud, folder)


@pytest.fixture(scope="module")
def ended(real: Real) -> dict[str, process.Ended]:
    """What was said of each of the submissions, whose clusters run at once."""
    bare = role(real.cloud, "bare", "elasticmapreduce.amazonaws.com")
    tagged = service_role(real.cloud, "tagged")
    real.cloud.client("iam").attach_role_policy(RoleName="tagged", PolicyArn=V2_POLICY)
    nowhere = real.instances | {"Ec2SubnetIds": ["subnet-00000000000000000"]}
    clusters: dict[str, dict[str, Any]] = {
        **{act: {} for act in ("missing", "traceback", "memory", "shut")},
        "bootstrap": {"BootstrapActions": real.bootstrap("broken.sh")},
        "download": {"BootstrapActions": real.bootstrap("gone.sh")},
        "subnet": {"Instances": nowhere},
        "role": {"ServiceRole": bare},
        "tag": {"ServiceRole": tagged},
    }
    sent = {act: real.fails(act, parts, "--no-wait") for act, parts in clusters.items()}
    return {act: real.app("watch", one.out.split()[1]) for act, one in sent.items()}


@pytest.mark.parametrize(
    ("act", "code", "words"),
    [
        ("missing", 2, "source s3://b/missing matches no file; check the glob"),
        ("traceback", 1, "the application failed: KeyError: 'no such country'"),
        ("memory", 1, "out of memory on the cluster (MemoryError)"),
        ("shut", 3, "the raw gate is shut; nothing was published"),
        ("bootstrap", 1, "the bootstrap of the cluster failed: wheels are for another arch"),
        ("download", 1, "the bootstrap of the cluster failed (Master instance"),
        ("subnet", 2, "the subnet or its network cannot be used"),
        ("role", 2, "a role is missing or lacks rights"),
        ("tag", 2, "a tag that the service role's policy asks for is missing"),
    ],
)
def test_the_cause_is_told(
    act: str, code: int, words: str, ended: dict[str, process.Ended]
) -> None:
    assert error_of(ended[act], code).startswith(words)


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"no_capacity": ["m7g.xlarge"]}, "there is no capacity (EC2 has insufficient capacity"),
        ({"vcpu_limit": 2}, "a service limit of the account was reached"),
    ],
)
def test_what_ec2_does_not_give_is_told(faults: dict[str, Any], words: str, real: Real) -> None:
    real.cloud.set_faults(faults)
    try:
        ended = real.fails(next(iter(faults)), {})
    finally:
        real.cloud.set_faults({})

    assert error_of(ended, 1).startswith(words)


def test_credentials_that_expired_are_told(real: Real) -> None:
    real.cloud.set_faults({"expired": True})
    try:
        ended = real.app("clusters")
    finally:
        real.cloud.set_faults({})

    assert "the AWS credentials have expired" in error_of(ended, 2)
