"""What EMR finds out only while it launches a cluster, and what is made to happen on purpose."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from scripts.local_cloud import RunningCloud
from tests.local_cloud.conftest import ended, until, wait_for
from tests.local_cloud.deployment import TAG, V2, Deployment, bash, deploy, fleet, role, statement

EMR_SERVICE = "elasticmapreduce.amazonaws.com"
INVALID = ("TERMINATED_WITH_ERRORS", "VALIDATION_ERROR")


def test_a_missing_subnet(emr: Any, deployment: Deployment, launch: Callable[..., str]) -> None:
    cluster = launch(deployment.request(instances={"Ec2SubnetIds": ["subnet-0123456789abcdef0"]}))

    message = "The subnet ID 'subnet-0123456789abcdef0' does not exist"
    assert ended(emr, cluster) == (*INVALID, message)


def test_a_missing_security_group(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    gone = {"EmrManagedMasterSecurityGroup": "sg-0123456789abcdef0"}
    cluster = launch(deployment.request(instances=gone))

    message = "The security group 'sg-0123456789abcdef0' does not exist"
    assert ended(emr, cluster) == (*INVALID, message)


def test_a_service_role_that_is_not_there(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(ServiceRole="nobody"))

    assert ended(emr, cluster) == (*INVALID, "EMR service role nobody is invalid")


def test_a_service_role_that_does_not_trust_emr(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(ServiceRole=deployment.instance_role))

    assert ended(emr, cluster) == (
        *INVALID,
        f"EMR service role {deployment.instance_role} is invalid",
    )


def test_a_service_role_without_rights(
    cloud: RunningCloud, emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    weak = role(cloud, "weak", EMR_SERVICE)

    cluster = launch(deployment.request(ServiceRole=weak))

    message = f"Service role {weak} has insufficient EC2 permissions"
    assert ended(emr, cluster) == (*INVALID, message)


def test_a_service_role_with_rights_of_its_own_needs_no_tags(
    cloud: RunningCloud, emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    own = role(cloud, "own", EMR_SERVICE, (), [statement("ec2:Run*", "*")])

    cluster = launch(deployment.request(bash("true"), ServiceRole=own, Tags=[]))

    assert ended(emr, cluster)[:2] == ("TERMINATED", "ALL_STEPS_COMPLETED")


def test_a_service_role_that_may_not_pass_the_instance_role(
    cloud: RunningCloud, emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    alone = role(cloud, "alone", EMR_SERVICE, [V2])

    cluster = launch(deployment.request(ServiceRole=alone))

    state, code, message = ended(emr, cluster)
    assert (state, code) == INVALID
    assert message.endswith(f"not authorized to perform iam:PassRole on {deployment.instance_role}")


def test_a_cluster_without_the_tag_of_the_policy(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(Tags=[{**TAG, "Value": "yes"}]))

    state, code, message = ended(emr, cluster)
    assert (state, code) == INVALID
    assert message.endswith("the tag for-use-with-amazon-emr-managed-policies=true on: cluster")


@pytest.mark.parametrize("which", ["subnet", "vpc"])
def test_a_network_without_the_tag_of_the_policy(
    cloud: RunningCloud, emr: Any, launch: Callable[..., str], which: str
) -> None:
    other = deploy(cloud)
    untagged = getattr(other, which)
    cloud.client("ec2").delete_tags(Resources=[untagged], Tags=[TAG])

    cluster = launch(other.request())

    state, code, message = ended(emr, cluster)
    assert (state, code) == INVALID
    assert message.endswith(f"=true on: {untagged}")


def test_a_missing_instance_profile(
    emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cluster = launch(deployment.request(JobFlowRole="nobody"))

    assert ended(emr, cluster) == (*INVALID, "Invalid InstanceProfile: nobody.")


def test_no_capacity_for_any_type_ends_the_cluster(
    cloud: RunningCloud, emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cloud.set_faults({"no_capacity": ["m7g.xlarge", "m6g.xlarge"]})

    cluster = launch(deployment.request())

    status = wait_for(emr, cluster, "TERMINATED_WITH_ERRORS")
    assert status["StateChangeReason"]["Code"] == "VALIDATION_ERROR"
    assert (
        "insufficient capacity for instance type m7g.xlarge"
        in (status["StateChangeReason"]["Message"])
    )
    assert status["ErrorDetails"][0]["ErrorData"] == [
        {"instance-type": "m7g.xlarge", "availability-zone": "eu-central-1b"}
    ]


def test_no_capacity_for_the_first_type_takes_the_second(
    cloud: RunningCloud, emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cloud.set_faults({"no_capacity": ["m7g.xlarge"]})

    cluster = launch(deployment.request(bash("true")))

    assert ended(emr, cluster)[0] == "TERMINATED"
    assert types_and_markets(emr, cluster) == [("m6g.xlarge", "ON_DEMAND")]


def types_and_markets(emr: Any, cluster: str) -> list[tuple[str, str]]:
    found = emr.list_instances(ClusterId=cluster)["Instances"]
    return [(each["InstanceType"], each["Market"]) for each in found]


def task_fleet(action: str) -> Mapping[str, Any]:
    waiting = {"TimeoutDurationMinutes": 10, "TimeoutAction": action}
    return {
        **fleet("TASK", "m7g.xlarge", spot=2),
        "LaunchSpecifications": {"SpotSpecification": waiting},
    }


def test_no_spot_capacity_ends_the_cluster(
    cloud: RunningCloud, emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cloud.set_faults({"no_spot_capacity": ["m7g.xlarge"]})
    fleets = [fleet("MASTER", "m7g.xlarge"), task_fleet("TERMINATE_CLUSTER")]

    cluster = launch(deployment.request(instances={"InstanceFleets": fleets}))

    state, code, message = ended(emr, cluster)
    assert (state, code) == ("TERMINATED_WITH_ERRORS", "INSTANCE_FAILURE")
    assert message.startswith("Insufficient Spot capacity")


def test_no_spot_capacity_falls_back_to_on_demand(
    cloud: RunningCloud, emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cloud.set_faults({"no_spot_capacity": ["m7g.xlarge"]})
    fleets = [fleet("MASTER", "m7g.xlarge"), task_fleet("SWITCH_TO_ON_DEMAND")]

    cluster = launch(deployment.request(bash("true"), instances={"InstanceFleets": fleets}))

    assert ended(emr, cluster)[0] == "TERMINATED"
    assert types_and_markets(emr, cluster) == [("m7g.xlarge", "ON_DEMAND")] * 3


def test_the_limit_of_vcpus(
    cloud: RunningCloud, emr: Any, deployment: Deployment, launch: Callable[..., str]
) -> None:
    cloud.set_faults({"vcpu_limit": 3})

    cluster = launch(deployment.request())

    state, code, message = ended(emr, cluster)
    assert (state, code) == INVALID
    assert "exceeds the EC2 service quota" in message


def test_throttling_lasts_as_long_as_it_should(cloud: RunningCloud, emr: Any) -> None:
    cloud.set_faults({"throttle": {"ListClusters": 3}})

    with pytest.raises(ClientError, match="ThrottlingException") as refused:
        emr.list_clusters()
    assert refused.value.response["Error"]["Message"] == "Rate exceeded"
    assert emr.list_security_configurations()["SecurityConfigurations"] is not None

    def is_answered() -> bool:
        try:
            emr.list_clusters()
        except ClientError:
            return False
        return True

    until(is_answered, bool, "an answer")


def test_expired_credentials(cloud: RunningCloud, emr: Any) -> None:
    cloud.set_faults({"expired": True})

    with pytest.raises(ClientError, match="ExpiredTokenException"):
        emr.list_clusters()


def test_an_answer_that_is_lost_once_although_the_work_was_done(
    cloud: RunningCloud, emr: Any, deployment: Deployment
) -> None:
    cloud.set_faults({"lose_answer": ["RunJobFlow"]})

    with pytest.raises(ConnectionClosedError):
        emr.run_job_flow(**deployment.request(bash("true"), Name="lost"))

    made = [each for each in emr.list_clusters()["Clusters"] if each["Name"] == "lost"]
    assert len(made) == 1
    assert emr.run_job_flow(**deployment.request(bash("true")))["JobFlowId"] != made[0]["Id"]


def test_faults_that_are_no_json_are_no_faults(cloud: RunningCloud, emr: Any) -> None:
    (cloud.folder / "faults.json").write_text("{")

    assert emr.list_clusters()["Clusters"] is not None
