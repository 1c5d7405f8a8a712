"""What a source promises of its files: which columns, stored in types that carry them unharmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_app.declarations import Column, Files, Finding
from spark_app.errors import Unusable
from spark_app.sources.parquet_types import Physical, physical, stored_type

if TYPE_CHECKING:
    import pyarrow.parquet as pq


@dataclass(frozen=True)
class DeliveredColumn:
    """One column of one delivered file, beside what its source promises of it.

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


def inspect_footer(source: Files, path: str, opened: Any) -> DeliveredFile:
    """Hold a file's footer against what is promised. `opened` is what pyarrow can open.

    Raises:
        Unusable: the file is empty, broken or not Parquet.
    """
    metadata = _footer(path, opened)
    stored = {
        column.path: column
        for column in (metadata.schema.column(i) for i in range(metadata.num_columns))
    }
    top_level = dict.fromkeys(name.split(".")[0] for name in stored)
    names = [column.name for column in source.columns]
    promised = [
        _hold(path, column, stored.get(column.name))
        if column.name in stored or column.name not in top_level
        else DeliveredColumn(path, column.name, column.type, "nested", None)
        for column in source.columns
    ]
    extra = [
        DeliveredColumn(path, name, None, stored_type(stored.get(name)), None)
        for name in top_level
        if name not in names
    ]
    return DeliveredFile(path, metadata.num_rows, (*promised, *extra))


def findings(files: Sequence[DeliveredFile]) -> dict[str, Finding]:
    """What the footers say, by the name of the check; looked at is every column of every file."""
    columns = [column for file in files for column in file.columns]
    missing = [f"{_where(c)}: expected {c.expected}, found none" for c in columns if not c.found]
    wrong = [
        f"{_where(c)}: expected {c.expected}, found {c.found}" for c in columns if _is_wrong(c)
    ]
    extra = [f"{_where(c)} is not in the contract" for c in columns if c.expected is None]
    broken = {"columns_present": missing, "types_kept": wrong, "no_extra_columns": extra}
    return {
        name: Finding(len(columns), len(lines), _first(lines)) for name, lines in broken.items()
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
