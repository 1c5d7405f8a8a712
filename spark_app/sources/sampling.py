"""The different values of some columns, as far as row groups' dictionaries tell them cheaply."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from spark_app.errors import DELIVER_AGAIN, Unusable, first_line
from spark_app.lake.store import READERS, Store, StoredFile

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MOST_VALUES = 10_000
Values = set[object]
Item = TypeVar("Item")


def sample(
    inputs: Sequence[StoredFile], columns: Sequence[str], store: Store
) -> list[tuple[Any, ...]]:
    """Different values of `columns`: all of each row group that holds a new value of the first.

    That value is looked for in every row group's dictionary. Of more files than the store reads
    cheaply (`Store.hint_reads`) so many are opened, and of more row groups so many are read: of the
    others the least and the largest value count, as the footer names them. It is a hint: no more
    than about `MOST_VALUES` are looked for.

    Raises:
        Unusable: a file is damaged.
    """
    if not inputs or not columns:
        return []
    files = _spread(inputs, store.hint_reads)
    reads = max(store.hint_reads // len(files), 1)
    found: dict[tuple[Any, ...], None] = {}
    seen: Values = set()
    asked_count = 0
    with ThreadPoolExecutor(READERS) as pool:
        looks = [pool.submit(_firsts, file, store, columns[0], reads) for file in files]
        for file, look in zip(files, looks, strict=True):
            for group, values in enumerate(look.result()):
                is_enough = asked_count >= store.hint_reads or len(found) > MOST_VALUES
                if values <= seen or is_enough:
                    continue
                asked_count += 1
                rows = _values(file, store, group, columns)
                found.update(dict.fromkeys(rows))
                seen |= values | {row[0] for row in rows}
    return list(found)


def _firsts(file: StoredFile, store: Store, column: str, reads: int) -> list[Values]:
    """Values of a column by row group: all in `reads` of them, its bounds in the others."""
    with _opened(file, store, [column]) as opened:
        count = opened.metadata.num_row_groups
        read = set(_spread(range(count), reads))
        return [
            _unique(opened.read_row_group(group, columns=[column]).column(0))
            if group in read
            else _bounds(opened.metadata.row_group(group), column)
            for group in range(count)
        ]


def _values(
    file: StoredFile, store: Store, group: int, columns: Sequence[str]
) -> list[tuple[Any, ...]]:
    """The different rows of some columns in a row group."""
    with _opened(file, store, []) as opened:
        table = opened.read_row_group(group, columns=list(columns))
        different = table.group_by(list(columns)).aggregate([])
        return list(zip(*_plain([different[column] for column in columns]), strict=True))


@contextmanager
def _opened(
    file: StoredFile, store: Store, as_dictionaries: Sequence[str]
) -> "Iterator[pq.ParquetFile]":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(
            store.open(file),
            read_dictionary=list(as_dictionaries),
            page_checksum_verification=True,
        ) as opened:
            yield opened
    except (pa.ArrowException, OSError) as error:
        why = first_line(error).rstrip(".")
        raise Unusable(f"{file.path} is damaged ({why}); {DELIVER_AGAIN}") from error


def _unique(column: "pa.ChunkedArray") -> Values:
    """The different values of a column; those of a dictionary without a look at the rows."""
    import pyarrow as pa

    is_dictionary = pa.types.is_dictionary(column.type)
    parts = [chunk.dictionary for chunk in column.chunks] if is_dictionary else [column.unique()]
    return {value for values in _plain(parts) for value in values}


def _bounds(group: "pq.RowGroupMetaData", column: str) -> Values:
    """The least and the largest value that the footer names; none where it names none."""
    chunks = (group.column(i) for i in range(group.num_columns))
    found = next(chunk.statistics for chunk in chunks if chunk.path_in_schema == column)
    try:
        return {found.min, found.max} if found is not None and found.has_min_max else set()
    except UnicodeDecodeError:
        return set()


def _spread(items: Sequence[Item], most: int) -> Sequence[Item]:
    """At most so many of the items, spread evenly."""
    return items[:: -(-len(items) // most)] if items else items


def _plain(columns: Sequence[Any]) -> list[list[Any]]:
    """The values of each column; nothing at all where one holds text that is not UTF-8.

    Parquet's ENUM comes as bytes.
    """
    import pyarrow as pa

    try:
        return [
            (column.cast(pa.string()) if pa.types.is_binary(column.type) else column).to_pylist()
            for column in columns
        ]
    except (pa.ArrowException, UnicodeDecodeError):  # a hint is not worth a failed run
        return []
