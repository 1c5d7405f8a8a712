"""The only place that reads, writes and publishes in a lake; its paths stand in `paths.py`."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from spark_app.declarations import Table
from spark_app.errors import GateShut, RunFailed, Unusable
from spark_app.lake import parquet
from spark_app.lake.arrow import ddl, has_columns_of
from spark_app.lake.frames import read_parquet
from spark_app.lake.manifests import upgraded
from spark_app.lake.paths import Paths
from spark_app.lake.store import READERS, Lock, StoredFile, store_of

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

RUN_ID_KEY = b"spark_app.run_id"
DIGEST_KEY = b"spark_app.inputs_digest"
OPTIONS_KEY = b"spark_app.options"


@dataclass(frozen=True)
class TableVersion:
    """The version of a table that readers see: which run made it, from which inputs."""

    run_id: str
    inputs_digest: str
    version: str
    content: bytes

    def table(self) -> "pa.Table":
        """The published rows, as the job's schema promises them."""
        return parquet.parse(self.content)


class Lake(Paths):
    """One root folder or S3 prefix: reading, writing and publishing below it."""

    def __init__(
        self, root: str, *, region: str | None = None, lock_dead_seconds: float = 300
    ) -> None:
        """Take the root; the region (null: boto3's own) and the lock's time are those of S3.

        Raises:
            Unusable: the root is a URI of a kind that is not supported.
        """
        store = store_of(root, region=region, lock_dead_seconds=lock_dead_seconds)
        super().__init__(store, root, region)

    def lock(
        self, table: str, run_id: str, now: datetime, log: Callable[[str], None]
    ) -> AbstractContextManager[Lock]:
        """Hold the lock of a table; `log` says to a person why it takes long; see the store."""
        return self.store.locked(self.lock_path(table), run_id, now, log)

    def log_file(self, run_id: str) -> AbstractContextManager[str]:
        """A file on this machine for Spark's log; after the block it is in the lake."""
        return self.store.local_file(self.log(run_id))

    def manifests(self) -> dict[str, dict[str, Any]]:
        """Every run's manifest by its id, oldest id first.

        Raises:
            Unusable: a newer version of the application wrote one.
        """
        names = self.store.children(self.path("runs"))
        with ThreadPoolExecutor(READERS) as pool:
            found = pool.map(self.manifest, names)
        return {name: manifest for name, manifest in zip(names, found, strict=True) if manifest}

    def manifest(self, run_id: str) -> dict[str, Any] | None:
        """A run's manifest with today's fields, or null when there is none."""
        path = self.manifest_path(run_id)
        content = self._read(path)
        return upgraded(json.loads(content), path) if content else None

    def write_manifest(self, run_id: str, manifest: Mapping[str, Any]) -> None:
        """Replace a run's manifest."""
        content = json.dumps(manifest, indent=2, default=str) + "\n"
        self._write(self.manifest_path(run_id), content.encode(), run_id)

    def write_inputs(self, run_id: str, inputs: Mapping[str, Sequence[StoredFile]]) -> None:
        """Write the files that a run reads, one row a file: source, path, size, version."""
        import pyarrow as pa

        rows = [
            {"source": name, **file._asdict()} for name, files in inputs.items() for file in files
        ]
        names = ("source", "path", "size_bytes", "version")
        types = [pa.string(), pa.string(), pa.int64(), pa.string()]
        schema = pa.schema(list(zip(names, types, strict=True)))
        content = parquet.serialise(pa.Table.from_pylist(rows, schema=schema))
        self._write(self.inputs(run_id), content, run_id)

    def summaries(self) -> list[dict[str, Any]]:
        """What the site knows of every table, by name; what cannot be read is passed over."""
        names = self.store.children(self.path("report"))
        paths = [self.path("report", name) for name in names if name.endswith(".json")]
        with ThreadPoolExecutor(READERS) as pool:
            found = [_json_of(content) for content in pool.map(self._read, paths)]
        return [summary for summary in found if summary]

    def write_report(self, path: str, page: str, run_id: str) -> None:
        """Replace a page."""
        self._write(path, page.encode(), run_id)

    def write_frame(self, frame: "DataFrame", path: str) -> None:
        """Write a Spark frame as a folder of Parquet files; the folder must be new."""
        self.store.make_folder(path.rpartition("/")[0])
        frame.write.mode("errorifexists").parquet(path)

    def read_frame(self, session: "SparkSession", path: str, table: Table) -> "DataFrame":
        """The rows of a table that a run built, from its file or its folder of files."""
        return read_parquet(session, ddl(table), [path])

    def has_columns(self, path: str, table: Table) -> bool:
        """Whether a table that a run built has just the columns and types that are declared now."""
        file = self.store.stat(path)
        return file is not None and has_columns_of(parquet.schema_of(self.store.open(file)), table)

    def read_rows(self, path: str, most_bytes: int) -> "pa.Table":
        """Read a folder of Parquet files that a run wrote, whole.

        Raises:
            Unusable: the folder is gone.
            GateShut: its files alone are larger than what its table may need in memory.
        """
        import pyarrow as pa

        files = self._parts(path)
        if not files:
            raise Unusable(f"{path} is gone; it was pruned or never written")
        stored = [found for file in files if (found := self.store.stat(file))]
        if sum(file.size_bytes for file in stored) > most_bytes:
            raise GateShut(
                f"fits_one_file: {path} is larger than {most_bytes // 2**20} MiB; make the grain "
                "of the table coarser; nothing was published"
            )
        return pa.concat_tables([parquet.parse(self._read(file) or b"") for file in files])

    def rows(self, path: str) -> Iterator[dict[str, Any]]:
        """The rows of a folder of Parquet files, one by one; none when it is not there.

        Dates and times come as text: some lie beyond those of Python.
        """
        for part in self._parts(path):
            if file := self.store.stat(part):
                yield from parquet.rows_of(self.store.open(file))

    def write_built(
        self,
        run_id: str,
        name: str,
        table: "pa.Table",
        inputs_digest: str,
        options: Mapping[str, Any],
    ) -> "pa.Table":
        """Write a final table with its run, inputs and options in its metadata; read it back."""
        marks = {
            RUN_ID_KEY: run_id.encode(),
            DIGEST_KEY: inputs_digest.encode(),
            OPTIONS_KEY: json.dumps(options).encode(),
        }
        marked = table.replace_schema_metadata(marks)
        path = self.built(run_id, name)
        self._write(path, parquet.serialise(marked), run_id)
        return parquet.parse(self._read(path) or b"")

    def write_quality(
        self, table: str, run_id: str, results: Sequence[Mapping[str, str | int]]
    ) -> None:
        """Write the results of a run's checks, one row per check."""
        import pyarrow as pa

        texts = ("layer", "table", "check", "severity", "description", "outcome", "detail")
        numbers = ("rows", "failed")
        schema = pa.schema(
            [*((t, pa.string()) for t in texts), *((n, pa.int64()) for n in numbers)]
        )
        content = parquet.serialise(pa.Table.from_pylist(list(results), schema=schema))
        self._write(self.quality(table, run_id), content, run_id)

    def read_checks(self, table: str, run_id: str) -> list[dict[str, Any]]:
        """The results of a run's checks; none when it never came that far."""
        content = self._read(self.quality(table, run_id))
        return list(parquet.parse(content).to_pylist()) if content else []

    def published(self, table: str) -> TableVersion | None:
        """The published version of a table, fetched whole in one read; null when there is none.

        Raises:
            Unusable: the published file was not written by this application.
        """
        path = self.published_path(table)
        found = self.store.fetch(path)
        if found is None:
            return None
        content, version = found
        marks = parquet.marks_of(content)
        if RUN_ID_KEY not in marks:
            raise Unusable(f"{path} was not published by this application; move it away")
        return TableVersion(
            marks[RUN_ID_KEY].decode(), marks[DIGEST_KEY].decode(), version, content
        )

    def publish(self, run_id: str, table: str, expected: TableVersion | None, lock: Lock) -> None:
        """Make a run's built table the one that readers see, in one atomic step.

        Raises:
            Unusable: the run's table is gone.
            RunFailed: the lock was lost, or somebody else published since `expected` was read.
        """
        content = self._read(self.built(run_id, table))
        if content is None:
            raise Unusable(f"run {run_id} has no table {table} to publish; it was pruned or failed")
        lock.require()
        path, version = self.published_path(table), expected.version if expected else None
        if not self.store.replace(path, content, version, self.run(run_id)):
            raise RunFailed(
                f"{path} was changed by somebody else during the run; nothing was published, run "
                "again"
            )

    def prune(self, run_id: str) -> None:
        """Delete what a run built; its manifest, log, checks and quarantine stay."""
        for layer in ("final", "staging"):  # without a final table it cannot be published
            self.store.delete_folder(self.path("runs", run_id, layer))

    def is_pruned(self, run_id: str) -> bool:
        """Whether nothing is left of what the run built."""
        layers = (self.path("runs", run_id, layer) for layer in ("staging", "final"))
        return not any(self.store.children(layer) for layer in layers)

    def _parts(self, path: str) -> list[str]:
        """The Parquet files of a folder that Spark wrote."""
        names = [name for name in self.store.children(path) if name.endswith(".parquet")]
        return [self.store.join(path, name) for name in names]

    def _read(self, path: str) -> bytes | None:
        found = self.store.fetch(path)
        return found[0] if found else None

    def _write(self, path: str, content: bytes, run_id: str) -> None:
        self.store.write(path, content, self.run(run_id))


def _json_of(content: bytes | None) -> dict[str, Any] | None:
    try:
        return dict(json.loads(content)) if content else None
    except (ValueError, TypeError):
        return None
