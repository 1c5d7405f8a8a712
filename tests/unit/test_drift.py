"""The drift of a weekly share, on hand-made series."""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spark_app.quality.drift import Drift, drifts

FIRST_MONDAY = dt.date(2020, 1, 6)


def staging(**series: list[tuple[int, int]]) -> pa.Table:
    """Per country its (organic, paid) counts, week after week."""
    rows: list[dict[str, Any]] = [
        {
            "country": country,
            "week_start_date": FIRST_MONDAY + dt.timedelta(weeks=i),
            "organic_count": organic,
            "paid_count": paid,
        }
        for country, counts in series.items()
        for i, (organic, paid) in enumerate(counts)
    ]
    types = [("country", pa.string()), ("week_start_date", pa.date32())]
    counts = [("organic_count", pa.int64()), ("paid_count", pa.int64())]
    return pa.Table.from_pylist(rows, schema=pa.schema([*types, *counts]))


def by_country(table: pa.Table, newest: dt.date) -> list[Drift]:
    """Each country in its newest week."""
    columns = ("organic_count", "paid_count")
    return drifts(table, newest, *columns, time="week_start_date", by="country")


def judge(counts: list[tuple[int, int]]) -> Drift:
    """The last week of one country's series."""
    newest = FIRST_MONDAY + dt.timedelta(weeks=len(counts) - 1)
    (drift,) = by_country(staging(DE=counts), newest)
    return drift


def wobble(weeks: int, installs: int = 10_000, share: float = 0.4) -> list[tuple[int, int]]:
    """A share that alternates by one percentage point."""
    shares = [share + (0.01 if i % 2 else -0.01) for i in range(weeks)]
    return [(round(installs * s), round(installs * (1 - s))) for s in shares]


def test_the_z_score_is_that_of_a_calculation_by_hand() -> None:
    # 26 weeks at exactly 25 %: arcsine(sqrt(0.25)) = pi / 6, no spread but the binomial 1 / (4 n).
    drift = judge([(250, 750)] * 26 + [(500, 500)])
    expected = (np.pi / 4 - np.pi / 6) / np.sqrt(1 / 4000)
    assert drift.z_score == pytest.approx(expected)
    assert drift.centre == pytest.approx(0.25)
    assert (drift.ratio, drift.base, drift.periods_count) == (0.5, 1000, 26)


def test_the_spread_adds_the_scaled_mad_and_the_binomial_variance() -> None:
    drift = judge([*wobble(26), (4500, 5500)])
    low, high = np.arcsin(np.sqrt([0.39, 0.41]))
    spread = 1.4826 * (high - low) / 2
    centre = (low + high) / 2
    expected = (np.arcsin(np.sqrt(0.45)) - centre) / np.sqrt(spread**2 + 1 / 40_000)
    assert drift.z_score == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.32, 0.48])
def test_a_jump_in_either_direction_warns(share: float) -> None:
    drift = judge([*wobble(30), (round(10_000 * share), round(10_000 * (1 - share)))])
    assert drift.outcome == "failed"


def test_a_value_within_the_usual_wobble_passes() -> None:
    assert judge(wobble(31)).outcome == "passed"


def test_binomial_noise_of_a_steady_share_seldom_warns() -> None:
    random = np.random.default_rng(1)
    outcomes = []
    for _ in range(200):
        organic = random.binomial(600, 0.3, 40)
        outcomes.append(judge([(int(o), 600 - int(o)) for o in organic]).outcome)
    assert outcomes.count("failed") <= 6
    assert "insufficient" not in outcomes


def test_an_old_outage_does_not_blind_it() -> None:
    outage = [(0, 10_000)] * 5
    history = [*wobble(6), *outage, *wobble(15)]
    assert judge([*history, (5500, 4500)]).outcome == "failed"
    assert judge([*history, (4000, 6000)]).outcome == "passed"


def test_a_level_that_moved_eight_weeks_ago_is_the_new_normal() -> None:
    history = [*wobble(18, share=0.3), *wobble(8, share=0.4)]
    assert judge([*history, (4000, 6000)]).outcome == "passed"


@pytest.mark.parametrize(("weeks", "outcome"), [(11, "insufficient"), (12, "passed")])
def test_twelve_earlier_weeks_are_needed(weeks: int, outcome: str) -> None:
    assert judge(wobble(weeks + 1)).outcome == outcome


@pytest.mark.parametrize(("installs", "outcome"), [(198, "insufficient"), (200, "passed")])
def test_two_hundred_installs_are_needed(installs: int, outcome: str) -> None:
    half = installs // 2
    drift = judge([*wobble(20, share=0.5), (half, half)])
    assert drift.outcome == outcome
    assert (drift.z_score is None) == (outcome == "insufficient")


def test_weeks_without_installs_are_skipped_not_counted_as_zero() -> None:
    with_gaps = [pair for week in wobble(26) for pair in (week, (0, 0))]
    gapless = judge([*wobble(26), (4500, 5500)])
    assert judge([*with_gaps, (4500, 5500)]).z_score == pytest.approx(gapless.z_score)


def test_a_newest_week_without_installs_is_insufficient_and_has_no_share() -> None:
    drift = judge([*wobble(20), (0, 0)])
    assert (drift.outcome, drift.ratio, drift.base) == ("insufficient", None, 0)


def test_a_country_without_the_newest_week_is_insufficient() -> None:
    table = staging(DE=wobble(20), FR=wobble(15))
    newest = FIRST_MONDAY + dt.timedelta(weeks=19)
    assert [d.outcome for d in by_country(table, newest)] == ["passed", "insufficient"]


def test_weeks_after_the_newest_complete_one_do_not_count() -> None:
    table = staging(DE=[*wobble(20), (0, 9000)])
    (drift,) = by_country(table, FIRST_MONDAY + dt.timedelta(weeks=19))
    assert (drift.outcome, drift.periods_count) == ("passed", 19)


def test_the_order_of_rows_does_not_matter() -> None:
    table = staging(FR=wobble(20, share=0.2), DE=wobble(20))
    shuffled = table.take(np.random.default_rng(3).permutation(table.num_rows))
    newest = FIRST_MONDAY + dt.timedelta(weeks=19)
    assert by_country(shuffled, newest) == by_country(table, newest)
    assert [d.group for d in by_country(table, newest)] == ["DE", "FR"]


def test_an_empty_table_has_no_drift() -> None:
    assert by_country(staging(), FIRST_MONDAY) == []
