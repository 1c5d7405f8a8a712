"""Why a run failed, told from what EMR and the application left."""

import pytest

from spark_app.emr.explain import Cause, cause_of
from spark_app.errors import GateShut, RunFailed, Unusable
from tests.emr.evidence import evidence, text

TRACEBACK = """26/11/25 12:00:00 INFO SparkContext: Running Spark version 4.1.1
Traceback (most recent call last):
  File "/mnt/tmp/spark/main.py", line 3, in <module>
    raise ValueError("first")
ValueError: first

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/mnt/tmp/spark/main.py", line 5, in <module>
    frob()
KeyError: 'no such country'
26/11/25 12:00:01 INFO ShutdownHookManager: Shutdown hook called
"""
BROKEN = {"layer": "raw", "check": "keys", "severity": "fail", "outcome": "failed"}
WARNED = {"layer": "raw", "check": "age", "severity": "warn", "outcome": "failed"}


def test_what_the_application_recorded_itself_comes_first() -> None:
    manifest = {
        "exit_code": 2,
        "reason": "source s3://b/raw/ matches no file; check",
        "outcome": "failed",
    }

    cause = cause_of(evidence(manifest=manifest, output=TRACEBACK))

    assert cause == Cause("source s3://b/raw/ matches no file; check", 2)


def test_a_shut_gate_names_the_checks_that_shut_it() -> None:
    manifest = {"exit_code": 3, "reason": "the raw gate is shut", "outcome": "gate shut"}

    cause = cause_of(evidence(manifest=manifest, checks=[BROKEN, WARNED]))

    assert cause == Cause("the raw gate is shut (checks that failed: raw.keys)", 3)


def test_a_reason_that_names_the_checks_is_not_told_twice() -> None:
    manifest = {"exit_code": 3, "reason": "raw gate: keys failed", "outcome": "gate shut"}

    assert text(manifest=manifest, checks=[BROKEN]) == "raw gate: keys failed"


def test_a_manifest_of_a_run_that_was_killed_says_nothing() -> None:
    manifest = {"exit_code": None, "reason": None, "outcome": "running"}

    assert "KeyError" in text(manifest=manifest, output=TRACEBACK)


def test_a_failed_bootstrap_is_told_by_the_last_line_of_its_log() -> None:
    said = text(
        code="BOOTSTRAP_FAILURE",
        message="On the master instance (i-1), bootstrap action 1 returned a non-zero return code",
        bootstrap="installing 0.1 s\nerror: wheels are for another architecture\n",
    )

    assert said.startswith(
        "the bootstrap of the cluster failed: wheels are for another architecture (On the master"
    )


def test_without_a_log_of_the_bootstrap_its_place_is_told() -> None:
    assert "its log is s3://b/logs/j-1/node/" in text(code="BOOTSTRAP_FAILURE", message="oh")


def test_a_bootstrap_that_could_not_be_fetched_has_no_log_to_wait_for() -> None:
    message = "The master failed to download bootstrap action 1 file from S3"

    said = text(code="BOOTSTRAP_FAILURE", message=message, bootstrap="of another run")

    assert said.startswith(f"the bootstrap of the cluster failed ({message})")


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        ("USER_REQUEST", "Terminated by user request", "the cluster was ended by somebody"),
        (
            "INTERNAL_ERROR",
            "EC2 is out of capacity for m7g.xlarge in availability zone eu-central-1a",
            "there is no capacity",
        ),
        ("INSTANCE_FLEET_TIMEOUT", "Fleet could not be provisioned", "did not come in time"),
        ("INSTANCE_FAILURE", "Spot instances were terminated", "no Spot instances"),
        (
            "INSTANCE_FAILURE",
            "The master failed: terminated",
            "an instance of the cluster was lost",
        ),
        ("INTERNAL_ERROR", "Request exceeds the EC2 service quota for that type", "service limit"),
        ("VALIDATION_ERROR", "The EBS volume limit was exceeded", "service limit"),
        ("INTERNAL_ERROR", "Throttled from Amazon EC2 while launching", "EC2 was asked too often"),
        ("INTERNAL_ERROR", "Failed", "EMR ended the cluster (INTERNAL_ERROR: Failed)"),
    ],
)
def test_the_end_of_a_cluster_has_many_causes(code: str, message: str, words: str) -> None:
    cause = cause_of(evidence(code, message, "PENDING"))

    assert words in cause.text
    assert message in cause.text
    assert "; " in cause.text.removeprefix(words)
    assert cause.exit_code == 1


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("The subnet subnet-1 does not exist", "the subnet or its network"),
        ("The VPC/subnet configuration was invalid: No route", "the subnet or its network"),
        (
            "Service role arn:x has insufficient EC2 permissions",
            "a role is missing or lacks rights",
        ),
        ("Invalid InstanceProfile: an-instance-profile", "a role is missing or lacks rights"),
        ("The tag for-use-with-x is missing", "a tag that the service role's policy asks for"),
        ("EMR service role r is invalid", "a role is missing or lacks rights"),
        ("The security group 'sg-1' does not exist", "the subnet or its network"),
        ("The policy needs the tag x=true on: subnet-1", "a tag that the service role's policy"),
        ("The key pair k does not exist", "EMR cannot use the configuration"),
    ],
)
def test_a_wrong_configuration_is_told_by_its_part(message: str, words: str) -> None:
    cause = cause_of(evidence("VALIDATION_ERROR", message, "PENDING"))

    assert cause.text.startswith(f"{words}")
    assert "correct the Terraform configuration" in cause.text
    assert cause.exit_code == 2


def test_the_error_code_of_emr_counts_even_when_its_words_do_not() -> None:
    details = [{"ErrorCode": "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ"}]
    status = {
        "StateChangeReason": {"Code": "INTERNAL_ERROR", "Message": "oh"},
        "ErrorDetails": details,
    }

    assert text(cluster={"Status": status}, state="CANCELLED").startswith(
        "there is no capacity (oh)"
    )


def test_the_last_error_line_of_the_application_counts() -> None:
    assert cause_of(
        evidence(
            output="WARN x\nerror: the lake is full\n",
            controller="INFO waitProcessCompletion ended with exit code 2 : spark-submit",
        )
    ) == Cause("the lake is full", 2)


def test_without_a_controllers_log_the_exit_code_is_1() -> None:
    assert cause_of(evidence(output="error: oh; try again")).exit_code == 1


def test_a_traceback_is_told_by_its_last_line() -> None:
    said = text(output=TRACEBACK)

    assert said == (
        "the application failed: KeyError: 'no such country'; the whole of it is in "
        "s3://b/logs/j-1/steps/s-1/"
    )


def test_an_exception_of_java_is_told_too() -> None:
    stderr = 'Exception in thread "main" java.io.IOException: no such jar\n\tat x.y(Z.java:1)\n'

    assert "the application failed: java.io.IOException: no such jar;" in text(output=stderr)


@pytest.mark.parametrize(
    "line",
    [
        "java.lang.OutOfMemoryError: Java heap space",
        "MemoryError",
        "Container killed by YARN for exceeding physical memory limits. 5.5 GB of 5.5 GB used",
        "Container exited with exit code 137",
        "OSError: [Errno 12] Cannot allocate memory",
    ],
)
def test_out_of_memory_has_many_words(line: str) -> None:
    said = text(output=f"INFO a\n{line}\nTraceback (most recent call last):\nX: y\n")

    assert (
        said == f"out of memory on the cluster ({line}); choose a larger instance type or profile"
    )


@pytest.mark.parametrize(
    "line",
    [
        "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling PutObject",
        "java.nio.file.AccessDeniedException: s3://b/x: (Service: S3, Status Code: 403)",
        "User: arn:x is not authorized to perform: kms:Decrypt",
    ],
)
def test_denied_access_has_many_words(line: str) -> None:
    cause = cause_of(evidence(output=f"INFO a\n{line}\n"))

    assert cause.text.startswith(
        f"access denied on the cluster ({line}); compare the role's policy"
    )
    assert cause.exit_code == 2


def test_without_logs_what_emr_found_itself_counts() -> None:
    details = {"Reason": "Unknown Error", "Message": 'Exception in thread "main" a.B: c'}
    step = {"Id": "s-1", "Status": {"State": "FAILED", "FailureDetails": details}}

    assert text(step=step).startswith("the application failed: a.B: c;")


def test_a_cancelled_step_was_cancelled_by_somebody() -> None:
    assert text(code="", state="CANCELLED").startswith("the step was cancelled (by somebody)")


def test_when_nothing_is_known_the_place_of_the_log_is_told() -> None:
    assert text() == (
        "the step ended failed (Steps completed with errors); look at s3://b/logs/j-1/steps/s-1/"
    )


@pytest.mark.parametrize(
    ("code", "kind"), [(1, RunFailed), (2, Unusable), (3, GateShut), (143, RunFailed)]
)
def test_the_runs_own_exit_code_is_passed_on(code: int, kind: type) -> None:
    error = Cause("oh", code).error()

    assert isinstance(error, kind)
    assert error.exit_code == code
