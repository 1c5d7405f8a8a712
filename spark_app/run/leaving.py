"""Files that a run of a lake table leaves out while the rest of the delivery goes on."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from spark_app.lake.arrivals import Arrivals
from spark_app.run.state import RunState
from spark_app.sources import packed

_TOLD = 5


def refuse(run: RunState, why: Mapping[str, str]) -> None:
    """Leave out files for good, by their paths and why: only another version of one is read."""
    numbers = _numbers(run)
    refused = {numbers[path]: words for path, words in why.items()}
    _go_on(run, run.arrived.arrivals.refusing(refused), "refused", list(why.values()))


def postpone(run: RunState, paths: Collection[str]) -> None:
    """Leave out files for the next run, by their paths."""
    numbers = _numbers(run)
    arrivals = run.arrived.arrivals.without({numbers[path] for path in paths})
    words = [f"{path} changed while it was read; the next run reads it" for path in paths]
    _go_on(run, arrivals, "left", words)


def changed(run: RunState) -> list[str]:
    """The paths of files that are no longer as they were pinned."""
    (pinned,) = run.sources
    if pinned.store.changed(pinned.files) is None:
        return []
    return [file.path for file in pinned.files if pinned.store.changed([file])]


def leave_what_fails(run: RunState) -> bool:
    """Leave out the files for which Spark can have failed; whether there were some."""
    (pinned,) = run.sources
    moving = changed(run)
    postpone(run, moving)
    broken = packed.damaged(run.sources[0].files, pinned.store)
    refuse(run, broken)
    return bool(moving or broken)


def _numbers(run: RunState) -> dict[str, int]:
    return {file.path: number for number, file in run.arrived.arrivals.to_read.items()}


def _go_on(run: RunState, arrivals: Arrivals, what: str, words: list[str]) -> None:
    """Read what is left of the arrivals, and name the others."""
    (pinned,) = run.sources
    run.growth = replace(run.arrived, arrivals=arrivals)
    run.sources = (replace(pinned, files=tuple(arrivals.to_read.values())),)
    for line in words[:_TOLD]:
        run.progress.line(f"{what}: {line}")
    if len(words) > _TOLD:
        run.progress.line(f"{what}: {len(words) - _TOLD:,} more files")
