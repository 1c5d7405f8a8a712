"""The first layer of a run: sources are held against their promises, read, and judged by rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from spark_app.declarations import (
    Delivery,
    Evidence,
    Examination,
    Files,
    Finding,
    Parquet,
    Rule,
    Table,
)
from spark_app.errors import Unusable
from spark_app.lake.frames import path_of
from spark_app.quality.gate import require_open
from spark_app.quality.results import CheckResult, results_of
from spark_app.quality.rules import bad_rows, count_broken, is_good
from spark_app.quality.source_findings import counted, has_rows, own_findings
from spark_app.run.state import RunState
from spark_app.sources import contract
from spark_app.sources.contract import DeliveredFile
from spark_app.sources.files import choose_reader, inspect_files, most_rows_in, read_files, rows_in
from spark_app.sources.folders import misplaced
from spark_app.sources.pinned import PinnedSource, has_columns, read_table
from spark_app.sources.sampling import sample
from spark_app.sources.text import FILE_RULES, refusal
from spark_app.sources.text_types import DELIVERED, LINE, LINE_BYTES, SOURCE_FILE
from spark_app.spark.conf import codegen_conf
from spark_app.spark.sql import sql_name

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

Footers = Mapping[str, Sequence[DeliveredFile]]


@dataclass(frozen=True)
class SourceRows:
    """The rows of a source after its rules; frames are lazy.

    `bad` is null when no row broke a rule. `made` and `counted` are there where the job has its own
    way of examining, see `declarations.Examination`.
    """

    rows_count: int
    quarantined_count: int
    good: "DataFrame"
    bad: "DataFrame | None" = None
    made: "DataFrame | None" = None
    counted: object = None


def inspect(run: RunState) -> Footers:
    """Hold every file against its source, before Spark is asked for anything.

    Raises:
        Unusable: one lies in other folders than it should, is broken, or of another form.
        GateShut: a promised column is missing or of another type.
    """
    delivered = [pinned for pinned in run.sources if isinstance(pinned.source, Files)]
    for pinned in delivered:
        for why in misplaced_of(run, pinned).values():
            raise Unusable(why)
    footers = {
        pinned.name: inspect_files(files_of(pinned), pinned.files, pinned.store)
        for pinned in delivered
    }
    require_promised(run, footers)
    return footers


def misplaced_of(run: RunState, pinned: PinnedSource) -> dict[str, str]:
    """The files of a source that lie in other folders than it declares, by path, and why not."""
    return misplaced(files_of(pinned), pinned.files, pinned.place, run.lake.raw(pinned.name))


def require_promised(run: RunState, footers: Footers) -> None:
    """Hold what was found of every file against the promised columns.

    Raises:
        GateShut: one is missing or of another type.
    """
    breaches = [result for name in footers for result in _footer_results(run, name, footers[name])]
    if any(result.outcome == "failed" and result.severity == "fail" for result in breaches):
        run.results += breaches
        require_open("raw", run.results)


def read(run: RunState, spark: "SparkSession", footers: Footers) -> dict[str, SourceRows]:
    """The rows of every source in the order of the job, with what the raw gate needs of them."""
    prepare(run, spark, footers)
    return {
        pinned.name: _read_files(run, spark, pinned, footers[pinned.name])
        if isinstance(pinned.source, Files)
        else _read_table(run, spark, pinned)
        for pinned in run.sources
    }


def prepare(run: RunState, spark: "SparkSession", footers: Footers) -> None:
    """Set how Spark reads and computes what the files of a run hold."""
    files = [file for files in footers.values() for file in files]
    choose_reader(spark, files)
    for key, value in codegen_conf(_most_rows(run, files)).items():
        spark.conf.set(key, value)


def read_pinned(
    spark: "SparkSession", pinned: PinnedSource, files: Sequence[DeliveredFile]
) -> "DataFrame":
    """The rows of the files of a source, good and bad."""
    return read_files(spark, files_of(pinned), files, bytes_count=pinned.bytes_count)


def _most_rows(run: RunState, files: Sequence[DeliveredFile]) -> int | None:
    """How many rows the run computes at most; null when it reads other jobs' tables, or when that
    is not known."""
    delivered = most_rows_in(files)
    if run.job.tables_read or delivered is None:
        return None
    return delivered + (run.kept.rows.num_rows if run.kept else 0)


def _footer_results(run: RunState, name: str, files: Sequence[DeliveredFile]) -> list[CheckResult]:
    found = contract.findings(files)
    checks = [check for check in run.checks_at("raw", name) if check.name in found]
    return results_of(checks, found)


def _read_table(run: RunState, spark: "SparkSession", pinned: PinnedSource) -> SourceRows:
    if not has_columns(spark, pinned, run.lake):
        again = (
            f"run {pinned.name} --full first"  # without it, files that are known bring no column
            if pinned.snapshot is not None
            else f"run {pinned.name} first, or run {run.job.name} --upstream"
        )
        raise Unusable(f"{pinned.name} was made with other columns than it has now; {again}")
    frame = read_table(spark, pinned, run.lake)
    count = frame.count()
    found = {"columns_as_promised": Finding(count, 0), "has_rows": has_rows(count)}
    run.results += results_of(run.checks_at("raw", pinned.name), found)
    return SourceRows(count, 0, frame)


def _read_files(
    run: RunState, spark: "SparkSession", pinned: PinnedSource, files: Sequence[DeliveredFile]
) -> SourceRows:
    source = files_of(pinned)
    frame = _rows_from(read_pinned(spark, pinned, files), source, run.since)
    rules = run.rules_of(source)
    delivery = Delivery(
        rules=rules,
        today=run.today,
        options=run.options,
        since=run.since if source.time else None,
        sample=lambda columns: sample(pinned.files, columns, pinned.store),
    )
    examined = run.job.examine(frame, delivery) if run.job.examine else None
    rows, broken = _own_way(examined) if examined else plain_way(frame, source, rules)
    _require_text(rows, broken)
    rows = replace(rows, counted=_counts(run, rows) if rows.counted is None else rows.counted)
    if rows.bad is not None:
        run.lake.write_frame(rows.bad, run.lake.quarantine(source.name, run.run_id))
    delivered = None if delivery.since else rows_in(files)
    tolerance = run.tolerance_of(source)
    run.results += results_of(
        run.checks_at("raw", source.name),
        {
            **contract.findings(files),
            **counted(rows.rows_count, delivered, broken, rows.quarantined_count, tolerance),
            **own_findings(source.checks, evidence_of(run, rows), run.options),
        },
    )
    return rows


def _require_text(rows: SourceRows, broken: Mapping[str, int]) -> None:
    """Raise where a line shows that its file cannot be read as what it should be.

    Raises:
        Unusable: it names the file.
    """
    for rule in FILE_RULES:
        if rows.bad is not None and broken.get(rule):
            found = rows.bad.where(f"array_contains(broken_rules, '{rule}')").select(SOURCE_FILE)
            (row,) = found.head(1)
            raise Unusable(refusal(path_of(row[0]), rule))


def evidence_of(run: RunState, rows: SourceRows) -> Evidence:
    """What the checks of a source may look at."""
    return Evidence(
        rows=rows.good,
        today=run.today,
        options=run.options,
        bad=rows.bad,
        kept=run.kept.rows if run.kept else None,
        counted=rows.counted,
    )


def _counts(run: RunState, rows: SourceRows) -> object:
    return run.job.counts(evidence_of(run, rows)) if run.job.counts else None


def _own_way(found: Examination) -> tuple[SourceRows, Mapping[str, int]]:
    rows = SourceRows(
        found.rows_count,
        found.quarantined_count,
        found.good,
        found.bad,
        found.made,
        found.counted,
    )
    return rows, found.broken


def plain_way(
    frame: "DataFrame", source: Files, rules: Sequence[Rule]
) -> tuple[SourceRows, Mapping[str, int]]:
    """One pass that counts; those that follow read again, but bad rows only when there are some."""
    found = count_broken(frame, rules)
    bad = as_delivered(bad_rows(frame, rules), source) if found.bad_count else None
    good = frame.where(is_good(rules)) if found.bad_count else frame
    good = good.select(*(sql_name(column.name) for column in source.columns))
    return SourceRows(found.rows_count, found.bad_count, good, bad), found.by_rule


def as_delivered(bad: "DataFrame", source: Files) -> "DataFrame":
    """Bad rows unchanged: of text its values and line, not what was read out of them.

    Few readers open a file whose text is no UTF-8, so the bytes of such a line stand beside it.
    """
    if isinstance(source.format, Parquet):
        return bad
    return bad.selectExpr(
        f"{DELIVERED}.*",
        f"make_valid_utf8({LINE}) AS {LINE}",
        f"CASE WHEN NOT is_valid_utf8({LINE}) THEN CAST({LINE} AS binary) END AS {LINE_BYTES}",
        "broken_rules",
        SOURCE_FILE,
    )


def _rows_from(frame: "DataFrame", source: Files, since: date | None) -> "DataFrame":
    """The rows from a day on. Null dates pass: their rows must reach quarantine."""
    if since is None or source.time is None:
        return frame
    return frame.where(_is_from(source.time, since))


def _is_from(column: str, since: date) -> "Column":
    from pyspark.sql import functions as F

    return F.col(column).isNull() | (F.col(column) >= F.lit(since))


def files_of(pinned: PinnedSource) -> Files:
    """The dataset of a source of delivered files.

    Raises:
        Unusable: it is a table.
    """
    if isinstance(pinned.source, Table):
        raise Unusable(f"{pinned.name} is a table, not a dataset of files")
    return pinned.source
