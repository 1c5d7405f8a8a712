"""Which declarations the columns of a lake table can follow."""

from dataclasses import replace

import pytest

from spark_app.declarations import Column, Table
from spark_app.errors import Unusable
from spark_app.lake.schema_change import Field, schema_change

DAY, NAME = Column("day", "date", "the day"), Column("name", "string", "who", null="nobody")
PRICE = Column("price", "decimal(10,2)", "what was paid", null="nothing")
FOUND = [("day", "date"), ("name", "string"), ("price", "decimal(10,2)")]


def table(*columns: Column) -> Table:
    return Table("sold", "one row", ("day",), columns)


def test_nothing_changes_where_all_is_as_declared() -> None:
    change = schema_change(table(DAY, NAME, PRICE), FOUND)
    assert (change.added, change.widened) == ((), ())


def test_new_columns_come_where_they_are_declared() -> None:
    first, last = (replace(NAME, name=name) for name in ("first", "last"))
    change = schema_change(table(first, DAY, NAME, PRICE, last), FOUND)
    assert change.added == ((first, None), (last, "price"))


@pytest.mark.parametrize(
    ("before", "now"),
    [("int", "bigint"), ("float", "double"), ("decimal(10,2)", "decimal(12,2)")],
)
def test_a_type_becomes_wider(before: str, now: str) -> None:
    wide = replace(PRICE, type=now)
    assert schema_change(table(DAY, wide), [("day", "date"), ("price", before)]).widened == (wide,)


@pytest.mark.parametrize(
    ("columns", "found", "why"),
    [
        ((DAY, NAME), FOUND, "price is gone"),
        ((DAY, PRICE, NAME), FOUND, "they stand in another order"),
        ((DAY, NAME, PRICE, replace(NAME, name="city", null=None)), FOUND, "city is new, and"),
        (
            (DAY, NAME, replace(PRICE, type="decimal(9,2)")),
            FOUND,
            "price was decimal(10,2), not decimal(9,2)",
        ),
        (
            (DAY, NAME, replace(PRICE, type="decimal(12,3)")),
            FOUND,
            "price was decimal(10,2), not decimal(12,3)",
        ),
        ((DAY, replace(NAME, type="int")), FOUND[:2], "name was string, not int"),
    ],
)
def test_any_other_change_is_refused(
    columns: tuple[Column, ...], found: list[Field], why: str
) -> None:
    with pytest.raises(Unusable) as refused:
        schema_change(table(*columns), found)
    assert f"the lake table sold was made with other columns ({why}" in str(refused.value)
