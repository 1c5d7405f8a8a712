"""Writing pages: from what the lake holds of a table, of a run, and of all tables."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from spark_app.declarations import Files, Job
from spark_app.errors import AppError, RunFailed, Stopped, Unusable
from spark_app.lake.lake import Lake
from spark_app.lake.versions import published
from spark_app.report.facts import Manifest
from spark_app.report.shown import Shown, shown

EXAMPLES_PER_RULE, MOST_ROWS_LOOKED_AT = 5, 100_000
IS_PUBLISHED = "the table was published already; `report` writes its page"


@contextmanager
def publishing(job: Job) -> Iterator[Callable[[], None]]:
    """The block says when the switch is done; an error after that says that it was done.

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


def write_published(job: Job, lake: Lake) -> str:
    """Write the page about what is published, and the site's index; the path of the page.

    Raises:
        Unusable: nothing is published.
    """
    from spark_app.report.page import render_table_page

    found = shown(job, lake)
    if found is None:
        raise Unusable(f"nothing is published of {job.name} yet; run it first")
    run_id = found.run_id
    manifest = _manifest(job, lake, run_id)
    checks = lake.read_checks(job.name, run_id)
    page = render_table_page(job, manifest, checks, found.rows, found.drawn)
    lake.write_report(lake.report(job.name), page, run_id)
    _write_summary(job, lake, manifest, found, _newest_run(job, lake, manifest))
    now = published(job.publishes, lake)
    if now is None or now.version != found.version:
        return write_published(job, lake)
    _write_index(lake, run_id)
    return lake.report(job.name)


def write_run(job: Job, lake: Lake, run_id: str) -> str:
    """Write the operator's page about a run that published nothing, beside the run; its path."""
    from spark_app.report.page import render_run_page

    path = lake.run_report(run_id)
    manifest = lake.manifest(run_id) or {"run_id": run_id, "job": job.name}
    page = render_run_page(
        job, manifest, lake.read_checks(job.name, run_id), _examples(lake, job, run_id)
    )
    lake.write_report(path, page, run_id)
    return path


def write_summary_and_index(job: Job, lake: Lake, last: Manifest) -> None:
    """Write how the last run of a table ended into the site's index; its page stays."""
    found = shown(job, lake)
    manifest = _manifest(job, lake, found.run_id) if found else None
    _write_summary(job, lake, manifest, found, last)
    _write_index(lake, str(last["run_id"]))


def _write_summary(
    job: Job, lake: Lake, manifest: Manifest | None, found: Shown | None, last: Manifest
) -> None:
    from spark_app.report.site import summary

    run_id = str(last["run_id"])
    rows, count = (found.rows, found.rows_count) if found else (None, None)
    drawn, checks = found.drawn if found else job, lake.read_checks(job.name, run_id)
    known = summary(drawn, manifest, checks, rows, last, rows_count=count)
    lake.write_report(lake.summary_path(job.name), json.dumps(known, indent=2) + "\n", run_id)


def _write_index(lake: Lake, run_id: str) -> None:
    """Draw the index, and again when another table's run wrote its summary meanwhile."""
    from spark_app.report.site import render_index

    drawn = None
    while (summaries := lake.summaries()) != drawn:
        lake.write_report(lake.index_path(), render_index(summaries), run_id)
        drawn = summaries


def _newest_run(job: Job, lake: Lake, manifest: Manifest) -> Manifest:
    """The table's last run as the site knows it, unless what is published is newer still."""
    known = next((one for one in lake.summaries() if one.get("table") == job.name), {})
    last = known.get("last_run") or {}
    published = manifest.get("finished_at") or manifest.get("published_at") or ""
    if (
        last.get("run_id") in (None, manifest["run_id"])
        or (last.get("finished_at") or "") <= published
    ):
        return manifest
    return lake.manifest(last["run_id"]) or manifest


def _manifest(job: Job, lake: Lake, run_id: str) -> dict[str, Any]:
    """That of a published run, which could not say so when it was killed just after the switch."""
    found = lake.manifest(run_id) or {"run_id": run_id, "job": job.name}
    return {**found, "outcome": "published"}


def _examples(lake: Lake, job: Job, run_id: str) -> Sequence[dict[str, Any]]:
    """Quarantined rows, until there are enough for every rule."""
    shown: list[dict[str, Any]] = []
    by_rule: Counter[tuple[str, str]] = Counter()
    datasets = [source.name for source in job.reads if isinstance(source, Files)]
    rows = (
        {**row, "dataset": name}
        for name in datasets
        for row in islice(lake.rows(lake.quarantine(name, run_id)), MOST_ROWS_LOOKED_AT)
    )
    for row in rows:
        broken = [(row["dataset"], rule) for rule in row["broken_rules"]]
        if any(by_rule[rule] < EXAMPLES_PER_RULE for rule in broken):
            by_rule.update(broken)
            shown.append(row)
    return shown
