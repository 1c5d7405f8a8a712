"""Run a whole process: how long it took, how much memory its tree held, what it answered."""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SAMPLE_SECONDS = 0.05
TREE_SECONDS = 0.5  # looking for new children costs more than reading the memory of known ones
SHARE_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Measurement:
    """Wall and CPU seconds, peak resident bytes of the tree (shared pages count in each), why it
    failed. CPU is that of the whole tree, of each process as it was last seen alive."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    failure: str | None = None


class Watch(threading.Thread):
    """Samples the memory of a process and its children; ends them beyond a limit."""

    def __init__(self, pid: int, timeout_seconds: float, ceiling_bytes: int) -> None:
        super().__init__(daemon=True)
        self.root = psutil.Process(pid)
        self.ends_at = time.monotonic() + timeout_seconds
        self.timeout_seconds = timeout_seconds
        self.ceiling_bytes = ceiling_bytes
        self.peak_bytes = 0
        self.cpu_by_process: dict[int, float] = {}
        self.stopped_because: str | None = None
        self._done = threading.Event()

    def run(self) -> None:
        tree, looked_at = [self.root], 0.0
        while not self._done.wait(SAMPLE_SECONDS) and not self.stopped_because:
            if time.monotonic() - looked_at > TREE_SECONDS:
                tree, looked_at = tree_of(self.root), time.monotonic()
            self.peak_bytes = max(self.peak_bytes, sum(map(resident_bytes, tree)))
            self.cpu_by_process |= {one.pid: found for one in tree if (found := cpu_seconds(one))}
            self.stopped_because = self.excess()
            if self.stopped_because:
                end_group(self.root.pid)

    def excess(self) -> str | None:
        if self.peak_bytes > self.ceiling_bytes:
            return f"stopped above {self.ceiling_bytes / 2**30:.1f} GiB"
        if time.monotonic() > self.ends_at:
            return f"stopped after {self.timeout_seconds:.0f} s"
        return None

    def finish(self) -> None:
        self._done.set()
        self.join()


def tree_of(root: psutil.Process) -> list[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def end_group(pid: int) -> None:
    """End a process that was started in a session of its own, with its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def measure(
    command: list[str], folder: Path, timeout_seconds: float, ceiling_bytes: int
) -> Measurement:
    """Run a command in a folder to its end, or to the time-out or the memory ceiling."""
    with tempfile.TemporaryFile() as log:
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        watch = Watch(process.pid, timeout_seconds, ceiling_bytes)
        watch.start()
        try:
            process.wait()
        finally:
            seconds = time.monotonic() - started
            watch.finish()
            end_group(process.pid)
        log.seek(0)
        failure = watch.stopped_because or failure_of(process.returncode, log.read())
    cpu = sum(watch.cpu_by_process.values())
    return Measurement(seconds, cpu, watch.peak_bytes, failure)


def failure_of(exit_code: int, output: bytes) -> str | None:
    return f"exit code {exit_code}: {last_line(output)}" if exit_code else None


def last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "no output"


def difference(path: Path, expected_path: Path) -> str | None:
    """What is different between two final tables, in words; None when both hold the same answer."""
    table, expected = read_table(path), read_table(expected_path)
    fields = [(field.name, str(field.type)) for field in table.schema]
    expected_fields = [(field.name, str(field.type)) for field in expected.schema]
    if fields != expected_fields:
        return f"columns {fields} instead of {expected_fields}"
    if table.num_rows != expected.num_rows:
        return f"{table.num_rows} rows instead of {expected.num_rows}"
    different = [name for name in table.column_names if not is_same(table[name], expected[name])]
    return f"other values in {', '.join(different)}" if different else None


def read_table(path: Path) -> pa.Table:
    """A Parquet file by its Parquet types: Arrow's own (Polars: large strings) do not count."""
    table = pq.read_table(path)
    types = [
        pa.string() if pa.types.is_large_string(field.type) else field.type
        for field in table.schema
    ]
    return table.cast(pa.schema(list(zip(table.column_names, types, strict=True))))


def is_same(column: pa.ChunkedArray, expected: pa.ChunkedArray) -> bool:
    """Equal values and nulls; doubles may differ by rounding."""
    if not pa.types.is_floating(column.type):
        return bool(column.equals(expected))
    if not column.is_null().equals(expected.is_null()):
        return False
    largest = pc.max(pc.abs(pc.subtract(column, expected))).as_py()
    return largest is None or largest <= SHARE_TOLERANCE
