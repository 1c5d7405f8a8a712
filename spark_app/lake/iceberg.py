"""Lake tables, by Spark's own Iceberg: a run writes to a branch, and main is moved to it at last.

Copy on write only, so that every reader sees plain files.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from spark_app.declarations import Column as ColumnOf
from spark_app.declarations import Iceberg, Table
from spark_app.errors import RunFailed
from spark_app.lake.arrow import ddl
from spark_app.lake.catalogue import CATALOGUE, MARK, NAMESPACE_SETTING
from spark_app.lake.ledger import FileDay
from spark_app.lake.paths import Paths
from spark_app.lake.schema_change import schema_change

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

SOURCE_ID = "source_id"
KEPT_DAYS, KEPT_SNAPSHOTS = 7, 100
FILE_BYTES = 128 * 2**20
BRANCH = "run_"
_OVERTAKEN = ("is not an ancestor", "does not exist")  # the next run forgets branches of dead ones
UNKNOWN_COMMIT = "CommitStateUnknownException"
_PROPERTIES = {
    "format-version": "2",
    "write.delete.mode": "copy-on-write",
    "write.update.mode": "copy-on-write",
    "write.merge.mode": "copy-on-write",
    "write.distribution-mode": "hash",
    "write.target-file-size-bytes": str(FILE_BYTES),
    "write.parquet.compression-codec": "zstd",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}


def ensure(session: "SparkSession", table: Table, lake: Paths) -> None:
    """Make a table that is not there yet, let its columns follow the declaration in one step, and
    forget the branches of runs that died.

    Readers see a new column before its rows, null everywhere, as it stays when the gate is shut.
    The caller holds the table's lock.

    Raises:
        Unusable: it was made with columns that cannot become the declared ones.
    """
    kept = _kept(table)
    session.sql(f"CREATE NAMESPACE IF NOT EXISTS {_namespace(session)}")
    properties = ", ".join(f"'{name}' = '{value}'" for name, value in _PROPERTIES.items())
    session.sql(
        f"CREATE TABLE IF NOT EXISTS {_name(session, table)} ({_columns(table)}) USING iceberg "
        f"PARTITIONED BY (`{kept.partition}`) LOCATION {_literal(lake.lake_table(table.name))} "
        f"TBLPROPERTIES ({properties})"
    )
    _follow_columns(session, table)
    found = loaded(session, table)
    if kept.sort and found.sortOrder().isUnsorted():
        _sort(session, found, kept.sort)
    forget_branches(session, table)


def forget_branches(session: "SparkSession", table: Table) -> None:
    """Forget the branches of runs that died; the caller holds the table's lock."""
    found = loaded(session, table)
    for branch in list(found.refs()):
        if branch.startswith(BRANCH):
            found.manageSnapshots().removeBranch(branch).commit()


def begin(session: "SparkSession", table: Table, run_id: str, at: int | None = None) -> None:
    """Begin the branch of a run at a snapshot; null: at what readers see."""
    branches = loaded(session, table).manageSnapshots()
    named = BRANCH + run_id
    (branches.createBranch(named) if at is None else branches.createBranch(named, at)).commit()


def published_rows(session: "SparkSession", table: Table) -> "DataFrame":
    """The rows that readers see, with the number of the file version that each came from."""
    return session.table(_name(session, table))


def rows_at(session: "SparkSession", table: Table, snapshot_id: int) -> "DataFrame":
    """The rows of one version, likewise."""
    return session.read.option("versionAsOf", str(snapshot_id)).table(_name(session, table))


def files(session: "SparkSession", table: Table) -> "DataFrame":
    """The data files that readers see, one row each, as Iceberg describes them."""
    return session.table(f"{_name(session, table)}.files")


def branch_rows(session: "SparkSession", table: Table, run_id: str) -> "DataFrame":
    """The rows on the branch of a run, likewise."""
    return session.table(_branch(session, table, run_id))


def counts_by_day(rows: "DataFrame", table: Table) -> dict[FileDay, int]:
    """How many rows there are of each file version and day."""
    counts = rows.groupBy(SOURCE_ID, partition_of(table)).count().collect()
    return {(row[0], row[1]): row[2] for row in counts}


def null_counts(
    session: "SparkSession", table: Table, run_id: str, days: Collection[date]
) -> list[tuple[date, int, dict[str, int]]]:
    """By day the rows on the branch of a run, and how many of them are null in each column that may
    be: as the manifests say, no row is read."""
    from pyspark.sql import functions as F

    names = [column.name for column in table.columns if column.null is not None]
    nulls = [f"sum(readable_metrics.`{name}`.null_value_count)" for name in names]
    at = loaded(session, table).snapshot(BRANCH + run_id).snapshotId()
    day = f"partition.`{partition_of(table)}`"
    files = session.sql(f"SELECT * FROM {_name(session, table)}.files VERSION AS OF {at}")
    chosen = files.where(F.col(day).isin(*days)).withColumn("day", F.col(day))
    counts = chosen.groupBy("day").agg(*map(F.expr, ("sum(record_count)", *nulls)))
    return [
        (row[0], row[1], dict(zip(names, (n or 0 for n in row[2:]), strict=True)))
        for row in counts.collect()
    ]


def replace_days(
    session: "SparkSession",
    table: Table,
    run_id: str,
    rows: "DataFrame",
    days: Collection[date],
    *,
    dealt: bool = False,
) -> None:
    """Put rows on the branch of a run, in place of all rows of some days: one commit.

    Rows that are `dealt` lie so that no two tasks have some of one file; others are shuffled.
    """
    writer = rows.writeTo(_branch(session, table, run_id))
    if dealt:
        writer = writer.option("distribution-mode", "none")
    if days:
        writer.overwrite(within(table, days))
    else:
        writer.append()


def mark(session: "SparkSession", table: Table, run_id: str, marks: Mapping[str, str]) -> None:
    """Say on the branch of a run what made it: the summary of its last commit."""
    _commit(loaded(session, table).newAppend().toBranch(BRANCH + run_id), marks)


def publish(session: "SparkSession", table: Table, run_id: str) -> None:
    """Move what readers see to the branch of a run, in one step.

    Raises:
        RunFailed: somebody else has published since the branch began, or the catalogue did not say
            whether it took the step.
    """
    from pyspark.errors import IllegalArgumentException

    branches = loaded(session, table).manageSnapshots()
    try:
        _take(branches.fastForwardBranch("main", BRANCH + run_id), session, table, run_id)
    except IllegalArgumentException as error:
        if not any(words in str(error) for words in _OVERTAKEN):
            raise
        raise _changed(table) from error


def publish_instead(
    session: "SparkSession", table: Table, run_id: str, seen: int, require: Callable[[], None]
) -> None:
    """Move what readers see to the branch of a run that does not go on from it, in one step.

    Raises:
        RunFailed: readers see another snapshot than `seen` by now, `require` raised, or the
            catalogue did not say whether it took the step.
    """
    found = loaded(session, table)  # the commit is refused when it is not the newest any more
    require()
    if found.currentSnapshot().snapshotId() != seen:
        raise _changed(table)
    branches = found.manageSnapshots()
    _take(branches.replaceBranch("main", BRANCH + run_id), session, table, run_id)


def tidy(session: "SparkSession", table: Table, run_id: str, now: datetime) -> None:
    """Forget the branch of a run, and old versions."""
    loaded(session, table).manageSnapshots().removeBranch(BRANCH + run_id).commit()
    expire(session, table, now)


def expire(session: "SparkSession", table: Table, now: datetime) -> None:
    """Forget old versions with the files that only they need; a younger one stays, whatever it is
    needed for."""
    oldest = millis(now - timedelta(days=KEPT_DAYS))
    expiry = loaded(session, table).expireSnapshots().expireOlderThan(oldest)
    expiry.retainLast(KEPT_SNAPSHOTS).commit()


def rewrite_manifests(session: "SparkSession", table: Table, marks: Mapping[str, str]) -> None:
    """Write the manifests of what readers see again, without the files that are gone: one commit,
    which says `marks`. The caller holds the lock, and there is no branch."""
    guava = session._jvm.com.google.common.base  # type: ignore[union-attr]
    as_one = guava.Functions.constant("all")  # of Spark's own jars; Python has no function of Java
    _commit(loaded(session, table).rewriteManifests().clusterBy(as_one), marks)


def expire_all(session: "SparkSession", table: Table, now: datetime) -> None:
    """Forget every version but the one that readers see, with the files that only they need."""
    later = millis(now + timedelta(days=1))
    loaded(session, table).expireSnapshots().expireOlderThan(later).retainLast(1).commit()


def within(table: Table, days: Collection[date]) -> "Column":
    """Whether a row lies in one of some days."""
    from pyspark.sql import functions as F

    return F.col(partition_of(table)).isin(*sorted(days))


def millis(at: datetime) -> int:
    """A moment as Iceberg has it: milliseconds since 1970."""
    return int(at.timestamp() * 1000)


def actions(session: "SparkSession") -> Any:
    """Iceberg's own actions on whole tables."""
    known = session._jvm.org.apache.iceberg.spark.actions  # type: ignore[union-attr]
    return known.SparkActions.get(session._jsparkSession)


def partition_of(table: Table) -> str:
    """The date column by which a lake table lies in folders."""
    return _kept(table).partition


def sort_of(table: Table) -> Sequence[str]:
    """The columns by which the rows of a file are sorted."""
    return _kept(table).sort


def _commit(change: Any, marks: Mapping[str, str]) -> None:
    """Commit a change whose summary says `marks`."""
    for name, value in marks.items():
        change = change.set(f"{MARK}{name}", value)
    change.commit()


def _take(step: Any, session: "SparkSession", table: Table, run_id: str) -> None:
    """Take the step that publishes; where its answer is lost, look whether it was taken."""
    from py4j.protocol import Py4JJavaError

    try:
        step.commit()
    except Py4JJavaError as error:
        if UNKNOWN_COMMIT not in str(error):
            raise
        _require_published(session, table, run_id)


def _changed(table: Table) -> RunFailed:
    return RunFailed(
        f"the lake table {table.name} was changed by somebody else during the run; nothing was "
        "published, run again"
    )


def _require_published(session: "SparkSession", table: Table, run_id: str) -> None:
    """Look whether a step was taken whose answer was lost; nothing is undone."""
    from py4j.protocol import Py4JJavaError

    try:
        refs = loaded(session, table).refs()
        main, own = refs.get("main"), refs.get(BRANCH + run_id)
        is_taken = main is not None and own is not None and main.snapshotId() == own.snapshotId()
    except Py4JJavaError as error:
        raise RunFailed(
            f"the catalogue did not say whether run {run_id} is the new version of the lake table "
            f"{table.name}; `history {table.name}` shows it, and the next run goes on from there"
        ) from error
    if not is_taken:
        raise RunFailed(
            f"the catalogue did not take run {run_id} as the new version of the lake table "
            f"{table.name}; nothing was published, run again"
        )


def _kept(table: Table) -> Iceberg:
    if not isinstance(table.kept_as, Iceberg):
        raise TypeError(f"{table.name} is no lake table")
    return table.kept_as


def _namespace(session: "SparkSession") -> str:
    return f"{CATALOGUE}.`{session.conf.get(NAMESPACE_SETTING)}`"


def _name(session: "SparkSession", table: Table) -> str:
    return f"{_namespace(session)}.`{table.name}`"


def _branch(session: "SparkSession", table: Table, run_id: str) -> str:
    return f"{_name(session, table)}.`branch_{BRANCH}{run_id}`"


def _literal(text: str) -> str:
    """A text as SQL writes it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _columns(table: Table) -> str:
    return f"{ddl(table)}, `{SOURCE_ID}` int"


def _follow_columns(session: "SparkSession", table: Table) -> None:
    found = [(f.name, f.dataType.simpleString()) for f in published_rows(session, table).schema]
    change = schema_change(table, [field for field in found if field[0] != SOURCE_ID])
    if not (change.added or change.widened):
        return
    update = loaded(session, table).updateSchema()
    for column, after in change.added:
        update = update.addColumn(column.name, _java_type(session, column))
        update = update.moveAfter(column.name, after) if after else update.moveFirst(column.name)
    for column in change.widened:
        update = update.updateColumn(column.name, _java_type(session, column))
    update.commit()


def _java_type(session: "SparkSession", column: ColumnOf) -> Any:
    """Iceberg's own type of a column."""
    known = session._jvm.org.apache  # type: ignore[union-attr]
    spark_type = known.spark.sql.types.DataType.fromDDL(column.type)
    return known.iceberg.spark.SparkSchemaUtil.convert(spark_type).asPrimitiveType()


def _sort(session: "SparkSession", found: Any, columns: Sequence[str]) -> None:
    known = session._jvm.org.apache.iceberg  # type: ignore[union-attr]
    order = found.replaceSortOrder()
    for column in columns:
        order = order.asc(known.expressions.Expressions.ref(column), known.NullOrder.NULLS_FIRST)
    order.commit()


def loaded(session: "SparkSession", table: Table) -> Any:
    """Iceberg's own table, as it is now."""
    util = session._jvm.org.apache.iceberg.spark.Spark3Util  # type: ignore[union-attr]
    return util.loadIcebergTable(session._jsparkSession, _name(session, table))
