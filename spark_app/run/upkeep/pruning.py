"""A lake table without what no reader needs any more."""

from dataclasses import dataclass
from datetime import UTC

from spark_app.lake import catalogue, iceberg, ledger, orphans, retention
from spark_app.lake.ledger import Ledger
from spark_app.run.upkeep.tended import Tended


@dataclass(frozen=True)
class Pruned:
    """How much was removed: versions, files that no version names, and parts of the ledger."""

    versions_count: int
    files_count: int
    parts_count: int

    def in_words(self) -> str:
        """`5 versions, 12 files, 0 parts of the ledger`."""
        return (
            f"{self.versions_count:,} versions, {self.files_count:,} files, "
            f"{self.parts_count:,} parts of the ledger"
        )


def prune(tended: Tended) -> Pruned:
    """Remove old versions, what runs left that failed or died, and folded parts of the ledger."""
    table, lake, now = tended.table, tended.lake, tended.around.clock
    _drop_days(tended)
    before = len(catalogue.history(table.name, lake))
    tended.lock.require()
    iceberg.expire(tended.session, table, now)
    files = orphans.remove_files(tended.session, table, lake, now - orphans.SAFE_AGE)
    parts = orphans.remove_parts(table, lake)
    return Pruned(before - len(catalogue.history(table.name, lake)), files, parts)


def _drop_days(tended: Tended) -> None:
    """Publish the table without the days that it keeps no longer, where there are some."""
    table, lake, version = tended.table, tended.lake, tended.version
    known = ledger.read(table.name, lake, version)
    days = retention.too_old(table, known, tended.around.clock.astimezone(UTC).date())
    if not days:
        return
    tended.begin()
    none = iceberg.published_rows(tended.session, table).limit(0)
    iceberg.replace_days(tended.session, table, tended.change_id, none, days)
    changes = Ledger(known.files.head(0), retention.dropped(known, days))
    parts = ledger.add(table.name, lake, version, tended.change_id, changes)
    tended.mark(version, "prune", **{ledger.MARK: parts})
    tended.publish()
