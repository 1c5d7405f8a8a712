"""What EMR finds out only while it launches a cluster."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.local_cloud.account import OLD_POLICY, V2_POLICY, Account, allows, trusts
from scripts.local_cloud.records import End, Fleet, Instance, instances_of, with_errors

TAG = "for-use-with-amazon-emr-managed-policies"
_VCPUS = {"medium": 1, "large": 2, "xlarge": 4}
_VCPU_HELP = "https://docs.aws.amazon.com/console/elasticmapreduce/vcpu-limit"


def problem(request: Mapping[str, Any], account: Account) -> End | None:
    """How the launch fails, by what the account holds; null when it does not."""
    return next(_problems(request, account), None)


def _problems(request: Mapping[str, Any], account: Account) -> Iterator[End]:
    for check in (_service_role, _instance_profile, _network, _tags):
        text = check(request, account)
        if text:
            yield with_errors("VALIDATION_ERROR", text)


def _service_role(request: Mapping[str, Any], account: Account) -> str | None:
    name = request["ServiceRole"]
    role = account.role(name)
    if role is None or not trusts(role, "elasticmapreduce.amazonaws.com"):
        return f"EMR service role {name} is invalid"
    policies, statements = account.policies(role["RoleName"])
    if V2_POLICY not in policies and OLD_POLICY not in policies:
        if not allows(statements, "ec2:RunInstances"):
            return f"Service role {role['Arn']} has insufficient EC2 permissions"
        return None
    passed = account.instance_role(request["JobFlowRole"])
    if passed is None or V2_POLICY not in policies or passed.endswith("/EMR_EC2_DefaultRole"):
        return None
    if allows(statements, "iam:PassRole", passed):
        return None
    return (
        f"Service role {role['Arn']} has insufficient IAM permissions: it is not authorized to "
        f"perform iam:PassRole on {passed}"
    )


def _instance_profile(request: Mapping[str, Any], account: Account) -> str | None:
    if account.instance_role(request["JobFlowRole"]) is None:
        return f"Invalid InstanceProfile: {request['JobFlowRole']}."
    return None


def subnets_of(instances: Mapping[str, Any]) -> list[str]:
    """The subnets that a request names."""
    named = [instances["Ec2SubnetId"]] if instances.get("Ec2SubnetId") else []
    return [*named, *instances.get("Ec2SubnetIds", [])]


def _security_groups(instances: Mapping[str, Any]) -> list[str]:
    names = ("EmrManagedMaster", "EmrManagedSlave", "ServiceAccess")
    return [found for name in names if (found := instances.get(f"{name}SecurityGroup"))]


def _network(request: Mapping[str, Any], account: Account) -> str | None:
    for subnet in subnets_of(request["Instances"]):
        if account.subnet(subnet) is None:
            return f"The subnet ID '{subnet}' does not exist"
    for group in _security_groups(request["Instances"]):
        if not account.has_security_group(group):
            return f"The security group '{group}' does not exist"
    return None


def _tags(request: Mapping[str, Any], account: Account) -> str | None:
    """What AmazonEMRServicePolicy_v2 may not use, because it does not carry the policy's tag."""
    role = account.role(request["ServiceRole"])
    if role is None or V2_POLICY not in account.policies(role["RoleName"])[0]:
        return None
    sent = {tag["Key"]: tag.get("Value") for tag in request.get("Tags", [])}
    untagged = [] if sent.get(TAG) == "true" else ["cluster"]
    used = dict.fromkeys(_used(request["Instances"], account))
    untagged += [each for each in used if account.tags(each).get(TAG) != "true"]
    if not untagged:
        return None
    return (
        f"Service role {role['Arn']} has insufficient EC2 permissions. EC2 Message: You are not "
        f"authorized to perform this operation. {V2_POLICY} needs the tag {TAG}=true on: "
        f"{', '.join(untagged)}"
    )


def _used(instances: Mapping[str, Any], account: Account) -> Iterator[str]:
    """What the launch uses of the network: subnets, their VPCs, security groups."""
    for name in subnets_of(instances):
        subnet = account.subnet(name)
        yield name
        if subnet:
            yield subnet["VpcId"]
    yield from _security_groups(instances)


def instances(
    fleets: Sequence[Fleet], faults: Mapping[str, Any], zone: str, used_vcpus: int
) -> list[Instance] | End:
    """The instances of all fleets, or how the launch fails for want of them."""
    lacking = {"ON_DEMAND": list(faults.get("no_capacity", []))}
    lacking["SPOT"] = [*lacking["ON_DEMAND"], *faults.get("no_spot_capacity", [])]
    found: list[Instance] = []
    for fleet in fleets:
        of_fleet = instances_of(fleet, lacking)
        if of_fleet is None:
            return _no_capacity(fleet, zone)
        found += of_fleet
    limit = faults.get("vcpu_limit")
    if limit is not None and used_vcpus + sum(vcpus(each.type) for each in found) > limit:
        return _over_limit(found[-1].type)
    return found


def vcpus(instance_type: str) -> int:
    """How many vCPUs an instance type has, by its size."""
    size = instance_type.partition(".")[2]
    if size.endswith("xlarge") and size != "xlarge":
        return 4 * int(size.removesuffix("xlarge"))
    return _VCPUS.get(size, 4)


def _no_capacity(fleet: Fleet, zone: str) -> End:
    types = fleet.request.get("InstanceTypeConfigs") or [fleet.request]
    kind = types[0]["InstanceType"]
    if fleet.request.get("TargetSpotCapacity") or fleet.request.get("Market") == "SPOT":
        return with_errors(
            "INSTANCE_FAILURE",
            f"Insufficient Spot capacity: there is no Spot capacity for instance type {kind} in "
            f"{zone} that matches your request",
            _detail("INTERNAL_ERROR_SPOT_NO_CAPACITY_PRIMARY", kind, zone),
        )
    return with_errors(
        "VALIDATION_ERROR",
        f"EC2 has insufficient capacity for instance type {kind} in {zone}. Choose a different "
        "instance type or Availability Zone and retry the request",
        _detail("INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ", kind, zone),
    )


def _detail(code: str, kind: str, zone: str) -> dict[str, Any]:
    return {
        "ErrorCode": code,
        "ErrorData": [{"instance-type": kind, "availability-zone": zone}],
        "ErrorMessage": f"No capacity for {kind} in {zone}.",
    }


def _over_limit(kind: str) -> End:
    return with_errors(
        "VALIDATION_ERROR",
        f"The number of vCPUs for instance type {kind} exceeds the EC2 service quota for that "
        "type. Request a service quota increase for your AWS account or choose a different "
        f"instance type and retry the request. For more information, see {_VCPU_HELP}",
    )
