"""The report's numbers, worked by hand."""

import datetime as dt

import numpy as np
import pytest

from spark_app.jobs.organic_share import report_numbers as n
from spark_app.report import numbers as generic
from tests.report import report_data as data

WEEKS = data.mondays(6)


def rows(country: str, counts: list[tuple[int, int]], **fields: object) -> list[dict[str, object]]:
    """(organic, installs) per week from the first; the last is incomplete."""
    return [
        {
            "country": country,
            "week_start_date": WEEKS[i],
            "organic_p4w_count": organic,
            "installs_p4w_count": installs,
            "is_week_complete": i < len(counts) - 1,
            **fields,
        }
        for i, (organic, installs) in enumerate(counts)
    ]


TABLE = data.final_table(
    rows("DE", [(100, 1000), (100, 1000), (0, 0), (300, 1000), (400, 1000), (1, 10)])
    + rows("FR", [(50, 100), (50, 100), (50, 100), (60, 100), (90, 100), (9, 9)])
)


def test_the_headline_is_the_newest_complete_week_from_sums() -> None:
    headline = n.headline(TABLE)
    assert headline is not None
    assert headline.week_start_date == WEEKS[4]
    assert (headline.organic_count, headline.installs_count) == (490, 1100)
    assert headline.share == pytest.approx(490 / 1100)
    assert headline.change_1w == pytest.approx(490 / 1100 - 360 / 1100)
    assert headline.change_4w == pytest.approx(490 / 1100 - 150 / 1100)
    assert (headline.countries_count, headline.large_countries_count) == (2, 1)


def test_newest_values_come_by_installs_with_changes_and_small_bases_marked() -> None:
    germany, france = n.newest_values(TABLE)
    assert (germany.country, germany.share, germany.is_small_base) == ("DE", 0.4, False)
    assert germany.change_1w == pytest.approx(0.1)
    assert germany.change_4w == pytest.approx(0.3)
    assert germany.trend == (0.1, 0.1, None, 0.3, 0.4)
    assert (france.country, france.is_small_base) == ("FR", True)
    assert france.change_4w == pytest.approx(0.4)


def test_a_change_to_or_from_a_null_share_is_null() -> None:
    table = data.final_table(rows("DE", [(1, 10), (0, 0), (1, 10), (0, 0)]))
    (value,) = n.newest_values(table)
    assert (value.share, value.change_1w) == (0.1, None)
    assert value.change_4w is None  # before the grid


def test_without_a_complete_week_there_is_no_headline() -> None:
    table = data.final_table(rows("DE", [(1, 10)]))
    assert n.headline(table) is None
    assert n.newest_values(table) == []


def test_an_all_null_week_has_a_null_share_over_all_countries() -> None:
    headline = n.headline(data.final_table(rows("DE", [(0, 0), (0, 0)])))
    assert headline is not None and headline.share is None


def test_each_point_carries_its_marks() -> None:
    table = data.final_table(
        rows("DE", [(1, 199), (1, 200)], weeks_in_window_count=3)
        + rows("FR", [(0, 0), (1, 500)], weeks_in_window_count=3)
    )
    chart = n.chart_numbers(table)
    start, stop = chart.starts[0], chart.stops[0]
    small, window, incomplete, lone = n.SMALL_BASE, n.SMALL_WINDOW, n.INCOMPLETE, n.LONE
    assert chart.by_country.mark[start:stop].tolist() == [small | window, window | incomplete]
    assert chart.by_country.mark[chart.starts[1] + 1] == window | incomplete | lone


def test_countries_lie_one_after_the_other_with_a_gap_between() -> None:
    chart = n.chart_numbers(TABLE)
    assert (chart.countries, chart.starts.tolist(), chart.stops.tolist()) == (
        ["DE", "FR"],
        [0, 7],
        [6, 13],
    )
    share = chart.by_country.share
    assert np.isnan(share[[2, 6, 13]]).all()
    assert share[:2] == pytest.approx([0.1, 0.1])
    assert chart.total.share[4] == pytest.approx(490 / 1100)
    assert chart.sizes.tolist() == [10, 9]
    assert chart.by_country.at[0] == dt.datetime(2019, 12, 30, tzinfo=dt.UTC).timestamp() * 1000
    assert chart.week_labels[:2] == ["2020-W01", "2020-W02"]


def test_counts_beyond_32_bits_stay_exact() -> None:
    chart = n.chart_numbers(data.final_table(rows("DE", [(2**40, 2**53)])))
    assert chart.by_country.installs[0] == 2**53
    assert chart.by_country.organic[0] == 2**40


def test_the_order_of_rows_does_not_matter() -> None:
    shuffled = TABLE.take(np.random.default_rng(1).permutation(TABLE.num_rows))
    assert n.newest_values(shuffled) == n.newest_values(TABLE)


def test_week_53_keeps_its_iso_year() -> None:
    assert n.week_label(dt.date(2020, 12, 28)) == "2020-W53"
    assert n.week_label(dt.date(2021, 1, 4)) == "2021-W01"


def test_checks_stand_failed_error_insufficient_passed_and_severest_first() -> None:
    given = [
        data.check(check="e", outcome="passed"),
        data.check(check="c", outcome="insufficient", severity="warn"),
        data.check(check="b", outcome="failed", severity="warn"),
        data.check(check="d", outcome="error", severity="warn"),
        data.check(check="a2", outcome="failed", layer="final"),
        data.check(check="a1", outcome="failed", layer="raw"),
        data.check(check="q", outcome="failed", severity="quarantine"),
    ]
    names = [check["check"] for check in generic.ordered(given)]
    assert names == ["a1", "a2", "q", "b", "d", "c", "e"]
    assert generic.outcome_counts(given)[0] == ("failed", 4)


def test_an_unknown_outcome_is_shown_first_and_closes_the_gate() -> None:
    odd = data.check(check="odd", outcome="?")
    assert generic.ordered([*data.checks(), odd])[0] == odd
    assert generic.gate_closers([odd]) == [odd]


def test_only_errors_and_failed_fail_checks_close_the_gate() -> None:
    error = data.check(outcome="error", severity="warn")
    failed = data.check(outcome="failed")
    assert generic.gate_closers([*data.checks(), error, failed]) == [failed, error]


def test_rules_come_by_how_often_they_were_broken_with_their_examples() -> None:
    rules = generic.broken_rules(data.checks(), data.quarantine(), examples_count=2)
    assert [(rule.rule, rule.broken_count) for rule in rules] == [
        ("country_is_known", 31),
        ("value_is_whole", 4),
    ]
    assert [len(rule.examples) for rule in rules] == [2, 2]


def test_a_rule_that_only_an_example_names_is_not_lost() -> None:
    (rule,) = generic.broken_rules([], [{**data.RAW_ROW, "broken_rules": ["new_rule"]}])
    assert (rule.rule, rule.broken_count) == ("new_rule", None)
