"""Which changes of what readers saw are changes of published history."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from spark_app.declarations import Column, Finding, Table
from spark_app.jobs.organic_share import TABLE
from spark_app.lake.arrow import schema
from spark_app.quality.history import history_finding
from tests.builders import Row, changed, final_row
from tests.unit.judging import FINAL, NEXT

DAY = date(2021, 3, 1)
SALES = Table(
    "sales",
    grain="one row per shop and day",
    key=("shop", "day"),
    time="day",
    settled="is_closed",
    history=("sold",),
    columns=(
        Column("shop", "string", "a shop"),
        Column("day", "date", "a day"),
        Column("sold", "bigint", "pieces", null="not counted"),
        Column("note", "string", "a remark", null="none"),
        Column("is_closed", "boolean", "whether the day is over"),
    ),
)


def sale(day: int, sold: int | None, shop: str = "a", **more: Any) -> Row:
    base = {"shop": shop, "day": DAY + timedelta(days=day), "sold": sold, "note": None}
    return base | {"is_closed": True} | more


SOLD = [sale(0, 1), sale(1, 2), sale(2, None), sale(3, 4, is_closed=False)]


def found(now: list[Row], before: list[Row] | None, table: Table = SALES) -> Finding:
    def built(rows: list[Row]) -> pa.Table:
        return pa.Table.from_pylist(rows, schema=schema(table))

    return history_finding(table, built(now), None if before is None else built(before))


def counts(now: list[Row], before: list[Row] | None, table: Table = SALES) -> tuple[int, int]:
    finding = found(now, before, table)
    return finding.rows, finding.failed


def test_without_a_publication_no_history_changes() -> None:
    assert found(SOLD, None) == Finding(0, 0, "nothing was published before")


def test_what_stays_as_it_was_is_no_change() -> None:
    assert found(SOLD[::-1], SOLD) == Finding(3, 0)


@pytest.mark.parametrize(("row", "sold"), [(0, 9), (0, 0), (0, None), (2, 0), (2, 1)])
def test_a_settled_value_that_changes_is_a_change_also_from_or_to_null(
    row: int, sold: int | None
) -> None:
    assert counts(changed(SOLD, row, sold=sold), SOLD) == (3, 1)


def test_a_row_that_was_not_settled_may_change() -> None:
    assert counts(changed(SOLD, 3, sold=9, is_closed=True), SOLD) == (3, 0)
    assert counts(SOLD[:3], SOLD) == (3, 0)


def test_a_column_that_is_not_of_the_history_may_change() -> None:
    assert counts(changed(SOLD, 0, note="sunny"), SOLD) == (3, 0)
    every = replace(SALES, history=())
    assert counts(changed(SOLD, 0, note="sunny"), SOLD, every) == (3, 1)


def test_a_settled_row_that_is_gone_is_a_change() -> None:
    assert counts(SOLD[1:], SOLD) == (3, 1)
    assert counts([], SOLD) == (3, 3)


def test_new_times_are_no_change() -> None:
    assert counts([*SOLD, sale(4, 1), sale(4, 1, shop="b"), sale(-1, 1)], SOLD) == (3, 0)


def test_a_new_row_at_a_settled_time_is_a_change_where_it_holds_something() -> None:
    assert counts([*SOLD, sale(1, 7, shop="b")], SOLD) == (3, 1)
    for nothing in (0, None):
        assert counts([*SOLD, sale(1, nothing, shop="b")], SOLD) == (3, 0)
    assert counts([*SOLD, sale(3, 7, shop="b")], SOLD) == (3, 0)


def test_a_row_that_another_row_of_its_time_left_open_is_known_already() -> None:
    before = [*SOLD, sale(0, 1, shop="b", is_closed=False)]
    assert counts(changed(before, 4, sold=9), before) == (3, 0)


def test_without_a_settled_column_all_but_the_newest_time_is_settled() -> None:
    table = replace(SALES, settled=None)
    before = [sale(0, 1), sale(1, 2), sale(1, 3, shop="b")]
    assert counts(changed(changed(before, 1, sold=9), 2, sold=9), before, table) == (1, 0)
    assert counts(changed(before, 0, sold=9), before, table) == (1, 1)
    assert counts([], [], table) == (0, 0)


def test_without_time_and_settled_nothing_is_settled() -> None:
    table = replace(SALES, time=None, settled=None)
    assert counts([sale(0, 9), sale(5, 9)], SOLD, table) == (0, 0)


def test_without_time_a_settled_row_may_not_change_and_a_new_one_may_come() -> None:
    table = replace(SALES, time=None)
    assert counts([*changed(SOLD, 0, sold=9), sale(1, 7, shop="b")], SOLD, table) == (3, 1)
    assert found(changed(SOLD, 0, sold=9), SOLD, table).detail == "1 rows, such as a, 2021-03-01"


def test_a_column_that_came_or_went_with_a_new_version_is_no_change() -> None:
    every = replace(SALES, history=())
    older = pa.Table.from_pylist(SOLD, schema=schema(every)).drop_columns(["note"])
    now = pa.Table.from_pylist(changed(SOLD, 0, note="new"), schema=schema(every))
    assert history_finding(every, now, older).failed == 0
    assert history_finding(every, older, now).failed == 0


def test_a_table_of_its_key_alone_changes_where_rows_come_or_go() -> None:
    keys = replace(SALES, columns=SALES.columns[:2], settled=None, history=())
    before = [{"shop": "a", "day": DAY}, {"shop": "a", "day": DAY + timedelta(days=1)}]
    assert counts(before, before, keys) == (1, 0)
    assert counts([*before, {"shop": "b", "day": DAY}], before, keys) == (1, 1)
    assert counts(before[1:], before, keys) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "old", "new", "nothing"),
    [
        ("decimal(10,2)", Decimal("1.00"), Decimal("1.01"), Decimal("0.00")),
        ("double", 0.1, 0.2, 0.0),
        ("boolean", True, False, None),
        ("date", DAY, DAY + timedelta(days=1), None),
        ("string", "x", "", None),
    ],
)
def test_values_of_every_type_are_compared(kind: str, old: Any, new: Any, nothing: Any) -> None:
    value = Column("value", kind, "a value", null="none")
    table = replace(SALES, columns=(*SALES.columns, value), history=("value",))
    before = [row | {"value": old} for row in SOLD]
    assert counts(before, before, table) == (3, 0)
    assert counts(changed(before, 0, value=new), before, table) == (3, 1)
    assert counts([*before, sale(0, 1, shop="b", value=old)], before, table) == (3, 1)
    assert counts([*before, sale(0, 1, shop="b", value=nothing)], before, table) == (3, 0)


# The published table of organic_share


def test_new_weeks_and_countries_are_no_change_of_history() -> None:
    later = date(2021, 3, 15)
    more = [final_row(later, 1, 1, "DE"), final_row(later, 1, 1, "FR"), final_row(NEXT, 0, 0, "FR")]
    assert counts([*FINAL, *more], FINAL, TABLE) == (4, 0)


def test_a_country_that_appears_in_published_weeks_changes_history() -> None:
    finding = found([*FINAL, final_row(NEXT, 1, 1, "FR")], FINAL, TABLE)
    assert (finding.rows, finding.failed) == (4, 1)
    assert finding.detail == "1 rows from 2021-03-08 to 2021-03-08, such as FR, 2021-03-08"


def test_a_change_says_how_many_rows_and_from_when_to_when() -> None:
    now = changed(
        changed(FINAL, 0, organic_p4w_count=2, share_organic_p4w=2 / 3), 3, installs_p4w_count=4
    )
    finding = found(now, FINAL, TABLE)
    assert (finding.rows, finding.failed) == (4, 2)
    assert finding.detail == "2 rows from 2021-03-01 to 2021-03-08, such as DE, 2021-03-01"


def test_a_published_row_that_is_gone_is_a_change() -> None:
    assert counts(FINAL[1:], FINAL, TABLE) == (4, 1)


def test_a_published_week_that_was_not_complete_may_change() -> None:
    before = changed(FINAL, 1, is_week_complete=False, organic_p4w_count=0)
    assert counts(FINAL, before, TABLE) == (3, 0)
