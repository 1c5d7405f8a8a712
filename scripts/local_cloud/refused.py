"""What EMR refuses at once: requests of the right shape that cannot be right."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scripts.local_cloud.applications import version
from scripts.local_cloud.instance_types import INSTANCE_TYPES
from scripts.local_cloud.protocol import Refused, invalid

_RELEASE = re.compile(  # those that there are, so that a slip is refused here as it is there
    r"emr-(?:5\.(?:\d|[12]\d|3[0-6])\.\d|6\.(?:\d|1[0-5])\.[01]|7\.(?:\d|1[0-4])\.0|spark-8\.[01]\.0)"
)
_NEEDS_ONE = ("TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW", "CANCEL_AND_WAIT")
IDLE_SECONDS = range(60, 604_801)
MAX_STEPS = 256


def check_launch(request: Mapping[str, Any], security_configurations: Iterable[str]) -> None:
    """Refuse a RunJobFlow that EMR would refuse.

    Raises:
        Refused: with EMR's code and a message that says what is wrong.
    """
    label = request.get("ReleaseLabel", "")
    if not _RELEASE.fullmatch(label):
        raise invalid(f"The supplied release label is invalid: {label}.")
    for name in (each["Name"] for each in request.get("Applications", [])):
        if version(name, label) is None:
            raise invalid(f"Application '{name}' is not available in release {label}.")
    _check_instances(request["Instances"])
    check_concurrency(request.get("StepConcurrencyLevel", 1), request.get("Steps", []))
    check_steps(request.get("Steps", []), request.get("StepConcurrencyLevel", 1))
    if "AutoTerminationPolicy" in request:
        check_idle(request["AutoTerminationPolicy"])
    name = request.get("SecurityConfiguration")
    if name and name not in security_configurations:
        raise invalid(f"Security configuration with name '{name}' does not exist.")
    if not request.get("ServiceRole"):
        raise invalid("ServiceRole is required for creating cluster.")
    if not request.get("JobFlowRole"):
        raise invalid("InstanceProfile is required for creating cluster.")
    log_uri = request.get("LogUri")
    if log_uri is not None and not re.fullmatch(r"s3[an]?://[^/]+(/.*)?", log_uri):
        raise invalid(f"The log URI {log_uri} is not valid; it must be an S3 URI.")
    check_tags(request.get("Tags", []))


def _check_instances(instances: Mapping[str, Any]) -> None:
    fleets, groups = instances.get("InstanceFleets"), instances.get("InstanceGroups")
    types = [instances.get(f"{kind}InstanceType") for kind in ("Master", "Slave")]
    if fleets and (groups or any(types) or instances.get("InstanceCount")):
        raise invalid("Instance fleets and instance groups are mutually exclusive.")
    if groups and (any(types) or instances.get("InstanceCount")):
        raise invalid(
            "Please configure instances using one and only one of: instance groups, "
            "or instance count, master and slave instance type."
        )
    if instances.get("Ec2SubnetId") and instances.get("Ec2SubnetIds"):
        raise invalid("Ec2SubnetId and Ec2SubnetIds are mutually exclusive.")
    if groups and len(instances.get("Ec2SubnetIds", [])) > 1:
        raise invalid("Only one subnet may be given with instance groups.")
    if not (fleets or groups or types[0]):
        raise invalid("Must specify exactly one MASTER instance fleet or instance group.")
    for collection, key in ((fleets, "InstanceFleetType"), (groups, "InstanceRole")):
        _check_kinds([part[key] for part in collection or []], key)
    for fleet in fleets or []:
        check_fleet(fleet)
    check_types([*types, *(group["InstanceType"] for group in groups or [])])


def _check_kinds(kinds: Sequence[str], key: str) -> None:
    what = "instance fleet" if key == "InstanceFleetType" else "instance group"
    if not kinds:
        return
    if kinds.count("MASTER") != 1:
        raise invalid(f"Must specify exactly one MASTER {what}.")
    if kinds.count("CORE") > 1 or (what == "instance fleet" and kinds.count("TASK") > 1):
        raise invalid(f"Only one {what} of each type may be specified.")


def check_fleet(fleet: Mapping[str, Any]) -> None:
    """Refuse an instance fleet that cannot be.

    Raises:
        Refused: no capacity is asked for, a primary of more than one, no or too many types.
    """
    kind = fleet["InstanceFleetType"]
    on_demand, spot = (fleet.get(f"Target{name}Capacity", 0) for name in ("OnDemand", "Spot"))
    types = [part["InstanceType"] for part in fleet.get("InstanceTypeConfigs", [])]
    if kind == "MASTER" and on_demand + spot != 1:
        raise invalid(
            "The target capacity of the MASTER instance fleet must be exactly one: "
            "either on-demand or spot."
        )
    if kind != "MASTER" and on_demand + spot < 1:
        raise invalid(
            f"At least one of the target capacities of the {kind} instance fleet must be "
            "greater than 0."
        )
    if not types:
        raise invalid(f"The {kind} instance fleet must have at least one instance type.")
    if len(types) != len(set(types)):
        raise invalid(f"The {kind} instance fleet contains duplicate instance types.")
    if len(types) > 30:
        raise invalid(f"The {kind} instance fleet may have at most 30 instance types.")
    check_types(types)


def check_types(types: Iterable[str | None]) -> None:
    """Refuse instance types that EMR does not have.

    Raises:
        Refused: as said.
    """
    for name in types:
        if name is not None and name not in INSTANCE_TYPES:
            raise invalid(f"Instance type '{name}' is not supported.")


def check_count(items: Sequence[Any] | None, most: int, what: str) -> None:
    """Refuse a request that names more than EMR takes at once.

    Raises:
        Refused: as said.
    """
    if len(items or ()) > most:
        raise invalid(f"Maximum number of {what} for a request is {most}.")


def check_steps(steps: Sequence[Mapping[str, Any]], concurrency: int) -> None:
    """Refuse steps that would end or hold a cluster on which others run beside them.

    Raises:
        Refused: as said.
    """
    check_count(steps, MAX_STEPS, "steps")
    for step in steps:
        action = step.get("ActionOnFailure", "TERMINATE_CLUSTER")
        if concurrency > 1 and action in _NEEDS_ONE:
            raise invalid(
                f"ActionOnFailure {action} is not supported when step concurrency level is greater "
                "than 1: use CONTINUE."
            )


def check_concurrency(level: int, steps: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a step concurrency that EMR does not have, or that `steps` do not allow.

    Raises:
        Refused: as said.
    """
    if not 1 <= level <= 256:
        raise invalid("The step concurrency level must be between 1 and 256.")
    check_steps(steps, level)


def check_idle(policy: Mapping[str, Any]) -> None:
    """Refuse an auto-termination policy whose idle time EMR does not take.

    Raises:
        Refused: as said.
    """
    if policy.get("IdleTimeout") not in IDLE_SECONDS:
        raise invalid(
            f"IdleTimeout must be between {IDLE_SECONDS[0]} and {IDLE_SECONDS[-1]} seconds."
        )


def check_tags(tags: Sequence[Mapping[str, Any]]) -> None:
    """Refuse tags that no resource can carry.

    Raises:
        Refused: a key is missing, given twice, or AWS's own.
    """
    keys = [tag.get("Key") for tag in tags]
    if any(not key for key in keys) or len(keys) != len(set(keys)):
        raise _bad_tags("Tag keys must be given, and given once.")
    if any(str(key).lower().startswith("aws:") for key in keys):
        raise _bad_tags("Tag keys must not begin with aws:.")
    if len(tags) > 50:
        raise _bad_tags("A resource may have at most 50 tags.")


def _bad_tags(message: str) -> Refused:
    return invalid(message)
