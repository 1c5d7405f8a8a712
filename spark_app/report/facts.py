"""What a run's manifest says of it; any key may be missing in one of an older version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spark_app.declarations import Files, Job
from spark_app.report.text import moment, seconds

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class SourceFact:
    """What a table was made from: `run_id` is that of another table, `place` that of files."""

    name: str
    run_id: str | None = None
    place: str = ""
    files: int | None = None
    bytes: int | None = None

    @property
    def is_table(self) -> bool:
        return self.run_id is not None


@dataclass(frozen=True)
class StageFact:
    """A stage of the run; `part` is its length as a part of the longest, 0 to 1."""

    name: str
    rows_in: int | None
    rows_out: int | None
    set_aside: int | None
    checks: tuple[tuple[str, int], ...]
    seconds: float
    part: float


def is_published(manifest: Manifest) -> bool:
    return manifest.get("outcome") == "published"


def sources_of(manifest: Manifest) -> list[SourceFact]:
    """What the run read, by name."""
    return [_source(name, fact or {}) for name, fact in (manifest.get("sources") or {}).items()]


def options_of(manifest: Manifest) -> list[tuple[str, str]]:
    """The values of the job's options."""
    options = (manifest.get("parameters") or {}).get("options") or {}
    return [(str(name), _option(value)) for name, value in options.items()]


def facts_of(manifest: Manifest) -> list[tuple[str, str, str]]:
    """(name, kind, text) of what is known; the kind is `code`, `lines` or `text`."""
    parameters = manifest.get("parameters") or {}
    versions = manifest.get("versions") or {}
    exit_code = manifest.get("exit_code")
    ended = "" if exit_code is None else f" (exit {exit_code})"
    took = manifest.get("duration_seconds")
    facts = (
        ("Run", "code", manifest.get("run_id")),
        ("Job", "code", manifest.get("job")),
        ("Command", "code", manifest.get("command")),
        ("Outcome", "text", f"{manifest.get('outcome') or 'unknown'}{ended}"),
        ("Reason", "text", manifest.get("reason")),
        ("Started", "text", moment(manifest.get("started_at"))),
        ("Finished", "text", moment(manifest.get("finished_at"))),
        ("Published", "text", moment(manifest.get("published_at"))),
        ("Took", "text", None if took is None else seconds(took)),
        ("Tolerance", "text", parameters.get("tolerance")),
        ("Since", "text", parameters.get("since")),
        ("Code", "code", manifest.get("code")),
        ("Inputs digest", "code", manifest.get("inputs_digest")),
        ("Versions", "lines", "\n".join(f"{k} {v}" for k, v in versions.items())),
    )
    return [(name, kind, _text(value)) for name, kind, value in facts if value not in (None, "")]


def stages_of(manifest: Manifest) -> list[StageFact]:
    stages: Sequence[Mapping[str, Any]] = manifest.get("stages") or ()
    longest = max((float(stage.get("seconds") or 0) for stage in stages), default=0) or 1.0
    return [_stage(stage, longest) for stage in stages]


def quarantines(manifest: Manifest, job: Job) -> list[str]:
    """The folders of the rows set aside, relative to the lake."""
    run_id = manifest.get("run_id", "")
    names = [source.name for source in job.reads if isinstance(source, Files)]
    return [f"quarantine/{name}/run_id={run_id}/" for name in names]


def dated(job: Job) -> Files | None:
    """The dataset in whose zones the rows of a lake table are read and have their day; null for a
    small table."""
    (source, *_) = job.reads
    is_lake = job.publishes.is_lake
    return source if is_lake and isinstance(source, Files) else None


def _source(name: str, fact: Mapping[str, Any]) -> SourceFact:
    if fact.get("run_id"):
        return SourceFact(str(fact.get("table") or name), run_id=str(fact["run_id"]))
    return SourceFact(
        str(name),
        place=str(fact.get("place") or ""),
        files=fact.get("files"),
        bytes=fact.get("bytes"),
    )


def _option(value: object) -> str:
    if value is None or (isinstance(value, list | tuple) and not value):
        return "not set"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _stage(stage: Mapping[str, Any], longest: float) -> StageFact:
    took = float(stage.get("seconds") or 0)
    kinds = ("passed", "warned", "failed")
    counts = ((kind, int(stage.get(f"checks_{kind}_count") or 0)) for kind in kinds)
    return StageFact(
        name=str(stage.get("name") or ""),
        rows_in=stage.get("rows_in"),
        rows_out=stage.get("rows_out"),
        set_aside=stage.get("quarantined_count"),
        checks=tuple((kind, count) for kind, count in counts if count),
        seconds=took,
        part=took / longest,
    )
