"""Writing the report of a run from what the lake holds of it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from spark_app.errors import AppError, RunFailed, Stopped, Unusable
from spark_app.job import Job
from spark_app.lake.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

EXAMPLES_PER_RULE, MOST_ROWS_LOOKED_AT = 5, 100_000
IS_PUBLISHED = "the table was published already; `report` writes its page"


@contextmanager
def publishing(job: Job) -> Iterator[Callable[[], None]]:
    """The block says when the switch is done; what ends it after that tells that it was done.

    Raises:
        RunFailed: in place of an expected error after the switch.
    """
    done: list[bool] = []
    try:
        yield lambda: done.append(True)
    except Stopped as stopped:
        if done:
            stopped.advice = IS_PUBLISHED
        raise
    except AppError as error:
        if not done:
            raise
        raise RunFailed(
            f"the table was published, but its report was not written: {error}; "
            f"`report {job.name}` writes it"
        ) from error


def write_published_report(job: Job, lake: Lake) -> str:
    """Write the page about what is published; its path.

    Raises:
        Unusable: nothing is published.
    """
    versions = {table: lake.published(table) for table in job.tables}
    known = {table: version for table, version in versions.items() if version}
    if not known:
        raise Unusable(f"nothing is published of {job.name} yet; run it first")
    run_id = known[job.tables[0]].run_id
    page = _page(job, lake, run_id, {table: v.table() for table, v in known.items()})
    lake.write_report(lake.report(job.name), page, run_id)
    now = {table: lake.published(table) for table in job.tables}
    return lake.report(job.name) if now == versions else write_published_report(job, lake)


def write_run_report(job: Job, lake: Lake, run_id: str) -> str:
    """Write the page about a run that published nothing, beside the run; its path."""
    path = lake.run_report(run_id)
    lake.write_report(path, _page(job, lake, run_id, {}), run_id)
    return path


def _page(job: Job, lake: Lake, run_id: str, tables: "Mapping[str, pa.Table]") -> str:
    from spark_app.report import render_report

    steps = job.load()
    manifest = lake.manifest(run_id) or {"run_id": run_id, "job": job.name}
    if tables:  # a run that was killed just after the switch could not say so
        manifest["outcome"] = "published"
    return render_report(
        title=steps.report_title,
        manifest=manifest,
        checks=lake.read_checks(job.tables[0], run_id),
        quarantine=_examples(lake, job, run_id),
        sections=steps.sections(tables) if tables else (),
    )


def _examples(lake: Lake, job: Job, run_id: str) -> Sequence[dict[str, Any]]:
    """Quarantined rows, until there are enough for every rule."""
    shown: list[dict[str, Any]] = []
    by_rule: Counter[str] = Counter()
    rows = lake.rows(lake.quarantine(job.dataset, run_id))
    for row in islice(rows, MOST_ROWS_LOOKED_AT):
        if any(by_rule[rule] < EXAMPLES_PER_RULE for rule in row["broken_rules"]):
            by_rule.update(row["broken_rules"])
            shown.append(row)
    return shown
