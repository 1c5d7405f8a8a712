"""What a cluster is made of: instances, fleets or groups, steps, and how it ended."""

import math
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scripts.local_cloud.settings import now

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
KINDS = ("MASTER", "CORE", "TASK")
ENDED = ("TERMINATED", "TERMINATED_WITH_ERRORS")


def new_id(prefix: str) -> str:
    """An id as EMR's: the prefix and 13 capitals and digits."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(13))


@dataclass(frozen=True)
class End:
    """Why and how a cluster ends, in EMR's words."""

    state: str
    code: str
    message: str
    details: Sequence[Mapping[str, Any]] = ()


def with_errors(code: str, message: str, *details: Mapping[str, Any]) -> End:
    """An end that is a failure."""
    return End("TERMINATED_WITH_ERRORS", code, message, details)


@dataclass
class Instance:
    """One instance. `ready_at` and `ended_at` are null until then."""

    id: str
    ec2_id: str
    fleet_id: str
    kind: str
    type: str
    market: str
    state: str
    address: str
    created_at: datetime = field(default_factory=now)
    ready_at: datetime | None = None
    ended_at: datetime | None = None
    reason: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Fleet:
    """An instance fleet or an instance group.

    `request` is what was asked for; `ready_at` and `ended_at` are null until then.
    """

    id: str
    kind: str
    is_group: bool
    request: dict[str, Any]
    state: str = "PROVISIONING"
    created_at: datetime = field(default_factory=now)
    ready_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass
class Step:
    """One step of a cluster. `reason` is why it did not run to its end, or null."""

    id: str
    request: Mapping[str, Any]
    state: str = "PENDING"
    created_at: datetime = field(default_factory=now)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str | None = None
    failure: Mapping[str, str] | None = None

    @property
    def action(self) -> str:
        """What happens to the cluster when the step fails."""
        named = str(self.request.get("ActionOnFailure", "TERMINATE_CLUSTER"))
        return "TERMINATE_CLUSTER" if named == "TERMINATE_JOB_FLOW" else named

    def end(self, state: str, reason: str | None = None) -> None:
        """Be over."""
        self.state, self.reason, self.ended_at = state, reason, now()


def fleets_of(instances: Mapping[str, Any]) -> list[Fleet]:
    """The fleets or groups that a request asks for."""
    if fleets := instances.get("InstanceFleets"):
        return [
            Fleet(new_id("if-"), each["InstanceFleetType"], False, dict(each)) for each in fleets
        ]
    groups = instances.get("InstanceGroups") or list(_groups_of_count(instances))
    return [Fleet(new_id("ig-"), each["InstanceRole"], True, dict(each)) for each in groups]


def _groups_of_count(instances: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The groups that a primary and a worker type with a count stand for."""
    primary, count = instances["MasterInstanceType"], instances.get("InstanceCount", 1)
    yield {"InstanceRole": "MASTER", "InstanceType": primary, "InstanceCount": 1}
    if count > 1:
        kind = instances.get("SlaveInstanceType", primary)
        yield {"InstanceRole": "CORE", "InstanceType": kind, "InstanceCount": count - 1}


def instances_of(fleet: Fleet, lacking: Mapping[str, Sequence[str]]) -> list[Instance] | None:
    """The instances that serve a fleet; null when there is no capacity for them.

    `lacking` names the instance types that are not to be had by market.
    """
    request = fleet.request
    if fleet.is_group:
        market = request.get("Market", "ON_DEMAND")
        wanted = [(market, request["InstanceType"], request["InstanceCount"])]
        if request["InstanceType"] in lacking[market]:
            return None
    else:
        found = _of_types(request, lacking)
        if found is None:
            return None
        wanted = found
    return [new_instance(fleet, kind, market) for market, kind, n in wanted for _ in range(n)]


def _of_types(
    request: Mapping[str, Any], lacking: Mapping[str, Sequence[str]]
) -> list[tuple[str, str, int]] | None:
    spot = request.get("LaunchSpecifications", {}).get("SpotSpecification", {})
    may_switch = spot.get("TimeoutAction") == "SWITCH_TO_ON_DEMAND"
    types = {each["InstanceType"]: each for each in request["InstanceTypeConfigs"]}
    wanted = []
    for asked, key in (("ON_DEMAND", "OnDemand"), ("SPOT", "Spot")):
        capacity = request.get(f"Target{key}Capacity", 0)
        markets = (asked, "ON_DEMAND") if may_switch else (asked,)
        free = [
            (market, kind) for market in markets for kind in types if kind not in lacking[market]
        ]
        if capacity and not free:
            return None
        if capacity:
            market, kind = free[0]
            weight = types[kind].get("WeightedCapacity", 1) or 1
            wanted.append((market, kind, math.ceil(capacity / weight)))
    return wanted


def new_instance(fleet: Fleet, kind: str, market: str) -> Instance:
    """An instance that has been asked for."""
    address = f"10.0.{secrets.randbelow(250)}.{secrets.randbelow(250) + 4}"
    ec2_id = f"i-0{secrets.token_hex(8)}"
    return Instance(
        new_id("ci-"), ec2_id, fleet.id, fleet.kind, kind, market, "PROVISIONING", address
    )
