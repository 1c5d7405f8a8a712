"""What was measured, as tables between the markers of RESULTS.md; the prose around them stays."""

import platform
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.measure import Measurement

GIB = 2**30


@dataclass
class Entry:
    """A contender's measurements in a benchmark; `remark` says what is wrong with its answer."""

    name: str
    measurements: list[Measurement] = field(default_factory=list)
    remark: str = ""

    @property
    def failure(self) -> str | None:
        return next((m.failure for m in self.measurements if m.failure), None)

    @property
    def seconds(self) -> float | None:
        """Median over the rounds; null when a round failed or none ran."""
        return (
            None
            if self.failure or not self.measurements
            else statistics.median(m.seconds for m in self.measurements)
        )

    @property
    def cpu_seconds(self) -> float:
        """Median over the rounds."""
        return statistics.median(m.cpu_seconds for m in self.measurements)

    @property
    def peak_bytes(self) -> int:
        return max((m.peak_bytes for m in self.measurements), default=0)


@dataclass(frozen=True)
class Aim:
    """A figure that the project promises: met when `value` is at most (or at least) `limit`."""

    text: str
    value: float
    limit: float
    is_minimum: bool = False
    unit: str = "x"

    @property
    def is_met(self) -> bool:
        return self.value >= self.limit if self.is_minimum else self.value <= self.limit

    def __str__(self) -> str:
        bound = "at least" if self.is_minimum else "at most"
        verdict = "met" if self.is_met else "MISSED"
        aim = f"aim {bound} {self.limit:g}{self.unit}"
        return f"- {self.text}: {self.value:.2f}{self.unit}, {aim}: **{verdict}**"


def table_of(entries: Sequence[Entry], rival: str) -> str:
    """A Markdown table; the ratio is the time against the entry called `rival`."""
    base = next((entry.seconds for entry in entries if entry.name == rival), None)
    lines = [
        f"| contender | median s | all rounds, s | CPU s | against {rival} | peak GiB | answer |",
        "|---|---:|---|---:|---:|---:|---|",
    ]
    return "\n".join(lines + [row_of(entry, base) for entry in entries])


def row_of(entry: Entry, base: float | None) -> str:
    seconds = entry.seconds
    rounds = ", ".join(f"{m.seconds:.1f}" for m in entry.measurements)
    ratio = f"{seconds / base:.2f}x" if seconds and base else ""
    median = f"{seconds:.1f}" if seconds else "failed"
    answer = entry.failure or entry.remark or "same"
    peak = f"{entry.peak_bytes / GIB:.2f}"
    cpu = f"{entry.cpu_seconds:.1f}" if seconds else ""
    return f"| {entry.name} | {median} | {rounds} | {cpu} | {ratio} | {peak} | {answer} |"


def machine() -> str:
    """The machine in general words, and the versions that ran."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("pyspark", "duckdb", "polars"))
    memory = psutil.virtual_memory().total / GIB
    return (
        f"{psutil.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB of memory; "
        f"Python {platform.python_version()}, {packages}."
    )


def write_section(path: Path, name: str, text: str) -> None:
    """Put text between the two markers of a section; append the section if it is not there."""
    block = f"<!-- bench:{name} -->\n{text}\n<!-- /bench:{name} -->"
    page = path.read_text() if path.exists() else "# Benchmark results\n"
    pattern = re.compile(
        rf"<!-- bench:{re.escape(name)} -->.*?<!-- /bench:{re.escape(name)} -->", re.DOTALL
    )
    if pattern.search(page):
        page = pattern.sub(lambda _: block, page)
    else:
        page = f"{page.rstrip()}\n\n## {name}\n\n{block}\n"
    path.write_text(page)
