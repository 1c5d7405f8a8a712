"""Which Parquet types carry a promised type unharmed, and how Spark reads them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Physical:
    """How a file stores a column: what to ask Spark for, and how to cast it.

    `spark_type` is the type that Spark reads without conversion, `cast` the Spark SQL that turns
    it into the contract's type, with `{0}` for the column. `found` names the stored type.
    """

    found: str
    spark_type: str
    cast: str


EXACT_INTEGERS = 2**53
_AS_IT_IS = "{0}"
_WITHIN = (
    "CASE WHEN {{0}} BETWEEN {least} AND {most} OR {{0}} IS NULL THEN CAST({{0}} AS {type}) "
    "ELSE raise_error(concat('LOSSY_VALUE column {{0}}: the integer ', {{0}}, ' is beyond {name} "
    "and would change as {type} (file ', input_file_name(), ')')) END"
)
_WHOLE_DOUBLE = _WITHIN.format(
    least=-EXACT_INTEGERS, most=EXACT_INTEGERS, name="2^53", type="double"
)
_WHOLE_INT, _WHOLE_BIGINT = (
    _WITHIN.format(least=-(2**bits), most=2**bits - 1, name=f"2^{bits}", type=name)
    for bits, name in ((31, "int"), (63, "bigint"))
)
_MIDNIGHT = (
    "CASE WHEN {1} = date_trunc('DAY', {1}) OR {1} IS NULL THEN CAST({1} AS DATE) "
    "ELSE raise_error(concat('LOSSY_VALUE column {0}: the timestamp ', {1}, ' is not midnight, "
    "as a date it would lose its time (file ', input_file_name(), ')')) END"
)
_FROM_NANOS = "timestamp_micros({0} DIV 1000 - CASE WHEN {0} % 1000 < 0 THEN 1 ELSE 0 END)"
_FROM_LOCAL = "CAST({0} AS TIMESTAMP)"
_SMALL_INTEGERS = ("tinyint", "smallint", "int")
_MOST_DIGITS = 38  # of a decimal in Spark
_INTEGERS = {
    (8, True): "tinyint",
    (16, True): "smallint",
    (32, True): "int",
    (64, True): "bigint",
    (8, False): "smallint",
    (16, False): "int",
    (32, False): "bigint",
    (64, False): "decimal(20,0)",
}


def stored_type(stored: Any) -> str:
    """The stored type in Parquet's words, such as `INT64 TIMESTAMP`."""
    if stored is None:
        return "nested"
    logical = stored.logical_type.type
    return f"{stored.physical_type} {logical}".removesuffix(" NONE")


def physical(promised: str, stored: Any) -> Physical | None:
    """How to read `stored` as the promised type; null when it would not keep its meaning.

    Raises:
        ValueError: no file can promise that type.
    """
    if promised not in _READERS:
        raise ValueError(f"files have no type {promised}; the types are: {', '.join(_READERS)}")
    if stored.max_repetition_level > 0:
        return None
    if stored.logical_type.type == "UNKNOWN":
        return Physical("null", promised, f"CAST(NULL AS {promised})")
    read = _READERS[promised](stored)
    return Physical(stored_type(stored), *read) if read else None


def _as_string(stored: Any) -> tuple[str, str] | None:
    return ("string", _AS_IT_IS) if stored.logical_type.type in ("STRING", "ENUM") else None


def _as_boolean(stored: Any) -> tuple[str, str] | None:
    return ("boolean", _AS_IT_IS) if stored.physical_type == "BOOLEAN" else None


def _as_double(stored: Any) -> tuple[str, str] | None:
    if stored.physical_type == "DOUBLE":
        return "double", _AS_IT_IS
    if stored.physical_type == "FLOAT":
        return "float", "CAST({0} AS DOUBLE)"
    integer = _integer(stored) or _whole_decimal(stored)
    if integer is None:
        return None
    is_small = integer in _SMALL_INTEGERS
    return integer, "CAST({0} AS DOUBLE)" if is_small else _WHOLE_DOUBLE


def _as_int(stored: Any) -> tuple[str, str] | None:
    if decimal := _whole_decimal(stored):
        return decimal, _WHOLE_INT
    integer = _integer(stored)
    return (integer, "CAST({0} AS INT)") if integer in _SMALL_INTEGERS else None


def _as_bigint(stored: Any) -> tuple[str, str] | None:
    if decimal := _whole_decimal(stored):
        return decimal, _WHOLE_BIGINT
    integer = _integer(stored)
    fits = integer is not None and integer != "decimal(20,0)"
    return (str(integer), "CAST({0} AS BIGINT)") if fits else None


def _whole_decimal(stored: Any) -> str | None:
    """The Spark type of a decimal without a fraction: so warehouses export their integers."""
    if stored.logical_type.type != "DECIMAL":
        return None
    precision, scale = (int(_details(stored.logical_type)[name]) for name in ("precision", "scale"))
    return f"decimal({precision},0)" if scale == 0 and precision <= _MOST_DIGITS else None


def _integer(stored: Any) -> str | None:
    """The Spark type that holds a stored integer; null when it is none."""
    logical = stored.logical_type
    if logical.type == "NONE":
        return {"INT32": "int", "INT64": "bigint"}.get(stored.physical_type)
    if logical.type != "INT":
        return None
    details = _details(logical)
    return _INTEGERS[(int(details["bitWidth"]), bool(details["isSigned"]))]


def _as_timestamp(stored: Any) -> tuple[str, str] | None:
    logical = stored.logical_type
    if stored.physical_type == "INT96":
        return "timestamp", _AS_IT_IS
    if logical.type != "TIMESTAMP":
        return None
    details = _details(logical)
    if details["timeUnit"] == "nanoseconds":
        return "bigint", _FROM_NANOS
    is_utc = bool(details["isAdjustedToUTC"])
    return ("timestamp", _AS_IT_IS) if is_utc else ("timestamp_ntz", _FROM_LOCAL)


def _as_date(stored: Any) -> tuple[str, str] | None:
    if stored.logical_type.type == "DATE":
        return "date", _AS_IT_IS
    timestamp = _as_timestamp(stored)
    if timestamp is None:
        return None
    spark_type, cast = timestamp
    return spark_type, _MIDNIGHT.replace("{1}", cast)


def _details(logical: Any) -> dict[str, Any]:
    """The parameters of a Parquet logical type, such as its unit and time zone."""
    return dict(json.loads(logical.to_json()))


_READERS: dict[str, Callable[[Any], tuple[str, str] | None]] = {
    "string": _as_string,
    "double": _as_double,
    "int": _as_int,
    "bigint": _as_bigint,
    "date": _as_date,
    "boolean": _as_boolean,
    "timestamp": _as_timestamp,
}
