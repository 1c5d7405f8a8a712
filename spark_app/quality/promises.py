"""The promises of columns and tables as standard checks: their names, words and Spark SQL.

`COLUMN_present`: not null; empty text and NaN are present. `COLUMN_in_range`: within `least` and
`most`, inclusive; NaN is in no range, -0.0 is 0. `COLUMN_is_known`: one of the allowed values.
The last two judge no null. `key_is_unique`: no row shares its key with another; in a key null is
a value like another, NaN is one value and -0.0 is 0.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Literal

from spark_app.declarations import Column, OneOf, OptionValue, Rule
from spark_app.spark.sql import sql_name, sql_text

Promise = Literal["present", "in_range", "is_known"]
Number = int | float | Decimal

KEY_IS_UNIQUE = "key_is_unique"
TODAY = "{today}"
_INTEGERS = ("tinyint", "smallint", "int", "bigint")
_DOUBLES = ("float", "double")
_LISTED = 12


def column_rules(columns: Sequence[Column], options: Mapping[str, OptionValue]) -> tuple[Rule, ...]:
    """The standard rules: all that is present first, then ranges, then allowed values.

    Raises:
        ValueError: a column of this type cannot have this promise.
    """
    present = [_present(column) for column in columns if column.null is None]
    ranges = [_in_range(column) for column in columns if has_range(column)]
    known = [_is_known(c, c.one_of, options) for c in columns if c.one_of is not None]
    return (*present, *ranges, *known)


def check_name(column: Column, promise: Promise) -> str:
    """The name of the standard check of a promise."""
    return f"{column.name}_{promise}"


def broken(rule: Rule) -> str:
    """The Spark SQL predicate that is true for a row that breaks the rule, else false."""
    reads = () if rule.judges_null else rule.reads
    judged = [f"{sql_name(column)} IS NOT NULL" for column in reads]
    return " AND ".join([*judged, f"NOT coalesce(({rule.ok}), false)"])


def not_ahead(time: str) -> Rule:
    """The rule that a row happened no later than tomorrow: a day has begun elsewhere before."""
    words = f"{time} is not later than the day after that of the run."
    return Rule(f"{time}_not_ahead", words, (time,), f"{sql_name(time)} < date_add({TODAY}, 2)")


def with_today(predicate: str, today: date) -> str:
    """The predicate with `{today}` as the day of the run: the clock is the runner's."""
    return predicate.replace(TODAY, f"DATE'{today}'")


def has_range(column: Column) -> bool:
    """Whether a column promises a range."""
    return column.least is not None or column.most is not None


def bounds(column: Column) -> tuple[Number | None, Number | None]:
    """`least` and `most` as exact numbers of the column's kind: int, float or Decimal.

    A bound that the kind cannot hold becomes the next number inside the range.

    Raises:
        ValueError: the type has no range, or a bound is NaN or infinite.
    """
    given = [bound for bound in (column.least, column.most) if bound is not None]
    if not all(math.isfinite(bound) for bound in given):
        raise ValueError(f"{column.name}: the bounds of a range must be finite")
    if column.type in _INTEGERS:
        return _each(column, math.ceil, math.floor)
    if column.type in _DOUBLES:
        return _each(column, _double_from, lambda most: -_double_from(-most))
    if column.type.startswith("decimal"):
        scale = int(column.type.rstrip(")").split(",")[-1])
        return _each(
            column,
            lambda least: _decimal(least, scale, ROUND_CEILING),
            lambda most: _decimal(most, scale, ROUND_FLOOR),
        )
    raise ValueError(f"{column.name}: a column of type {column.type} has no range")


def allowed(one_of: OneOf, options: Mapping[str, OptionValue]) -> tuple[str, ...]:
    """The values that a column may have, with those that an option adds."""
    return (*_values(one_of), *_added(one_of, options))


def _present(column: Column) -> Rule:
    name, words = check_name(column, "present"), f"{column.name} is present."
    ok = f"{sql_name(column.name)} IS NOT NULL"
    return Rule(name, words, (column.name,), ok, judges_null=True)


def _in_range(column: Column) -> Rule:
    words = f"{column.name} is {_range_words(column)}."
    ok = " AND ".join(_comparisons(column))
    return Rule(check_name(column, "in_range"), words, (column.name,), ok)


def _comparisons(column: Column) -> Iterator[str]:
    name = sql_name(column.name)
    least, most = bounds(column)
    if least is not None:
        yield f"{name} >= {_sql_number(least)}"
    if most is not None:
        yield f"{name} <= {_sql_number(most)}"
    elif column.type in _DOUBLES:
        yield f"NOT isnan({name})"  # Spark sorts NaN above every number


def _each(
    column: Column, lowest: Callable[[Number], Number], highest: Callable[[Number], Number]
) -> tuple[Number | None, Number | None]:
    return (
        None if column.least is None else lowest(column.least),
        None if column.most is None else highest(column.most),
    )


def _double_from(least: Number) -> float:
    """The smallest double that is not less."""
    nearest = float(least)
    return nearest if nearest >= least else math.nextafter(nearest, math.inf)


def _decimal(bound: Number, scale: int, rounding: str) -> Decimal:
    written = Decimal(str(bound))  # as it is written: 0.1 is a tenth
    return written.quantize(Decimal(1).scaleb(-scale), rounding, Context(prec=400))


def _sql_number(number: Number) -> str:
    if isinstance(number, Decimal):
        return f"{number:f}BD"
    return f"{number!r}D" if isinstance(number, float) else str(number)


def _range_words(column: Column) -> str:
    if column.most is None:
        return f"at least {column.least}"
    if column.least is None:
        return f"at most {column.most}"
    return f"from {column.least} to {column.most}"


def _is_known(column: Column, one_of: OneOf, options: Mapping[str, OptionValue]) -> Rule:
    values = allowed(one_of, options)
    if column.type != "string" or not values:
        raise ValueError(
            f"{column.name}: only text can be one of some values, and there must be one"
        )
    words = f"{column.name} is {_known_words(one_of, options)}."
    ok = f"{sql_name(column.name)} IN ({', '.join(map(sql_text, values))})"
    return Rule(check_name(column, "is_known"), words, (column.name,), ok)


def _known_words(one_of: OneOf, options: Mapping[str, OptionValue]) -> str:
    values, added = _values(one_of), _added(one_of, options)
    is_short = len(values) <= _LISTED
    words = _listed(values, "or") if is_short else f"one of {len(values)} known values"
    return words + (f", or one of {', '.join(added)}" if added else "")


def _listed(words: Sequence[str], last: str) -> str:
    *others, final = [word or "empty text" for word in words]
    return f"{', '.join(others)} {last} {final}" if others else final


def _values(one_of: OneOf) -> tuple[str, ...]:
    return one_of.values if isinstance(one_of.values, tuple) else one_of.values()


def _added(one_of: OneOf, options: Mapping[str, OptionValue]) -> tuple[str, ...]:
    if one_of.more is None:
        return ()
    more = options.get(one_of.more.name, one_of.more.default)
    return more if isinstance(more, tuple) else ()
