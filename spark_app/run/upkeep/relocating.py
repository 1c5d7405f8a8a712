"""Lake tables in a lake on a disk that was copied or moved."""

from collections.abc import Sequence

from spark_app.declarations import Job
from spark_app.errors import Unusable
from spark_app.lake import relocation
from spark_app.lake.store import is_s3
from spark_app.run.manifest import new_run_id
from spark_app.run.stages import Surroundings
from spark_app.run.upkeep.tended import spark_of


def misplaced(jobs: Sequence[Job], around: Surroundings) -> list[Job]:
    """The jobs whose lake tables lie elsewhere than their catalogue says.

    Raises:
        Unusable: the lake is in S3.
    """
    if is_s3(around.lake.root):
        raise Unusable("a lake in S3 is not relocated; copy its tables with Athena or Spark")
    lakes = [job for job in jobs if job.publishes.is_lake]
    return [job for job in lakes if relocation.move_of(job.name, around.lake)]


def relocate(job: Job, around: Surroundings) -> None:
    """Let the catalogue and the metadata of a lake table say where it is, all versions kept."""
    lake, change_id = around.lake, new_run_id(around.clock)
    with lake.lock(job.name, change_id, around.clock, around.progress.line) as lock:
        move = relocation.move_of(job.name, lake)
        if move is None:
            return
        with spark_of(around, change_id) as session:
            lock.require()
            relocation.relocate(session, move, lake, change_id)
