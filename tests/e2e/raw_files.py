"""Seeded raw deliveries as Parquet files: a base row plus overrides."""

import datetime as dt
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.builders import RAW_SCHEMA

FIRST_MONDAY = dt.date(2020, 11, 30)  # week 2020_49: New Year of a 53-week year lies inside
CHANNELS = ("Organic", "Ads", "Mail")
COUNTRIES = ("DE", "FR", "US")
LATE, STOPPED = 6, 14  # FR has rows from that week on, US only before that week

SCHEMA = RAW_SCHEMA


def week_text(index: int) -> str:
    """The ISO week `yyyy_ww` so many weeks after the first."""
    return f"{FIRST_MONDAY + dt.timedelta(weeks=index):%G_%V}"


def row(**overrides: Any) -> dict[str, Any]:
    """A good row of the first day; dates follow `start_date` unless they are given."""
    day = overrides.get("start_date", FIRST_MONDAY)
    name = overrides.get("name", "Organic")
    base = {
        "name": name,
        "value": 12.0,
        "start_date": day,
        "end_date": day,
        "year_week": f"{day or FIRST_MONDAY:%G_%V}",
        "has_subtrackers": False,
        "token": f"token-{name}",
        "dataplatform_inserted_at": dt.datetime(2021, 6, 1, tzinfo=dt.UTC),
        "country": "DE",
        "os_name": "all",
    }
    return base | overrides


def weeks_of_rows(weeks: Iterable[int], seed: int = 7) -> list[dict[str, Any]]:
    """Every day, country, platform and channel of some weeks; the same for the same seed."""
    return [one for week in weeks for day in range(7) for one in _day(week * 7 + day, seed)]


def _day(offset: int, seed: int) -> list[dict[str, Any]]:
    day, week = FIRST_MONDAY + dt.timedelta(days=offset), offset // 7
    dice = random.Random(f"{seed}/{offset}")
    rows = []
    for country in COUNTRIES:
        if (country == "FR" and week < LATE) or (country == "US" and week >= STOPPED):
            continue
        for name in CHANNELS:
            ios, android = dice.randint(0, 40), dice.randint(0, 40)
            values = {"ios": ios, "android": android, "all": ios + android}
            rows += [
                row(start_date=day, country=country, os_name=os, name=name, value=float(value))
                for os, value in values.items()
            ]
    return rows


def write(path: Path, rows: Sequence[dict[str, Any]], schema: pa.Schema = SCHEMA) -> Path:
    """One Parquet file of these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)
    return path


BAD_ROWS: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = (
    ({"name": None, "token": "t1"}, ("name_present",)),
    ({"name": " \t"}, ("name_not_blank",)),
    ({"value": None}, ("value_present",)),
    ({"value": -1.0}, ("value_is_a_count",)),
    ({"value": 1.5}, ("value_is_a_count",)),
    ({"value": float("nan")}, ("value_is_a_count",)),
    ({"value": float("inf")}, ("value_is_a_count",)),
    ({"value": 2.0**53 + 2}, ("value_is_a_count",)),
    ({"start_date": None}, ("start_date_present", "end_date_present")),
    ({"end_date": FIRST_MONDAY + dt.timedelta(days=1)}, ("end_date_is_start_date",)),
    ({"year_week": "2020_9"}, ("year_week_is_iso_week",)),
    ({"year_week": None}, ("year_week_present",)),
    ({"dataplatform_inserted_at": None}, ("dataplatform_inserted_at_present",)),
    ({"country": "us"}, ("country_is_known",)),
    ({"country": "XK"}, ("country_is_known",)),
    ({"os_name": "IOS"}, ("os_name_is_known",)),
    (
        {"value": -2.0, "country": "<script>", "os_name": None, "year_week": "2020_50"},
        ("os_name_present", "country_is_known", "value_is_a_count", "year_week_is_iso_week"),
    ),
)


def bad_rows(count: int) -> list[tuple[dict[str, Any], tuple[str, ...]]]:
    """So many bad rows and the names of the rules that each breaks."""
    return [(row(**overrides), rules) for overrides, rules in _cycle(count)]


def _cycle(count: int) -> list[tuple[dict[str, Any], tuple[str, ...]]]:
    return [BAD_ROWS[i % len(BAD_ROWS)] for i in range(count)]


def padded(rows: Sequence[dict[str, Any]], multiple: int) -> list[dict[str, Any]]:
    """The rows with further good ones that do not count, up to a multiple of `multiple` rows."""
    missing = -len(rows) % multiple
    pads = [row(name=f"Pad{i}", country="ALL", os_name="ios") for i in range(missing)]
    return [*rows, *pads]


def break_footer(path: Path) -> None:
    """Leave a file whose end was cut off."""
    path.write_bytes(path.read_bytes()[:-40])


def break_page(path: Path, column: str) -> None:
    """Overwrite the pages of a column and leave the footer whole."""
    with pq.ParquetFile(path) as file:
        index = file.schema_arrow.names.index(column)
        chunk = file.metadata.row_group(0).column(index)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    content = bytearray(path.read_bytes())
    content[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(content)
