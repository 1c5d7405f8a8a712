"""Every path of a lake, named here and nowhere else."""

from spark_app.lake.store import Store


class Paths:
    """The paths below one root folder or S3 prefix."""

    def __init__(self, store: Store, root: str, region: str | None = None) -> None:
        """Take the root as a user wrote it; the region (null: boto3's own) is that of S3."""
        self.store, self.region = store, region
        self.root = store.absolute(root)

    def path(self, *parts: str) -> str:
        """A path below the root."""
        return self.store.join(self.root, *parts)

    def raw(self, dataset: str) -> str:
        """Where deliveries of a dataset land by default."""
        return self.path("raw", dataset)

    def run(self, run_id: str) -> str:
        """The folder of one run."""
        return self.path("runs", run_id)

    def manifest_path(self, run_id: str) -> str:
        """What a run read, counted and decided."""
        return self.path("runs", run_id, "run.json")

    def inputs(self, run_id: str) -> str:
        """Every file that a run read, with its version."""
        return self.path("runs", run_id, "inputs.parquet")

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

    def lake_table(self, table: str) -> str:
        """The folder of a lake table: its data, metadata and ledger."""
        return self.path("tables", table)

    def ledger(self, table: str, part: str) -> str:
        """A part of the ledger of a lake table."""
        return self.path("tables", table, "ledger", f"{part}.parquet")

    def published_path(self, table: str) -> str:
        """What readers read."""
        return self.path("final", table, f"{table}.parquet")

    def report(self, table: str) -> str:
        """The page about what is published."""
        return self.path("report", f"{table}.html")

    def summary_path(self, table: str) -> str:
        """What the site's index says of a table."""
        return self.path("report", f"{table}.json")

    def index_path(self) -> str:
        """The first page of the site."""
        return self.path("report", "index.html")

    def run_report(self, run_id: str) -> str:
        """The operator's page about a run whose gate stayed shut."""
        return self.path("runs", run_id, "report.html")

    def lock_path(self, table: str) -> str:
        """Who is making a table."""
        return self.path("locks", f"{table}.json")
