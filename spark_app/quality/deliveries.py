"""What the files of a delivery show beside their rows: refused, shorter or gone ones, by check."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from spark_app.declarations import Finding
from spark_app.quality.words import some

SHRUNK_ROWS, SHRUNK_SHARE = 100, 0.01
FILE_CHECKS: tuple[tuple[str, Literal["fail", "warn"], str], ...] = (
    (
        "refused_within_tolerance",
        "fail",
        "The refused files, by their bytes, are within the tolerance.",
    ),
    ("no_file_refused", "warn", "Every file can be read."),
    (
        "no_file_shrinks",
        "fail",
        f"No rewritten file lacks {SHRUNK_ROWS} good rows, and more than {SHRUNK_SHARE:.0%}, of "
        "those that it replaces.",
    ),
    ("no_file_gone", "warn", "Every file that was read is still there."),
)


COPIES_CHECK = (
    "no_copies_gone",
    "No file that is gone held copies of rows of the days that are made again.",
)


def copies_finding(gone: Sequence[tuple[str, int]]) -> Finding:
    """The finding of `COPIES_CHECK`, of gone files with their copies."""
    count = sum(copies for _, copies in gone)
    return Finding(count, count, some([f"{path} ({copies:,})" for path, copies in gone], 3))


def file_findings(
    *,
    sizes: Mapping[str, int],
    refused: Mapping[str, str],
    rewritten: Sequence[tuple[str, int, int]],
    gone: Collection[str],
    tolerance: float,
) -> dict[str, Finding]:
    """The findings of `FILE_CHECKS`.

    `sizes` are the bytes of each file that was to be read, `refused` says why of some of them;
    `rewritten` has files with their good rows before and now.
    """
    return {
        "refused_within_tolerance": _within(sizes, refused, tolerance),
        "no_file_refused": Finding(len(sizes), len(refused), some(list(refused.values()))),
        "no_file_shrinks": _none_shrinks(rewritten),
        "no_file_gone": Finding(len(gone), len(gone), some(sorted(gone), 3)),
    }


def is_shrunk(before: int, now: int) -> bool:
    """Whether a file lost more good rows than a delivery loses by itself."""
    return before - now >= SHRUNK_ROWS and before - now > SHRUNK_SHARE * before


def _within(sizes: Mapping[str, int], refused: Mapping[str, str], tolerance: float) -> Finding:
    """A refused file counts as one of bad rows only: what is left must be most of the delivery."""
    lost, every = sum(sizes[path] for path in refused), sum(sizes.values())
    is_over = len(refused) == len(sizes) or lost > tolerance * every
    if not refused or not is_over:
        return Finding(len(sizes), 0)
    share = f"{len(refused)} of {len(sizes)} files are refused ({lost:,} of {every:,} bytes)"
    words = f"{share}, tolerated are {tolerance:.2%}: {some(list(refused.values()))}"
    return Finding(len(sizes), len(refused), words)


def _none_shrinks(rewritten: Sequence[tuple[str, int, int]]) -> Finding:
    lines = [
        f"{path} has {now:,} good rows, {before:,} before"
        for path, before, now in rewritten
        if is_shrunk(before, now)
    ]
    advice = "; deliver it again, or accept it by --accept-shrink" if lines else ""
    return Finding(len(rewritten), len(lines), some(lines) + advice)
