"""Numbers, times and names as a person reads them; plain text, escaped by whoever places it."""

import datetime as dt
from dataclasses import dataclass

from spark_app.declarations import Column, Mark, Table

MINUS, DASH, THIN = "\u2212", "\u2013", "\u202f"
INTEGERS = ("tinyint", "smallint", "int", "integer", "bigint", "long")
FRACTIONS = ("float", "double", "real")


@dataclass(frozen=True)
class Cadence:
    """How far apart the times of a table lie, and how far back a reader wants to look.

    `far`: periods back of the second change; `trend`: periods of the small line in the table.
    """

    unit: str
    far: int
    trend: int


MONTH = 31  # so many days of a table's rows are a month of the calendar
CADENCES = {
    1: Cadence("day", 7, 91),
    7: Cadence("week", 4, 52),
    MONTH: Cadence("month", 12, 24),
}


def cadence(table: Table) -> Cadence:
    return CADENCES.get(table.days, Cadence("period", 4, 52))


def time_label(day: dt.date, days: int) -> str:
    """The ISO year and week `2020-W53` of a row that stands for seven days, `2020-12` for a month,
    else the date."""
    if days == MONTH:
        return f"{day:%Y-%m}"
    if days != 7:
        return day.isoformat()
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def time_span(day: dt.date, days: int) -> str:
    """The days that a row stands for, `13 Dec to 19 Dec 2021`."""
    if days == MONTH:
        return f"{day:%B %Y}"
    if days == 1:
        return f"{day:%A, %-d %b %Y}"
    last = day + dt.timedelta(days=days - 1)
    return f"{day:%-d %b} to {last:%-d %b %Y}"


def heading(column: Column) -> str:
    """A column's label, with its unit where it is an amount of something."""
    name = column.label or column.name
    return f"{name}, {column.unit}" if column.unit and is_decimal(column) else name


def short(mark: Mark) -> str:
    """The words of a mark up to their first colon: what it is, without what to think of it."""
    return mark.words.partition(":")[0]


def is_decimal(column: Column) -> bool:
    return column.type.startswith("decimal")


def is_number(column: Column) -> bool:
    return column.type in (*INTEGERS, *FRACTIONS) or is_decimal(column)


def is_count(column: Column) -> bool:
    """Whether thousands are separated: not so in a year or a line's number."""
    return column.type in INTEGERS and (column.name.endswith("_count") or bool(column.unit))


def value_text(column: Column, value: object) -> str:
    """A value of a column; null is a dash."""
    if value is None:
        return DASH
    if isinstance(value, bool) or not is_number(column):
        return str(value)
    if column.ratio_of:
        return percent(float(str(value)))
    if is_decimal(column):
        return f"{value:,.2f}"
    if column.type in INTEGERS:
        return f"{value:,.0f}" if is_count(column) else f"{value:.0f}"
    return fraction(float(str(value)))


def fraction(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"


def count(value: float | None) -> str:
    return DASH if value is None else f"{value:,.0f}"


def some(number: int, noun: str) -> str:
    """`1 row`, `12,345 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(value: float | None, digits: int = 1) -> str:
    return DASH if value is None else f"{100 * value:.{digits}f}{THIN}%"


def change_text(column: Column, change: float | None) -> str:
    """With its sign: a ratio's in percentage points, else in percent; the unit is not in it."""
    if change is None:
        return DASH
    text = f"{abs(100 * change):.1f}"
    sign = "" if text == "0.0" else "+" if change > 0 else MINUS
    return f"{sign}{text}"


def change_unit(column: Column) -> str:
    return "pp" if column.ratio_of else "%"


def seconds(value: float | None) -> str:
    return DASH if value is None else f"{value:,.1f}{THIN}s"


def size(value: float | None) -> str:
    if value is None:
        return DASH
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f}{THIN}{unit}" if unit == "B" else f"{value:.1f}{THIN}{unit}"
        value /= 1000
    return f"{value:.1f}{THIN}TB"


def moment(iso: object) -> str:
    """`2021-12-14T06:03:22.123+00:00` as `2021-12-14 06:03:22 UTC`; any other text as it is."""
    text = str(iso or "")
    is_utc = text.endswith(("Z", "+00:00"))
    head = text.removesuffix("Z").removesuffix("+00:00").split(".")[0].replace("T", " ")
    return f"{head} UTC" if is_utc else text
