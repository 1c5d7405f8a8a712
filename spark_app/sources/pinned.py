"""Sources of a run, pinned: which versions of which files, or of which table, it reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_app.declarations import Files, Job, Source, Table
from spark_app.errors import Unusable
from spark_app.lake import iceberg
from spark_app.lake.catalogue import Snapshot
from spark_app.lake.lake import Lake
from spark_app.lake.store import Store, StoredFile, is_s3, store_of
from spark_app.lake.versions import snapshot_of
from spark_app.sources.files import find_inputs, require_unchanged

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class PinnedSource:
    """A source and the files of it that a run reads.

    `place` is where they were found. `run_id` is the run that made a table's pinned version; null
    for delivered files. `snapshot` is that version of a lake table, which stands in place of files:
    the store has none of which it would say that they changed.
    """

    source: Source
    place: str
    store: Store
    files: tuple[StoredFile, ...]
    run_id: str | None = None
    snapshot: Snapshot | None = None

    @property
    def name(self) -> str:
        """The dataset or the table."""
        return self.source.name

    @property
    def bytes_count(self) -> int:
        """How large the files are together."""
        if self.snapshot is not None:
            return self.snapshot.bytes_count
        return sum(file.size_bytes for file in self.files)

    @property
    def identity(self) -> tuple[StoredFile, ...]:
        """What tells what is read from anything else: of a lake table who made its rows, and how
        many there are. Files that were only put together are another snapshot of the same rows."""
        if self.snapshot is None:
            return self.files
        return (StoredFile(self.place, self.snapshot.rows_count, self.snapshot.run_id),)

    @property
    def is_in_s3(self) -> bool:
        """Whether Spark must reach S3 to read it."""
        return is_s3(self.place)

    def require_unchanged(self) -> None:
        """Raise unless every file is still the version that was pinned."""
        require_unchanged(self.files, self.store)

    def as_dict(self) -> dict[str, str | int]:
        """What the manifest keeps of it; the files stand in a file of their own."""
        if self.run_id is not None:
            pinned = {"snapshot_id": self.snapshot.snapshot_id} if self.snapshot else {}
            return {"table": self.name, "run_id": self.run_id, **pinned}
        return {"place": self.place, "files": len(self.files), "bytes": self.bytes_count}


def places(job: Job, lake: Lake, given: Mapping[str, str]) -> dict[str, str]:
    """Where the delivered files of a job lie: as `given` by dataset, else in the lake's `raw/`."""
    datasets = [source.name for source in job.reads if isinstance(source, Files)]
    return {name: given.get(name) or lake.raw(name) for name in datasets}


def pin_sources(
    job: Job, lake: Lake, places: Mapping[str, str], region: str | None
) -> tuple[PinnedSource, ...]:
    """List and pin what a run will read.

    Raises:
        Unusable: nothing is there, or a table that the job reads was never published.
    """
    return tuple(
        _pin_files(source, places[source.name], lake, region)
        if isinstance(source, Files)
        else _pin_table(source, job, lake)
        for source in job.reads
    )


def read_table(session: "SparkSession", pinned: PinnedSource, lake: Lake) -> "DataFrame":
    """The rows of another job's table, as its pinned version has them."""
    if not isinstance(pinned.source, Table):
        raise TypeError(f"{pinned.name} is no table")
    if pinned.snapshot is None:
        return lake.read_frame(session, pinned.place, pinned.source)
    rows = iceberg.rows_at(session, pinned.source, pinned.snapshot.snapshot_id)
    return rows.drop(iceberg.SOURCE_ID)


def has_columns(session: "SparkSession", pinned: PinnedSource, lake: Lake) -> bool:
    """Whether another job's table has just the columns and types that are declared now."""
    if not isinstance(pinned.source, Table):
        raise TypeError(f"{pinned.name} is no table")
    if pinned.snapshot is None:
        return lake.has_columns(pinned.place, pinned.source)
    declared = [(column.name, column.type) for column in pinned.source.columns]
    return read_table(session, pinned, lake).dtypes == declared


def inputs_of(sources: Sequence[PinnedSource]) -> list[StoredFile]:
    """What tells what all sources bring from anything else."""
    return [file for source in sources for file in source.identity]


def bytes_delivered(places: Mapping[str, str], lake: Lake, region: str | None) -> int:
    """How large the delivered files at some places are together.

    Raises:
        Unusable: nothing is there.
    """
    found = [find_inputs(place, store_of(place, region=region), lake) for place in places.values()]
    return sum(file.size_bytes for files in found for file in files)


def _pin_files(source: Files, place: str, lake: Lake, region: str | None) -> PinnedSource:
    store = store_of(place, region=region)
    return PinnedSource(source, place, store, tuple(find_inputs(place, store, lake)))


def _pin_table(table: Table, job: Job, lake: Lake) -> PinnedSource:
    pinned = _pin_snapshot(table, lake) if table.is_lake else _pin_built(table, lake)
    if pinned is None:
        raise Unusable(
            f"{job.name} reads {table.name}, of which nothing is published yet; run that first, or "
            f"run {job.name} --upstream"
        )
    return pinned


def _pin_snapshot(table: Table, lake: Lake) -> PinnedSource | None:
    found = snapshot_of(table, lake)
    place = lake.lake_table(table.name)
    return PinnedSource(table, place, lake.store, (), found.run_id, found) if found else None


def _pin_built(table: Table, lake: Lake) -> PinnedSource | None:
    version = lake.published(table.name)
    if version is None:
        return None
    place = lake.built(version.run_id, table.name)
    stored = lake.store.stat(place)
    if stored is None:
        raise Unusable(
            f"{place}, from which {table.name} was published, is gone; run {table.name} again"
        )
    return PinnedSource(table, place, lake.store, (stored,), version.run_id)
