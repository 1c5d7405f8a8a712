"""The page of a table, and the page of a run that published nothing: data in, HTML text out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spark_app.declarations import Job
from spark_app.report import facts
from spark_app.report.examples import by_rule
from spark_app.report.outcomes import Outcomes, outcomes_of
from spark_app.report.parts import parts_of, report_of
from spark_app.report.rendering import render
from spark_app.report.text import cadence

if TYPE_CHECKING:
    import pyarrow as pa

FIELDS = ("run_id", "outcome", "reason", "finished_at", "published_at", "held")
SITE_FROM_A_RUN = "../../report/"

Rows = Sequence[Mapping[str, Any]]


def render_table_page(
    job: Job, manifest: facts.Manifest, checks: Rows, rows: "pa.Table", drawn: Job | None = None
) -> str:
    """The page of what is published; it opens offline, makes no request, shows no bad row.

    `manifest`, `checks`: of the run that made the table. `rows`: the whole table, or what of it is
    `drawn` (see `shown`).
    """
    common = _common(job, manifest, outcomes_of(checks, manifest))
    shown = drawn or job
    values = {
        **common,
        "parts": parts_of(shown, rows),
        "days": shown.publishes.days,
        "cadence": cadence(shown.publishes),
        "rows_count": len(rows),
        "site": "",
    }
    return render("table.html", values)


def render_run_page(job: Job, manifest: facts.Manifest, checks: Rows, examples: Rows) -> str:
    """The operator's page of a run that published nothing.

    `examples`: some rows that were set aside, with `broken_rules` (list of names) and
    `source_file` beside their own columns.
    """
    outcomes = outcomes_of(checks, manifest)
    values = {
        **_common(job, manifest, outcomes),
        "rules": by_rule(outcomes, examples),
        "site": SITE_FROM_A_RUN,
    }
    return render("run.html", values)


def _common(job: Job, manifest: facts.Manifest, outcomes: Outcomes) -> dict[str, object]:
    return {
        "title": report_of(job).title,
        "table": job.publishes,
        "dated": facts.dated(job),
        "manifest": {**dict.fromkeys(FIELDS), **manifest},
        "outcomes": outcomes,
        "facts": facts.facts_of(manifest),
        "sources": facts.sources_of(manifest),
        "options": facts.options_of(manifest),
        "stages": facts.stages_of(manifest),
        "quarantines": facts.quarantines(manifest, job),
    }
