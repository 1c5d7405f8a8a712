"""What S3 and boto3 raise, in one line that says what to do."""

import socket
from datetime import UTC, datetime
from typing import Any

import pytest

from spark_app import aws
from spark_app.errors import AppError, RunFailed, Unusable
from spark_app.lake.lake import Lake
from tests.s3.fault_proxy import Fault, FaultProxy


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "ATTEMPTS", 2)
    monkeypatch.setattr(aws, "READ_SECONDS", 1)


REFUSALS = {
    (403, "AccessDenied"): (Unusable, r"access to s3://.* is denied .*; ask for the right"),
    (400, "ExpiredToken"): (Unusable, "the AWS credentials have expired; run `aws configure`"),
    (403, "InvalidAccessKeyId"): (Unusable, "AWS refuses the credentials .InvalidAccessKeyId."),
    (403, "RequestTimeTooSkewed"): (Unusable, "the clock of this machine is wrong"),
    (400, "AuthorizationHeaderMalformed"): (Unusable, "lies in another region .* set AWS_REGION"),
    (503, "SlowDown"): (RunFailed, "AWS answers 503 SlowDown again and again; try again later"),
    (500, "InternalError"): (RunFailed, "AWS answers 500 InternalError again and again"),
    (400, "SomethingElse"): (RunFailed, "AWS answers SomethingElse: asked to fail"),
}


@pytest.mark.parametrize("answer", REFUSALS)
def test_a_refusal_says_what_to_do(lake: Lake, proxy: FaultProxy, answer: tuple[int, str]) -> None:
    status, code = answer
    kind, words = REFUSALS[answer]
    proxy.rule = lambda asked: Fault(status=status, code=code)
    with pytest.raises(kind, match=words):
        lake.published("t")


def test_a_bucket_that_does_not_exist_is_named(s3: Any) -> None:
    lake = Lake("s3://acme-nothing-here/lake")
    with pytest.raises(Unusable, match=r"the bucket of s3://acme-nothing-here/.* does not exist"):
        lake.published("t")


def refused(monkeypatch: pytest.MonkeyPatch, **environment: str | None) -> AppError:
    for name, value in environment.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    aws.client.cache_clear()
    with pytest.raises(AppError) as raised:
        Lake("s3://acme-data/lake").published("t")
    return raised.value


def test_without_credentials_it_says_how_to_log_in(
    s3: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    error = refused(
        monkeypatch, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, HOME=str(tmp_path)
    )
    assert "there are no usable AWS credentials" in str(error)
    assert "run `aws configure` or `aws sso login`, or set AWS_PROFILE" in str(error)
    assert error.exit_code == 2


def test_a_profile_that_does_not_exist_is_named(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nobody" in str(refused(monkeypatch, AWS_PROFILE="nobody"))


def test_the_region_is_that_of_aws_region_unless_another_is_asked_for(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
    aws.client.cache_clear()
    assert aws.client("glue").meta.region_name == "eu-west-3"
    assert aws.client("glue", "eu-central-1").meta.region_name == "eu-central-1"


def test_a_local_cloud_that_is_down_is_named_at_once(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    error = refused(monkeypatch, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")
    assert str(error) == (
        f"the local cloud is down: nobody listens at http://127.0.0.1:{port}; run `make cloud`, "
        "then `source .cloud/env`, or unset AWS_ENDPOINT_URL"
    )
    assert error.exit_code == 2


def test_an_endpoint_that_is_not_reached_is_named(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    error = refused(monkeypatch, AWS_ENDPOINT_URL="http://127.0.0.2:9")
    assert "cannot be reached" in str(error)
    assert error.exit_code == 1


def test_a_server_that_never_answers_is_given_up(lake: Lake, proxy: FaultProxy) -> None:
    aws.client.cache_clear()
    proxy.rule = lambda asked: Fault(wait_seconds=2)
    with pytest.raises(RunFailed, match=r"cannot be reached .*; try again"):
        lake.published("t")


def test_what_is_left_to_write_after_a_failure_is_tried_three_times_only(
    lake: Lake, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "ATTEMPTS", 8)
    aws.client.cache_clear()
    proxy.rule = lambda asked: Fault(status=503, code="SlowDown")
    lake.store.hurry()
    proxy.asked.clear()
    with pytest.raises(RunFailed):
        lake.write_manifest("second", {})
    assert [asked.method for asked in proxy.asked] == ["PUT"] * 3


def test_a_lock_is_given_back_in_a_hurry(lake: Lake, proxy: FaultProxy) -> None:
    now = datetime.now(UTC)
    with lake.lock("t", "first", now, print):
        lake.store.hurry()
        proxy.rule = lambda asked: Fault(status=503, code="SlowDown")
    assert [asked.method for asked in proxy.asked].count("DELETE") == 3
