"""What lake tables must hold, from the delivered files as they lie: read by Python's own csv and
json, typed and deduplicated by DuckDB."""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

Texts = tuple[str | None, ...]

AT = "try_strptime(at_text, '%Y-%m-%d %H:%M:%S')"
MICROS = "try_strptime(at_text, '%Y-%m-%d %H:%M:%S.%f')"
MILLIS = (
    r"CASE WHEN regexp_full_match(at_text, '\d+') THEN make_timestamp(1000 * at_text::BIGINT) END"
)

FIELDS = {
    "app_event": "user_id os model country event_name log_id at_text quantity price",
    "attribution": "partner campaign at_text tracker_id log_id kind user_id",
    "category": "category_id parent_category_id",
    "device_event": "brand tracker channel device_id at_text country user_id long lat canonical",
    "item_property": "at_text item_id property value",
    "shop_event": "at_text visitor_id event item_id transaction_id",
    "user_funnel": "event_id user_id event_name at_text platform country",
}
IDS = {
    *("user_id", "log_id", "tracker_id", "category_id", "parent_category_id", "device_id"),
    *("item_id", "visitor_id", "transaction_id", "event_id"),
}
NOT_COMPARED = ("source_id", "event_digest", "rescued_json")
HAS_HEADER = ("category", "item_property", "shop_event", "user_funnel")

# Each gives the table's columns in order, but for what is not compared.
TABLES = {
    "app_event": rf"""
        SELECT moment::DATE, moment, user_id, log_id, os, model, country, event_name,
               quantity::INT, price::DECIMAL(20, 4)
        FROM (SELECT *, {MICROS} AS moment FROM delivered)
        WHERE moment < '2100-01-01' AND user_id IS NOT NULL AND event_name IS NOT NULL
          AND log_id IS NOT NULL
          AND coalesce(regexp_full_match(quantity, '\d+'), true)
          AND coalesce(regexp_full_match(price, '\d+(\.\d{{1,4}})?'), true)
        QUALIFY 1 = row_number() OVER (PARTITION BY user_id, moment, log_id ORDER BY
            os DESC NULLS LAST, model DESC NULLS LAST, country DESC NULLS LAST,
            event_name DESC NULLS LAST, quantity::INT DESC NULLS LAST, price::DECIMAL(20, 4) DESC)
    """,
    "attribution": rf"""
        SELECT DISTINCT moment::DATE, moment, user_id, log_id, partner, campaign, tracker_id,
               kind::INT, kind = '0'
        FROM (SELECT *, {MICROS} AS moment FROM delivered)
        WHERE moment < '2100-01-01' AND user_id IS NOT NULL AND log_id IS NOT NULL
          AND regexp_full_match(kind, '\d+')
    """,
    "category": """
        WITH RECURSIVE known AS (
            SELECT DISTINCT * FROM delivered
            WHERE category_id IS NOT NULL AND category_id <> 'categoryid'
        ), ways AS (
            SELECT category_id, parent_category_id, category_id AS root, category_id AS path,
                   1 AS level
            FROM known
            WHERE parent_category_id IS NULL
               OR parent_category_id NOT IN (SELECT category_id FROM known)
            UNION ALL
            SELECT k.category_id, k.parent_category_id, root, path || ' > ' || k.category_id,
                   level + 1
            FROM ways JOIN known k ON k.parent_category_id = ways.category_id
        )
        SELECT *, parent_category_id IS NULL OR level > 1 FROM ways
    """,
    "device_event": f"""
        SELECT moment::DATE, device_id, moment, brand, tracker, channel, country, user_id,
               try_cast(long AS DOUBLE), try_cast(lat AS DOUBLE)
        FROM (SELECT DISTINCT *, {AT} AS moment FROM delivered)
        WHERE moment < '2100-01-01' AND device_id IS NOT NULL
          AND (long IS NULL OR try_cast(long AS DOUBLE) IS NOT NULL)
          AND (lat IS NULL OR try_cast(lat AS DOUBLE) IS NOT NULL)
    """,
    "item_property": f"""
        SELECT moment::DATE, moment, item_id, property, max(value)
        FROM (SELECT *, {MILLIS} AS moment FROM delivered)
        WHERE moment < '2100-01-01' AND item_id IS NOT NULL AND property IS NOT NULL
        GROUP BY ALL
    """,
    "shop_event": f"""
        SELECT DISTINCT moment::DATE, moment, visitor_id, event, item_id,
               coalesce(transaction_id, '(none)')
        FROM (SELECT *, {MILLIS} AS moment FROM delivered)
        WHERE moment < '2100-01-01' AND visitor_id IS NOT NULL AND item_id IS NOT NULL
          AND event IN ('view', 'addtocart', 'transaction')
    """,
    "user_funnel": f"""
        SELECT DISTINCT date_trunc('month', moment)::DATE, moment::DATE, moment, event_id, user_id,
               event_name, platform, country
        FROM (SELECT *, {AT} AS moment FROM delivered)
        WHERE moment < '2100-01-01' AND event_id IS NOT NULL AND user_id IS NOT NULL
          AND event_name IS NOT NULL
    """,
}


def expected(name: str, folder: Path) -> duckdb.DuckDBPyRelation:
    """The rows of a table that follow from the files of its dataset."""
    fields = FIELDS[name].split()
    read = _objects if name == "device_event" else _records
    rows = list(read(folder, len(fields), has_header=name in HAS_HEADER))
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.register("lines", pa.table(columns, names=fields))
    ids = (f"({name} NOT LIKE '%E+%' AND trim({name}) <> '')" for name in fields if name in IDS)
    are_ids = " AND ".join(f"coalesce({is_id}, true)" for is_id in ids)
    database.execute(f"CREATE VIEW delivered AS FROM lines WHERE {are_ids}")
    return database.sql(TABLES[name])


def differences(name: str, folder: Path, table: pa.Table) -> list[tuple[object, ...]]:
    """Rows that only one of the two has: the table as it was read, and what it must be."""
    names = [column for column in table.column_names if column not in NOT_COMPARED]
    wanted = expected(name, folder).to_arrow_table().rename_columns(names)
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.register("wanted", wanted.cast(table.select(names).schema))
    database.register("found", table.select(names))
    return database.sql(
        "(FROM found EXCEPT ALL FROM wanted) UNION ALL (FROM wanted EXCEPT ALL FROM found)"
    ).fetchall()


def _lines(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every line of every file that is text."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        for line in content.split(b"\n"):
            try:
                text = line.decode().rstrip("\r")
            except UnicodeDecodeError:
                continue
            if text:
                yield path, text


def _records(folder: Path, width: int, *, has_header: bool) -> Iterator[Texts]:
    begun: set[Path] = set()
    for path, line in _lines(folder):
        is_header = has_header and path not in begun
        begun.add(path)
        if is_header or line.count('"') % 2:
            continue
        (values,) = csv.reader([line])
        if len(values) == width:
            yield tuple(value or None for value in values)


def _objects(folder: Path, width: int, *, has_header: bool) -> Iterator[Texts]:
    for path, line in _lines(folder):
        try:
            found = json.loads(line)
        except json.JSONDecodeError:
            continue
        meta, params = found.get("meta", {}), found.get("params", {})
        values = (
            *path.relative_to(folder).parts[:3],
            *(meta.get("session_long"), meta.get("date")),
            *(params.get(name) for name in ("cc", "user_id", "long", "lat")),
            json.dumps(found, sort_keys=True),
        )
        yield tuple(None if value in (None, "") else str(value) for value in values)
