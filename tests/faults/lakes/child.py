"""The application in a process of its own, which knows the tests' lake table and dies, or stops, at
a moment of a run: python -m tests.faults.lakes.child MOMENT SECONDS SIGNAL command…"""

import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spark_app import jobs
from spark_app.cli import run

MOMENTS = {
    "read": ("spark_app.run.landing", "stage"),
    "write": ("spark_app.lake.iceberg", "replace_days"),
    "gate": ("spark_app.run.appending", "_judge_table"),
    "before the fast-forward": ("spark_app.lake.iceberg", "publish"),
    "after the fast-forward": ("spark_app.lake.iceberg", "publish"),
    "expiry": ("spark_app.lake.iceberg", "tidy"),
    "report": ("spark_app.run.stages", "write_published"),
}
AFTER = "after the fast-forward"


def hit_at(moment: str, seconds: float, number: int) -> None:
    """Let this process get a signal so long after a moment begins, or has ended."""
    module, name = MOMENTS[moment]
    place = importlib.import_module(module)
    does: Callable[..., Any] = getattr(place, name)

    def hit() -> None:
        os.kill(os.getpid(), number)

    def hooked(*arguments: Any, **more: Any) -> Any:
        if moment == AFTER:
            done = does(*arguments, **more)
            hit()
            return done
        if seconds:
            timer = threading.Timer(seconds, hit)
            timer.daemon = True  # a run that is over by then is left alone
            timer.start()
        else:
            hit()
        return does(*arguments, **more)

    setattr(place, name, hooked)


def main() -> None:
    moment, seconds, number = sys.argv[1], float(sys.argv[2]), signal.Signals[sys.argv[3]]
    jobs.JOBS["visit"] = "a lake table of the tests"
    jobs.__path__.append(str(Path(__file__).parents[2] / "lakes" / "jobs"))
    hit_at(moment, seconds, number)
    sys.argv[1:] = sys.argv[4:]
    run()


if __name__ == "__main__":
    main()
