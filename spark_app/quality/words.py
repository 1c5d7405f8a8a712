"""Lists and counts in words."""

from collections.abc import Sequence


def some(words: Sequence[str], most: int = 5) -> str:
    """The first of some words, and how many more there are."""
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def count_of(number: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
