"""Expected errors: one line for a person, and the exit code that a script reads."""

import signal
import unicodedata
from typing import ClassVar

DONE = 0
DELIVER_AGAIN = "deliver it again or take it away"  # a file that cannot be used
_MOVING = ("Cc", "Cf", "Cs", "Zl", "Zp")  # ends of lines, escape sequences, turns of direction
TIME_IS_UP = signal.SIGUSR1


def first_line(error: object) -> str:
    """The first line of what an error of somebody else's says."""
    return str(error).strip().partition("\n")[0]


def one_line(text: str) -> str:
    """A text that others wrote, as a person may be shown it: what would end the line, or move,
    colour or turn it, stands there as its escape."""
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in _MOVING else char
        for char in text
    )


class AppError(Exception):
    """An expected error. Its text says what is wrong and what to do next."""

    exit_code: ClassVar[int] = 1


class RunFailed(AppError):
    """The run could not be finished: disk full, an input that changed, a refused lock."""

    exit_code = 1


class Unusable(AppError):
    """Wrong usage or configuration, or a source or lake that cannot be used."""

    exit_code = 2


class NothingDelivered(Unusable):
    """No file lies where a source should be."""


class GateShut(AppError):
    """The data kept a gate shut; nothing was published."""

    exit_code = 3


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or the time limit. Not an `Exception`, so that no library on the way takes it
    for one."""

    def __init__(self, number: int) -> None:
        """Take the number of the signal that asked."""
        super().__init__(number)
        self.is_time_up = number == TIME_IS_UP
        names = {signal.SIGINT: "Ctrl-C", TIME_IS_UP: "the time limit (--max-minutes)"}
        self.name = names.get(signal.Signals(number)) or signal.Signals(number).name
        self.exit_code = 1 if self.is_time_up else 128 + number
        self.advice = "nothing was changed"

    def __str__(self) -> str:
        return f"stopped by {self.name}; {self.advice}"
