"""The lake: every path, and the only place that reads, writes and publishes."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from spark_app.errors import RunFailed, Unusable
from spark_app.lake import parquet
from spark_app.lake.store import Held, store_of
from spark_app.quality.checks import CheckResult

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

RUN_ID_KEY = b"spark_app.run_id"
DIGEST_KEY = b"spark_app.inputs_digest"
READERS = 16


@dataclass(frozen=True)
class Published:
    """The version of a table that readers see: which run made it, from which inputs."""

    run_id: str
    inputs_digest: str
    version: str
    content: bytes

    def table(self) -> "pa.Table":
        """The published rows, as the job's schema promises them."""
        return parquet.parse(self.content)


class Lake:
    """One root folder or S3 prefix; every path below it is named here and nowhere else."""

    def __init__(
        self, root: str, *, region: str | None = None, lock_dead_seconds: float = 300
    ) -> None:
        """Take the root; the region (null: boto3's own) and the lock's time are those of S3.

        Raises:
            Unusable: the root is a URI of a kind that is not supported.
        """
        self.store = store_of(root, region=region, lock_dead_seconds=lock_dead_seconds)
        self.root = self.store.absolute(root)

    def path(self, *parts: str) -> str:
        """A path below the root."""
        return self.store.join(self.root, *parts)

    def raw(self, dataset: str) -> str:
        """Where deliveries of a dataset land by default."""
        return self.path("raw", dataset)

    def run(self, run_id: str) -> str:
        """The folder of one run."""
        return self.path("runs", run_id)

    def log(self, run_id: str) -> str:
        """Spark's own log of one run."""
        return self.path("runs", run_id, "log.txt")

    def staging(self, run_id: str, table: str) -> str:
        """The folder of a staging table of one run."""
        return self.path("runs", run_id, "staging", table)

    def built(self, run_id: str, table: str) -> str:
        """The final table that a run built: the very bytes that are published."""
        return self.path("runs", run_id, "final", table, f"{table}.parquet")

    def quarantine(self, dataset: str, run_id: str) -> str:
        """The folder of the bad rows of one run."""
        return self.path("quarantine", dataset, f"run_id={run_id}")

    def quality(self, table: str, run_id: str) -> str:
        """The results of the checks of one run."""
        return self.path("quality", table, f"run_id={run_id}", "checks.parquet")

    def published_path(self, table: str) -> str:
        """What readers read."""
        return self.path("final", table, f"{table}.parquet")

    def report(self, job: str) -> str:
        """The page about what is published."""
        return self.path("report", f"{job}.html")

    def run_report(self, run_id: str) -> str:
        """The page about a run whose gate stayed shut."""
        return self.path("runs", run_id, "report.html")

    def data_docs(self, run_id: str, layer: str) -> str:
        """Great-expectations' own page about one layer of a run."""
        return self.path("runs", run_id, "data-docs", f"{layer}.html")

    def lock_path(self, job: str) -> str:
        """Who is running a job."""
        return self.path("locks", f"{job}.json")

    def lock(
        self, job: str, run_id: str, now: datetime, say: Callable[[str], None]
    ) -> AbstractContextManager[Held]:
        """Hold the lock of a job; `say` tells a person why it takes long. See `Store.locked`."""
        return self.store.locked(self.lock_path(job), run_id, now, say)

    def log_file(self, run_id: str) -> AbstractContextManager[str]:
        """A file on this machine for Spark's log; after the block it is in the lake."""
        return self.store.local_file(self.log(run_id))

    def manifests(self) -> dict[str, dict[str, Any]]:
        """Every run's `run.json` by its id, oldest id first."""
        names = self.store.children(self.path("runs"))
        with ThreadPoolExecutor(READERS) as pool:
            found = pool.map(self.manifest, names)
        return {name: manifest for name, manifest in zip(names, found, strict=True) if manifest}

    def manifest(self, run_id: str) -> dict[str, Any] | None:
        """A run's `run.json`, or null when there is none."""
        content = self._read(self.path("runs", run_id, "run.json"))
        return dict(json.loads(content)) if content else None

    def write_manifest(self, run_id: str, manifest: Mapping[str, Any]) -> None:
        """Replace a run's `run.json`."""
        content = json.dumps(manifest, indent=2, default=str) + "\n"
        self._write(self.path("runs", run_id, "run.json"), content.encode(), run_id)

    def write_report(self, path: str, page: str, run_id: str) -> None:
        """Replace a page."""
        self._write(path, page.encode(), run_id)

    def write_frame(self, frame: "DataFrame", path: str) -> None:
        """Write a Spark frame as a folder of Parquet files; the folder must be new."""
        self.store.make_folder(path.rpartition("/")[0])
        frame.write.mode("errorifexists").parquet(path)

    def read_frame(self, session: "SparkSession", path: str) -> "DataFrame":
        """Read back a folder that `write_frame` wrote."""
        return session.read.parquet(self.store.for_spark(path))

    def read_rows(self, path: str) -> "pa.Table":
        """Read a folder of Parquet files that a run wrote, whole.

        Raises:
            Unusable: the folder is gone.
        """
        import pyarrow as pa

        files = self._parts(path)
        if not files:
            raise Unusable(f"{path} is gone; it was pruned or never written")
        return pa.concat_tables([parquet.parse(self._read(file) or b"") for file in files])

    def rows(self, path: str) -> Iterator[dict[str, Any]]:
        """The rows of a folder of Parquet files, one by one; none when it is not there.

        Dates and times come as text: some lie beyond those of Python.
        """
        for part in self._parts(path):
            if file := self.store.stat(part):
                yield from parquet.rows_of(self.store.open(file))

    def write_built(
        self, run_id: str, name: str, table: "pa.Table", inputs_digest: str
    ) -> "pa.Table":
        """Write a final table with the run's id and inputs in its metadata; read it back."""
        marks = {RUN_ID_KEY: run_id.encode(), DIGEST_KEY: inputs_digest.encode()}
        marked = table.replace_schema_metadata(marks)
        path = self.built(run_id, name)
        self._write(path, parquet.serialise(marked), run_id)
        return parquet.parse(self._read(path) or b"")

    def write_quality(
        self, tables: Sequence[str], run_id: str, results: Sequence[CheckResult]
    ) -> None:
        """Write the results of a run's checks, one row per check, for each of its tables."""
        import pyarrow as pa

        texts = ("layer", "check", "severity", "description", "outcome", "detail")
        numbers = ("rows", "failed")
        schema = pa.schema(
            [*((t, pa.string()) for t in texts), *((n, pa.int64()) for n in numbers)]
        )
        rows = [result.as_dict() for result in results]
        content = parquet.serialise(pa.Table.from_pylist(rows, schema=schema))
        for table in tables:
            self._write(self.quality(table, run_id), content, run_id)

    def read_checks(self, table: str, run_id: str) -> list[dict[str, Any]]:
        """The results of a run's checks; none when it never came that far."""
        content = self._read(self.quality(table, run_id))
        return list(parquet.parse(content).to_pylist()) if content else []

    def published(self, table: str) -> Published | None:
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
        return Published(marks[RUN_ID_KEY].decode(), marks[DIGEST_KEY].decode(), version, content)

    def publish(self, run_id: str, table: str, expected: Published | None, held: Held) -> None:
        """Make a run's built table the one that readers see, in one atomic step.

        Raises:
            Unusable: the run's table is gone.
            RunFailed: the lock was lost, or somebody else published since `expected` was read.
        """
        content = self._read(self.built(run_id, table))
        if content is None:
            raise Unusable(f"run {run_id} has no table {table} to publish; it was pruned or failed")
        held.require()
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
