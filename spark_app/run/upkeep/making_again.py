"""Tables of one file that were made from what is gone now: made again, or named."""

from collections.abc import Sequence
from dataclasses import dataclass

from spark_app.declarations import Job
from spark_app.errors import DONE
from spark_app.lake.lake import Lake
from spark_app.lake.versions import published
from spark_app.run.order import held_at, selected
from spark_app.run.several import Batch, JobEnd, left_held, run_several
from spark_app.run.stages import Surroundings


@dataclass(frozen=True)
class MadeAgain:
    """How jobs ended that were to make their tables again. Of those that were `left` readers still
    see the earlier table: it is held, or its run failed."""

    made: Sequence[JobEnd]
    left: Sequence[JobEnd]

    @property
    def ends(self) -> list[JobEnd]:
        """All of them."""
        return [*self.made, *self.left]


def readers_of(lakes: Sequence[Job], jobs: Sequence[Job], lake: Lake) -> list[Job]:
    """The jobs whose published tables were made from those of others, at first or second hand, each
    after what it reads."""
    names = [job.name for job in lakes]
    reached = selected(jobs, names, upstream=False, downstream=True)
    return [job for job in reached if job.name not in names and published(job.publishes, lake)]


def make_again(readers: Sequence[Job], wanted: Batch, around: Surroundings) -> MadeAgain:
    """Run jobs that have something new to read, but those whose table is held and their readers."""
    left = _left(readers, around.lake)
    ends = run_several([job for job in readers if job.name not in left], wanted, around)
    return MadeAgain(
        [end for end in ends if end.exit_code == DONE],
        [*left.values(), *(end for end in ends if end.exit_code != DONE)],
    )


def _left(readers: Sequence[Job], lake: Lake) -> dict[str, JobEnd]:
    """The ends of jobs that are left: their table is held, or one that they read."""
    found: dict[str, JobEnd] = {}
    for job in readers:
        at = held_at(published(job.publishes, lake), lake)
        behind = [name for name in job.tables_read if name in found]
        if at is not None:
            found[job.name] = left_held(job, f"held at run {at}")
        elif behind:
            why = f"left, because {behind[0]}, which it reads, is left"
            found[job.name] = JobEnd(job, DONE, why)
    return found
