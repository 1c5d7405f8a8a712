"""Seeded tables of the jobs in report_jobs.py."""

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

FIRST_MONDAY = dt.date(2019, 12, 30)
REAL = (
    *("US", "DE", "FR", "GB", "BR", "IN", "JP", "KR", "MX", "IT", "ES", "PL", "TR", "ID", "CA"),
    *("AU", "NL", "SE", "CH", "AT", "BE", "DK", "FI", "NO", "PT", "CZ", "HU", "RO", "GR", "UA"),
    *("ZA", "EG", "NG", "KE", "AR", "CL", "CO", "PE", "VN", "TH", "MY", "PH", "SG", "TW", "HK"),
)


def codes(count: int) -> list[str]:
    made = [f"{a}{b}" for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJ"]
    return [*REAL, *(code for code in made if code not in REAL)][:count]


def mondays(count: int) -> list[dt.date]:
    return [FIRST_MONDAY + dt.timedelta(weeks=i) for i in range(count)]


def final_table(rows: list[dict[str, Any]]) -> pa.Table:
    """Of SHARES, one dict a row; ISO year and week follow from the date, the share from counts."""
    return pa.Table.from_pylist([_final_row(row) for row in rows], schema=SHARES_SCHEMA)


def _final_row(row: dict[str, Any]) -> dict[str, Any]:
    whole = {
        "country": "DE",
        "week_start_date": FIRST_MONDAY,
        "organic_p4w_count": 300,
        "installs_p4w_count": 1000,
        "weeks_in_window_count": 4,
        "is_week_complete": True,
        **row,
    }
    year, week, _ = whole["week_start_date"].isocalendar()
    installs = whole["installs_p4w_count"]
    share = whole["organic_p4w_count"] / installs if installs else None
    return {**whole, "year": year, "week": week, "share_organic_p4w": share}


SHARES_SCHEMA = pa.schema(
    [
        ("year", pa.int32()),
        ("week", pa.int32()),
        ("country", pa.string()),
        ("share_organic_p4w", pa.float64()),
        ("week_start_date", pa.date32()),
        ("organic_p4w_count", pa.int64()),
        ("installs_p4w_count", pa.int64()),
        ("weeks_in_window_count", pa.int32()),
        ("is_week_complete", pa.bool_()),
    ]
)


def days(count: int) -> list[dt.date]:
    return [dt.date(2021, 3, 1) + dt.timedelta(days=i) for i in range(count)]


def activity(counts: list[int]) -> pa.Table:
    """Of ACTIVITY: the active users of each day from 1 March 2021 on; each pays half a euro."""
    schema = pa.schema(
        [
            ("event_date", pa.date32()),
            ("active_count", pa.int64()),
            ("revenue_amount", pa.decimal128(38, 2)),
        ]
    )
    amounts = [Decimal(count) / 2 for count in counts]
    return pa.table([days(len(counts)), counts, amounts], schema=schema)


def campaigns(*rows: tuple[str | None, str, list[float]]) -> pa.Table:
    """Of CAMPAIGNS: (campaign, platform, revenue of each day from 1 March 2021 on)."""
    made = [
        {
            "event_date": day,
            "campaign": name,
            "platform": platform,
            "revenue_amount": Decimal(str(v)),
        }
        for name, platform, values in rows
        for day, v in zip(days(len(values)), values, strict=True)
    ]
    schema = pa.schema(
        [
            ("event_date", pa.date32()),
            ("campaign", pa.string()),
            ("platform", pa.string()),
            ("revenue_amount", pa.decimal128(38, 2)),
        ]
    )
    return pa.Table.from_pylist(made, schema=schema)


def items(count: int) -> pa.Table:
    """Of ITEMS; every second one is not for sale."""
    rows = [
        {"item_id": i, "title": f"Item {i}", "price_amount": None if i % 2 else Decimal("1234.50")}
        for i in range(1, count + 1)
    ]
    types = [("item_id", pa.int64()), ("title", pa.string())]
    return pa.Table.from_pylist(
        rows, schema=pa.schema([*types, ("price_amount", pa.decimal128(10, 2))])
    )


def simulated(
    countries: list[str], weeks: int, seed: int = 7, *, complete: bool = False
) -> pa.Table:
    """A rolling share with trend, season, noise and gaps; the sizes fall off like 1 / rank."""
    random = np.random.default_rng(seed)
    size = 60_000 / np.arange(1, len(countries) + 1) ** 1.4
    base = random.uniform(0.2, 0.6, len(countries))
    time = np.arange(weeks)
    drift = np.cumsum(random.normal(0, 0.008, (len(countries), weeks)), axis=1)
    season = 0.03 * np.sin(time / 52 * 2 * np.pi)
    share = np.clip(base[:, None] + drift + season, 0.02, 0.98)
    installs = random.poisson(size[:, None] * (1 + 0.3 * np.sin(time / 26 * np.pi)))
    for gap in random.integers(0, max(1, weeks - 12), len(countries) // 3):
        installs[random.integers(0, len(countries)), gap : gap + 9] = 0
    organic = random.binomial(installs, share)
    roll = np.stack([_roll(organic), _roll(installs)])
    starts = mondays(weeks)
    return final_table(
        [
            {
                "country": country,
                "week_start_date": starts[j],
                "organic_p4w_count": int(roll[0, i, j]),
                "installs_p4w_count": int(roll[1, i, j]),
                "weeks_in_window_count": min(4, j + 1),
                "is_week_complete": complete or j < weeks - 1,
            }
            for i, country in sorted(enumerate(countries), key=lambda pair: pair[1])
            for j in range(weeks)
        ]
    )


def _roll(counts: Any) -> Any:
    total = np.cumsum(np.pad(counts, ((0, 0), (4, 0))), axis=1)
    return total[:, 4:] - total[:, :-4]
