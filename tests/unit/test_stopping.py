"""A stop is neither lost nor hidden, whatever it interrupts."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spark_app.errors import Stopped
from spark_app.spark.failures import explained_failures
from spark_app.stopping import deferred

ROOT = Path(__file__).parents[2]


def test_a_stop_that_a_librarys_clean_up_hides_is_still_a_stop() -> None:
    def library() -> None:
        try:
            raise Stopped(signal.SIGTERM)
        finally:
            raise ConnectionRefusedError("the JVM is gone")

    with pytest.raises(Stopped, match="SIGTERM"), explained_failures(lambda: None, "."):
        library()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_is_deferred_comes_when_the_block_has_ended(number: signal.Signals) -> None:
    done = []
    before = signal.signal(number, lambda *_: done.append("handled"))
    try:
        with deferred():
            signal.raise_signal(number)
            done.append("block")
    finally:
        signal.signal(number, before)
    assert done == ["block", "handled"]


def test_a_stop_inside_an_import_waits_for_its_end(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(0.5)\nIS_WHOLE = True\n")
    said = stopped_in("import slow", "print(sys.modules['slow'].IS_WHOLE)", tmp_path)
    assert said == "True\nstopped by SIGTERM; nothing was changed\n"


def test_a_stop_that_a_clean_up_callback_swallows_comes_again(tmp_path: Path) -> None:
    callback = "class Slow:\n    def __del__(self):\n        time.sleep(0.5)"
    said = stopped_in(f"{callback}\nslow = Slow()\ndel slow\ntime.sleep(9)", "pass", tmp_path)
    assert said == "stopped by SIGTERM; nothing was changed\n"


def stopped_in(work: str, afterwards: str, folder: Path) -> str:
    """Stop a process in the middle of its work; what it prints."""
    lines = (
        "import os, signal, sys, threading, time",
        "from spark_app import stopping",
        "from spark_app.errors import Stopped",
        "stopping.listen()",
        "threading.Timer(0.25, os.kill, (os.getpid(), signal.SIGTERM)).start()",
        "try:",
        *(f"    {line}" for line in [*work.split("\n"), "time.sleep(9)"]),
        "except Stopped as stopped:",
        "    stopping.acknowledge()",
        f"    {afterwards}",
        "    print(stopped)",
    )
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
