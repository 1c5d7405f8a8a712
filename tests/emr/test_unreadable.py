"""Deliveries that no run could read are refused before a cluster is paid for."""

import pytest

from tests.emr.deployment import Deployment, error_of


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["a//b.parquet"], "a//b.parquet has an empty name"),
        (["t/a.parquet", "t/_delta_log/0.json"], "installs/t is a Delta table"),
    ],
)
def test_a_delivery_that_cannot_be_read_starts_no_cluster(
    keys: list[str], words: str, deployment: Deployment
) -> None:
    for key in keys:
        name = f"lake/raw/installs/{key}"
        deployment.s3.put_object(Bucket=deployment.bucket, Key=name, Body=b"x")

    line = error_of(deployment.submit("r1"), 2)

    assert words in line
    assert deployment.emr.clusters == {}


def test_an_archived_object_starts_no_cluster(deployment: Deployment) -> None:
    key = "lake/elsewhere/a.parquet"
    deployment.s3.put_object(Bucket=deployment.bucket, Key=key, Body=b"x", StorageClass="GLACIER")

    ended = deployment.submit("r1", "--source", f"{deployment.lake}/elsewhere")

    assert "a.parquet is archived (Glacier); restore it" in error_of(ended, 2)
    assert deployment.emr.clusters == {}


def test_a_source_that_cannot_be_listed_from_here_is_left_to_the_run(
    deployment: Deployment,
) -> None:
    ended = deployment.submit("r1", "--no-wait", "--source", f"{deployment.lake}/not-there")

    assert ended.code == 0, ended.err
