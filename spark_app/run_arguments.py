"""What the arguments of `run` and `submit` mean: which jobs, which sources, under which ids."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from spark_app.declarations import Job
from spark_app.errors import Unusable
from spark_app.jobs import JOBS, all_jobs, datasets, find_job, options_of
from spark_app.lake.lake import Lake
from spark_app.settings import Settings

if TYPE_CHECKING:
    from argparse import Namespace

    from spark_app.run.request import Once
    from spark_app.run.several import Batch


QUOTE = "put a glob in quotes ('exports/*.parquet')"


def selected_jobs(args: "Namespace") -> list[Job]:
    """The jobs that the arguments name, in the order in which they run.

    Raises:
        Unusable: none is named, or one that there is not.
    """
    from spark_app.run.order import selected

    if bool(args.jobs) == args.all:
        raise Unusable("name the jobs to run, or give --all; `list` shows them")
    for name in args.jobs:
        if "/" in name or name.endswith(".parquet"):
            raise Unusable(f"{name} is a file, no job; {QUOTE}")
    names = [find_job(name).name for name in args.jobs] or list(JOBS)
    return selected(all_jobs(), names, upstream=args.upstream, downstream=args.downstream)


def wanted_runs(
    args: "Namespace", jobs: Sequence[Job], lake: Lake, settings: Settings, clock: datetime
) -> "Batch":
    """What each of the jobs is asked.

    Raises:
        Unusable: an argument or a setting cannot be used.
    """
    from spark_app.run.manifest import new_run_id
    from spark_app.run.order import run_ids
    from spark_app.run.request import Request
    from spark_app.run.several import Batch
    from spark_app.run.since import parse_since
    from spark_app.sources.pinned import places

    if args.since is not None:
        parse_since(args.since)
    given = {**settings.sources, **parse_sources(args.source, jobs)}
    command = new_run_id(clock) if args.run_id is None else parse_run_id(args.run_id)
    ids = run_ids(command, jobs, lake)
    requests = {
        job.name: Request(
            run_id=parse_run_id(ids[job.name]),
            sources=places(job, lake, given),
            options=options_of(job, settings),
            tolerance=args.tolerance,
            once=parse_once(args, jobs),
            since=args.since,
            region=args.region,
            command=command if len(jobs) > 1 else None,
        )
        for job in jobs
    }
    return Batch(requests, args.if_new, frozenset(args.jobs) - set(args.leave_held))


def runs_of_a_command(
    command: str, jobs: Sequence[Job], among: Sequence[Job], lake: Lake, settings: Settings
) -> "Batch":
    """What each of the jobs is asked that a command runs of its own accord, `among` more jobs that
    it has to do with: to run as it is set, where there is something new.

    Raises:
        Unusable: a setting cannot be used.
    """
    from spark_app.run.order import run_ids
    from spark_app.run.request import Request
    from spark_app.run.several import Batch
    from spark_app.sources.pinned import places

    ids = run_ids(command, among, lake)
    requests = {
        job.name: Request(
            run_id=ids[job.name],
            sources=places(job, lake, settings.sources),
            options=options_of(job, settings),
            region=lake.region,
            command=command,
        )
        for job in jobs
    }
    return Batch(requests, if_new=True, named=frozenset(requests))


def parse_sources(given: Sequence[str], jobs: Sequence[Job]) -> dict[str, str]:
    """Places by dataset, from `NAME=PLACE` where NAME is a dataset of the jobs, else from a place.

    Raises:
        Unusable: a place stands alone, and the jobs do not read exactly one dataset.
    """
    known = datasets(jobs)
    found: dict[str, str] = {}
    for text in given:
        name, equals, place = text.partition("=")
        if equals and name in known and place:
            found[name] = place
        elif len(known) == 1:
            found[known[0]] = text
        else:
            read = f"they read {', '.join(known)}" if known else "they read no delivered files"
            raise Unusable(f"--source {text} names no dataset ({read}); write NAME=PLACE")
    return found


def parse_once(args: "Namespace", jobs: Sequence[Job]) -> "Once":
    """What is asked of this run of a lake table alone.

    Raises:
        Unusable: a job makes no lake table, or a file is named for several jobs.
    """
    from spark_app.run.request import Once

    once = Once(tuple(args.skip), args.full, tuple(args.accept_shrink))
    asked = [f"--{name.replace('_', '-')}" for name in once.as_dict()]
    others = [job.name for job in jobs if not job.publishes.is_lake]
    if asked and others:
        raise Unusable(
            f"{asked[0]} is for lake tables, and {others[0]}, a table of one file, is always made "
            "from all that is there; leave it out"
        )
    if len(jobs) > 1 and (once.skip or once.accept_shrink):
        raise Unusable(f"{asked[0]} names a file of one job, but {len(jobs)} are to run; name one")
    return once


def parse_run_id(text: str) -> str:
    """A run id that a user gave.

    Raises:
        Unusable: it has other characters than letters, digits, `-` and `_`.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text):
        raise Unusable(f"run id {text!r} is not one; use letters, digits, '-' and '_' only")
    return text
