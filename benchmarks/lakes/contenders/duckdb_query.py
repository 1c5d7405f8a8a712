"""A table that one DuckDB query makes of files: two threads, 4 GiB."""

import duckdb

from benchmarks.lakes.contenders import places


def make(words: str | None, query: str, pattern: str) -> None:
    """Run a query that copies the files of a pattern ($source) to a folder ({output})."""
    source, output = places(words)
    with duckdb.connect(config={"memory_limit": "4GiB", "threads": 2}) as database:
        database.execute(query.replace("{output}", output), {"source": f"{source}/{pattern}"})
