"""How the columns of a lake table follow its declaration: by additions, and by wider types."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from spark_app.declarations import Column, Table
from spark_app.errors import Unusable

Field = tuple[str, str]  # name and type, in Spark's words
_WIDER = {("int", "bigint"), ("float", "double")}


@dataclass(frozen=True)
class SchemaChange:
    """Columns to add, each after the one of that name (null: as the first), and to make wider."""

    added: tuple[tuple[Column, str | None], ...]
    widened: tuple[Column, ...]


def schema_change(table: Table, found: Sequence[Field]) -> SchemaChange:
    """What makes the columns of a lake table, without the number of the file, the declared ones.

    Raises:
        Unusable: a column is gone or stands elsewhere, its type is not a wider one, or a new one
            may not be null, which it is in the rows that are there.
    """
    types, declared = dict(found), [column.name for column in table.columns]
    if [name for name, _ in found] != [name for name in declared if name in types]:
        lost = next((name for name in types if name not in declared), None)
        why = f"{lost} is gone" if lost else "they stand in another order"
        raise _refused(table, why)
    added = [
        (column, declared[at - 1] if at else None)
        for at, column in enumerate(table.columns)
        if column.name not in types
    ]
    if promised := [column.name for column, _ in added if column.null is None]:
        raise _refused(table, f"{promised[0]} is new, and the rows that are there have none")
    widened = [c for c in table.columns if c.name in types and types[c.name] != c.type]
    for column in widened:
        if not _is_wider(types[column.name], column.type):
            raise _refused(table, f"{column.name} was {types[column.name]}, not {column.type}")
    return SchemaChange(tuple(added), tuple(widened))


def _is_wider(before: str, now: str) -> bool:
    old, new = (re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", kind) for kind in (before, now))
    if old and new:
        return old[2] == new[2] and int(new[1]) > int(old[1])
    return (before, now) in _WIDER


def _refused(table: Table, why: str) -> Unusable:
    return Unusable(
        f"the lake table {table.name} was made with other columns ({why}); declare them as they "
        "were, or move its folder away and run again"
    )
