"""What piles up of a lake table is told in numbers, and held against what is promised."""

from dataclasses import replace

import pytest

from benchmarks.rewrites import Piled

PILED = Piled(
    metadata_bytes=2**19,
    all_metadata_bytes=5 * 2**20,
    data_bytes=30 * 2**20,
    version_bytes=2**20,
    versions_count=28,
    seconds=2.5,
    commit_seconds=1.25,
)


def test_sizes_and_seconds_stand_beside_what_is_expected() -> None:
    assert PILED.lines() == [
        "newest metadata  0.50 MB (at most 1)",
        "last commit      1.2 s (at most 3)",
        "last rewrite     2.5 s",
        "all metadata     5.0 MB",
        "data             30.0 MB",
        "expected         28.0 MB of 28 versions",
    ]


@pytest.mark.parametrize("more", [{"metadata_bytes": 2**20}, {"commit_seconds": 3.0}])
def test_more_metadata_or_slower_commits_break_the_promise(more: dict[str, float]) -> None:
    assert PILED.is_small
    assert not replace(PILED, **more).is_small  # type: ignore[arg-type]
