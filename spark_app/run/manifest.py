"""The run manifest, `run.json`: what a run read, counted and decided."""

import hashlib
import json
import platform
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

from spark_app import __version__
from spark_app.lake.manifests import VERSION
from spark_app.lake.store import StoredFile

RunOutcome = Literal[
    "running", "checked", "published", "gate shut", "failed", "interrupted", "timed out"
]


@dataclass
class Stage:
    """One line of the run: what went in and out, in rows, and how long it took.

    `checks_failed_count` shut the gate; a check that only warns is in `checks_warned_count`.
    """

    name: str
    rows_in: int = 0
    rows_out: int = 0
    quarantined_count: int = 0
    rules_broken_count: int = 0
    checks_passed_count: int = 0
    checks_warned_count: int = 0
    checks_failed_count: int = 0
    seconds: float = 0.0


@dataclass
class Manifest:
    """A run as a program reads it.

    `outcome` is `running` until the run has ended, `checked` between the last gate and the atomic
    switch. Times are ISO 8601 in UTC; what has not happened yet is null. `code` is the hash of the
    application's sources. `held`: the table was rolled back to this run, and waits to be released.
    """

    run_id: str
    job: str
    parameters: dict[str, Any]
    sources: dict[str, dict[str, Any]]
    inputs_digest: str
    started_at: str
    versions: dict[str, str]
    code: str
    command: str | None = None
    outcome: RunOutcome = "running"
    exit_code: int | None = None
    reason: str | None = None
    finished_at: str | None = None
    duration_seconds: float | None = None
    published_at: str | None = None
    report: str | None = None
    log: str | None = None
    held: bool = False
    stages: list[Stage] = field(default_factory=list)
    version: int = VERSION

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> "Manifest":
        """The manifest of an earlier run, as the lake keeps it."""
        names = {one.name for one in fields(cls)}
        stages = [Stage(**stage) for stage in known["stages"]]
        return cls(**{k: v for k, v in known.items() if k in names} | {"stages": stages})


def new_run_id(now: datetime) -> str:
    """UTC to the microsecond, and four random hex digits."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(2)}"


def digest(inputs: Sequence[StoredFile]) -> str:
    """The identity of a set of inputs: SHA-256 over paths, sizes and versions."""
    lines = sorted(f"{f.path}\t{f.size_bytes}\t{f.version}\n" for f in inputs)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def is_same_work(old: Mapping[str, Any], new: Manifest) -> bool:
    """Whether an earlier run had the same job, inputs and parameters."""
    mine = json.loads(json.dumps(new.as_dict(), default=str))
    return all(old[key] == mine[key] for key in ("job", "inputs_digest", "parameters"))


@cache
def code_digest() -> str:
    """The hash of the application's sources, also inside a zip: 16 hex digits."""
    found = hashlib.sha256()
    for name, source in sorted(_sources(files("spark_app"), "")):
        found.update(f"{name}\n".encode() + source.read_bytes())
    return found.hexdigest()[:16]


def _sources(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        name = f"{path}/{entry.name}"
        if entry.is_dir():
            found += _sources(entry, name)
        elif entry.name.endswith(".py"):
            found.append((name, entry))
    return found


def versions() -> dict[str, str]:
    """What the run runs on; Java's is added when it is known."""
    import pyspark

    return {
        "spark_app": __version__,
        "python": platform.python_version(),
        "pyspark": pyspark.__version__,
        "great_expectations": version("great-expectations"),
    }
