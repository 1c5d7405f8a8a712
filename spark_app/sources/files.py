"""Delivered files: finding and pinning them, and reading them as the promised types."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import TYPE_CHECKING

from spark_app.declarations import Files, Parquet
from spark_app.errors import Unusable
from spark_app.lake.frames import read_parquet
from spark_app.lake.lake import Lake
from spark_app.lake.store import READERS, Store, StoredFile
from spark_app.lake.store.base import changed_while_read
from spark_app.sources.contract import DeliveredFile, inspect_footer
from spark_app.sources.parquet_types import Physical
from spark_app.sources.readable import require_readable
from spark_app.sources.text import inspect_text, read_text

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TASK_ROWS = 2_000_000
TASKS_PER_CORE = 2
MAX_TASKS = 10_000
MIN_TASK_BYTES, MAX_TASK_BYTES = 2**20, 128 * 2**20
MAX_SHARE_BYTES = 512 * 2**20
FILE_COST_BYTES = 64 * 2**10
_VECTORISED = {
    *("PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE", "BIT_PACKED"),
    *("DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"),
}


def find_inputs(source: str, store: Store, lake: Lake) -> list[StoredFile]:
    """List and pin the files of a source: a file, a folder with its subfolders, or a glob.

    Raises:
        Unusable: nothing is there, a file of it cannot be read or is part of a table with a log of
            its own, or the source holds the lake's own folders.
    """
    inputs = store.find(source)
    require_readable(inputs, store)
    root, raw = lake.store.canonical(lake.root), lake.store.canonical(lake.path("raw"))
    paths = [store.canonical(file.path) for file in inputs]
    is_own = any(_holds(root, path) and not _holds(raw, path) for path in paths)
    if is_own or _holds(store.canonical(source), root):
        raise Unusable(
            f"the lake {lake.root} lies inside the source {source}, so a run would read what it "
            "writes; choose a lake elsewhere"
        )
    return inputs


def require_unchanged(files: Sequence[StoredFile], store: Store) -> None:
    """Raise unless every file is still the version that was pinned.

    Raises:
        RunFailed: a file changed or vanished while it was read.
    """
    changed = store.changed(files)
    if changed:
        raise changed_while_read(changed.path)


def inspect_files(source: Files, inputs: Sequence[StoredFile], store: Store) -> list[DeliveredFile]:
    """Hold every file's footer or first line against what is promised of the source.

    Raises:
        Unusable: a file is empty, broken, of another format, or not written for Spark.
    """

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(lambda file: _inspect(source, file, store), inputs))


def inspect_each(
    source: Files, inputs: Sequence[StoredFile], store: Store
) -> tuple[list[DeliveredFile], dict[str, str]]:
    """The same of the files that can be used; of the others, by path, why not."""

    def inspect(file: StoredFile) -> DeliveredFile | Unusable:
        try:
            return _inspect(source, file, store)
        except Unusable as error:
            return error

    with ThreadPoolExecutor(READERS) as pool:
        found = list(zip(inputs, pool.map(inspect, inputs), strict=True))
    return (
        [one for _, one in found if isinstance(one, DeliveredFile)],
        {file.path: str(one) for file, one in found if isinstance(one, Unusable)},
    )


def choose_reader(session: "SparkSession", files: Sequence[DeliveredFile]) -> None:
    """Let Spark read `files` in batches, unless they have pages that only its slower reader knows.

    Spark asks for it whenever it plans a query, so it is chosen for all files of a run at once.
    """
    is_vectorised = all(file.encodings <= _VECTORISED for file in files)
    session.conf.set("spark.sql.parquet.enableVectorizedReader", str(is_vectorised).lower())


def read_files(
    session: "SparkSession",
    source: Files,
    files: Sequence[DeliveredFile],
    *,
    bytes_count: int,
) -> "DataFrame":
    """The rows of all `files`: the promised columns in their order and types; of text also what
    `read_text` says.

    Every column of every file must have passed `inspect_files`. A value of Parquet that its
    promised type cannot hold raises inside Spark, with `LOSSY_VALUE` in the message.
    """
    size = task_bytes(bytes_count, rows_in(files), local_cores(session))
    session.conf.set("spark.sql.files.maxPartitionBytes", str(size))
    session.conf.set("spark.sql.files.openCostInBytes", str(FILE_COST_BYTES))
    if not isinstance(source.format, Parquet):
        return read_text(session, source, source.format, files)
    alike: dict[tuple[Physical, ...], list[str]] = defaultdict(list)
    for file in files:
        alike[_signature(source, file)].append(file.path)
    frames = [_read(session, source, stored, paths) for stored, paths in alike.items()]
    return reduce(lambda one, other: one.unionByName(other), frames)


def rows_in(files: Sequence[DeliveredFile]) -> int | None:
    """How many rows files hold; null where one of them cannot tell."""
    return _sum([file.rows_count for file in files])


def most_rows_in(files: Sequence[DeliveredFile]) -> int | None:
    """How many rows files can hold at most; null where one of them cannot tell."""
    return _sum([file.most_rows for file in files])


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def local_cores(session: "SparkSession") -> int | None:
    """How many cores run tasks; null on a cluster, which grows and shrinks by the tasks it has."""
    context = session.sparkContext
    return context.defaultParallelism if str(context.master).startswith("local") else None


def task_bytes(bytes_count: int, rows_count: int | None, cores: int | None = None) -> int:
    """How much one task reads: two million rows or more, where their number is known, and no more
    tasks than cores can share.

    Each task hands on the groups that it found. Where rows do not lie in the order of their groups
    every task finds nearly all of them, so few tasks are cheaper than many.
    """
    by_rows = bytes_count * TASK_ROWS // max(rows_count, 1) if rows_count is not None else 0
    by_core = -(-bytes_count // (TASKS_PER_CORE * cores)) if cores else 0
    return max(
        min(max(by_rows, MIN_TASK_BYTES), MAX_TASK_BYTES),
        min(by_core, MAX_SHARE_BYTES),
        bytes_count // MAX_TASKS,
    )


def _inspect(source: Files, file: StoredFile, store: Store) -> DeliveredFile:
    if isinstance(source.format, Parquet):
        return inspect_footer(source, file.path, store.open(file))
    return inspect_text(source, source.format, file, store)


def _signature(source: Files, file: DeliveredFile) -> tuple[Physical, ...]:
    stored = {column.column: column.physical for column in file.columns}
    return tuple(
        found for promised in source.columns if (found := stored[promised.name]) is not None
    )


def _read(
    session: "SparkSession", source: Files, stored: Sequence[Physical], paths: Sequence[str]
) -> "DataFrame":
    from pyspark.sql import functions as F

    fields = zip(source.columns, stored, strict=True)
    schema = ", ".join(f"`{column.name}` {physical.spark_type}" for column, physical in fields)
    frame = read_parquet(session, schema, paths)
    return frame.select(
        *[
            F.expr(physical.cast.format(column.name)).alias(column.name)
            for column, physical in zip(source.columns, stored, strict=True)
        ]
    )


def _holds(folder: str, path: str) -> bool:
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")
