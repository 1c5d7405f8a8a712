"""What counts in the text of a log: the last exception, a line with certain words, the end."""

import re

_TRACEBACK = "Traceback (most recent call last):"
_JAVA = re.compile(r"Exception in thread \S+ (.+)")


def exception_in(text: str) -> str | None:
    """What the last traceback says, Python's or else Java's."""
    lines = text.splitlines()
    heads = [at for at, line in enumerate(lines) if line.startswith(_TRACEBACK)]
    if heads:
        after = lines[heads[-1] + 1 :]
        said = next((line for line in after if line.strip() and not line[0].isspace()), None)
        return shortened(said.strip()) if said else None
    java = [found[1] for line in lines if (found := _JAVA.match(line))]
    return shortened(java[-1]) if java else None


def line_with(pattern: "re.Pattern[str]", text: str) -> str:
    """The first line in which a pattern is found; there must be one."""
    return shortened(next(line.strip() for line in text.splitlines() if pattern.search(line)))


def last_line(text: str | None) -> str | None:
    """The last line that is not blank, or null."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return shortened(lines[-1]) if lines else None


def shortened(line: str) -> str:
    """A line as long as an error message bears."""
    return line if len(line) <= 300 else f"{line[:299]}…"
