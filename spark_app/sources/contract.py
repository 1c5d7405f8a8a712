"""The contract of a raw dataset: its columns, and which Parquet types carry them unharmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_app.errors import Unusable
from spark_app.sources.parquet_types import ColumnType, Physical, physical, stored_type

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


@dataclass(frozen=True)
class Column:
    """One promised column; `meaning` gives its unit and what null means."""

    name: str
    type: ColumnType
    meaning: str


@dataclass(frozen=True)
class Contract:
    """The columns that every delivered file must have, in any order."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class DeliveredColumn:
    """One column of one delivered file, beside what the contract promises of it.

    `expected` is null for an extra column, `found` is null for a missing one; `physical` is null
    unless the stored type can carry the promised one.
    """

    file: str
    column: str
    expected: str | None
    found: str | None
    physical: Physical | None


@dataclass(frozen=True)
class DeliveredFile:
    """A delivered file: its rows and its columns, as its footer tells."""

    path: str
    rows_count: int
    columns: tuple[DeliveredColumn, ...]


BREACHES = ("is_missing", "is_wrong_type")


def inspect(contract: Contract, path: str, source: Any) -> DeliveredFile:
    """Hold a file's footer against the contract. `source` is what pyarrow can open.

    Raises:
        Unusable: the file is empty, broken or not Parquet.
    """
    metadata = _footer(path, source)
    stored = {
        column.path: column
        for column in (metadata.schema.column(i) for i in range(metadata.num_columns))
    }
    top_level = dict.fromkeys(name.split(".")[0] for name in stored)
    promised = [
        _hold(path, column, stored.get(column.name))
        if column.name in stored or column.name not in top_level
        else DeliveredColumn(path, column.name, column.type, "nested", None)
        for column in contract.columns
    ]
    extra = [
        DeliveredColumn(path, name, None, stored_type(stored.get(name)), None)
        for name in top_level
        if name not in contract.names
    ]
    return DeliveredFile(path, metadata.num_rows, (*promised, *extra))


def as_table(files: Sequence[DeliveredFile]) -> "pa.Table":
    """One row per delivered file and column: what the contract checks look at."""
    import pyarrow as pa

    columns = [column for file in files for column in file.columns]
    return pa.table(
        {
            "file": pa.array([c.file for c in columns], pa.string()),
            "column": pa.array([c.column for c in columns], pa.string()),
            "expected": pa.array([c.expected for c in columns], pa.string()),
            "found": pa.array([c.found for c in columns], pa.string()),
            "is_extra": pa.array([c.expected is None for c in columns], pa.bool_()),
            "is_missing": pa.array([not c.found for c in columns], pa.bool_()),
            "is_wrong_type": pa.array([_is_wrong(c) for c in columns], pa.bool_()),
        }
    )


def explanations(files: Sequence[DeliveredFile]) -> dict[str, str]:
    """In words, what is wrong with the columns of `as_table` that should all be false."""
    columns = [column for file in files for column in file.columns]
    missing = [f"{_where(c)}: expected {c.expected}, found none" for c in columns if not c.found]
    wrong = [
        f"{_where(c)}: expected {c.expected}, found {c.found}" for c in columns if _is_wrong(c)
    ]
    extra = [f"{_where(c)} is not in the contract" for c in columns if c.expected is None]
    return {
        "is_missing": _first(missing),
        "is_wrong_type": _first(wrong),
        "is_extra": _first(extra),
    }


def _where(column: DeliveredColumn) -> str:
    return f"file {column.file}, column {column.column}"


def _first(lines: Sequence[str]) -> str:
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return lines[0] + more if lines else ""


def _is_wrong(column: DeliveredColumn) -> bool:
    return column.expected is not None and column.found is not None and column.physical is None


def _footer(path: str, source: Any) -> "pq.FileMetaData":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(source)
    except (pa.ArrowException, OSError) as error:
        why = str(error).split("\n")[0].rstrip(".")
        raise Unusable(
            f"{path} is empty, broken or not Parquet ({why}); deliver it again or take it away"
        ) from error


def _hold(path: str, promised: Column, stored: Any) -> DeliveredColumn:
    found = stored_type(stored) if stored is not None else None
    reading = physical(promised.type, stored) if stored is not None else None
    return DeliveredColumn(path, promised.name, promised.type, found, reading)
