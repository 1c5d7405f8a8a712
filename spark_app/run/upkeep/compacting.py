"""A lake table in few large files again."""

from spark_app.lake import compaction
from spark_app.lake.changes import marks_of
from spark_app.lake.compaction import Compacted
from spark_app.run.upkeep.tended import Tended


def compact(tended: Tended) -> Compacted | None:
    """Publish a version in which no day lies in many small files; null: none does."""
    days = compaction.crumbled(tended.session, tended.table)
    if not days:
        return None
    tended.begin()
    marks = marks_of(tended.version, "compact", tended.change_id)
    done = compaction.compact(tended.session, tended.table, tended.change_id, days, marks)
    tended.publish()
    return done
