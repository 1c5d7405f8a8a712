"""Which version of a table readers see, however it is kept."""

from dataclasses import dataclass

from spark_app.declarations import Job, Table
from spark_app.errors import Unusable
from spark_app.lake import catalogue
from spark_app.lake.lake import Lake
from spark_app.lake.store import is_s3


@dataclass(frozen=True)
class Version:
    """A version of a table: which run made it, and what tells it from others."""

    run_id: str
    version: str


def place_of(table: Table, lake: Lake) -> str:
    """Where readers find a table."""
    return lake.lake_table(table.name) if table.is_lake else lake.published_path(table.name)


def published(table: Table, lake: Lake) -> Version | None:
    """The version of a table that readers see; null when there is none.

    Raises:
        Unusable: it was not published by this application, or the lake was moved.
    """
    if not table.is_lake:
        file = lake.published(table.name)
        return Version(file.run_id, file.version) if file else None
    found = snapshot_of(table, lake)
    return Version(found.run_id, str(found.snapshot_id)) if found else None


def snapshot_of(table: Table, lake: Lake) -> catalogue.Snapshot | None:
    """The version of a lake table that readers see; null when there is none.

    Raises:
        Unusable: it was not published by this application, or the lake was moved.
    """
    if is_s3(lake.root) and not lake.store.children(lake.lake_table(table.name)):
        return None  # a lake without lake tables needs no right on Glue, and no way to it
    return catalogue.current(table.name, lake)


def require_lake_table(job: Job) -> None:
    """Refuse a table of one file.

    Raises:
        Unusable: it is one.
    """
    if not job.publishes.is_lake:
        raise Unusable(f"{job.name} is a table of one file; this command is for lake tables")


def published_version(job: Job, lake: Lake) -> catalogue.Snapshot:
    """The version of a lake table that readers see.

    Raises:
        Unusable: there is none yet.
    """
    version = catalogue.current(job.name, lake)
    if version is None:
        raise not_published(job)
    return version


def not_published(job: Job) -> Unusable:
    """What to say of a table that has no version yet."""
    return Unusable(f"nothing of {job.name} is published yet; run {job.name} first")
