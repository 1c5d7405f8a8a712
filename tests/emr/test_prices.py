"""What it costs: the table, the estimate and the bill."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from spark_app.emr import prices
from tests.emr.specs import REGION, cluster, fleet

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
M7G = prices.table()["region"][REGION]["m7g.xlarge"]
HOURLY = M7G["ec2_usd"] + M7G["emr_usd"]


def instance(minutes: float | None = 60, at: datetime = NOON, **overrides: Any) -> dict[str, Any]:
    """An instance that ran so many minutes; null: it still runs."""
    timeline = {"CreationDateTime": at}
    if minutes is not None:
        timeline["EndDateTime"] = at + timedelta(minutes=minutes)
    base = {"InstanceType": "m7g.xlarge", "Market": "ON_DEMAND", "Status": {"Timeline": timeline}}
    return base | overrides


def bill(*instances: dict[str, Any], began: datetime | None = None, minutes: float = 600) -> Any:
    """What instances cost, in USD."""
    return prices.of_instances(instances, REGION, began, NOON + timedelta(minutes=minutes)).usd


def with_fleets(*fleets: dict[str, Any]) -> prices.Cost:
    """What a cluster of these fleets costs an hour."""
    return prices.hourly_of_request(cluster(Instances={"InstanceFleets": fleets}), REGION)


def most_of(*fleets: dict[str, Any], minutes: int) -> float | None:
    return prices.most(cluster(Instances={"InstanceFleets": fleets}), REGION, minutes)


def test_the_table_is_dated_and_complete() -> None:
    assert re.fullmatch(r"20\d\d-\d\d", prices.date())
    assert prices.table()["note"]
    assert 0 < prices.table()["spot_share"] < 1
    for types in prices.table()["region"].values():
        assert types
        for price in types.values():
            assert 0 < price["emr_usd"] < price["ec2_usd"] < 10


def test_one_node_for_a_weekly_run_of_20_minutes_stays_below_15_cents() -> None:
    most = most_of(fleet(), minutes=20)

    assert most == pytest.approx(HOURLY * 28 / 60)
    assert (most or 1) < 0.15


def test_the_most_is_what_spot_costs_that_fell_back_to_on_demand() -> None:
    spot = fleet("TASK", 0, TargetSpotCapacity=1)

    assert most_of(fleet(), spot, minutes=52) == pytest.approx(2 * HOURLY)


def test_the_fleets_of_a_cluster_add_up() -> None:
    cost = with_fleets(fleet(), fleet("CORE", 2))

    assert cost.usd == pytest.approx(3 * HOURLY)
    assert str(cost) == f"{3 * HOURLY:.2f} USD (3 m7g.xlarge)"


def test_spot_takes_off_the_ec2_part_only() -> None:
    cost = with_fleets(fleet("TASK", 0, TargetSpotCapacity=1))

    assert cost.usd == pytest.approx(M7G["ec2_usd"] * prices.table()["spot_share"] + M7G["emr_usd"])


def test_of_several_types_the_dearest_is_assumed() -> None:
    types = [
        {"InstanceType": kind, "WeightedCapacity": 1} for kind in ("m7g.xlarge", "m7g.4xlarge")
    ]

    assert with_fleets(fleet(InstanceTypeConfigs=types)).instances == "1 m7g.4xlarge"


def test_weights_say_how_many_instances_fill_a_fleet() -> None:
    types = [{"InstanceType": "m7g.2xlarge", "WeightedCapacity": 8}]

    assert with_fleets(fleet("CORE", 20, InstanceTypeConfigs=types)).instances == "3 m7g.2xlarge"


def test_a_type_that_the_table_lacks_makes_the_sum_unknown_and_not_wrong() -> None:
    types = [{"InstanceType": "x9z.xlarge"}]

    cost = with_fleets(fleet(), fleet("CORE", InstanceTypeConfigs=types))

    assert cost.usd is None
    assert str(cost) == "an unknown sum (1 m7g.xlarge, 1 x9z.xlarge)"
    assert most_of(fleet(), fleet("CORE", InstanceTypeConfigs=types), minutes=60) is None


def test_the_bill_is_by_the_instances_own_times() -> None:
    assert bill(instance(60), instance(30)) == pytest.approx(1.5 * HOURLY)


def test_an_instance_that_still_runs_is_billed_until_now() -> None:
    assert bill(instance(None), minutes=90) == pytest.approx(1.5 * HOURLY)


def test_a_minute_is_the_least_that_is_billed() -> None:
    assert bill(instance(0.1)) == pytest.approx(HOURLY / 60)


def test_of_a_kept_cluster_only_the_time_of_the_step_counts() -> None:
    began = NOON + timedelta(minutes=50)

    assert bill(instance(None), began=began, minutes=80) == pytest.approx(HOURLY / 2)
    assert bill(instance(40), began=began, minutes=80) == 0
