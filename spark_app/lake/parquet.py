"""Parquet in memory: small tables as bytes and back, and the rows of larger files one by one."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def rows_of(source: Any) -> Iterator[dict[str, Any]]:
    """The rows of a file; dates and times as text, and a mark where a text is no UTF-8."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        for batch in file.iter_batches(batch_size=1000):
            cells = [_plain(column) for column in batch.columns]
            for row in zip(*cells, strict=True):
                yield dict(zip(batch.schema.names, row, strict=True))


def _plain(column: Any) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_temporal(column.type):
        column = column.cast(pa.string())
    if pa.types.is_string(column.type):
        texts = column.cast(pa.binary()).to_pylist()
        return [None if text is None else text.decode(errors="replace") for text in texts]
    return list(column.to_pylist())


def marks_of(content: bytes) -> dict[bytes, bytes]:
    """The metadata of a Parquet file; none when it is no Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(pa.BufferReader(content)).metadata or {}
    except (pa.ArrowException, OSError):
        return {}


def schema_of(source: Any) -> "pa.Schema":
    """The columns and types of a file, from its footer alone."""
    import pyarrow.parquet as pq

    return pq.read_schema(source)


def serialise(table: "pa.Table") -> bytes:
    """A table as the bytes of one Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def parse(content: bytes, columns: Sequence[str] | None = None) -> "pa.Table":
    """The table, or some columns of it, in the bytes of one Parquet file."""
    import pyarrow as pa

    return read(pa.BufferReader(content), columns)


def read(source: Any, columns: Sequence[str] | None = None) -> "pa.Table":
    """Read a whole file in this thread: Arrow's own could still hold `source` when Python ends."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source, pre_buffer=False) as file:
        return file.read(columns, use_threads=False)
