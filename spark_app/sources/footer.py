"""Footers of delivered files, and what keeps Spark from reading the rows that they describe."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from spark_app.errors import DELIVER_AGAIN, Unusable, first_line

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_TAIL_BYTES = 2**16  # holds most footers whole
_LENGTH_BYTES = 8  # the length of the footer, and the magic after it
_SIGNATURE_BYTES = 28  # what stands behind a readable footer where columns are encrypted
_UNREADABLE_CODECS = ("BROTLI", "LZO")


def read_footer(path: str, opened: Any) -> "pq.FileMetaData":
    """The footer of a file. `opened` is a path or a file of Python.

    Raises:
        Unusable: the file is empty, broken, not Parquet or encrypted.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pa.OSFile(opened) if isinstance(opened, str) else pa.PythonFile(opened) as file:
            tail = _tail(file)
        if tail.endswith(b"PARE"):
            raise _encrypted(path)
        metadata = pq.read_metadata(pa.BufferReader(tail))
    except (pa.ArrowException, OSError) as error:
        why = first_line(error).rstrip(".")
        raise Unusable(
            f"{path} is empty, broken or not Parquet ({why}); {DELIVER_AGAIN}"
        ) from error
    # Asked for a column that is encrypted, pyarrow would end this process.
    if _footer_bytes(tail) - metadata.serialized_size == _SIGNATURE_BYTES:
        raise _encrypted(path)
    return metadata


def encodings(path: str, metadata: "pq.FileMetaData", columns: Sequence[str]) -> frozenset[str]:
    """How the pages of some columns are encoded, in Parquet's words.

    Raises:
        Unusable: they are compressed by a codec that Spark does not have.
    """
    found: set[str] = set()
    for chunk in _chunks(metadata, columns):
        if chunk.compression in _UNREADABLE_CODECS:
            raise Unusable(
                f"{path} is compressed with {chunk.compression} (column {chunk.path_in_schema}), "
                "which Spark cannot read; write it with zstd or snappy"
            )
        found.update(chunk.encodings)
    return frozenset(found)


def _chunks(metadata: "pq.FileMetaData", columns: Sequence[str]) -> "Iterator[Any]":
    schema = metadata.schema
    wanted = [i for i in range(metadata.num_columns) if schema.column(i).path in columns]
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        yield from (group.column(i) for i in wanted)


def _tail(file: Any) -> bytes:
    """The end of a file, with all of its footer."""
    size = file.size()
    file.seek(max(size - _TAIL_BYTES, 0))
    tail = bytes(file.read())
    wanted = _footer_bytes(tail) + _LENGTH_BYTES
    if len(tail) < wanted <= size:
        file.seek(size - wanted)
        tail = bytes(file.read())
    return tail


def _footer_bytes(tail: bytes) -> int:
    return int.from_bytes(tail[-_LENGTH_BYTES:-4], "little")


def _encrypted(path: str) -> Unusable:
    return Unusable(f"{path} is encrypted, which Spark cannot read; write it without encryption")
