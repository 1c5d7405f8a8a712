"""Make the embedded sample: a small raw delivery of `installs`, one Parquet file a month.

One row per delivery and (start_date, country, os_name, name): twelve countries and the roll-up
`ALL`, `ios`, `android` and the roll-up `all`, ten channels that do not all run everywhere, 64 ISO
weeks from 2020_41 to 2021_51, so also week 53 of 2020. It has what real exports have: five weeks
without a row, a country that starts late, one that is too small to judge, the last days of each
month delivered again, a dozen bad rows, a country whose organic share drops at the end, a last
week that is not complete.

The same seed gives the same bytes; a file that is there already with these bytes is left alone.

    python -m scripts.make_sample --out sample-lake/raw/installs
"""

import argparse
import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SEED = 4
FIRST_DAY, LAST_DAY = date(2020, 10, 5), date(2021, 12, 22)  # a Monday, a Wednesday
GAP = (date(2021, 3, 15), date(2021, 4, 18))  # five weeks, first and last day
LATE_COUNTRY, LATE_START = "SE", date(2021, 8, 9)
DRIFT_COUNTRY, DRIFT_START, DRIFT_FACTOR = "BR", date(2021, 12, 13), 0.6
RESTATED_DAYS = 3  # the last ones of each month, loaded again on the 5th of the next
RUNNING_SHARE = 0.6  # of the paid channels, in each country
ARRIVED_AT_FIRST = 0.97  # share of a restated day's installs that its first load already had

DAILY_INSTALLS = {
    "AU": 80, "BR": 420, "DE": 310, "ES": 120, "FR": 220, "GB": 260,
    "IN": 640, "IS": 5, "JP": 180, "MX": 150, "SE": 60, "US": 900,
}  # fmt: skip
CHANNELS = {
    "Organic": 1.0, "Apple Search Ads": 0.2, "AppLovin": 0.12, "Facebook Installs": 0.45,
    "Google Ads": 0.4, "Influencers": 0.06, "Snapchat": 0.08, "TikTok": 0.25,
    "Unity Ads": 0.15, "YouTube": 0.1,
}  # fmt: skip
TOKENS = [
    "x4n1qz", "b7k2ma", "t9w0le", "c3v8rd", "h5y6uo",
    "p2j4fs", "e8g1nk", "m6d3ib", "r0a7tw", "z1s5cx",
]  # fmt: skip
HAS_SUBTRACKERS = [False, True, False, True, True, False, False, True, False, True]
COUNTRIES = ("ALL", *DAILY_INSTALLS)
OS_NAMES = ("all", "android", "ios")
SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("value", pa.float64()),
        ("start_date", pa.date32()),
        ("end_date", pa.date32()),
        ("year_week", pa.string()),
        ("has_subtrackers", pa.bool_()),
        ("token", pa.string()),
        ("dataplatform_inserted_at", pa.timestamp("us", tz="UTC")),
        ("country", pa.string()),
        ("os_name", pa.string()),
    ]
)
# (day, what is wrong with a copy of one of its rows); an hour is later than the first load.
BAD_ROWS: tuple[tuple[date, dict[str, Any]], ...] = (
    (date(2020, 10, 14), {"country": "uk"}),
    (date(2020, 11, 20), {"country": "XX"}),
    (date(2020, 12, 31), {"year_week": "2021_53"}),
    (date(2021, 1, 2), {"year_week": "2021_00"}),
    (date(2021, 2, 10), {"value": -1.0}),
    (date(2021, 4, 26), {"os_name": "web"}),
    (date(2021, 5, 18), {"value": 12.5}),
    (date(2021, 6, 7), {"end_date": date(2021, 6, 13)}),
    (date(2021, 7, 29), {"name": " ", "token": None}),
    (date(2021, 9, 1), {"value": None, "hours_later": 20}),
    (date(2021, 10, 12), {"start_date": None}),
    (date(2021, 11, 3), {"value": float("nan"), "country": ""}),
)

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def days() -> list[date]:
    """Every day with rows."""
    every = (FIRST_DAY + timedelta(days=i) for i in range((LAST_DAY - FIRST_DAY).days + 1))
    return [day for day in every if not GAP[0] <= day <= GAP[1]]


def running(rng: np.random.Generator) -> Bools:
    """Which channels run where, as (country, channel); organic runs everywhere."""
    runs: Bools = rng.random((len(DAILY_INSTALLS), len(CHANNELS))) < RUNNING_SHARE
    runs[:, list(CHANNELS).index("Organic")] = True
    return runs


def expected(every_day: list[date], runs: Bools, rng: np.random.Generator) -> Floats:
    """Installs to expect, as (day, country, android or ios, channel), without roll-ups."""
    weeks = np.array([(day - FIRST_DAY).days // 7 for day in every_day])
    busy = np.array([1.0 + 0.2 * (day.weekday() >= 5) for day in every_day]) * (1 + weeks / 200)
    size = np.array(list(DAILY_INSTALLS.values()))
    mix = np.array(list(CHANNELS.values())) * rng.lognormal(0, 0.3, runs.shape) * runs
    mix /= mix.sum(axis=1, keepdims=True)
    weekly = rng.lognormal(0, 0.08, (weeks.max() + 1, len(size), len(CHANNELS)))
    is_android = rng.uniform(0.35, 0.8, len(size))
    platforms = np.stack([is_android, 1 - is_android], axis=1)
    by_channel = busy[:, None, None] * (size[:, None] * mix) * weekly[weeks]
    return with_drift(every_day, by_channel)[:, :, None, :] * platforms[:, :, None]


def with_drift(every_day: list[date], by_channel: Floats) -> Floats:
    """Less organic in one country from one day on."""
    drifted = [i for i, day in enumerate(every_day) if day >= DRIFT_START]
    by_channel[drifted, list(DAILY_INSTALLS).index(DRIFT_COUNTRY), 0] *= DRIFT_FACTOR
    return by_channel


def with_rollups(installs: Ints) -> Ints:
    """The same as (day, country, os, channel), with `ALL` and `all` in the first places."""
    countries = np.concatenate([installs.sum(axis=1, keepdims=True), installs], axis=1)
    return np.concatenate([countries.sum(axis=2, keepdims=True), countries], axis=2)


def restated(every_day: list[date], month: tuple[int, int]) -> list[int]:
    """Positions of the days of a month that the next month's file delivers again."""
    mine = [i for i, day in enumerate(every_day) if (day.year, day.month) == month]
    return mine[-RESTATED_DAYS:]


def load(
    every_day: list[date], chosen: list[int], installs: Ints, runs: Bools, loaded_at: list[int]
) -> pa.Table:
    """One row per chosen day, country, os and channel; `loaded_at` is per chosen day, in hours."""
    started = np.array([every_day[i] >= LATE_START for i in chosen])
    is_there = np.ones((len(chosen), *installs.shape[1:]), dtype=bool)
    is_there[:, 1:] = runs[:, None, :]
    is_there[~started, COUNTRIES.index(LATE_COUNTRY)] = False
    day, country, os_name, channel = np.nonzero(is_there)
    dates = np.array([every_day[i] for i in chosen], dtype="datetime64[D]")[day]
    weeks = np.array(["{}_{:02}".format(*every_day[i].isocalendar()[:2]) for i in chosen])
    columns = [
        np.array(list(CHANNELS))[channel],
        installs[chosen][is_there].astype(np.float64),
        dates,
        dates,
        weeks[day],
        np.array(HAS_SUBTRACKERS)[channel],
        np.array(TOKENS)[channel],
        np.array(loaded_at, dtype="datetime64[h]").astype("datetime64[us]")[day],
        np.array(COUNTRIES)[country],
        np.array(OS_NAMES)[os_name],
    ]
    arrays = [pa.array(c).cast(t) for c, t in zip(columns, SCHEMA.types, strict=True)]
    return pa.table(arrays, schema=SCHEMA)


def bad_rows(table: pa.Table, month: tuple[int, int], rng: np.random.Generator) -> pa.Table:
    """Copies of some rows of a month's first loads, each with something wrong."""
    spoilt = []
    for day, wrong in BAD_ROWS:
        if (day.year, day.month) == month:
            same_day = table.filter(pc.equal(table["start_date"], day))
            row = same_day.slice(int(rng.integers(same_day.num_rows)), 1).to_pylist()[0]
            row["dataplatform_inserted_at"] += timedelta(hours=wrong.get("hours_later", 0))
            spoilt.append(row | {k: v for k, v in wrong.items() if k in SCHEMA.names})
    return pa.Table.from_pylist(spoilt, schema=SCHEMA)


def sample(seed: int) -> Iterator[tuple[str, pa.Table]]:
    """File names and rows, month by month."""
    rng = np.random.default_rng(seed)
    every_day = days()
    runs = running(rng)
    final = rng.poisson(expected(every_day, runs, rng))
    final[[day < LATE_START for day in every_day], list(DAILY_INSTALLS).index(LATE_COUNTRY)] = 0
    months = list(dict.fromkeys((day.year, day.month) for day in every_day))
    again = {month: restated(every_day, month) for month in months[:-1]}
    first = final.copy()
    for late in again.values():
        first[late] = rng.binomial(final[late], ARRIVED_AT_FIRST)
    before: list[int] = []
    for month in months:
        mine = [i for i, day in enumerate(every_day) if (day.year, day.month) == month]
        loads = load(
            every_day, mine, with_rollups(first), runs, [loaded(every_day[i]) for i in mine]
        )
        parts = [loads, bad_rows(loads, month, rng)]
        if before:
            fifth = [loaded(date(*month, 5))] * len(before)
            parts.append(load(every_day, before, with_rollups(final), runs, fifth))
        yield f"installs-{month[0]}-{month[1]:02}.parquet", pa.concat_tables(parts)
        before = again.get(month, [])


def loaded(day: date) -> int:
    """When a day's rows are loaded: at four in the next morning, in hours since 1970."""
    return ((day - date(1970, 1, 1)).days + 1) * 24 + 4


def write(out: Path, seed: int) -> int:
    """Write what is not there yet with the same bytes; returns the number of rows."""
    out.mkdir(parents=True, exist_ok=True)
    rows_count = 0
    for name, table in sample(seed):
        rows_count += table.num_rows
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd", store_schema=False)
        path = out / name
        if not path.exists() or path.read_bytes() != buffer.getvalue():
            temporary = path.with_name(f".{name}")
            temporary.write_bytes(buffer.getvalue())
            temporary.replace(path)
    return rows_count


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("sample-lake/raw/installs"))
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    rows_count = write(args.out, args.seed)
    print(f"sample: {rows_count:,} rows of {FIRST_DAY} to {LAST_DAY} in {args.out}")


if __name__ == "__main__":
    main()
