"""Ctrl-C, SIGTERM and the time limit: raised as `Stopped` in the main thread, when that does no
harm."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from spark_app.errors import TIME_IS_UP, Stopped

STOPS = (signal.SIGINT, signal.SIGTERM, TIME_IS_UP)
AGAIN_SECONDS = 0.1
GRACE_SECONDS = 60.0


def listen() -> None:
    """From now on, the first of these signals raises `Stopped`; further ones are ignored."""
    for number in STOPS:
        signal.signal(number, _first)


def limit(minutes: float | None) -> None:
    """End the program after so many minutes, as a signal would; null: never.

    What does not end a minute later, because it hangs outside Python, is killed.
    """
    if minutes is None:
        return
    for seconds, act in ((minutes * 60, _signal_main), (minutes * 60 + GRACE_SECONDS, _kill)):
        timer = threading.Timer(seconds, act)
        timer.daemon = True
        timer.start()


def acknowledge() -> None:
    """Say that `Stopped` has arrived; until then it is raised again and again."""
    signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def deferred() -> Iterator[None]:
    """Let the signals take effect only when the block has ended."""
    came: list[int] = []
    held = (*STOPS, signal.SIGALRM)
    before = {number: signal.signal(number, lambda n, _: came.append(n)) for number in held}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def _first(number: int, frame: FrameType | None) -> None:
    for other in STOPS:
        signal.signal(other, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, lambda _, at: _raise(number, at))
    _raise(number, frame)


def _raise(number: int, frame: FrameType | None) -> None:
    """Raise, and once more in a moment: what is raised in a clean-up callback is swallowed.

    Not inside an import, whose locks would stay taken for ever.
    """
    signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    if not _is_importing(frame):
        raise Stopped(number)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _signal_main() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, TIME_IS_UP)


def _kill() -> None:
    print("error: the time limit passed and the run hangs; it was killed", file=sys.stderr)
    os._exit(1)
