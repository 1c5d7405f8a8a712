"""Which files packed by gzip are whole, and which become too large."""

import gzip
import os
from pathlib import Path

import pytest

from spark_app.declarations import Column, Csv, Files
from spark_app.lake.store import Disk, StoredFile
from spark_app.sources.files import inspect_each
from spark_app.sources.long_lines import MOST_LINE_BYTES
from spark_app.sources.packed import damaged
from spark_app.sources.whole_text import text_bytes

SOURCE = Files("events", Csv(header=False), (Column("user", "string", "who"),))
WHOLE = gzip.compress(os.urandom(3 * 2**20).hex().encode())


def written(folder: Path, content: bytes) -> StoredFile:
    path = folder / "a.csv.gz"
    path.write_bytes(content)
    found = Disk().stat(str(path))
    assert found is not None
    return found


@pytest.mark.parametrize("content", [WHOLE, WHOLE + gzip.compress(b"more")])
def test_a_whole_file_is_not_damaged(tmp_path: Path, content: bytes) -> None:
    assert damaged([written(tmp_path, content)], Disk()) == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (WHOLE[:-9], "is cut off inside of gzip; deliver it again"),
        (WHOLE[:50_000], "is cut off inside of gzip; deliver it again"),
        (WHOLE[:50_000] + b"\0" * 64 + WHOLE[50_064:], "is damaged inside of gzip; deliver"),
        (WHOLE[:-8] + b"\0" * 8, "is damaged inside of gzip; deliver it again"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    file = written(tmp_path, content)
    (why,) = damaged([file], Disk()).values()
    assert why.startswith(f"{file.path} {words}")


def of_lines(size: int) -> bytes:
    """Lines of so many bytes in all, packed as close as gzip can."""
    return gzip.compress(b"aaaaaaa\n" * (size // 8))


def why_refused(file: StoredFile) -> str | None:
    found, refused = inspect_each(SOURCE, [file], Disk())
    assert len(found) + len(refused) == 1
    return refused.get(file.path)


NOISE = os.urandom(60_000).hex().encode() + b"\n"
HALF = b"a" * (MOST_LINE_BYTES // 2)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([NOISE + HALF + HALF + b"a"], id="in one part"),
        pytest.param([NOISE + HALF, HALF + b"a\n", NOISE], id="over two parts"),
        pytest.param([HALF, b"a", HALF, b"\rshort\n"], id="packed very close"),
    ],
)
def test_a_packed_file_with_a_long_line_is_refused(tmp_path: Path, parts: list[bytes]) -> None:
    file = written(tmp_path, b"".join(map(gzip.compress, parts)))
    words = "has a line of more than 16 MiB; deliver it again or take it away"
    assert why_refused(file) == f"{file.path} {words}"


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_long_lines_of_a_packed_file_are_allowed_up_to_their_limit(
    tmp_path: Path, end: bytes
) -> None:
    parts = [HALF, HALF + end + HALF, HALF + end]
    assert why_refused(written(tmp_path, b"".join(map(gzip.compress, parts)))) is None


@pytest.mark.parametrize("sizes", [[65 * 2**20], [40 * 2**20, 40 * 2**20], [80 * 2**20, 8]])
def test_a_file_that_becomes_far_too_large_is_refused(tmp_path: Path, sizes: list[int]) -> None:
    file = written(tmp_path, b"".join(map(of_lines, sizes)))
    words = "becomes more than 67,108,864 bytes when it is unpacked; deliver it again"
    assert (why_refused(file) or "").startswith(f"{file.path} {words}")


def test_a_file_that_becomes_large_as_text_does_is_read(tmp_path: Path) -> None:
    noise = gzip.compress(os.urandom(250_000).hex().encode() + b"\n")
    assert why_refused(written(tmp_path, noise + of_lines(65 * 2**20))) is None


def test_what_is_known_of_the_size_of_a_text_is_used(tmp_path: Path) -> None:
    whole = written(tmp_path, gzip.compress(NOISE) + gzip.compress(NOISE * 2))
    assert text_bytes(whole, Disk()) == 3 * len(NOISE)
    tiny = written(tmp_path, gzip.compress(b"a,1\n"))
    assert text_bytes(tiny, Disk()) == 8 * tiny.size_bytes
    cut = written(tmp_path, WHOLE[:-9])
    assert text_bytes(cut, Disk()) == 8 * cut.size_bytes


def test_a_file_too_small_for_a_long_line_is_not_read_to_its_end(tmp_path: Path) -> None:
    tiny = written(tmp_path, gzip.compress(b"a,1\n"))
    Path(tiny.path).unlink()
    assert text_bytes(tiny, Disk()) == 8 * tiny.size_bytes
