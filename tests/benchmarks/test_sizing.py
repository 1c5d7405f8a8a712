"""What a run on a cluster is calculated to take follows from what was measured."""

import pytest

from benchmarks import sizing
from spark_app.emr.prices import START_MINUTES

RESULTS = """
<!-- bench:50M -->
| this job, everything on | 30.0 | 30.0 | 1.00x | 1 | same |
<!-- /bench:50M -->
<!-- bench:500M -->
| this job, everything on | 120.0 | 120.0 | 1.00x | 1 | same |
<!-- /bench:500M -->
"""
FOUR_CORES = sizing.Cluster("single", (sizing.Nodes("m7g.xlarge", 1),), 4)


def test_the_slope_is_that_between_the_two_sizes() -> None:
    assert sizing.core_seconds_per_row(RESULTS) == pytest.approx(2 * 90 / 450e6)


def test_what_was_measured_comes_back_on_as_many_cores() -> None:
    two_cores = sizing.Cluster("single", (), 2)
    gigabytes = 500e6 * sizing.BYTES_PER_ROW / 1e9
    start = START_MINUTES
    assert sizing.minutes(gigabytes, two_cores, RESULTS) == pytest.approx(start + 2.0)


def test_more_cores_shorten_the_pass_only() -> None:
    eight_cores = sizing.Cluster("other", (), 8)
    slow = sizing.minutes(100, FOUR_CORES, RESULTS) - sizing.minutes(0, FOUR_CORES, RESULTS)
    fast = sizing.minutes(100, eight_cores, RESULTS) - sizing.minutes(0, eight_cores, RESULTS)
    assert slow == pytest.approx(2 * fast)


def test_spot_takes_off_the_part_of_ec2() -> None:
    spot = sizing.Cluster("single", (sizing.Nodes("m7g.xlarge", 1, is_spot=True),), 4)
    assert 0.3 < sizing.hourly_usd(spot) / sizing.hourly_usd(FOUR_CORES) < 1


def test_a_weekly_run_of_twenty_minutes_on_one_node_costs_less_than_15_cents() -> None:
    assert sizing.hourly_usd(sizing.SINGLE) * 20 / 60 < 0.15
