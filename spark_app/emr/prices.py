"""What clusters cost, from the dated price table `prices.json`.

List prices of EC2 and EMR, without disks, S3 and taxes: they are good for a decision, not for an
invoice.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

BILLED_AT_LEAST_SECONDS = 60
START_MINUTES = 8  # what a cluster takes to start and to end, and is billed


@dataclass(frozen=True)
class Cost:
    """What something costs. `usd` is null when the table lacks a region or an instance type."""

    usd: float | None
    instances: str

    def __str__(self) -> str:
        """As `0.20 USD (1 m7g.xlarge)`."""
        return self._text("")

    def an_hour(self) -> str:
        """As `0.20 USD an hour (1 m7g.xlarge)`."""
        return self._text(" an hour")

    def _text(self, per: str) -> str:
        amount = "an unknown sum" if self.usd is None else f"{self.usd:.2f} USD"
        return f"{amount}{per} ({self.instances})" if self.instances else f"{amount}{per}"


@lru_cache
def table() -> Mapping[str, Any]:
    """The price table: `date`, `note`, `spot_share`, and by region and type USD an hour."""
    return dict(json.loads(files(__package__).joinpath("prices.json").read_text("utf-8")))


def date() -> str:
    """The month of the prices."""
    return str(table()["date"])


def hourly_of_request(cluster: Mapping[str, Any], region: str, spot_market: str = "SPOT") -> Cost:
    """What the cluster of a launch specification costs an hour, at the dearest of its types.

    With the `spot_market` ON_DEMAND it had to fall back to that.
    """
    markets = (("ON_DEMAND", "TargetOnDemandCapacity"), (spot_market, "TargetSpotCapacity"))
    return _sum([kind for fleet in _fleets(cluster) for kind in _of_fleet(fleet, region, markets)])


def most(cluster: Mapping[str, Any], region: str, max_minutes: int) -> float | None:
    """What a run costs that needs all of its time and gets no Spot, in USD; null: not known."""
    hourly = hourly_of_request(cluster, region, "ON_DEMAND").usd
    return None if hourly is None else hourly * (START_MINUTES + max_minutes) / 60


def hourly_of_instances(instances: Iterable[Mapping[str, Any]], region: str) -> Cost:
    """What the instances that run now cost an hour."""
    running = [i for i in instances if _ended_at(i) is None and _began_at(i)]
    return _sum([(i["InstanceType"], 1, _usd(i, region)) for i in running])


def of_instances(
    instances: Sequence[Mapping[str, Any]],
    region: str,
    began: datetime | None,
    ended: datetime,
) -> Cost:
    """What instances cost from `began` (null: their beginning) to `ended`, or their own end."""
    parts = []
    for instance in instances:
        hours = _hours(instance, began, ended)
        if hours:
            usd = _usd(instance, region)
            parts.append((instance["InstanceType"], 1, None if usd is None else usd * hours))
    return _sum(parts)


def _fleets(cluster: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return list(cluster.get("Instances", {}).get("InstanceFleets", []))


_Part = tuple[str, int, float | None]


def _of_fleet(
    fleet: Mapping[str, Any], region: str, markets: Sequence[tuple[str, str]]
) -> list[_Part]:
    """The dearest way to fill a fleet in each market."""
    parts = []
    for market, key in markets:
        capacity = int(fleet.get(key) or 0)
        ways = [_way(config, capacity, market, region) for config in _types(fleet) if capacity]
        if ways:
            parts.append(max(ways, key=lambda way: float("inf") if way[2] is None else way[2]))
    return parts


def _types(fleet: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return list(fleet.get("InstanceTypeConfigs", []))


def _way(config: Mapping[str, Any], capacity: int, market: str, region: str) -> _Part:
    count = -(-capacity // int(config.get("WeightedCapacity") or 1))
    usd = _usd({"InstanceType": config["InstanceType"], "Market": market}, region)
    return config["InstanceType"], count, None if usd is None else usd * count


def _usd(instance: Mapping[str, Any], region: str) -> float | None:
    """USD an hour of one instance, EC2 and EMR; Spot takes off the EC2 part only."""
    prices = table()["region"].get(region, {}).get(instance["InstanceType"])
    if prices is None:
        return None
    share = float(table()["spot_share"]) if instance.get("Market") == "SPOT" else 1.0
    return float(prices["ec2_usd"]) * share + float(prices["emr_usd"])


def _hours(instance: Mapping[str, Any], began: datetime | None, ended: datetime) -> float:
    at, until = _began_at(instance), _ended_at(instance) or ended
    if at is None:
        return 0.0
    seconds = (min(until, ended) - max(at, began or at)).total_seconds()
    return 0.0 if seconds <= 0 else max(seconds, BILLED_AT_LEAST_SECONDS) / 3600


def _began_at(instance: Mapping[str, Any]) -> datetime | None:
    found: datetime | None = instance["Status"].get("Timeline", {}).get("CreationDateTime")
    return found


def _ended_at(instance: Mapping[str, Any]) -> datetime | None:
    found: datetime | None = instance["Status"].get("Timeline", {}).get("EndDateTime")
    return found


def _sum(parts: Iterable[_Part]) -> Cost:
    """Add up; one unknown price makes the sum unknown."""
    counts: dict[str, int] = {}
    usd: float | None = 0.0
    for kind, count, part in parts:
        counts[kind] = counts.get(kind, 0) + count
        usd = None if usd is None or part is None else usd + part
    return Cost(usd, ", ".join(f"{count} {kind}" for kind, count in counts.items()))
