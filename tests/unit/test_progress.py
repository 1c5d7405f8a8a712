"""One line per stage, and a bar where a terminal is."""

import io
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from spark_app.run.manifest import Stage
from spark_app.run.progress import Progress, in_words


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


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"checks_passed_count": 8}, "checks 8 passed"),
        (
            {
                "quarantined_count": 12,
                "rules_broken_count": 8,
                "checks_passed_count": 17,
                "checks_warned_count": 1,
            },
            "12 rows set aside by 8 rules; checks 17 passed, 1 warned",
        ),
        (
            {"quarantined_count": 1, "rules_broken_count": 1, "checks_passed_count": 1},
            "1 row set aside by 1 rule; checks 1 passed",
        ),
        (
            {"quarantined_count": 1234567, "rules_broken_count": 2, "checks_failed_count": 1},
            "1,234,567 rows set aside by 2 rules; checks 1 failed",
        ),
        (
            {"checks_passed_count": 3, "checks_warned_count": 2, "checks_failed_count": 1},
            "checks 3 passed, 2 warned, 1 failed",
        ),
        ({}, "checks none"),
    ],
)
def test_a_stage_says_what_rules_and_checks_found(counts: dict[str, int], words: str) -> None:
    assert in_words(Stage("raw", **counts)) == words


def test_the_line_of_a_stage_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Progress().stage(Stage("raw", 2591, 2574, 17, 8, 17, 1, seconds=4.79))
    assert capsys.readouterr() == (
        "",
        "raw              2,591 rows in         2,574 out    4.8 s   "
        "17 rows set aside by 8 rules; checks 17 passed, 1 warned\n",
    )


def test_nobody_has_to_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    for stderr in (None, Closed()):
        monkeypatch.setattr(sys, "stderr", stderr)
        Progress().line("a word")
