"""One lake with two published runs, made once; tests that change it work on a copy."""

import fcntl
import pickle
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import pytest

from spark_app.run.manifest import Stage
from spark_app.run.progress import Progress
from spark_app.sources import files
from tests.e2e import process, raw_files
from tests.e2e.in_process import App, app_here
from tests.e2e.process import JOB, Ended

__all__ = ["app_here"]

Happening = Callable[[], object]
WEEKS, NEWER_WEEKS = range(16), range(16, 20)
NOTHING: Mapping[str, Happening] = {}
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
def made(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Made:
    """Made by the first of the test processes that asks, for all of them."""
    base = tmp_path_factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "made"
    root.mkdir(exist_ok=True)
    kept = root / "made.pickle"
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(_make(root)))
    return cast(Made, pickle.loads(kept.read_bytes()))


def _make(root: Path) -> Made:
    deliveries, working, scratch = root / "to read", root / "working", root / "with space"
    older = deliveries / "older [2020]"
    working.mkdir()
    scratch.mkdir()
    bad = _deliver(deliveries, older)
    java = f"-Djava.io.tmpdir='{scratch}'"
    another_spark = {"SPARK_HOME": "/nowhere", "PYSPARK_SUBMIT_ARGS": "--nonsense"}
    env = {"TMPDIR": str(scratch), "JDK_JAVA_OPTIONS": java, **another_spark}
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


class Run(Protocol):
    """Run the job to its end; `more` are further options.

    `at` is what happens at some moments: when Spark begins to `read`, and after a stage's line.
    """

    def __call__(
        self, source: object, lake: Path, *more: object, at: Mapping[str, Happening] = ...
    ) -> Ended: ...


@pytest.fixture
def run_here(app_here: App, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the whole command in this process, in the tests' session as if spark-submit had made it.

    For tests that look at data and messages; a process of its own takes seconds more.
    """

    def run(
        source: object, lake: Path, *more: object, at: Mapping[str, Happening] = NOTHING
    ) -> Ended:
        _let_happen(monkeypatch, at)
        return app_here("run", JOB, "--source", source, "--lake", lake, *more, cwd=lake.parent)

    return run


def _let_happen(monkeypatch: pytest.MonkeyPatch, at: Mapping[str, Happening]) -> None:
    read, show = files.read_files, Progress.stage

    def read_files(*args: Any, **more: Any) -> Any:
        at.get("read", lambda: None)()
        return read(*args, **more)

    def stage(progress: Progress, ended: Stage) -> None:
        show(progress, ended)
        at.get(ended.name, lambda: None)()

    monkeypatch.setattr("spark_app.run.reading.read_files", read_files)
    monkeypatch.setattr(Progress, "stage", stage)
