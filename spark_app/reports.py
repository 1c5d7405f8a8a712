"""Writing the report of a run from what the lake holds of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from spark_app.errors import AppError, RunFailed, Stopped, Unusable
from spark_app.job import Job
from spark_app.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

EXAMPLES_COUNT = 100
IS_PUBLISHED = "the table was published already; `report` writes its page"


@contextmanager
def published_already(job: Job) -> Iterator[None]:
    """The block comes after the switch: whatever ends it says that the table is published.

    Raises:
        RunFailed: in place of any expected error.
    """
    try:
        yield
    except Stopped as stopped:
        stopped.advice = IS_PUBLISHED
        raise
    except AppError as error:
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
    return lake.report(job.name)


def write_run_report(job: Job, lake: Lake, run_id: str) -> str:
    """Write the page about a run that published nothing, beside the run; its path."""
    path = lake.run_report(run_id)
    lake.write_report(path, _page(job, lake, run_id, {}), run_id)
    return path


def _page(job: Job, lake: Lake, run_id: str, tables: "Mapping[str, pa.Table]") -> str:
    from spark_app.report import render_report

    steps = job.load()
    return render_report(
        title=steps.report_title,
        manifest=lake.manifest(run_id) or {"run_id": run_id, "job": job.name},
        checks=lake.read_checks(job.tables[0], run_id),
        quarantine=_examples(lake, job, run_id),
        sections=steps.sections(tables) if tables else (),
    )


def _examples(lake: Lake, job: Job, run_id: str) -> Sequence[dict[str, Any]]:
    return lake.some_rows(lake.quarantine(job.dataset, run_id), EXAMPLES_COUNT)
