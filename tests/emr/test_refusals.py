"""What is refused before a run begins, by EMR, by S3 or by us, and what `submit` says then."""

import pytest

from tests.emr.deployment import Deployment, error_of
from tests.emr.scripted_emr import Fault


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (
            Fault(400, "ExpiredTokenException", "The security token is expired"),
            2,
            ("the AWS credentials have expired", "`aws sso login`"),
        ),
        (
            Fault(400, "AccessDeniedException", "User u is not authorized to perform: RunJobFlow"),
            2,
            ("access to EMR is denied", "operator policy"),
        ),
        (
            Fault(400, "ValidationException", "Instance type x9z.xlarge is not supported"),
            2,
            ("EMR refuses the request (Instance type x9z.xlarge", "correct the Terraform"),
        ),
        (
            Fault(400, "ValidationException", "The number of clusters exceeds the limit of 500"),
            1,
            ("a service limit of the account", "Service Quotas"),
        ),
    ],
)
def test_a_refused_launch_says_what_to_do(
    fault: Fault, code: int, words: tuple[str, ...], deployment: Deployment
) -> None:
    deployment.emr.faults["RunJobFlow"] = [fault]

    line = error_of(deployment.submit("r1"), code)

    for word in words:
        assert word in line


def test_a_lake_table_without_lakes_is_refused_before_anything_is_sent(
    deployment: Deployment,
) -> None:
    asked = ("submit", "app_event", "--lake", f"s3://{deployment.bucket}/lake")

    line = error_of(deployment.app(*asked), 2)

    assert "app_event needs lake tables, which this deployment does not have" in line
    assert "with lakes = true" in line
    assert not deployment.emr.calls


def test_a_bucket_that_is_missing_is_named(deployment: Deployment) -> None:
    ended = deployment.submit("r1", "--lake", "s3://there-is-no-such-bucket/lake")

    assert "the bucket of s3://there-is-no-such-bucket/app/launch.json does not exist" in error_of(
        ended, 2
    )


def test_a_launch_specification_that_is_missing_is_named(deployment: Deployment) -> None:
    deployment.s3.delete_object(Bucket=deployment.bucket, Key="app/launch.json")

    line = error_of(deployment.submit("r1"), 2)

    assert f"there is no launch specification s3://{deployment.bucket}/app/launch.json" in line
    assert "--launch-spec FILE" in line


def test_a_region_where_no_emr_answers_is_named(deployment: Deployment) -> None:
    ended = deployment.submit("r1", AWS_ENDPOINT_URL_EMR="http://127.0.0.2:9")

    line = error_of(ended, 1)

    assert line.startswith("EMR in eu-central-1 cannot be reached")
    assert "region of the launch specification" in line


def test_a_cluster_of_another_region_is_not_found(deployment: Deployment) -> None:
    ended = deployment.submit("r1", "--cluster-id", "j-ELSEWHERE")

    assert "there is no cluster j-ELSEWHERE in eu-central-1 and this account" in error_of(ended, 2)


def test_a_request_that_emr_would_not_understand_is_not_sent(deployment: Deployment) -> None:
    file = deployment.folder / "wrong.json"
    file.write_text(deployment.text(cluster={"Name": "x", "Instances": {"InstanceFleets": "one"}}))

    line = error_of(deployment.submit("r1", "--launch-spec", file), 2)

    assert "RunJobFlow would be malformed (" in line
    assert "InstanceFleets" in line
    assert deployment.emr.calls["RunJobFlow"] == 0


@pytest.mark.parametrize(
    ("state", "tags", "words"),
    [
        ("TERMINATED", {}, "has ended (Steps completed); leave out --cluster-id"),
        ("WAITING", {"spark_app:run_id": "r0"}, "was launched for run r0 alone and ends with it"),
        ("WAITING", {"spark_app:dependencies": None}, "was not started for this application"),
        (
            "WAITING",
            {"spark_app:dependencies": "0" * 16},
            "than this cluster was started with (0000000000000000); renew the cluster: terraform "
            "-chdir=terraform apply -replace='module.compute.aws_emr_cluster.this[0]'",
        ),
    ],
)
def test_a_cluster_that_does_not_fit_is_refused_before_anything_is_sent(
    state: str, tags: dict[str, str | None], words: str, deployment: Deployment
) -> None:
    cluster = deployment.document()["cluster"]
    kept = {tag["Key"]: tag["Value"] for tag in cluster["Tags"]} | tags
    cluster["Tags"] = [{"Key": k, "Value": v} for k, v in kept.items() if v is not None]
    cluster_id = deployment.emr.keep(cluster, state)

    line = error_of(deployment.submit("r1", "--cluster-id", cluster_id), 2)

    assert words in line
    assert set(deployment.emr.calls) == {"DescribeCluster"}
