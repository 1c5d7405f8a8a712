"""The layers after raw: staging and the final table are built, kept in the run, and judged."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from spark_app.declarations import Evidence, Table
from spark_app.quality.results import Layer, results_of
from spark_app.quality.source_findings import own_findings
from spark_app.quality.table_findings import newest_time, standard_findings
from spark_app.run.reading import SourceRows
from spark_app.run.state import RunState

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

Rows = Mapping[str, SourceRows]


def build_staging(run: RunState, spark: "SparkSession", sources: Rows) -> "pa.Table":
    """Build the staging table, and judge it as it was written."""
    staging = run.job.staging
    if staging is None:
        raise TypeError(f"{run.job.name} has no staging")
    made = _made(run, sources, staging.made_by)
    frame = _with_kept(run, spark, made)
    complete = staging.completed_by(frame) if staging.completed_by else frame
    folder = run.lake.staging(run.run_id, staging.table.name)
    run.lake.write_frame(complete, folder)
    run.require_unchanged()
    rows = run.lake.read_rows(folder, staging.table.most_bytes)
    built = run.lake.read_frame(spark, folder, staging.table)
    evidence = _evidence(run, staging.table, rows, built, sources=sources)
    _judge(run, "staging", staging.table, rows, evidence)
    return rows


def build_final(
    run: RunState, spark: "SparkSession", sources: Rows, staged: "pa.Table | None"
) -> "pa.Table":
    """Build the table that is to be published, and judge it as it was written."""
    job, table = run.job, run.job.publishes
    if job.staging is not None:
        folder = run.lake.staging(run.run_id, job.staging.table.name)
        staging = run.lake.read_frame(spark, folder, job.staging.table)
        frame = job.transform(staging, **run.options_of(job.transform))
    else:
        frame = _with_kept(run, spark, _made(run, sources, job.transform))
    rows = run.lake.write_built(
        run.run_id,
        table.name,
        _in_order(frame.toArrow(), table),
        run.manifest.inputs_digest,
        run.request.parameters()["options"],
    )
    built = run.lake.read_frame(spark, run.lake.built(run.run_id, table.name), table)
    evidence = _evidence(run, table, rows, built, sources=sources, staged=staged)
    _judge(run, "final", table, rows, evidence)
    return rows


def _in_order(rows: "pa.Table", table: Table) -> "pa.Table":
    """In the order of the key, as far as it is there: what lacks is for a check to say."""
    key = [name for name in table.key if name in rows.column_names]
    return rows.sort_by([(name, "ascending") for name in key]) if key else rows


def _made(run: RunState, sources: Rows, make: "Callable[..., DataFrame]") -> "DataFrame":
    """What follows from the good rows of the sources; the job's own way may have made it."""
    own = next((rows.made for rows in sources.values() if rows.made is not None), None)
    if own is not None:
        return own
    return make(*(rows.good for rows in sources.values()), **run.options_of(make))


def _with_kept(run: RunState, spark: "SparkSession", frame: "DataFrame") -> "DataFrame":
    table = run.job.staging.table if run.job.staging else run.job.publishes
    if run.kept is None or table.time is None:
        return frame
    frame = frame.where(f"`{table.time}` >= DATE'{run.kept.since}'")
    if not run.kept.rows.num_rows:
        return frame
    return spark.createDataFrame(run.kept.rows).unionByName(frame)


def _evidence(
    run: RunState,
    table: Table,
    rows: "pa.Table",
    built: "DataFrame",
    *,
    sources: Rows,
    staged: "pa.Table | None" = None,
) -> Evidence:
    return Evidence(
        rows=built,
        today=run.today,
        options=run.options,
        sources={name: found.good for name, found in sources.items()},
        table=rows,
        staging=staged,
        kept=run.kept.rows if run.kept else None,
        published=run.published.table() if run.published else None,
        newest=newest_time(table, rows),
        counted=next((r.counted for r in sources.values() if r.counted is not None), None),
    )


def _judge(run: RunState, layer: Layer, table: Table, rows: "pa.Table", evidence: Evidence) -> None:
    run.wait_for_libraries()
    more = run.job.checks if layer == "final" else ()
    published = evidence.published if layer == "final" else None
    found = {
        **standard_findings(table, rows, published, run.options),
        **own_findings((*table.checks, *more), evidence, run.options),
    }
    run.results += results_of(run.checks_at(layer, table.name), found)
