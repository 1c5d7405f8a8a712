"""What the columns of a table are in Arrow and in Spark's schema language."""

import re
from typing import TYPE_CHECKING

from spark_app.declarations import Column, Table

if TYPE_CHECKING:
    import pyarrow as pa


def ddl(table: Table) -> str:
    """The schema in Spark's words."""
    return ", ".join(f"`{column.name}` {column.type}" for column in table.columns)


def schema(table: Table) -> "pa.Schema":
    """The promised names and types in order; nullability is a matter of checks."""
    import pyarrow as pa

    return pa.schema([(column.name, arrow_type(column)) for column in table.columns])


def has_columns_of(found: "pa.Schema", table: Table) -> bool:
    """Whether a schema has just the declared names and types, in order."""
    wanted = [(field.name, field.type) for field in schema(table)]
    return [(field.name, field.type) for field in found] == wanted


def arrow_type(column: Column) -> "pa.DataType":
    """The Arrow type that Spark hands over for a column.

    Raises:
        ValueError: a table cannot have a column of that type.
    """
    import pyarrow as pa

    decimal = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", column.type)
    if decimal:
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    known = {
        "string": pa.string(),
        "boolean": pa.bool_(),
        "int": pa.int32(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    if column.type not in known:
        raise ValueError(f"{column.name}: a table has no type {column.type}")
    return known[column.type]
