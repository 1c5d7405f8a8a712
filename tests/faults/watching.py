"""Readers that look on while something fails, and how often what happened."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Seen = TypeVar("Seen")
COUNTS: Counter[str] = Counter()


@contextmanager
def reading(read: Callable[[], Seen]) -> Iterator[list[Seen]]:
    """Everything that a reader gets, over and over, for the time of the block."""
    seen: list[Seen] = []
    is_over = threading.Event()

    def read_on() -> None:
        while not is_over.wait(0.05):
            seen.append(read())

    thread = threading.Thread(target=read_on, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join()
