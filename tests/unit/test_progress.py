"""A bar where a terminal is, and nothing where none is."""

import io
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from spark_app.run.progress import Progress


class Tracker:
    """Spark's status tracker with one stage under way; `was_asked` is set by the second look."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.looks, self.was_asked = error, 0, threading.Event()

    def getActiveStageIds(self) -> list[int]:
        self.looks += 1
        if self.looks > 1 or self.error:
            self.was_asked.set()
        if self.error:
            raise self.error
        return [7]

    def getStageInfo(self, number: int) -> Any:
        return SimpleNamespace(numTasks=8, numCompletedTasks=4)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def session_of(tracker: Tracker) -> Any:
    return SimpleNamespace(sparkContext=SimpleNamespace(statusTracker=lambda: tracker))


@pytest.mark.parametrize("error", [None, ConnectionError("the JVM is gone")])
def test_a_terminal_shows_a_bar_that_goes_away(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    tracker = Tracker(error)
    with Progress().bar("raw", session_of(tracker)):
        assert tracker.was_asked.wait(30)
    assert "raw" in terminal.getvalue()


def test_without_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    tracker = Tracker()
    with Progress().bar("raw", session_of(tracker)):
        pass
    assert capsys.readouterr() == ("", "")
    assert tracker.looks == 0
