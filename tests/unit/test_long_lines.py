"""Lines that are too long are found without reading the file."""

from pathlib import Path

import pytest

from spark_app.lake.store import Disk
from spark_app.sources.long_lines import MOST_LINE_BYTES, has_long_line

SHORT = b"1,2,3\n" * 100_000
ALLOWED, LONG = b"a" * MOST_LINE_BYTES, b"a" * (MOST_LINE_BYTES + 1)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (SHORT * 40, False),
        (LONG, True),
        (ALLOWED, False),
        (SHORT + LONG + b"\n" + SHORT, True),
        (SHORT + ALLOWED + b"\n" + SHORT, False),
        (ALLOWED + b"\n" + ALLOWED, False),
        (SHORT * 3 + LONG, True),
        (ALLOWED + b"\r" + ALLOWED, False),
        (SHORT.replace(b"\n", b"\r") + LONG + b"\r", True),
        (b"\n" * MOST_LINE_BYTES + LONG, True),
    ],
)
def test_a_line_is_too_long(tmp_path: Path, content: bytes, expected: bool) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    file = Disk().stat(str(path))
    assert file is not None
    assert has_long_line(file, Disk()) is expected
