"""Which files packed by gzip are whole, and which become too large."""

import gzip
import os
from pathlib import Path

import pytest

from spark_app.declarations import Column, Csv, Files
from spark_app.lake.store import Disk, StoredFile
from spark_app.sources.files import inspect_each
from spark_app.sources.packed import damaged, text_bytes

SOURCE = Files("events", Csv(header=False), (Column("user", "string", "who"),))
WHOLE = gzip.compress(os.urandom(3 * 2**20).hex().encode())


def written(folder: Path, content: bytes) -> StoredFile:
    path = folder / "a.csv.gz"
    path.write_bytes(content)
    found = Disk().stat(str(path))
    assert found is not None
    return found


def test_the_text_of_a_packed_file_is_taken_to_be_larger() -> None:
    assert [text_bytes(StoredFile(name, 100, "v")) for name in ("a.csv", "a.csv.gz")] == [100, 800]


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


def test_a_file_that_becomes_far_too_large_is_refused_unread(tmp_path: Path) -> None:
    file = written(tmp_path, gzip.compress(b"a" * (65 * 2**20)))
    found, refused = inspect_each(SOURCE, [file], Disk())
    assert found == []
    assert "becomes 68,157,440 bytes when it is unpacked, or is cut off" in refused[file.path]
