"""However a delivery is split, ordered, repeated and rewritten, the table is the one that DuckDB
makes of the files as they lie there."""

import random
from collections.abc import Iterable, Iterator

import duckdb
import pytest

from tests.lakes.conftest import Row, Visits

BAD = ("short", "x,2024-05-01 10:00:00,many", "x,2024-05-41 10:00:00,1", ",2024-05-01 10:00:00,1")


def oracle(lines: Iterable[str]) -> list[Row]:
    """Of the good lines with one key the one with most pages."""
    rows = [(line,) for line in lines]
    with duckdb.connect() as database:
        database.execute("CREATE TABLE lines (line VARCHAR)")
        database.executemany("INSERT INTO lines VALUES (?)", rows or [("",)])
        found = database.execute(
            """
            SELECT parts[1], strftime(moment, '%Y-%m-%d %H:%M:%S'), max(pages)
            FROM (SELECT string_split(line, ',') AS parts,
                         try_strptime(parts[2], '%Y-%m-%d %H:%M:%S') AS moment,
                         try_cast(nullif(parts[3], '') AS BIGINT) AS pages
                  FROM lines)
            WHERE len(parts) = 3 AND parts[1] <> '' AND moment IS NOT NULL
              AND (pages >= 0 OR parts[3] = '')
            GROUP BY ALL
            """
        ).fetchall()
    return sorted(found, key=str)


class Deliverer:
    """Delivers, repeats, rewrites and cuts files at random."""

    def __init__(self, visits: Visits, seed: int) -> None:
        """Take where to deliver, and the seed."""
        self._visits, self._rng = visits, random.Random(seed)
        self._files: dict[str, list[str]] = {}

    def act(self) -> None:
        """One random change of what is delivered."""
        rng = self._rng
        name = rng.choice([*self._files, f"{len(self._files)}.csv"])
        old = self._files.get(name, [])
        others = list(self.lines())
        kept = [line for line in old if rng.random() < 0.6]
        copies = rng.sample(others, min(len(others), rng.randrange(4)))
        fresh = [self._line() for _ in range(rng.randrange(5, 12))]
        bad = [rng.choice(BAD)] if rng.random() < 0.5 else []
        lines = kept + copies + fresh + bad
        rng.shuffle(lines)
        self._files[name] = lines
        self._visits.deliver(name, *lines)

    def lines(self) -> Iterator[str]:
        """All that lies there."""
        for lines in self._files.values():
            yield from lines

    def _line(self) -> str:
        rng = self._rng
        day, hour = rng.randrange(1, 5), rng.randrange(2)
        user, pages = rng.choice("abc"), rng.choice(["", "1", "2", "9007199254740993"])
        return f"{user},2024-05-0{day} 1{hour}:00:00,{pages}"


@pytest.mark.parametrize("seed", range(3))
def test_the_table_follows_from_the_files_alone(visits: Visits, seed: int) -> None:
    deliverer = Deliverer(visits, seed)
    for number in range(5):
        for _ in range(1 + number % 2):
            deliverer.act()
        visits.done(f"run-{number}")
        assert visits.rows() == oracle(deliverer.lines())
        known = visits.ledger()
        assert known.days["rows_count"].sum() == len(visits.rows())
        assert (
            visits.counts()
            == known.owned.groupby(["source_id", "day"])["rows_count"]
            .sum()[lambda counts: counts > 0]
            .to_dict()
        )
