"""The lake: every path, and the only place that reads, writes and publishes."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from spark_app import parquet, store
from spark_app.errors import RunFailed, Unusable
from spark_app.lock import Held, locked
from spark_app.quality.checks import CheckResult

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

RUN_ID_KEY = b"spark_app.run_id"
DIGEST_KEY = b"spark_app.inputs_digest"


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
    """One root folder; every path below it is named here and nowhere else."""

    def __init__(self, root: str) -> None:
        """Take the root.

        Raises:
            Unusable: the root is a URI of a kind that is not supported.
        """
        if "://" in root and not root.startswith("file://"):
            raise Unusable(f"lake {root}: only folders on this machine can be a lake")
        self.root = os.path.abspath(os.path.expanduser(root.removeprefix("file://")))

    def path(self, *parts: str) -> str:
        """A path below the root."""
        return os.path.join(self.root, *parts)

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

    @contextmanager
    def lock(self, job: str, run_id: str, now: datetime) -> Iterator[Held]:
        """Hold the lock of a job; see `lock.locked`."""
        with locked(self.lock_path(job), run_id, now) as held:
            yield held

    def run_ids(self) -> list[str]:
        """Every run that left a manifest, oldest id first."""
        return [name for name in store.children(self.path("runs")) if self.manifest(name)]

    def manifest(self, run_id: str) -> dict[str, Any] | None:
        """A run's `run.json`, or null when there is none."""
        content = store.read(self.path("runs", run_id, "run.json"))
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
        store.make_folder(os.path.dirname(path))
        frame.write.mode("errorifexists").parquet(path)

    def read_frame(self, session: "SparkSession", path: str) -> "DataFrame":
        """Read back a folder that `write_frame` wrote."""
        return session.read.parquet(store.literal(path))

    def read_rows(self, path: str) -> "pa.Table":
        """Read a folder of Parquet files that a run wrote, whole.

        Raises:
            Unusable: the folder is gone.
        """
        import pyarrow as pa

        files = [name for name in store.children(path) if name.endswith(".parquet")]
        if not files:
            raise Unusable(f"{path} is gone; it was pruned or never written")
        return pa.concat_tables([parquet.read(os.path.join(path, name)) for name in files])

    def rows(self, path: str) -> Iterator[dict[str, Any]]:
        """The rows of a folder of Parquet files, one by one; none when it is not there.

        Dates and times come as text: some lie beyond those of Python.
        """
        for name in store.children(path):
            if name.endswith(".parquet"):
                yield from parquet.rows_of(os.path.join(path, name))

    def write_built(
        self, run_id: str, name: str, table: "pa.Table", inputs_digest: str
    ) -> "pa.Table":
        """Write a final table with the run's id and inputs in its metadata; read it back."""
        marks = {RUN_ID_KEY: run_id.encode(), DIGEST_KEY: inputs_digest.encode()}
        marked = table.replace_schema_metadata(marks)
        path = self.built(run_id, name)
        self._write(path, parquet.serialise(marked), run_id)
        return parquet.parse(store.read(path) or b"")

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
        content = store.read(self.quality(table, run_id))
        return list(parquet.parse(content).to_pylist()) if content else []

    def published(self, table: str) -> Published | None:
        """The published version of a table, fetched whole in one read; null when there is none.

        Raises:
            Unusable: the published file was not written by this application.
        """
        path = self.published_path(table)
        seen, content = store.stat(path), store.read(path)
        if seen is None or content is None:
            return None
        marks = parquet.marks_of(content)
        if RUN_ID_KEY not in marks:
            raise Unusable(f"{path} was not published by this application; move it away")
        return Published(
            marks[RUN_ID_KEY].decode(), marks[DIGEST_KEY].decode(), seen.version, content
        )

    def publish(self, run_id: str, table: str, expected: Published | None, held: Held) -> None:
        """Make a run's built table the one that readers see, in one atomic step.

        Raises:
            Unusable: the run's table is gone.
            RunFailed: the lock was lost, or somebody else published since `expected` was read.
        """
        content = store.read(self.built(run_id, table))
        if content is None:
            raise Unusable(f"run {run_id} has no table {table} to publish; it was pruned or failed")
        held.require()
        seen = store.stat(self.published_path(table))
        if (seen.version if seen else None) != (expected.version if expected else None):
            raise RunFailed(
                f"{self.published_path(table)} was changed by somebody else during the run; "
                "nothing was published, run again"
            )
        self._write(self.published_path(table), content, run_id)

    def prune(self, run_id: str) -> None:
        """Delete what a run built; its manifest, log, checks and quarantine stay."""
        for layer in ("final", "staging"):  # without a final table it cannot be published
            store.delete_folder(self.path("runs", run_id, layer))

    def is_pruned(self, run_id: str) -> bool:
        """Whether nothing is left of what the run built."""
        return not any(store.children(self.path("runs", run_id, x)) for x in ("staging", "final"))

    def _write(self, path: str, content: bytes, run_id: str) -> None:
        store.write(path, content, self.run(run_id))
