"""Write generated `installs` files again with their rows in another order.

The rows stay the same; what differs is what lies beside what, and with it what a row group's
dictionary and a group-by's cache see. `generate.py` itself writes in the order of the key.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.generate import ROW_GROUP_ROWS

KEY_ORDER = "key"
ORDERS = {
    "channel": "name, start_date, country, os_name, dataplatform_inserted_at",
    "random": "hash(start_date, name, os_name, country, dataplatform_inserted_at)",
}
FILES = 16


def write_in_order(source: Path, order: str, out: Path) -> int:
    """Sort the rows of a folder into a new one of at most `FILES` files; the number of rows."""
    out.mkdir(parents=True)
    total = sum(pq.read_metadata(path).num_rows for path in source.iterdir())
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET temp_directory = '{out.parent}'")
        rows = connection.read_parquet(f"{source}/*.parquet").order(ORDERS[order])
        tables = _batched(rows.to_arrow_reader(ROW_GROUP_ROWS), -(-total // FILES))
        return sum(_write(out / f"installs-{i:02}.parquet", rows) for i, rows in enumerate(tables))


def _batched(batches: Iterable[pa.RecordBatch], rows_count: int) -> Iterator[pa.Table]:
    """Tables of at least so many rows each, but for the last."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(one.num_rows for one in held) >= rows_count:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _write(path: Path, table: pa.Table) -> int:
    pq.write_table(
        table, path, compression="snappy", row_group_size=ROW_GROUP_ROWS, store_schema=False
    )
    return int(table.num_rows)
