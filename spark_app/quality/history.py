"""Whether rows that readers took for settled change."""

from typing import TYPE_CHECKING

from spark_app.declarations import Finding, Table

if TYPE_CHECKING:
    import pyarrow as pa

_IS = "is_built"


def history_finding(table: Table, rows: "pa.Table", published: "pa.Table | None") -> Finding:
    """Settled published rows that are gone or differ in a column of the table's history, and rows
    that are new among their times and hold something other than zero and null."""
    import pyarrow as pa

    if published is None:
        return Finding(0, 0, "nothing was published before")
    columns = _columns(table, published, rows)
    settled = _settled(table, published)
    changed = _changed(table, settled, rows, columns)
    keys = pa.concat_tables([changed, _new(table, settled, published, rows, columns)])
    return Finding(settled.num_rows, keys.num_rows, _words(table, keys) if keys.num_rows else "")


def _columns(table: Table, published: "pa.Table", rows: "pa.Table") -> list[str]:
    """What is compared: a column that came or went with a new version is no change of history."""
    names = table.history or [c.name for c in table.columns if c.name not in table.key]
    both = {*published.column_names} & {*rows.column_names}
    return [name for name in names if name in both]


def _settled(table: Table, published: "pa.Table") -> "pa.Table":
    import pyarrow.compute as pc

    if table.settled is not None:
        return published.filter(published[table.settled])
    if table.time is None:
        return published.slice(0, 0)
    return published.filter(pc.less(published[table.time], pc.max(published[table.time])))


def _changed(table: Table, settled: "pa.Table", rows: "pa.Table", columns: list[str]) -> "pa.Table":
    """The keys of settled rows that are gone or differ now."""
    import pyarrow as pa
    import pyarrow.compute as pc

    key = list(table.key)
    now = rows.select([*key, *columns]).append_column(_IS, pa.repeat(True, rows.num_rows))
    both = settled.select([*key, *columns]).join(now, key, right_suffix="_now")
    is_other = pc.is_null(both[_IS])
    for name in columns:
        old, new = both[name], both[f"{name}_now"]
        is_same = pc.or_(
            pc.fill_null(pc.equal(old, new), False), pc.and_(pc.is_null(old), pc.is_null(new))
        )
        is_other = pc.or_(is_other, pc.invert(is_same))
    return both.filter(is_other).select(key)


def _new(
    table: Table,
    settled: "pa.Table",
    published: "pa.Table",
    rows: "pa.Table",
    columns: list[str],
) -> "pa.Table":
    """The keys that nobody knew, at times that were settled, of rows that hold something."""
    import pyarrow.compute as pc

    key = list(table.key)
    if table.time is None:
        return rows.slice(0, 0).select(key)
    now = rows.filter(pc.is_in(rows[table.time], settled[table.time].combine_chunks()))
    new = now.join(published.select(key), key, join_type="left anti")
    if not columns:
        return new.select(key)
    holds = [_holds_something(new[name]) for name in columns]
    is_any = holds[0]
    for one in holds[1:]:
        is_any = pc.or_(is_any, one)
    return new.filter(is_any).select(key)


def _holds_something(values: "pa.ChunkedArray") -> "pa.ChunkedArray":
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    is_there = pc.is_valid(values)
    return (
        pc.and_(is_there, pc.fill_null(pc.not_equal(values, 0), False)) if is_number else is_there
    )


def _words(table: Table, keys: "pa.Table") -> str:
    import pyarrow.compute as pc

    ordered = keys.sort_by([(name, "ascending") for name in table.key])
    first = ", ".join(str(ordered[name][0]) for name in table.key)
    if table.time is None or table.time not in table.key:
        return f"{keys.num_rows:,} rows, such as {first}"
    ends = pc.min_max(keys[table.time])
    return f"{keys.num_rows:,} rows from {ends['min']} to {ends['max']}, such as {first}"
