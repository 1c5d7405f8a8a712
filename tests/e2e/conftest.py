"""One lake with two published runs, made once; tests that change it work on a copy."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import process, raw_files
from tests.e2e.process import Ended

WEEKS, NEWER_WEEKS = range(16), range(16, 20)
FIRST, SECOND = "z-first", "a-second"  # by name they stand the other way round


@dataclass(frozen=True)
class Made:
    """A published lake, its deliveries, and what its two runs said.

    `older` is a folder, the source of the run `FIRST`; `pattern` is a glob over it and newer files,
    the source of the run `SECOND`. `scratch` is where the runs could leave temporary files.
    """

    lake: Path
    older: Path
    pattern: str
    first: Ended
    second: Ended
    scratch: Path
    working: Path
    bad: list[tuple[dict[str, Any], tuple[str, ...]]]
    seconds: float


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("made")
    deliveries, working, scratch = root / "to read", root / "working", root / "scratch"
    older = deliveries / "older [2020]"
    working.mkdir()
    scratch.mkdir()
    bad = _deliver(deliveries, older)
    env = {"TMPDIR": str(scratch), "JDK_JAVA_OPTIONS": f"-Djava.io.tmpdir={scratch}"}
    lake, pattern = root / "lake", f"{deliveries}/*/*.parquet"
    first = process.run(older, lake, "--run-id", FIRST, cwd=working, env=env)
    began = time.monotonic()
    second = process.run(pattern, lake, "--run-id", SECOND, "--json", cwd=working, env=env)
    seconds = time.monotonic() - began
    return Made(lake, older, pattern, first, second, scratch, working, bad, seconds)


def _deliver(deliveries: Path, older: Path) -> list[tuple[dict[str, Any], tuple[str, ...]]]:
    """Older files with exactly one bad row in a hundred, and newer ones beside them."""
    good = raw_files.padded(raw_files.weeks_of_rows(WEEKS), 99)
    bad = raw_files.bad_rows(len(good) // 99)
    half = len(good) // 2
    raw_files.write(older / "part [1] of 2.parquet", good[:half] + [row for row, _ in bad])
    raw_files.write(older / "part {2},a*b?.parquet", good[half:])
    raw_files.write(deliveries / "newer" / "weeks 16-19.parquet", _newer_rows())
    return bad


def _newer_rows() -> list[dict[str, Any]]:
    """Four more weeks, a country that is new in them, and one key that is delivered again."""
    rows = raw_files.weeks_of_rows(NEWER_WEEKS)
    day = rows[-1]["start_date"]
    again = [raw_files.row(start_date=day, name="Ads", country="DE", value=v) for v in (3.0, 4.0)]
    later = {"dataplatform_inserted_at": raw_files.row()["dataplatform_inserted_at"].replace(day=9)}
    late = [raw_files.row(start_date=day, country="BR", value=5.0)]
    return [*rows, *late, *[row | later for row in again]]


@pytest.fixture
def lake(made: Made, tmp_path: Path) -> Path:
    """A copy of the published lake that a test may change."""
    shutil.copytree(made.lake, tmp_path / "lake")
    return tmp_path / "lake"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """One good delivery of two weeks."""
    return raw_files.write(tmp_path / "in" / "good.parquet", raw_files.weeks_of_rows(range(2)))
