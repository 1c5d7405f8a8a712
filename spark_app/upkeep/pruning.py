"""A lake table without what no reader needs any more."""

from dataclasses import dataclass

from spark_app.lake import catalogue, iceberg, orphans
from spark_app.upkeep.tended import Tended


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
    before = len(catalogue.history(table.name, lake))
    tended.lock.require()
    iceberg.expire(tended.session, table, now)
    files = orphans.remove_files(tended.session, table, lake, now)
    parts = orphans.remove_parts(table, lake)
    return Pruned(before - len(catalogue.history(table.name, lake)), files, parts)
