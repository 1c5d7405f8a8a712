"""What arrives for a lake table is read once: judged, and kept in the run's folder."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_app.declarations import Evidence, Files, Finding, JsonLines, Rest, Rule
from spark_app.errors import RunFailed
from spark_app.lake import retention, suppression
from spark_app.lake.frames import path_of, read_parquet
from spark_app.quality.deliveries import file_findings
from spark_app.quality.gate import require_open
from spark_app.quality.results import results_of
from spark_app.quality.rules import broken_names
from spark_app.quality.source_findings import counted, own_findings
from spark_app.quality.words import count_of, some
from spark_app.run import leaving
from spark_app.run.forgotten import persons_of, without_forgotten
from spark_app.run.reading import (
    Footers,
    as_delivered,
    files_of,
    misplaced_of,
    prepare,
    read_pinned,
    require_promised,
)
from spark_app.run.state import RunState
from spark_app.sources import contract
from spark_app.sources.contract import DeliveredFile
from spark_app.sources.files import inspect_each
from spark_app.sources.text import FILE_RULES, refusal
from spark_app.sources.text_types import DELIVERED, SOURCE_FILE
from spark_app.spark.failures import is_of_spark
from spark_app.spark.sql import sql_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Group = tuple[str, tuple[str, ...], int]  # a file, the rules that rows of it break, how many rows
_ROWS_LOOKED_AT, _MOST_NAMES = 100_000, 1_000


@dataclass(frozen=True)
class Staged:
    """The rows of the files that a run reads, good and bad, as they were written to its folder.

    `numbers` are those of the file versions by the name that Spark gives each file; by number
    `rows_by_source` and `bad_by_source` count rows. `bytes_count` is about how large the files are,
    unpacked.
    """

    rows: "DataFrame"
    numbers: Mapping[str, int]
    rows_by_source: Mapping[int, int]
    bad_by_source: Mapping[int, int]
    bytes_count: int

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
    try:
        found, refused = _inspected(run)
    except (RunFailed, FileNotFoundError):
        moving = leaving.changed(run)
        if not moving:
            raise
        leaving.postpone(run, moving)
        found, refused = _inspected(run)
    leaving.refuse(run, refused)
    footers = {run.sources[0].name: found}
    require_promised(run, footers)
    return footers


def _inspected(run: RunState) -> tuple[list[DeliveredFile], dict[str, str]]:
    (pinned,) = run.sources
    source = files_of(pinned)
    wrong = misplaced_of(run, pinned)
    placed = [file for file in pinned.files if file.path not in wrong]
    found, refused = inspect_each(source, placed, pinned.store)
    return found, {**refused, **wrong}


def stage(run: RunState, spark: "SparkSession", footers: Footers) -> Staged:
    """Read the files once: rows and what rules they break stand in the run's folder from then on;
    bad rows go to quarantine, and the checks of the source are answered.

    A file that is damaged, changes while it is read, or holds what no text does is left out.

    Raises:
        GateShut: there is no file left to read.
        RunFailed: there is none, because all of them changed.
    """
    source = files_of(run.sources[0])
    rules = run.rules_of(source)
    found, groups = _left(run, footers, *_read(run, spark, footers, rules))
    if any(found.bad_by_source.values()):
        bad = as_delivered(found.bad, source)
        run.lake.write_frame(bad, run.lake.quarantine(source.name, run.run_id))
    broken = Counter({rule.name: 0 for rule in rules})
    for _, names, count in groups:
        broken.update(dict.fromkeys(names, count))
    answers = {
        **contract.findings(footers[source.name]),
        "no_extra_columns": _unpromised(source, footers[source.name], found),
        **_of_rows(run, source, found, broken),
        **_of_files(run, source, found.good_by_source),
    }
    run.results += results_of(run.checks_at("raw", source.name), answers)
    return found


def _read(
    run: RunState, spark: "SparkSession", footers: Footers, rules: Sequence[Rule]
) -> tuple["DataFrame", list[Group]]:
    """All rows as they are staged, and their groups; once more where files made it fail."""
    folder = run.lake.staging(run.run_id, run.job.name)
    for is_again in (False, True):
        _require_files(run)
        (pinned,) = run.sources
        files = _of_run(run, footers)
        prepare(run, spark, {pinned.name: files})
        rows = _judged(run, read_pinned(spark, pinned, files), rules)
        try:
            run.lake.write_frame(rows, folder)
            break
        except Exception as error:
            if is_again or not is_of_spark(error) or not leaving.leave_what_fails(run):
                raise
            run.lake.store.delete_folder(folder)
    staged = read_parquet(spark, _ddl(rows), [folder])
    counts = staged.groupBy(SOURCE_FILE, "broken_rules").count().collect()
    return staged, [(row[SOURCE_FILE], tuple(row["broken_rules"]), row["count"]) for row in counts]


def _of_run(run: RunState, footers: Footers) -> list[DeliveredFile]:
    """The files that the run has not left out."""
    (pinned,) = run.sources
    paths = {file.path for file in pinned.files}
    return [file for file in footers[pinned.name] if file.path in paths]


def _bytes_of(run: RunState, footers: Footers) -> int:
    """About how large the files that the run has not left out are, unpacked."""
    texts = {file.path: file.text_bytes for file in _of_run(run, footers)}
    return sum(texts.get(file.path) or file.size_bytes for file in run.sources[0].files)


def _judged(run: RunState, rows: "DataFrame", rules: Sequence[Rule]) -> "DataFrame":
    """With the rules that each row breaks; without the rows of forgotten persons."""
    source, marked = files_of(run.sources[0]), _with_broken(rows, rules)
    if not persons_of(source):
        return marked
    return without_forgotten(marked, source, suppression.read(source.name, run.lake))


def _left(
    run: RunState, footers: Footers, rows: "DataFrame", groups: Sequence[Group]
) -> tuple[Staged, Sequence[Group]]:
    """What is left of the staged rows without the files that changed, or that are no text."""
    from pyspark.sql import functions as F

    leaving.postpone(run, leaving.changed(run))
    known = {file.path: number for number, file in run.arrived.arrivals.to_read.items()}
    why = {
        path_of(uri): refusal(path_of(uri), name)
        for uri, names, _ in groups
        for name in names
        if name in FILE_RULES and path_of(uri) in known
    }
    leaving.refuse(run, why)
    _require_files(run)
    left = [group for group in groups if path_of(group[0]) in known.keys() - why.keys()]
    if len(left) < len(groups):
        rows = rows.where(F.col(SOURCE_FILE).isin({uri for uri, _, _ in left}))
    return _counted(rows, left, known, _bytes_of(run, footers)), left


def _require_files(run: RunState) -> None:
    """Raise unless there is a file left to read."""
    (pinned,) = run.sources
    if pinned.files:
        return
    judge_files(run)
    require_open("raw", run.results)
    raise RunFailed("every file changed while it was read; run again when the delivery is complete")


def judge_files(run: RunState) -> None:
    """Answer what is asked of files alone, where no row is read."""
    (pinned,) = run.sources
    answers = _of_files(run, files_of(pinned), {})
    checks = [check for check in run.checks_at("raw", pinned.name) if check.name in answers]
    run.results += results_of(checks, answers)


def in_words(run: RunState, kept_count: int, duplicates_count: int) -> str:
    """`read: 12 rows, 9 kept, 1 copy, 2 set aside; 1.2 MB in 8.1 s`."""
    raw, (pinned,) = run.manifest.stages[0], run.sources
    copies = f"{duplicates_count:,} {'copy' if duplicates_count == 1 else 'copies'}"
    rows = f"{count_of(raw.rows_in, 'row')}, {kept_count:,} kept, {copies}"
    seconds = sum(stage.seconds for stage in run.manifest.stages)
    return (
        f"read: {rows}, {raw.quarantined_count:,} set aside; "
        f"{pinned.bytes_count / 1e6:,.1f} MB in {seconds:,.1f} s"
    )


def _with_broken(rows: "DataFrame", rules: Sequence[Rule]) -> "DataFrame":
    """With the rules that each row breaks; good rows do not keep their text."""
    from pyspark.sql import functions as F

    marked = rows.withColumn("broken_rules", broken_names(rules))
    texts = [name for name in marked.columns if name.startswith(DELIVERED)]
    is_bad = F.size("broken_rules") > 0
    return marked.withColumns({name: F.when(is_bad, F.col(name)) for name in texts})


def _ddl(rows: "DataFrame") -> str:
    return ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema)


def _counted(
    rows: "DataFrame", groups: Sequence[Group], known: Mapping[str, int], bytes_count: int
) -> Staged:
    """The staged rows, counted by file."""
    numbers = {uri: known[path_of(uri)] for uri, _, _ in groups}
    every, bad = Counter[int](), Counter[int]()
    for uri, broken, count in groups:
        every[numbers[uri]] += count
        bad[numbers[uri]] += count if broken else 0
    return Staged(rows, numbers, every, bad, bytes_count)


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


def _unpromised(source: Files, files: Sequence[DeliveredFile], staged: Staged) -> Finding:
    """What came that nobody promised, by name: as headers say, or as some rows of JSON do."""
    from pyspark.sql import functions as F

    names = {c.column for file in files for c in file.columns if c.expected is None}
    kept = next((column.name for column in source.columns if isinstance(column.at, Rest)), None)
    if isinstance(source.format, JsonLines) and kept is not None:
        rows = staged.good.select(kept).where(F.col(kept).isNotNull()).limit(_ROWS_LOOKED_AT)
        keys = rows.select(F.explode(F.json_object_keys(kept))).distinct().limit(_MOST_NAMES)
        names |= {row[0] for row in keys.collect()}
    return Finding(len(names), len(names), some(sorted(names)))


def _of_files(
    run: RunState, source: Files, good: Mapping[int, int]
) -> dict[str, Finding | Exception]:
    growth = run.arrived
    arrivals = growth.arrivals
    asked = {**arrivals.to_read, **arrivals.refused}
    return {
        **file_findings(
            sizes={file.path: file.size_bytes for file in asked.values()},
            refused={asked[number].path: why for number, why in arrivals.why_refused.items()},
            rewritten=_rewritten(run, good),
            gone=growth.known.paths_of(arrivals.gone).values(),
            tolerance=run.tolerance_of(source),
        )
    }


def _rewritten(run: RunState, good: Mapping[int, int]) -> list[tuple[str, int, int]]:
    """The good rows of each rewritten file, before and now; not of those that may shrink, and not
    those that went since: persons are forgotten, and days too old."""
    growth = run.arrived
    earlier, files = growth.arrivals.earlier, growth.arrivals.to_read
    too_old = retention.too_old(run.job.publishes, growth.known, run.today)
    before = growth.known.good_rows_of(set(earlier.values()), beside=too_old)
    return [
        (files[number].path, before.get(old, 0), good.get(number, 0))
        for number, old in earlier.items()
        if files[number].path not in growth.shrinking
    ]
