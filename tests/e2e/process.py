"""Running the application as a user does, and looking at what it left."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from spark_app.errors import one_line

ROOT = Path(__file__).parents[2]
JOB = "organic_share"
DEADLINE = 120.0
SAID = (  # what stderr may hold
    *("raw ", "staging ", "final ", "files: ", "read: ", "refused: ", "left: ", "report: "),
    *("error: ", "run ", "compacted "),
    "fetching Spark's S3 connector, once",
    "the end of the run could not be recorded: ",
)
NOISE = ("Traceback", "WARN", "at org.apache", "Exception in", "log4j", "py4j")


@dataclass(frozen=True)
class Ended:
    """A process that has ended."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


def environment(**more: str) -> dict[str, str]:
    """This process's environment without the settings of the application."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_APP_", "PYSPARK_"))}
    return {**ours, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


def app(
    *arguments: object,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    deadline: float = DEADLINE,
) -> Ended:
    """Run a command to its end."""
    command = [sys.executable, "-m", "spark_app", *map(str, arguments)]
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment(**(env or {})),
        capture_output=True,
        text=True,
        timeout=deadline,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def run(
    source: object,
    lake: Path,
    *more: object,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    by: Callable[..., Ended] = app,
) -> Ended:
    """Run the job."""
    where = cwd or lake.parent
    return by("run", JOB, "--source", source, "--lake", lake, *more, cwd=where, env=env)


def expect_done(ended: Ended) -> Ended:
    """A run that published and bothered nobody."""
    assert ended.code == 0, ended.err
    assert not ended.errors
    _expect_quiet(ended)
    return ended


def expect_error(ended: Ended, code: int, *words: object) -> str:
    """One line that says what is wrong and what to do, and nothing that frightens; the line."""
    assert ended.code == code, ended.err
    assert len(ended.errors) == 1, ended.err
    for word in words:
        assert str(word) in ended.errors[0]
    _expect_quiet(ended)
    return ended.errors[0]


def _expect_quiet(ended: Ended) -> None:
    for noise in NOISE:
        assert noise not in ended.err + ended.out
    for line in ended.err.splitlines():
        assert line.startswith(SAID), ended.err


def published(lake: Path) -> Path:
    """What readers read."""
    return lake / "final" / JOB / f"{JOB}.parquet"


def table(lake: Path) -> pa.Table:
    """The published rows, without the marks of their run."""
    return pq.read_table(published(lake)).replace_schema_metadata(None)


def staging(lake: Path, run_id: str) -> pa.Table:
    """A run's staging in a fixed order."""
    folder = lake / "runs" / run_id / "staging" / JOB
    return pq.read_table(folder).sort_by(
        [("country", "ascending"), ("week_start_date", "ascending")]
    )


def readers_see(lake: Path) -> str | None:
    """The run that made the published table, which is whole; null when nothing is published."""
    if not published(lake).exists():
        assert not list(lake.glob("final/**/*.parquet"))
        return None
    assert [path.name for path in (lake / "final" / JOB).iterdir()] == [f"{JOB}.parquet"]
    found = pq.read_table(published(lake))
    assert found.num_rows > 0
    marks = found.schema.metadata
    assert len(marks[b"spark_app.inputs_digest"]) == 64
    return str(marks[b"spark_app.run_id"].decode())


def seen_by_readers(lake: Path) -> dict[str, bytes]:
    """Every byte of the tables and their pages, by path; the site's index tells of failed runs."""
    files = [*(lake / "final").rglob("*"), *(lake / "report").glob("*.html")]
    seen = [path for path in files if path.is_file() and path.name != "index.html"]
    return {str(path): path.read_bytes() for path in seen}


def manifest(lake: Path, run_id: str) -> dict[str, Any]:
    """A run's manifest."""
    return dict(json.loads((lake / "runs" / run_id / "run.json").read_text()))


def checks(
    lake: Path, run_id: str, layer: str = "raw", job: str = JOB
) -> dict[str, dict[str, Any]]:
    """A run's rows of the quality history of one layer, by check."""
    return {row["check"]: row for row in all_checks(lake, run_id, job) if row["layer"] == layer}


def all_checks(lake: Path, run_id: str, job: str = JOB) -> list[dict[str, Any]]:
    """A run's rows of the quality history."""
    path = lake / "quality" / job / f"run_id={run_id}" / "checks.parquet"
    return list(pq.read_table(path).to_pylist())


def inputs(lake: Path, run_id: str) -> list[dict[str, Any]]:
    """The files that a run read."""
    return list(pq.read_table(lake / "runs" / run_id / "inputs.parquet").to_pylist())


def expect_recorded(
    lake: Path, run_id: str, outcome: str, code: int, line: str | None
) -> dict[str, Any]:
    """The manifest says how the run ended, in the words that the user got."""
    found = manifest(lake, run_id)
    assert (found["outcome"], found["exit_code"]) == (outcome, code)
    said = line.removeprefix("error: ") if line else None
    assert (found["reason"] and one_line(found["reason"])) == said
    assert found["finished_at"] is not None
    assert found["duration_seconds"] > 0
    assert (found["published_at"] is not None) == (outcome == "published")
    return found


def until(condition: Callable[[], Any], what: str, seconds: float = DEADLINE) -> None:
    """Wait until the condition holds.

    Raises:
        TimeoutError: it did not in time.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.01)


class Running:
    """A run under way, in a process group and a folder for temporary files of its own."""

    def __init__(self, source: object, lake: Path, run_id: str, *more: object) -> None:
        self.lake, self.run_id = lake, run_id
        self.scratch = lake.parent / f"scratch-{run_id}"
        self.scratch.mkdir()
        self._out, self._err = self.scratch / "out", self.scratch / "err"
        arguments = ("run", JOB, "--source", source, "--lake", lake, "--run-id", run_id, *more)
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "spark_app", *map(str, arguments)],
                cwd=lake.parent,
                env=environment(TMPDIR=str(self.scratch)),
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def reach(self, moment: str) -> None:
        """Wait for a moment: `begun`, `java`, or that a stage's line was printed."""
        reached = {
            "begun": (self.lake / "runs" / self.run_id / "run.json").exists,
            "java": self.javas,
        }.get(moment, lambda: f"\n{moment} " in "\n" + self._err.read_text())
        until(lambda: reached() or self.process.poll() is not None, moment)

    def javas(self) -> list[psutil.Process]:
        """The JVM of this run, told by its scratch folder."""
        return [process for process in psutil.process_iter() if self._is_java(process)]

    def _is_java(self, process: psutil.Process) -> bool:
        try:
            command = process.cmdline()
        except psutil.Error:
            return False
        return bool(command) and "java" in command[0] and str(self.scratch) in " ".join(command)

    def signal(self, number: int, to_group: bool = False) -> None:
        """Send a signal to the process, or as a terminal does to its whole group."""
        if to_group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def end(self) -> Ended:
        """Wait for the end; what it said."""
        code = self.process.wait(timeout=DEADLINE)
        return Ended(code, self._out.read_text(), self._err.read_text())

    def expect_no_java(self, seconds: float = 15) -> None:
        """The JVM goes with the process that started it."""
        until(lambda: not self.javas(), "the JVM to end", seconds)
