"""What EMR refuses at once, with its codes."""

import http.client
import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from scripts.local_cloud import RunningCloud
from tests.local_cloud.conftest import ended, wait_for
from tests.local_cloud.deployment import Deployment, bash, fleet

GROUPS = [{"InstanceRole": "MASTER", "InstanceType": "m7g.xlarge", "InstanceCount": 1}]
TOO_MANY = [fleet("MASTER", "m7g.xlarge", on_demand=2)]
TWICE = [fleet("MASTER", "m7g.xlarge"), fleet("MASTER", "m7g.xlarge")]
NO_PRIMARY = [fleet("CORE", "m7g.xlarge")]
NO_TYPES = [fleet("MASTER")]
SAME_TYPES = [fleet("MASTER", "m7g.xlarge", "m7g.xlarge")]
ENDING = bash("true", action="TERMINATE_CLUSTER")


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Code and message with which a call is refused."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ReleaseLabel": "emr-8.1.0"}, "The supplied release label is invalid: emr-8.1.0."),
        ({"ReleaseLabel": "emr-7.41.0"}, "The supplied release label is invalid: emr-7.41.0."),
        (
            {"ReleaseLabel": "emr-spark-8.1"},
            "The supplied release label is invalid: emr-spark-8.1.",
        ),
        ({"instances": {"InstanceGroups": GROUPS}}, "mutually exclusive"),
        ({"instances": {"InstanceFleets": TOO_MANY}}, "must be exactly one"),
        ({"instances": {"InstanceFleets": TWICE}}, "exactly one MASTER instance fleet"),
        ({"instances": {"InstanceFleets": NO_PRIMARY}}, "exactly one MASTER instance fleet"),
        ({"instances": {"InstanceFleets": NO_TYPES}}, "at least one instance type"),
        ({"instances": {"InstanceFleets": SAME_TYPES}}, "duplicate instance types"),
        ({"instances": {"InstanceFleets": None}}, "exactly one MASTER"),
        ({"instances": {"Ec2SubnetId": "subnet-1"}}, "mutually exclusive"),
        ({"StepConcurrencyLevel": 300}, "between 1 and 256"),
        ({"StepConcurrencyLevel": 2, "Steps": [ENDING]}, "TERMINATE_CLUSTER is not supported"),
        ({"AutoTerminationPolicy": {"IdleTimeout": 59}}, "between 60 and 604800"),
        ({"AutoTerminationPolicy": {"IdleTimeout": 604_801}}, "between 60 and 604800"),
        ({"SecurityConfiguration": "none"}, "with name 'none' does not exist"),
        ({"ServiceRole": ""}, "ServiceRole is required"),
        ({"JobFlowRole": ""}, "InstanceProfile is required"),
        ({"LogUri": "https://acme/logs"}, "is not valid; it must be an S3 URI"),
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, "given once"),
        ({"Tags": [{"Key": "aws:a", "Value": "1"}]}, "must not begin with aws:"),
        ({"Tags": [{"Key": f"k{n}", "Value": "1"} for n in range(51)]}, "at most 50 tags"),
        ({"Steps": [bash("true")] * 257}, "Maximum number of steps"),
        ({"RepoUpgradeOnBoot": "MAYBE"}, "enum value set: [SECURITY, NONE]"),
    ],
)
def test_a_launch_that_cannot_be_right_is_refused(
    emr: Any, deployment: Deployment, changes: dict[str, Any], message: str
) -> None:
    code, said = refusal(emr.run_job_flow, **deployment.request(**changes))

    assert code == "ValidationException"
    assert message in said


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("describe_cluster", {}),
        ("list_steps", {}),
        ("list_instances", {}),
        ("list_instance_fleets", {}),
        ("list_bootstrap_actions", {}),
        ("get_auto_termination_policy", {}),
        ("describe_step", {"StepId": "s-1"}),
        ("cancel_steps", {"StepIds": ["s-1"]}),
    ],
)
def test_a_cluster_that_does_not_exist_is_not_valid(
    emr: Any, operation: str, request_: dict[str, Any]
) -> None:
    code, said = refusal(getattr(emr, operation), ClusterId="j-NONE", **request_)

    assert (code, said) == ("InvalidRequestException", "Cluster id 'j-NONE' is not valid.")


def test_a_cluster_of_another_region_is_not_valid(
    cloud: RunningCloud, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(bash("sleep 60")))

    elsewhere = cloud.client("emr", region="us-east-1")

    assert "is not valid" in refusal(elsewhere.describe_cluster, ClusterId=cluster)[1]


def test_an_ended_cluster_takes_no_step_and_no_change(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(bash("true")))
    ended(emr, cluster)
    policy = {"IdleTimeout": 60}

    said = [
        refusal(emr.add_job_flow_steps, JobFlowId=cluster, Steps=[bash("true")]),
        refusal(emr.modify_cluster, ClusterId=cluster, StepConcurrencyLevel=2),
        refusal(emr.put_auto_termination_policy, ClusterId=cluster, AutoTerminationPolicy=policy),
    ]

    assert {code for code, _ in said} == {"ValidationException"}
    assert all("terminated, or finished may not be modified" in message for _, message in said)


def test_a_step_that_would_end_the_cluster_is_refused_beside_others(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    kept = {"KeepJobFlowAliveWhenNoSteps": True}
    cluster = launch(deployment.request(StepConcurrencyLevel=2, instances=kept))

    code, said = refusal(emr.add_job_flow_steps, JobFlowId=cluster, Steps=[ENDING])

    assert code == "ValidationException" and "use CONTINUE" in said


def test_a_protected_cluster_cannot_be_ended_and_the_others_are(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    kept = {"KeepJobFlowAliveWhenNoSteps": True}
    protected = launch(deployment.request(instances={**kept, "TerminationProtected": True}))
    other = launch(deployment.request(instances=kept))

    code, said = refusal(emr.terminate_job_flows, JobFlowIds=[protected, other])

    assert code == "ValidationException" and "termination protected" in said
    assert ended(emr, other)[1] == "USER_REQUEST"
    wait_for(emr, protected, "WAITING")
    emr.set_termination_protection(JobFlowIds=[protected], TerminationProtected=False)
    emr.terminate_job_flows(JobFlowIds=[protected])
    assert ended(emr, protected)[0] == "TERMINATED"


def test_an_unknown_security_configuration_is_told(emr: Any) -> None:
    for call in (emr.describe_security_configuration, emr.delete_security_configuration):
        code, said = refusal(call, Name="none")

        assert code == "InvalidRequestException" and "'none' does not exist" in said


def test_a_marker_that_is_none_is_refused(emr: Any) -> None:
    assert refusal(emr.list_clusters, Marker="x")[1] == "Marker 'x' is not valid."


AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=k/20261125/eu-central-1/elasticmapreduce/aws4_request"
LIST = "ElasticMapReduce.ListClusters"
RUN = "ElasticMapReduce.RunJobFlow"
DEPTH = 400  # the model's Configurations hold Configurations
DEEP = b'{"Configurations":' + b'[{"Configurations":' * DEPTH + b"[]" + b"}]" * DEPTH + b"}"


@pytest.mark.parametrize(
    ("method", "target", "body", "authorization", "code"),
    [
        ("POST", LIST, b"not json", AUTHORIZATION, "SerializationException"),
        ("POST", LIST, b"[]", AUTHORIZATION, "SerializationException"),
        ("POST", LIST, b"[" * 100_000, AUTHORIZATION, "SerializationException"),
        ("POST", LIST, b"\xff\x00", AUTHORIZATION, "SerializationException"),
        ("POST", LIST, b'{"Nothing": 1}', AUTHORIZATION, "ValidationException"),
        ("POST", LIST, b'{"ClusterStates": "RUNNING"}', AUTHORIZATION, "ValidationException"),
        ("POST", LIST, b'{"ClusterStates": ["GONE"]}', AUTHORIZATION, "ValidationException"),
        ("POST", LIST, b'{"CreatedAfter": "x"}', AUTHORIZATION, "ValidationException"),
        ("POST", LIST, b'{"CreatedAfter": "2026-01-01"}', AUTHORIZATION, "ValidationException"),
        ("POST", LIST, b'{"CreatedAfter": 1e999}', AUTHORIZATION, "SerializationException"),
        ("POST", LIST, b'{"CreatedAfter": NaN}', AUTHORIZATION, "SerializationException"),
        (
            "POST",
            LIST,
            b'{"CreatedAfter": 1%s}' % (b"0" * 30),
            AUTHORIZATION,
            "SerializationException",
        ),
        ("POST", RUN, DEEP, AUTHORIZATION, "SerializationException"),
        ("POST", LIST, b" " * (11 << 20), AUTHORIZATION, "RequestEntityTooLargeException"),
        ("BREW", LIST, b"", AUTHORIZATION, "UnknownOperationException"),
        ("POST", "ElasticMapReduce.Fly", b"{}", AUTHORIZATION, "UnknownOperationException"),
        ("POST", "ElasticMapReduce.ListStudios", b"{}", AUTHORIZATION, "UnknownOperationException"),
        ("POST", "", b"{}", AUTHORIZATION, "UnknownOperationException"),
        ("POST", LIST, b"{}", "", "MissingAuthenticationTokenException"),
        ("GET", LIST, b"", AUTHORIZATION, "UnknownOperationException"),
        ("DELETE", LIST, b"", AUTHORIZATION, "UnknownOperationException"),
    ],
)
def test_rubbish_is_refused_and_the_server_lives_on(
    cloud: RunningCloud,
    emr: Any,
    method: str,
    target: str,
    body: bytes,
    authorization: str,
    code: str,
) -> None:
    headers = {"X-Amz-Target": target, "Authorization": authorization}
    connection = http.client.HTTPConnection(endpoint(cloud), timeout=10)

    connection.request(method, "/", body, headers)
    answer = connection.getresponse()

    assert answer.status in (400, 403, 404, 413, 501)
    assert json.loads(answer.read())["__type"] == code
    assert emr.list_clusters()["Clusters"] is not None


def test_what_is_no_http_does_not_hurt(cloud: RunningCloud, emr: Any) -> None:
    host, _, port = endpoint(cloud).partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01 nothing\r\n\r\n")
        assert connection.recv(100)

    assert emr.list_clusters()["Clusters"] is not None


def endpoint(cloud: RunningCloud) -> str:
    return urlsplit(cloud.environment["AWS_ENDPOINT_URL_EMR"]).netloc
