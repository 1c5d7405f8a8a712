"""Lists in the words of a check."""

from collections.abc import Sequence


def some(words: Sequence[str], most: int = 5) -> str:
    """The first of some words, and how many more there are."""
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more
