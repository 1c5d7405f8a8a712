"""How numbers and times are written, on a page and in a terminal."""

import datetime as dt
from decimal import Decimal

import pytest

from spark_app.declarations import Column
from spark_app.report import text
from spark_app.report.terminal import newest_rows
from tests.report import report_data as data
from tests.report.report_jobs import ACTIVITY, ITEMS, SHARES

RATIO = Column("part", "double", "a ratio", ratio_of=("a", "b"))
COUNT = Column("rows_count", "bigint", "a count")


def test_week_53_keeps_its_iso_year() -> None:
    assert text.time_label(dt.date(2020, 12, 28), 7) == "2020-W53"
    assert text.time_label(dt.date(2021, 1, 4), 7) == "2021-W01"


def test_a_day_is_its_date() -> None:
    assert text.time_label(dt.date(2021, 1, 4), 1) == "2021-01-04"
    assert text.time_span(dt.date(2021, 1, 4), 1) == "Monday, 4 Jan 2021"
    assert text.time_span(dt.date(2021, 1, 4), 7) == "4 Jan to 10 Jan 2021"


@pytest.mark.parametrize(
    ("change", "words"),
    [(0.0123, "+1.2"), (-0.0123, "\u22121.2"), (0.0001, "0.0"), (-0.0001, "0.0"), (None, "–")],
)
def test_changes_have_a_sign(change: float | None, words: str) -> None:
    assert text.change_text(RATIO, change) == words
    assert (text.change_unit(RATIO), text.change_unit(COUNT)) == ("pp", "%")


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        (RATIO, 0.45123, "45.1\u202f%"),
        (COUNT, 12345, "12,345"),
        (Column("year", "int", "ISO year"), 2021, "2021"),
        (Column("steps", "int", "walked", "steps"), 2021, "2,021"),
        (Column("price_amount", "decimal(10,2)", "price"), Decimal("1234.5"), "1,234.50"),
        (Column("speed", "double", "how fast"), 0.123456, "0.1235"),
        (Column("speed", "double", "how fast"), 123456.7, "123,457"),
        (Column("is_open", "boolean", "whether"), True, "True"),
        (Column("name", "string", "its name"), "a", "a"),
        (COUNT, None, "–"),
    ],
)
def test_a_value_is_written_as_its_column_wants(column: Column, value: object, words: str) -> None:
    assert text.value_text(column, value) == words


def test_an_amount_is_headed_by_its_unit() -> None:
    assert text.heading(ACTIVITY.publishes.columns[2]) == "Revenue, EUR"
    assert text.heading(COUNT) == "rows_count"


def test_the_terminal_has_the_newest_rows_in_key_order() -> None:
    rows = [
        {"country": "DE", "organic_p4w_count": 1, "installs_p4w_count": 12},
        {"country": "FR", "organic_p4w_count": 3000, "installs_p4w_count": 12_000},
        {"country": "IT", "organic_p4w_count": 0, "installs_p4w_count": 0},
        {"country": "DE", "week_start_date": data.mondays(2)[1], "is_week_complete": False},
    ]
    title, heads, cells = newest_rows(SHARES, data.final_table(rows))
    assert title == "Organic share of installs, 2020-W01 (week of 2019-12-30)"
    assert heads == ["Country", "Organic share", "Installs", "Organic"]
    assert cells == [
        ["DE", "0.0833", "12", "1"],
        ["FR", "0.2500", "12,000", "3,000"],
        ["IT", "-", "0", "0"],
    ]


def test_the_terminal_names_a_day_once() -> None:
    title, heads, cells = newest_rows(ACTIVITY, data.activity([1, 2500]))
    assert title == "Daily activity, 2021-03-02"
    assert heads == ["event_date", "Active users", "Revenue, EUR"]
    assert cells == [["2021-03-02", "2,500", "1,250.00"]]


def test_the_terminal_says_how_many_rows_it_leaves_out() -> None:
    title, _, cells = newest_rows(ITEMS, data.items(400))
    assert title == "item, 300 of 400 rows"
    assert cells[:2] == [["1", "Item 1", "-"], ["2", "Item 2", "1,234.50"]]


def test_the_terminal_says_why_there_are_no_rows() -> None:
    unsettled = data.final_table([{"is_week_complete": False}])
    assert newest_rows(SHARES, unsettled)[0] == "Organic share of installs: no week is complete yet"
    assert newest_rows(ITEMS, data.items(0)) == ("item: the table has no rows", [], [])
