"""The metric once more, in plain Python, written from its definition and not from our code."""

import math
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pycountry

Row = dict[str, Any]
Key = tuple[date, str, str, str]

NEEDED = (
    *("name", "value", "start_date", "end_date", "year_week"),
    *("dataplatform_inserted_at", "country", "os_name"),
)


def is_good(row: Row) -> bool:
    """Whether a raw row breaks none of the row rules."""
    if any(row[column] is None for column in NEEDED) or not row["name"].strip():
        return False
    value, day = row["value"], row["start_date"]
    year, week, _ = day.isocalendar()
    return (
        math.isfinite(value)
        and value == int(value)
        and 0 <= value <= 2**53
        and row["end_date"] == day
        and row["year_week"] == f"{year:04d}_{week:02d}"
        and (row["country"] == "ALL" or is_country(row["country"]))
        and row["os_name"] in {"all", "ios", "android"}
    )


def is_country(code: str) -> bool:
    """Whether it is an ISO 3166-1 alpha-2 code, in upper case."""
    return len(code) == 2 and code == code.upper() and bool(pycountry.countries.get(alpha_2=code))


def deliveries_that_count(rows: list[Row]) -> dict[Key, int]:
    """New users by key: of the good deliveries of a key the latest, in a tie the largest."""
    best: dict[Key, tuple[Any, int]] = {}
    for row in filter(is_good, rows):
        key = (row["start_date"], row["country"], row["os_name"], row["name"])
        offer = (row["dataplatform_inserted_at"], int(row["value"]))
        best[key] = max(best.get(key, offer), offer)
    return {key: value for key, (_, value) in best.items()}


def weekly(rows: list[Row]) -> tuple[dict[tuple[str, date], list[int]], date | None]:
    """[organic, all] installs by country and Monday, and the last counted day."""
    weeks: dict[tuple[str, date], list[int]] = defaultdict(lambda: [0, 0])
    last_day: date | None = None
    for (day, country, os_name, name), value in deliveries_that_count(rows).items():
        if os_name == "all" and country != "ALL":
            counts = weeks[country, day - timedelta(days=day.isoweekday() - 1)]
            counts[0] += value if name == "Organic" else 0
            counts[1] += value
            last_day = max(last_day or day, day)
    return weeks, last_day


def organic_share(rows: list[Row]) -> list[Row]:
    """The published table that follows from raw rows, as rows in order."""
    weeks, last_day = weekly(rows)
    if last_day is None:
        return []
    first = min(monday for _, monday in weeks)
    grid = [first + timedelta(weeks=i) for i in range((last_day - first).days // 7 + 1)]
    countries = sorted({country for country, _ in weeks})
    return [
        _published(weeks, grid[: i + 1][-4:], country, last_day)
        for country in countries
        for i in range(len(grid))
    ]


def _published(
    weeks: dict[tuple[str, date], list[int]], window: list[date], country: str, last_day: date
) -> Row:
    counts = [weeks.get((country, monday), [0, 0]) for monday in window]
    organic, installs = (sum(column) for column in zip(*counts, strict=True))
    monday = window[-1]
    year, week, _ = monday.isocalendar()
    return {
        "year": year,
        "week": week,
        "country": country,
        "share_organic_p4w": organic / installs if installs else None,
        "week_start_date": monday,
        "organic_p4w_count": organic,
        "installs_p4w_count": installs,
        "weeks_in_window_count": len(window),
        "is_week_complete": monday + timedelta(days=6) <= last_day,
    }
