"""What a source promises of its files: which columns, stored in types that carry them unharmed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spark_app.declarations import Column, Files, Finding
from spark_app.sources.footer import encodings, read_footer
from spark_app.sources.parquet_types import Physical, physical, stored_type


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
    """A delivered file and its columns.

    Parquet's footer tells its rows, and how the pages of promised columns are encoded. Of text
    `rows_count` is null, and `most_rows` how many its size allows, null where it is packed;
    `header` has the names in its first line, where it has some; `text_bytes` is how large it is,
    unpacked.
    """

    path: str
    rows_count: int | None
    most_rows: int | None
    columns: tuple[DeliveredColumn, ...]
    encodings: frozenset[str] = frozenset()
    header: tuple[str, ...] = ()
    header_line: str = ""
    text_bytes: int | None = None


def inspect_footer(source: Files, path: str, opened: Any) -> DeliveredFile:
    """Hold a file's footer against what is promised. `opened` is what pyarrow can open.

    Raises:
        Unusable: the file is empty, broken, not Parquet, or not written for Spark.
    """
    metadata = read_footer(path, opened)
    leaves = [metadata.schema.column(i) for i in range(metadata.num_columns)]
    stored = {leaf.path: leaf for leaf in leaves}
    times = Counter(leaf.path for leaf in leaves)
    top_level = dict.fromkeys(name.split(".")[0] for name in stored)
    names = [column.name for column in source.columns]
    promised = [
        _hold(path, column, stored.get(column.name), times[column.name], column.name in top_level)
        for column in source.columns
    ]
    extra = [
        DeliveredColumn(path, name, None, stored_type(stored.get(name)), None)
        for name in top_level
        if name not in names
    ]
    found = encodings(path, metadata, names)
    count = metadata.num_rows
    return DeliveredFile(path, count, count, (*promised, *extra), found)


def findings(files: Sequence[DeliveredFile]) -> dict[str, Finding]:
    """What the footers say, by the name of the check; looked at is every column of every file."""
    columns = [column for file in files for column in file.columns]
    missing = [
        f"{_where(c)}: expected {c.expected}, found none{_alike(c, file)}"
        for file in files
        for c in file.columns
        if not c.found
    ]
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


def _alike(missing: DeliveredColumn, file: DeliveredFile) -> str:
    """A hint at the extra columns whose names differ in case only."""
    extra = [column.column for column in file.columns if column.expected is None]
    alike = [name for name in extra if name.lower() == missing.column.lower()]
    return f" (there is {', '.join(alike)})" if alike else ""


def _is_wrong(column: DeliveredColumn) -> bool:
    return column.expected is not None and column.found is not None and column.physical is None


def _hold(
    path: str, promised: Column, stored: Any, times: int, is_top_level: bool
) -> DeliveredColumn:
    found, reading = "nested" if is_top_level else None, None
    if times > 1:
        found = f"{times} columns of that name"
    elif stored is not None:
        found, reading = stored_type(stored), physical(promised.type, stored)
    return DeliveredColumn(path, promised.name, promised.type, found, reading)
