"""A stop is neither lost nor hidden, whatever it interrupts."""

import signal

import pytest

from spark_app.errors import Stopped
from spark_app.failures import in_words
from spark_app.session import signals_held_back


def test_a_stop_that_a_librarys_clean_up_hides_is_still_a_stop() -> None:
    def library() -> None:
        try:
            raise Stopped(signal.SIGTERM)
        finally:
            raise ConnectionRefusedError("the JVM is gone")

    with pytest.raises(Stopped, match="SIGTERM"), in_words(lambda: None, "."):
        library()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_is_held_back_comes_when_the_block_has_ended(number: signal.Signals) -> None:
    done = []
    before = signal.signal(number, lambda *_: done.append("handled"))
    try:
        with signals_held_back():
            signal.raise_signal(number)
            done.append("block")
    finally:
        signal.signal(number, before)
    assert done == ["block", "handled"]
