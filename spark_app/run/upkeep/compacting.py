"""A lake table in few large files again."""

from spark_app.lake import compaction
from spark_app.lake.compaction import Compacted
from spark_app.run.upkeep.tended import Tended


def compact(tended: Tended) -> Compacted | None:
    """Publish a version in which no day lies in many small files; null: none does."""
    days = compaction.crumbled(tended.session, tended.table)
    if not days:
        return None
    tended.begin()
    done = compaction.compact(tended.session, tended.table, tended.change_id, tended.version, days)
    tended.publish()
    return done
