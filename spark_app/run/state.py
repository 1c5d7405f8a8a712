"""A run under way: what stands fixed of it, and what it has found so far."""

import inspect as signatures
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from threading import Thread

from spark_app.declarations import Files, Job, OptionValue, Rule
from spark_app.lake.lake import Lake, TableVersion
from spark_app.quality.promises import with_today
from spark_app.quality.results import CheckResult, Layer, LayerCheck
from spark_app.quality.standard import checks_of, rules_of
from spark_app.run.growth import Growth
from spark_app.run.manifest import Manifest
from spark_app.run.progress import Progress
from spark_app.run.request import Request
from spark_app.run.since import KeptRows
from spark_app.sources.pinned import PinnedSource


@dataclass
class RunState:
    """A run under way. `published` is what readers saw when it began, null before the first time;
    `kept` is what stays of it before `--since`, null for a full run; `growth` what a lake table
    gets, null for any other."""

    job: Job
    lake: Lake
    request: Request
    manifest: Manifest
    sources: Sequence[PinnedSource]
    clock: datetime
    progress: Progress
    published: TableVersion | None = None
    kept: KeptRows | None = None
    growth: Growth | None = None
    results: list[CheckResult] = field(default_factory=list)
    loading: Thread = field(default_factory=Thread)

    @property
    def run_id(self) -> str:
        return self.manifest.run_id

    @property
    def options(self) -> Mapping[str, OptionValue]:
        return self.request.options

    def tolerance_of(self, source: Files) -> float:
        """The share of bad rows up to which the gate opens: as asked, else the source's own."""
        return source.tolerance if self.request.tolerance is None else self.request.tolerance

    @property
    def arrived(self) -> Growth:
        """What a lake table gets.

        Raises:
            TypeError: the job makes no lake table.
        """
        if self.growth is None:
            raise TypeError(f"{self.job.name} makes no lake table")
        return self.growth

    def rules_of(self, source: Files) -> tuple[Rule, ...]:
        """All rules of a source, as they are on the day of the run."""
        rules = rules_of(source, self.options)
        return tuple(replace(rule, ok=with_today(rule.ok, self.today)) for rule in rules)

    def options_of(self, function: Callable[..., object]) -> dict[str, object]:
        """The job's options that a function names."""
        named = signatures.signature(function).parameters
        return {name: value for name, value in self.options.items() if name in named}

    @property
    def today(self) -> date:
        return self.clock.astimezone(UTC).date()

    @property
    def since(self) -> date | None:
        """The first day of delivered rows that is read; null for all."""
        return self.kept.since if self.kept else None

    @cached_property
    def checks(self) -> Sequence[LayerCheck]:
        """Every check of the job, in the order of the layers."""
        return checks_of(self.job, self.options)

    def checks_at(self, layer: Layer, table: str) -> list[LayerCheck]:
        """The checks of one table at one gate."""
        return [check for check in self.checks if (check.layer, check.table) == (layer, table)]

    def wait_for_libraries(self) -> None:
        """Wait until the libraries of checks and report are loaded; see `warmup.py`."""
        if self.loading.is_alive():
            self.loading.join()

    def require_unchanged(self) -> None:
        """Raise unless every input is still the one that was pinned."""
        for source in self.sources:
            source.require_unchanged()
