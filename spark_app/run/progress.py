"""What a person sees while a run goes on: one line per stage, and a bar where a terminal is."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from spark_app.errors import one_line
from spark_app.quality.words import count_of
from spark_app.run.manifest import Stage


class Progress:
    """Writes to stderr, so that stdout holds nothing but the result."""

    def line(self, line: str) -> None:
        """One line for a person."""
        if sys.stderr is not None:
            with contextlib.suppress(BrokenPipeError):  # nobody listens any more; the run goes on
                print(one_line(line), file=sys.stderr, flush=True)

    def stage(self, stage: Stage) -> None:
        """The line of a finished stage."""
        self.line(
            f"{stage.name:<8} {stage.rows_in:>13,} rows in {stage.rows_out:>13,} out "
            f"{stage.seconds:>6.1f} s   {in_words(stage)}"
        )

    @contextmanager
    def bar(self, name: str, session: Any) -> Iterator[None]:
        """A bar of Spark's tasks for the time of the block, where stderr is a terminal."""
        if sys.stderr is None or not sys.stderr.isatty():
            yield
            return
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with RichProgress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(name, total=None)
            ended = threading.Event()
            args = (
                session.sparkContext.statusTracker(),
                ended,
                lambda **of: bar.update(task, **of),
            )
            follower = threading.Thread(target=_follow, args=args, daemon=True)
            follower.start()
            try:
                yield
            finally:
                ended.set()
                follower.join()


def in_words(stage: Stage) -> str:
    """What the rules and checks of a stage found: `12 rows set aside by 8 rules; checks 17 passed,
    1 warned`."""
    counts = (
        (stage.checks_passed_count, "passed"),
        (stage.checks_warned_count, "warned"),
        (stage.checks_failed_count, "failed"),
    )
    checks = "checks " + (", ".join(f"{n} {word}" for n, word in counts if n) or "none")
    if not stage.quarantined_count:
        return checks
    rules = count_of(stage.rules_broken_count, "rule")
    return f"{count_of(stage.quarantined_count, 'row')} set aside by {rules}; {checks}"


def _follow(tracker: Any, ended: threading.Event, update: Any) -> None:
    """Copy the task counts of the running stages to the bar until `ended`."""
    while not ended.wait(0.5):
        try:
            stages = [tracker.getStageInfo(i) for i in tracker.getActiveStageIds()]
        except Exception:  # the JVM may be ending; a bar is not worth a failed run
            return
        known = [stage for stage in stages if stage]
        if known:
            update(
                total=sum(stage.numTasks for stage in known),
                completed=sum(stage.numCompletedTasks for stage in known),
            )
