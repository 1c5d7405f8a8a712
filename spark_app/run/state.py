"""A run: what a user asked for, and what it has found so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from threading import Thread
from typing import Any

from spark_app.job import Job, Steps
from spark_app.lake.lake import Lake, Published
from spark_app.lake.store import Store, StoredFile
from spark_app.quality.checks import Check, CheckResult
from spark_app.run.manifest import Manifest
from spark_app.run.progress import Progress
from spark_app.settings import Settings
from spark_app.sources.files import require_unchanged


@dataclass(frozen=True)
class Request:
    """What a user asks of a run. `since` is an ISO week `yyyy_ww`, null for a full run; a null
    `region` means boto3's own."""

    source: str
    run_id: str
    tolerance: float = 0.01
    since: str | None = None
    is_verbose: bool = False
    has_data_docs: bool = False
    region: str | None = None

    def parameters(self, settings: Settings) -> dict[str, Any]:
        """What shapes the result, and so belongs to the run's identity."""
        return {
            "source": self.source,
            "tolerance": self.tolerance,
            "since": self.since,
            "extra_countries": list(settings.extra_countries),
            "extra_os_names": list(settings.extra_os_names),
            "channels": list(settings.channels),
            "max_load_age_days": settings.max_load_age_days,
        }


@dataclass
class Run:
    """A run under way: what stands fixed of it, and what it has found so far.

    `source` is where the inputs lie. `published` is what readers saw when the run began, by table;
    null before the first time.
    """

    job: Job
    lake: Lake
    settings: Settings
    request: Request
    manifest: Manifest
    source: Store
    inputs: Sequence[StoredFile]
    clock: datetime
    progress: Progress
    published: Mapping[str, Published | None] = field(default_factory=dict)
    results: list[CheckResult] = field(default_factory=list)
    loading: Thread = field(default_factory=Thread)

    @cached_property
    def steps(self) -> Steps:
        """The job's functions, loaded when they are first needed."""
        return self.job.load()

    @cached_property
    def checks(self) -> Sequence[Check]:
        """Every check of the job, with the settings' lists in them."""
        return self.steps.checks(self.settings)

    @property
    def run_id(self) -> str:
        return self.manifest.run_id

    def wait_for_libraries(self) -> None:
        """Wait until the libraries of checks and report are loaded; see `warmup.py`."""
        if self.loading.is_alive():
            self.loading.join()

    def require_unchanged(self) -> None:
        """Raise unless every input is still the one that was pinned."""
        require_unchanged(self.inputs, self.source)
