"""What arrives for a lake table is read once: judged, and kept in the run's folder."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spark_app.declarations import Evidence, Files, Finding, Rule
from spark_app.lake import suppression
from spark_app.lake.frames import path_of, read_parquet
from spark_app.quality.deliveries import file_findings
from spark_app.quality.gate import require_open
from spark_app.quality.results import results_of
from spark_app.quality.rules import broken_names
from spark_app.quality.source_findings import counted, own_findings
from spark_app.run.forgotten import persons_of, without_forgotten
from spark_app.run.growth import Growth
from spark_app.run.reading import (
    Footers,
    as_delivered,
    files_of,
    prepare,
    read_pinned,
    require_promised,
)
from spark_app.run.state import RunState
from spark_app.sources import contract
from spark_app.sources.files import inspect_each
from spark_app.sources.text_types import DELIVERED
from spark_app.spark.sql import sql_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Group = tuple[str, tuple[str, ...], int]  # a file, the rules that rows of it break, how many rows
FILE = "source_file"
_TOLD = 5


@dataclass(frozen=True)
class Staged:
    """The rows of the files that a run reads, good and bad, as they were written to its folder.

    `numbers` are those of the file versions by the name that Spark gives each file; by number
    `rows_by_source` and `bad_by_source` count rows.
    """

    rows: "DataFrame"
    numbers: Mapping[str, int]
    rows_by_source: Mapping[int, int]
    bad_by_source: Mapping[int, int]

    @property
    def good(self) -> "DataFrame":
        """The rows that break no rule."""
        return self.rows.where("size(broken_rules) = 0")

    @property
    def bad(self) -> "DataFrame":
        """The rows that break a rule."""
        return self.rows.where("size(broken_rules) > 0")

    @property
    def good_by_source(self) -> dict[int, int]:
        """How many good rows each file has."""
        return {n: count - self.bad_by_source[n] for n, count in self.rows_by_source.items()}


def inspect(run: RunState) -> Footers:
    """Hold the files that are to be read against their source, and leave out what is none.

    Raises:
        GateShut: a promised column is missing.
    """
    (pinned,) = run.sources
    source = files_of(pinned)
    found, refused = inspect_each(source, pinned.files, pinned.store)
    refuse(run, refused)
    footers = {source.name: found}
    require_promised(run, footers)
    return footers


def refuse(run: RunState, why: Mapping[str, str]) -> None:
    """Leave out files, by their paths and why; each is named."""
    if not why:
        return
    (pinned,), growth = run.sources, run.arrived
    numbers = {file.path: number for number, file in growth.arrivals.to_read.items()}
    arrivals = growth.arrivals.refusing({numbers[path]: words for path, words in why.items()})
    run.growth = replace(growth, arrivals=arrivals)
    run.sources = (replace(pinned, files=tuple(arrivals.to_read.values())),)
    for words in list(why.values())[:_TOLD]:
        run.progress.line(f"refused: {words}")
    if len(why) > _TOLD:
        run.progress.line(f"refused: {len(why) - _TOLD:,} more files, see `files {run.job.name}`")


def stage(run: RunState, spark: "SparkSession", footers: Footers) -> Staged:
    """Read the files once: rows and what rules they break stand in the run's folder from then on;
    bad rows go to quarantine, and the checks of the source are answered.

    Raises:
        GateShut: there is no file left to read.
    """
    (pinned,) = run.sources
    source = files_of(pinned)
    if not pinned.files:
        of_files = _of_files(run, source, {})
        checks = [c for c in run.checks_at("raw", source.name) if c.name in of_files]
        run.results += results_of(checks, of_files)
        require_open("raw", run.results)
    rules = run.rules_of(source)
    prepare(run, spark, footers)
    rows = _with_broken(read_pinned(spark, pinned, footers[source.name]), rules)
    if persons_of(source):
        rows = without_forgotten(rows, source, suppression.read(source.name, run.lake))
    folder = run.lake.staging(run.run_id, run.job.name)
    run.lake.write_frame(rows, folder)
    found, groups = _counted(run, read_parquet(spark, _ddl(rows), [folder]))
    if any(found.bad_by_source.values()):
        bad = as_delivered(found.bad, source)
        run.lake.write_frame(bad, run.lake.quarantine(source.name, run.run_id))
    broken = Counter({rule.name: 0 for rule in rules})
    for _, names, count in groups:
        broken.update(dict.fromkeys(names, count))
    answers = {
        **contract.findings(footers[source.name]),
        **_of_rows(run, source, found, broken),
        **_of_files(run, source, found.good_by_source),
    }
    run.results += results_of(run.checks_at("raw", source.name), answers)
    return found


def in_words(run: RunState, kept_count: int, duplicates_count: int) -> str:
    """`read: 12 rows, 9 kept, 1 copy, 2 set aside; 1.2 MB in 8.1 s`."""
    raw, (pinned,) = run.manifest.stages[0], run.sources
    copies = f"{duplicates_count:,} {'copy' if duplicates_count == 1 else 'copies'}"
    rows = f"{raw.rows_in:,} row{'s' if raw.rows_in != 1 else ''}, {kept_count:,} kept, {copies}"
    seconds = (datetime.now(UTC) - run.clock).total_seconds()
    return (
        f"read: {rows}, {raw.quarantined_count:,} set aside; "
        f"{pinned.bytes_count / 1e6:,.1f} MB in {seconds:,.1f} s"
    )


def _with_broken(rows: "DataFrame", rules: Sequence[Rule]) -> "DataFrame":
    """With the rules that each row breaks and its file; good rows do not keep their text."""
    from pyspark.sql import functions as F

    marked = rows.withColumn("broken_rules", broken_names(rules)).withColumn(
        FILE, F.input_file_name()
    )
    texts = [name for name in marked.columns if name.startswith(DELIVERED)]
    is_bad = F.size("broken_rules") > 0
    return marked.withColumns({name: F.when(is_bad, F.col(name)) for name in texts})


def _ddl(rows: "DataFrame") -> str:
    return ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema)


def _counted(run: RunState, rows: "DataFrame") -> tuple[Staged, list[Group]]:
    """The rows as they were staged, counted by file and by the rules that they break."""
    groups = [
        (row[FILE], tuple(row["broken_rules"]), int(row["count"]))
        for row in rows.groupBy(FILE, "broken_rules").count().collect()
    ]
    known = {file.path: number for number, file in run.arrived.arrivals.to_read.items()}
    numbers = {uri: known[path_of(uri)] for uri, _, _ in groups}
    every, bad = Counter[int](), Counter[int]()
    for uri, broken, count in groups:
        every[numbers[uri]] += count
        bad[numbers[uri]] += count if broken else 0
    return Staged(rows, numbers, every, bad), groups


def _of_rows(
    run: RunState, source: Files, staged: Staged, broken: Mapping[str, int]
) -> dict[str, Finding | Exception]:
    good = staged.good.select(*(sql_name(column.name) for column in source.columns))
    evidence = Evidence(rows=good, today=run.today, options=run.options)
    rows_count, bad_count = (
        sum(counts.values()) for counts in (staged.rows_by_source, staged.bad_by_source)
    )
    number, most = max(staged.bad_by_source.items(), key=lambda item: item[1], default=(0, 0))
    worst = (run.arrived.arrivals.to_read[number].path, most) if most else None
    tolerance = run.tolerance_of(source)
    return {
        **counted(rows_count, None, broken, bad_count, tolerance, worst=worst),
        **own_findings(source.checks, evidence, run.options),
    }


def _of_files(
    run: RunState, source: Files, good: Mapping[int, int]
) -> dict[str, Finding | Exception]:
    growth = run.arrived
    arrivals, known = growth.arrivals, growth.known.files.set_index("source_id")
    asked = {**arrivals.to_read, **arrivals.refused}
    return {
        **file_findings(
            sizes={file.path: file.size_bytes for file in asked.values()},
            refused={asked[number].path: why for number, why in arrivals.why_refused.items()},
            rewritten=_rewritten(growth, good),
            gone=known.loc[list(arrivals.gone), "path"].tolist(),
            tolerance=run.tolerance_of(source),
        )
    }


def _rewritten(growth: Growth, good: Mapping[int, int]) -> list[tuple[str, int, int]]:
    """The good rows of each rewritten file, before and now; not of those that may shrink."""
    known, files = growth.known.files.set_index("source_id"), growth.arrivals.to_read
    before = known["rows_count"] - known["quarantined_count"]
    return [
        (files[number].path, int(before[old]), good.get(number, 0))
        for number, old in growth.arrivals.earlier.items()
        if files[number].path not in growth.shrinking
    ]
