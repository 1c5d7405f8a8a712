"""The beginning of a delivered text file: what it is, and the names in its first line."""

import csv
import re
import zlib
from collections.abc import Sequence
from typing import Any

from spark_app.declarations import Csv
from spark_app.errors import DELIVER_AGAIN, Unusable
from spark_app.lake.store import Store, StoredFile
from spark_app.sources.long_lines import first_end
from spark_app.sources.packed import PACKED

HEAD_BYTES = 2**16
_OTHER_PACKED = (".bz2", ".deflate", ".lz4", ".snappy", ".zst")  # Spark unpacks these by name
_BOM = "\ufeff"
_KINDS = (
    (b"PAR1", "a Parquet file, not text; deliver text"),
    (b"PK\x03\x04", "a zip archive or a spreadsheet; deliver text, plain or packed by gzip"),
    (b"\x1f\x8b", "packed by gzip; let its name end in .gz"),
    (b"\xff\xfe", "UTF-16; write it as UTF-8"),
    (b"\xfe\xff", "UTF-16; write it as UTF-8"),
    (b"version https://git-lfs", f"a pointer of Git LFS, not the file itself; {DELIVER_AGAIN}"),
)
_HTML = re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE)


def read_head(file: StoredFile, store: Store) -> bytes:
    """The first bytes of a text file, unpacked where its name ends in `.gz`.

    Raises:
        Unusable: the file is empty, or no text.
    """
    if file.path.endswith(_OTHER_PACKED):
        raise Unusable(
            f"{file.path} is packed, or has a name as if it were; deliver it plain, or packed by "
            f"gzip as {PACKED}"
        )
    packed = _first_bytes(store.open(file))
    if not packed:
        raise Unusable(f"{file.path} is empty; {DELIVER_AGAIN}")
    head = _unpacked(packed, file.path) if file.path.endswith(PACKED) else packed
    kind = next((words for start, words in _KINDS if head.startswith(start)), None)
    if _HTML.match(head):
        kind = f"a page of HTML or XML, perhaps an error in place of the file; {DELIVER_AGAIN}"
    if kind is None and b"\0" in head:
        kind = f"no text: it holds NUL bytes; {DELIVER_AGAIN}"
    if kind:
        raise Unusable(f"{file.path} is {kind}")
    return head


def header_line(head: bytes, form: Csv, path: str) -> str:
    """The first line of a text file, without its end.

    Raises:
        Unusable: it has no end within `HEAD_BYTES`, or is not of the declared encoding.
    """
    at = first_end(head)
    if at == len(head) >= HEAD_BYTES:
        raise Unusable(
            f"the first line of {path} has no end within {HEAD_BYTES} bytes; {DELIVER_AGAIN}"
        )
    try:
        return head[:at].decode(form.encoding).removeprefix(_BOM)
    except UnicodeDecodeError as error:
        raise Unusable(
            f"the first line of {path} is not {form.encoding}; {DELIVER_AGAIN}"
        ) from error


def names_in(line: str, form: Csv, path: str) -> Sequence[str]:
    """The names of the columns in a header, without blanks around them.

    Raises:
        Unusable: it is no line of names.
    """
    reader = csv.reader([line], delimiter=form.separator, quotechar=form.quote)
    try:
        return [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise Unusable(
            f"the first line of {path} cannot be read ({error}); {DELIVER_AGAIN}"
        ) from error


def _first_bytes(opened: Any) -> bytes:
    if isinstance(opened, str):
        with open(opened, "rb") as file:
            return file.read(HEAD_BYTES)
    return bytes(opened.read(HEAD_BYTES))


def _unpacked(packed: bytes, path: str) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(packed, HEAD_BYTES)
    except zlib.error as error:
        raise Unusable(f"{path} is not packed by gzip, or broken; {DELIVER_AGAIN}") from error
