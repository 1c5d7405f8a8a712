"""Values in text: the Spark SQL that reads them as a promised type, exactly or not at all.

What is not written as its type is null; the rule `COLUMN_is_TYPE` tells it from an empty value.
"""

import re
from collections.abc import Callable

from spark_app.declarations import BESIDE_VALUES, Column, Csv, EpochMillis, Files, Rule, Time
from spark_app.sources.parquet_types import Physical
from spark_app.spark.sql import sql_name, sql_text

DELIVERED, LINE, LINE_BYTES, IS_WHOLE, IS_FLAT, SOURCE_FILE, _ = BESIDE_VALUES
AS_TEXT = Physical("text", "string", "{0}")
_WHOLE = r"^[+-]?[0-9]+\z"
_FLOAT = r"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?\z"
_SHORTENED = r"^[0-9]+([.,][0-9]*)?[eE][+][0-9]+\z"
_DATE = "0000-00-00"
_LEAST_MILLIS, _MOST_MILLIS = -62_135_596_800_000, 253_402_300_799_999  # years 1 to 9999
_FIELDS = {"y": 4, "M": 2, "d": 2, "H": 2, "m": 2, "s": 2}


def delivered(column: Column) -> str:
    """The text of a column as it was delivered, in Spark SQL."""
    return f"{DELIVERED}.{sql_name(column.name)}"


def parsed(column: Column, source: Files) -> str:
    """The Spark SQL that reads the text of a column: its value, or null.

    Raises:
        ValueError: text cannot be read as that type, or its pattern is not understood.
    """
    kind = column.type.partition("(")[0]
    if kind not in _READERS:
        raise ValueError(f"{source.name}: text cannot be read as {column.type} ({column.name})")
    return _READERS[kind](delivered(column), column, source)


def type_rule(column: Column) -> Rule | None:
    """The rule that a value is written as its type; null for text, which is always."""
    if column.type == "string":
        return None
    kind = column.type.partition("(")[0]
    return Rule(
        f"{column.name}_is_{kind}",
        f"{column.name} is written as {_words(column)}, or empty.",
        (column.name,),
        f"{sql_name(column.name)} IS NOT NULL OR {delivered(column)} IS NULL",
        judges_null=True,
    )


def id_rule(column: Column) -> Rule | None:
    """The rule that an id is one; null where the column is none."""
    if not column.is_id:
        return None
    text = sql_name(column.name)
    return Rule(
        f"{column.name}_is_id",
        f"{column.name} is neither blank nor a number that a program shortened, as 1.2E+10 is.",
        (column.name,),
        f"trim({text}) <> '' AND (NOT contains({text}, '+') OR NOT {text} RLIKE "
        f"{sql_text(_SHORTENED)})",
    )


def _words(column: Column) -> str:
    match column.written:
        case Time(pattern):
            return f"`{pattern}`"
        case EpochMillis():
            return "milliseconds since 1970"
    return {"date": "`yyyy-MM-dd`", "boolean": "`true` or `false`"}.get(
        column.type, f"a number of type {column.type}"
    )


def _string(text: str, column: Column, source: Files) -> str:
    return text


def _whole(text: str, column: Column, source: Files) -> str:
    return _if_like(text, _WHOLE, f"try_cast({text} AS {column.type})")


def _double(text: str, column: Column, source: Files) -> str:
    plain = _plain(text, source)
    return _if_like(plain, _FLOAT, f"try_cast({plain} AS double)")


def _decimal(text: str, column: Column, source: Files) -> str:
    """A decimal that its type holds without rounding."""
    plain, scale = _plain(text, source), int(column.type.rstrip(")").split(",")[-1])
    fraction = f"([.][0-9]{{1,{scale}}}0*)?" if scale else "([.]0*)?"
    pattern = rf"^[+-]?[0-9]+{fraction}\z"
    return _if_like(plain, pattern, f"try_cast({plain} AS {column.type})")


def _boolean(text: str, column: Column, source: Files) -> str:
    return f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"


def _date(text: str, column: Column, source: Files) -> str:
    return _if_masked(text, _DATE, f"try_cast({text} AS date)")


def _timestamp(text: str, column: Column, source: Files) -> str:
    if isinstance(column.written, EpochMillis):
        whole = f"try_cast({text} AS bigint)"
        within = f"{whole} BETWEEN {_LEAST_MILLIS} AND {_MOST_MILLIS}"
        value = f"CASE WHEN {within} THEN timestamp_millis({whole}) END"
        return _if_like(text, _WHOLE, value)
    if column.written is None:
        raise ValueError(f"{column.name}: say how text writes the timestamp")
    return _in_zone(_if_masked(text, *_local(text, column.written.pattern)), source.zone)


_READERS: dict[str, Callable[[str, Column, Files], str]] = {
    "string": _string,
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), _whole),
    "double": _double,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
}


def _plain(text: str, source: Files) -> str:
    """The text with a point before the fraction; a point for anything else becomes unreadable."""
    mark = source.format.decimal if isinstance(source.format, Csv) else "."
    return text if mark == "." else f"translate({text}, {sql_text(f'{mark}.')}, '._')"


def _if_like(text: str, pattern: str, value: str) -> str:
    return f"CASE WHEN {text} RLIKE {sql_text(pattern)} THEN {value} END"


def _if_masked(text: str, mask: str, value: str) -> str:
    """The value where the text has digits just where the mask has zeros, and else is the mask."""
    pattern = re.sub("0+", lambda zeros: f"[0-9]{{{len(zeros[0])}}}", re.escape(mask))
    return _if_like(text, rf"^{pattern}\z", value)


def _local(text: str, pattern: str) -> tuple[str, str]:
    """The mask of a pattern of fixed width, and the Spark SQL of its time as if it were of UTC.

    Spark reads the ISO form an order of magnitude faster than any pattern, so the fields are put
    into that.
    """
    if re.search(r"[^yMdHmsS\W\dT]", pattern):
        raise ValueError(f"the pattern {pattern} may name y, M, d, H, m, s and S only")
    fields = {}
    for found in re.finditer(r"([yMdHmsS])\1*", pattern):
        width = len(found[0])
        if found[1] in fields or width != _FIELDS.get(found[1], width) or width > 6:
            raise ValueError(f"the pattern {pattern} has {found[0]}, which is not understood")
        fields[found[1]] = f"substr({text}, {found.start() + 1}, {width})"
    if missing := [letter for letter in "yMdHms" if letter not in fields]:
        raise ValueError(f"the pattern {pattern} has no {missing[0]}")
    mask = re.sub(r"[yMdHmsS]", "0", pattern)
    if re.fullmatch(r"0000-00-00[ T]00:00:00([.]0{1,6})?", mask) and pattern.startswith("yyyy-MM"):
        return mask, f"try_cast({text} AS timestamp)"
    parts = [fields[letter] for letter in "yMdHms"]
    iso = "concat({}, '-', {}, '-', {}, ' ', {}, ':', {}, ':', {}{})".format(
        *parts, f", '.', {fields['S']}" if "S" in fields else ""
    )
    return mask, f"try_cast({iso} AS timestamp)"


def _in_zone(local: str, zone: str) -> str:
    """The moment of a local time; null where its zone skips it."""
    if zone == "UTC":
        return local
    moment, name = f"to_utc_timestamp({local}, {sql_text(zone)})", sql_text(zone)
    return f"CASE WHEN from_utc_timestamp({moment}, {name}) = {local} THEN {moment} END"
