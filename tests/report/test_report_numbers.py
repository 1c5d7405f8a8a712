"""The report's numbers, worked by hand."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from spark_app.declarations import Bars, Column, Line, Newest, Table, Tiles
from spark_app.report.charts import line_json, trend_path
from spark_app.report.numbers import lines, newest, totals
from spark_app.report.text import MONTH, time_label, time_span
from tests.report import report_data as data
from tests.report.report_jobs import (
    ACTIVITY,
    CAMPAIGNS,
    ITEMS,
    SHARES,
    SMALL_BASE,
    SMALL_WINDOW,
)

WEEKS = data.mondays(6)
RATIO, MARKS = "share_organic_p4w", (SMALL_BASE, SMALL_WINDOW)
BY_COUNTRY = Line(RATIO, by="country", marks=MARKS)


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


def headline(table: pa.Table) -> totals.Headline | None:
    return totals.headline(table, SHARES.publishes, Tiles(RATIO, "installs_p4w_count"))


def picture(table: pa.Table, line: Line = BY_COUNTRY) -> lines.Picture:
    found = lines.picture(table, SHARES.publishes, line)
    assert found is not None
    return found


def values(table: pa.Table) -> tuple[newest.Row, ...]:
    found = newest.newest(table, SHARES.publishes, Newest(RATIO, "installs_p4w_count"), MARKS, 1000)
    return found.rows if found else ()


def test_totals_are_of_the_newest_settled_time_and_ratios_are_quotients_of_sums() -> None:
    found = headline(TABLE)
    assert found is not None and found.day == WEEKS[4]
    ratio, installs = found.totals
    assert (ratio.part, ratio.base) == (490, 1100)
    assert ratio.value == pytest.approx(490 / 1100)
    assert ratio.changes == pytest.approx((490 / 1100 - 360 / 1100, 490 / 1100 - 150 / 1100))
    assert installs.value == 1100
    assert installs.changes == (0, 0)


def test_the_change_of_a_count_is_relative() -> None:
    found = totals.headline(
        data.activity([100] * 8 + [150]), ACTIVITY.publishes, Tiles("active_count")
    )
    assert found is not None
    assert found.totals[0].changes == (0.5, 0.5)


def test_groups_are_counted_and_those_with_a_mark() -> None:
    found = totals.spread(TABLE, SHARES.publishes, BY_COUNTRY)
    assert found is not None
    assert (found.by.name, found.groups_count) == ("country", 2)
    assert found.marked == ((SMALL_BASE, 1), (SMALL_WINDOW, 0))


def test_newest_values_come_by_their_base_with_changes_trend_and_marks() -> None:
    germany, france = values(TABLE)
    assert germany.cells == ("DE", 0.4, 1000)
    assert germany.changes == pytest.approx((0.1, 0.3))
    assert germany.trend == (0.1, 0.1, None, 0.3, 0.4)
    assert germany.marks == ()
    assert (france.cells[0], france.marks) == ("FR", (SMALL_BASE,))
    assert france.changes[1] == pytest.approx(0.4)


def test_a_change_to_or_from_nothing_is_null() -> None:
    (value,) = values(data.final_table(rows("DE", [(1, 10), (0, 0), (1, 10), (0, 0)])))
    assert value.cells[1] == 0.1
    assert value.changes == (None, None)  # null the week before; four weeks before lie before it


def test_a_change_to_a_time_that_is_not_settled_is_null() -> None:
    unsettled = [
        {**row, "is_week_complete": i != 3} for i, row in enumerate(rows("DE", [(1, 10)] * 5))
    ]
    assert values(data.final_table(unsettled))[0].changes[0] is None


def test_without_a_settled_time_there_are_no_newest_values() -> None:
    table = data.final_table(rows("DE", [(1, 10)]))
    assert headline(table) is None
    assert values(table) == ()


def test_a_time_is_settled_only_when_all_of_its_rows_are() -> None:
    table = data.final_table([{"country": "DE"}, {"country": "FR", "is_week_complete": False}])
    assert headline(table) is None


def test_a_table_that_does_not_say_what_is_settled_has_every_time_settled() -> None:
    table = replace(SHARES.publishes, settled=None)
    found = totals.headline(TABLE, table, Tiles(RATIO))
    assert found is not None and found.day == WEEKS[5]


def test_nothing_to_divide_by_is_a_null_ratio() -> None:
    found = headline(data.final_table(rows("DE", [(0, 0), (0, 0)])))
    assert found is not None and found.totals[0].value is None


def test_lines_lie_by_group_the_largest_first_and_all_together_from_sums() -> None:
    found = picture(TABLE)
    assert found.names == ["DE", "FR"]
    assert found.days == WEEKS
    assert found.is_settled == [True] * 5 + [False]
    assert found.groups.series.value[0, :2] == pytest.approx([0.1, 0.1])
    assert np.isnan(found.groups.series.value[0, 2])
    assert found.together.series.value[0, 4] == pytest.approx(490 / 1100)


def test_each_point_carries_its_marks() -> None:
    table = data.final_table(
        rows("DE", [(1, 199), (1, 200)], weeks_in_window_count=3)
        + rows("FR", [(0, 0), (1, 500)], weeks_in_window_count=4)
    )
    found = picture(table)
    marks = dict(zip(found.names, found.groups.marks.tolist(), strict=True))
    base, window = 1, 2
    assert marks == {"DE": [base | window, window], "FR": [base, 0]}
    assert found.together.marks.tolist() == [[base | window, window]]


def test_a_group_that_lacks_a_time_has_a_gap() -> None:
    found = picture(data.final_table(rows("DE", [(1, 10)] * 3) + rows("FR", [(5, 10)])))
    shares = dict(zip(found.names, found.groups.series.value.tolist(), strict=True))
    assert shares["FR"] == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)


def test_what_lies_between_group_and_time_is_summed_up() -> None:
    table = data.campaigns(("a", "ios", [1, 2]), ("a", "android", [10, 20]), ("b", "ios", [5, 5]))
    found = lines.picture(table, CAMPAIGNS.publishes, Line("revenue_amount", by="campaign"))
    assert found is not None and found.names == ["a", "b"]
    assert found.groups.series.value.tolist() == [[11, 22], [5, 5]]
    assert found.together.series.value.tolist() == [[16, 27]]


def test_a_line_without_groups_is_one_line() -> None:
    found = lines.picture(data.activity([3, 40, 500]), ACTIVITY.publishes, Line("active_count"))
    assert found is not None and found.names == []
    assert found.together.series.value.tolist() == [[3, 40, 500]]


def test_more_groups_than_can_be_sent_are_in_all_together_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "POINTS_SENT", 6)
    found = picture(TABLE)
    assert (found.names, found.left_out) == (["DE"], 1)
    assert found.together.series.base is not None
    assert found.together.series.base[0].tolist() == [1100, 1100, 100, 1100, 1100, 19]


def test_counts_beyond_32_bits_stay_exact() -> None:
    found = picture(data.final_table(rows("DE", [(2**40, 2**53)])))
    drawn = line_json(SHARES.publishes, BY_COUNTRY, found)
    assert drawn["groups"] == {"part": [[2**40]], "base": [[2**53]], "marks": [[0]]}


def test_the_order_of_rows_does_not_matter() -> None:
    shuffled = TABLE.take(np.random.default_rng(1).permutation(TABLE.num_rows))
    assert values(shuffled) == values(TABLE)
    assert headline(shuffled) == headline(TABLE)


def test_bars_are_of_the_newest_time_the_largest_first_and_the_rest_in_one() -> None:
    many = [(f"c{i}", "ios", [1000.0, float(i)]) for i in range(53)]
    found = totals.ranking(
        data.campaigns(*many), CAMPAIGNS.publishes, Bars("revenue_amount", "campaign")
    )
    assert found is not None
    assert found.values[:2] == (("c52", 52), ("c51", 51))
    assert (len(found.values), found.others_count, found.others) == (50, 3, 0 + 1 + 2)


def test_bars_of_a_ratio_have_the_rest_from_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "BARS_SHOWN", 1)
    counts = {"A": (9, 10), "B": (1, 2), "C": (20, 100), "D": (0, 0)}
    table = data.final_table(
        [
            {"country": name, "organic_p4w_count": part, "installs_p4w_count": base}
            for name, (part, base) in counts.items()
        ]
    )
    found = totals.ranking(table, SHARES.publishes, Bars(RATIO, "country"))
    assert found is not None
    assert found.values == (("A", 0.9),)
    assert found.others_count == 2
    assert found.others == pytest.approx(21 / 102)


def test_a_group_may_be_null() -> None:
    table = data.items(4).set_column(1, "title", [["a", None, "a", None]])
    found = totals.ranking(table, ITEMS.publishes, Bars("price_amount", "title"))
    assert found is not None
    assert found.values == (("(null)", 2469),)  # no piece of `a` has a price


def test_without_named_columns_the_newest_rows_have_all_of_them_in_key_order() -> None:
    found = newest.newest(data.items(5), ITEMS.publishes, Newest(), (), most=3)
    assert found is not None and found.day is None and found.main is None
    assert [column.name for column in found.columns] == ["item_id", "title", "price_amount"]
    assert [row.cells[0] for row in found.rows] == [1, 2, 3]
    assert found.left_out == 2


def test_a_key_of_the_time_alone_is_shown() -> None:
    found = newest.newest(data.activity([3, 4]), ACTIVITY.publishes, Newest(), (), most=10)
    assert found is not None
    assert found.columns[0].name == "event_date"
    assert [row.cells[:2] for row in found.rows] == [(dt.date(2021, 3, 2), 4)]


def test_the_trend_of_one_row_is_its_own() -> None:
    table = data.campaigns(("a", "ios", [1, 2]), ("a", "android", [10, 20]))
    found = newest.newest(table, CAMPAIGNS.publishes, Newest("revenue_amount"), (), most=10)
    assert found is not None
    assert [(row.cells[:2], row.trend) for row in found.rows] == [
        (("a", "android"), (10, 20)),
        (("a", "ios"), (1, 2)),
    ]


@pytest.mark.parametrize("job", [SHARES, ACTIVITY, CAMPAIGNS, ITEMS])
def test_an_empty_table_has_no_numbers(job: object) -> None:
    empty = {
        SHARES: data.final_table([]),
        ACTIVITY: data.activity([]),
        CAMPAIGNS: data.campaigns(),
        ITEMS: data.items(0),
    }[job]  # type: ignore[index]
    table = job.publishes  # type: ignore[attr-defined]
    last: Column = table.columns[-1]
    assert totals.headline(empty, table, Tiles()) is None
    assert lines.picture(empty, table, Line(last.name)) is None
    assert totals.ranking(empty, table, Bars(last.name, table.key[0])) is None
    assert newest.newest(empty, table, Newest(), (), most=5) is None


def test_a_trend_breaks_where_there_is_no_value() -> None:
    assert trend_path((0.1, 0.2, None, 0.3), is_ratio=True).count("M") == 2
    assert trend_path((None, None), is_ratio=True) == ""


def test_a_trend_of_equal_counts_is_a_straight_line() -> None:
    assert trend_path((0.0, 0.0), is_ratio=False) == "M3 13.0h0L117 13.0"


def test_months_are_those_of_the_calendar() -> None:
    day = Column("month", "date", "first day of the month")
    users = Column("users", "bigint", "users", unit="users")
    table = Table("t", "one row per month", ("month",), (day, users), time="month", days=MONTH)
    months = [dt.date(2023, 3, 1), dt.date(2024, 2, 1), dt.date(2024, 3, 1)]
    rows = pa.table({"month": months, "users": [50, 80, 100]})
    found = totals.headline(rows, table, Tiles("users"))
    assert found is not None
    assert found.totals[0].changes == (0.25, 1.0)
    assert time_label(found.day or months[0], MONTH) == "2024-03"
    assert time_span(found.day or months[0], MONTH) == "March 2024"
