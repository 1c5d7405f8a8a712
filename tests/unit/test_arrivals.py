"""What a listing brings, beside what a ledger knows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import pandas as pd

from spark_app.lake import ledger
from spark_app.lake.arrivals import Arrivals, arrivals
from spark_app.lake.ledger import Ledger
from spark_app.lake.store import StoredFile

DAY = date(2024, 5, 1)


def file(path: str, version: str = "1") -> StoredFile:
    return StoredFile(path, 10, version)


def known(*paths: str, state: str = ledger.CURRENT, duplicates_count: int = 0) -> Ledger:
    """A ledger of one version of each path, with two rows of one day."""
    files = [
        (number, path, 10, "1", state, 0, "run", 2, 0) for number, path in enumerate(paths, start=1)
    ]
    days = [(number, DAY, 2, duplicates_count, "") for number, *_ in files]
    return Ledger(rows(ledger.FILES, files), rows(ledger.DAYS, days))


def rows(columns: Mapping[str, str], cells: Iterable[Sequence[object]]) -> pd.DataFrame:
    return ledger.rows_of(columns, [dict(zip(columns, row, strict=True)) for row in cells])


def numbers(found: Arrivals) -> dict[str, list[int]]:
    kinds = {"new": found.new, "rewritten": found.rewritten, "again": found.again}
    return {name: list(files) for name, files in kinds.items() if files}


def test_new_and_rewritten_files_get_numbers_of_their_own() -> None:
    found = arrivals([file("a", "2"), file("b"), file("c")], known("a", "b"))
    assert numbers(found) == {"new": [3], "rewritten": [4]}
    assert (found.earlier, found.known_count) == ({4: 1}, 1)
    assert found.in_words() == "files: 1 new, 1 rewritten, 1 known"


def test_holders_of_copies_are_read_again_under_their_number() -> None:
    found = arrivals([file("a", "2"), file("b")], known("a", "b", duplicates_count=1))
    assert (numbers(found), found.earlier) == ({"rewritten": [3], "again": [2]}, {3: 1, 2: 2})


def test_all_is_read_again_when_that_is_asked() -> None:
    found = arrivals([file("a"), file("b", "2")], known("a", "b"), is_full=True, skip=["b"])
    assert (numbers(found), list(found.skipped)) == ({"again": [1]}, [3])


def test_what_was_left_out_is_known_until_all_is_read() -> None:
    for state in (ledger.SKIPPED, ledger.REFUSED):
        assert arrivals([file("a")], known("a", state=state)).is_nothing
        assert numbers(arrivals([file("a", "2")], known("a", state=state))) == {"new": [2]}
        assert numbers(arrivals([file("a")], known("a", state=state), is_full=True)) == {"new": [2]}


def test_a_refused_file_leaves_what_is_known_of_it() -> None:
    found = arrivals([file("a", "2"), file("b")], known("a")).refusing({3: "none", 2: "none"})
    assert (found.to_read, found.earlier, list(found.refused)) == ({}, {}, [3, 2])
    assert not found.is_nothing


def test_files_of_earlier_days_than_are_kept_are_passed_over() -> None:
    old = ["in/2024/04/30/a", "in/2024-04-30/a", "in/day=2024-04-30/a"]
    kept = ["in/2024/05/01/a", "in/2024/99/99/a", "in/a-2024-04-30.csv"]
    found = arrivals([file(path) for path in (*old, *kept)], known(), first=DAY)
    assert [one.path for one in found.new.values()] == kept
    assert arrivals([], known(*old, *kept), first=DAY).gone == (4, 5, 6)


def test_a_file_that_is_there_again_is_not_gone() -> None:
    found = arrivals([file("a")], known("a", "b", state=ledger.GONE))
    assert (found.back, found.gone, found.known_count) == ((1,), (), 1)


def test_files_that_are_gone_or_there_again_are_something_to_record() -> None:
    found = arrivals([], known("a"))
    assert (found.gone, found.is_nothing) == ((1,), False)
    assert found.in_words() == "files: 1 gone"
    assert arrivals([], known("a", state=ledger.GONE)).is_nothing
    found = arrivals([file("a")], known("a", state=ledger.GONE))
    assert (found.back, found.is_nothing) == ((1,), False)
    assert found.in_words() == "files: 1 known, 1 back"


def test_files_that_are_gone_are_so_until_they_are_back() -> None:
    before = known("a", "b", state=ledger.GONE)
    assert arrivals([file("b")], before).gone_of(before) == {1}
    now = known("a", "b")
    assert arrivals([file("b")], now).gone_of(now) == {1}
