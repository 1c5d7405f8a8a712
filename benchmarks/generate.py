"""Make raw `installs` files of any size: seeded, streamed, one Parquet file per month.

One row per (start_date, country, os_name, name), in that order, on a full cross product: real
ISO 3166-1 countries and the roll-up `ALL`, `ios`, `android` and the roll-up `all`, and a list of
channels of which one is `Organic`. With `--redelivered 0.05` a month's file ends with 5 % of the
keys of the month before, loaded again later with another value (those of the last month end its
own file). A day's rows depend on the seed, the countries and the channels only, never on how many
days come before: one year and four years of history end with the same days.

    python benchmarks/generate.py --rows 50M --out build/bench-data/50m
    python benchmarks/generate.py --rows 500M --channels 600 --out build/bench-data/500m
"""

import argparse
import itertools
import math
import string
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pycountry

LAST_DATE = date(2024, 12, 29)  # a Sunday: the last week is complete
OS_NAMES = ("all", "android", "ios")
DAYS_PER_COUNTRY = 1111 / 250  # 50 M rows on 60 channels: 250 countries and about three years
ROW_GROUP_ROWS = 1_000_000
US_PER_HOUR = 3_600_000_000
EPOCH = date(1970, 1, 1)

NAMES = pa.dictionary(pa.int32(), pa.string())  # written as plain strings, see store_schema below
SCHEMA = pa.schema(
    [
        ("name", NAMES),
        ("value", pa.float64()),
        ("start_date", pa.date32()),
        ("end_date", pa.date32()),
        ("year_week", NAMES),
        ("has_subtrackers", pa.bool_()),
        ("token", NAMES),
        ("dataplatform_inserted_at", pa.timestamp("us", tz="UTC")),
        ("country", NAMES),
        ("os_name", NAMES),
    ]
)

NETWORKS = (
    "Facebook", "Instagram", "Google Ads", "Apple Search Ads", "TikTok", "Snapchat", "Unity Ads",
    "AppLovin", "ironSource", "Vungle", "Liftoff", "Moloco", "Twitter", "Pinterest", "Reddit",
    "YouTube", "Criteo", "Taboola", "Outbrain", "Mintegral", "Digital Turbine", "Chartboost",
    "InMobi", "Smadex", "Remerge", "Jampp", "Bigabid", "Adikteev", "Kayzen", "Aura",
)  # fmt: skip
KINDS = (
    "Installs", "Retargeting", "Lookalike", "Video", "Playable", "Rewarded", "Interstitial",
    "Brand", "Generic", "Influencer", "Preload", "Banner", "Native", "Stories", "Reels", "Seasonal",
    "Creators", "Cross-promo", "Pilot", "Incentivised", "Legacy",
)  # fmt: skip

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """What is generated; the rows follow from it. `redelivered` is a share of the keys, 0 to 1."""

    countries_count: int
    channels_count: int
    days_count: int
    seed: int = 1
    redelivered: float = 0.0

    @property
    def rows_per_day(self) -> int:
        return self.countries_count * len(OS_NAMES) * self.channels_count

    @property
    def first_date(self) -> date:
        return LAST_DATE - timedelta(days=self.days_count - 1)


def shape_for(
    rows: int,
    days: int | None = None,
    channels: int = 60,
    seed: int = 1,
    redelivered: float = 0.0,
) -> Shape:
    """Choose countries and days for about `rows` keys; with `days` given, only the countries."""
    cells = rows / len(OS_NAMES) / channels
    wanted = cells / days if days else math.sqrt(cells / DAYS_PER_COUNTRY)
    countries_count = min(max(round(wanted), 2), len(pycountry.countries) + 1)
    days_count = days or max(round(cells / countries_count), 1)
    return Shape(countries_count, channels, days_count, seed, redelivered)


def channel_names(count: int) -> list[str]:
    """`Organic`, then every network once, then each again with the next kind of campaign."""
    paid = (f"{network} {kind}" for kind, network in itertools.product(KINDS, NETWORKS))
    return ["Organic", *itertools.islice(paid, count - 1)]


def country_codes(count: int) -> list[str]:
    """Real codes and `ALL`, sorted; a small count is spread over the alphabet."""
    codes = sorted(country.alpha_2 for country in pycountry.countries)
    picked = np.linspace(0, len(codes) - 1, count - 1).round().astype(int)
    return sorted(["ALL", *(codes[i] for i in picked)])


def month_of(day: date) -> tuple[int, int]:
    return day.year, day.month


def epoch_days(day: date) -> int:
    return (day - EPOCH).days


@dataclass(frozen=True)
class World:
    """What holds for all days: the names, their properties, and how much each cell installs."""

    shape: Shape

    @cached_property
    def countries(self) -> list[str]:
        return country_codes(self.shape.countries_count)

    @cached_property
    def channels(self) -> list[str]:
        return channel_names(self.shape.channels_count)

    @cached_property
    def tokens(self) -> list[str]:
        """One per channel, six characters, all different."""
        letters = np.array(list(string.ascii_lowercase + string.digits))
        rng = np.random.default_rng([self.shape.seed, 1])
        codes = rng.choice(36**6, size=self.shape.channels_count, replace=False)
        return ["".join(letters[(code // 36 ** np.arange(6)) % 36]) for code in codes]

    @cached_property
    def has_subtrackers(self) -> npt.NDArray[np.bool_]:
        flags: npt.NDArray[np.bool_] = (
            np.random.default_rng([self.shape.seed, 2]).random(self.shape.channels_count) < 0.4
        )
        return flags

    @cached_property
    def daily_mean(self) -> Floats:
        """Expected installs of (country, android|ios, channel); most cells are far below one."""
        rng = np.random.default_rng([self.shape.seed, 3])
        country = rng.lognormal(0.0, 1.6, self.shape.countries_count)
        channel = rng.lognormal(-1.5, 1.8, self.shape.channels_count)
        channel[0] = channel.sum() * 0.5
        is_android = rng.uniform(0.3, 0.8, (self.shape.countries_count, 1))
        mean: Floats = (
            np.stack([is_android, 1 - is_android], axis=1) * np.outer(country, channel)[:, None, :]
        )
        return mean

    @cached_property
    def key_indices(self) -> tuple[Ints, Ints, Ints]:
        """Country, os and channel of each row of one day."""
        sizes = (self.shape.countries_count, len(OS_NAMES), self.shape.channels_count)
        country, os_name, channel = np.indices(sizes).reshape(3, -1)
        return country, os_name, channel

    def values(self, rng: np.random.Generator, day: date) -> Floats:
        """One day as (country, os, channel): `all` is ios + android, `ALL` the sum of countries."""
        season = 1 + 0.25 * (day.weekday() >= 5) + 0.1 * math.sin(epoch_days(day) / 58)
        cells = np.empty((self.shape.countries_count, len(OS_NAMES), self.shape.channels_count))
        cells[:, 1:] = rng.poisson(self.daily_mean * season)
        world = self.countries.index("ALL")
        cells[world, 1:] = cells[:, 1:].sum(axis=0) - cells[world, 1:]
        cells[:, 0] = cells[:, 1] + cells[:, 2]
        return cells


@dataclass(frozen=True)
class Delivery:
    """Rows of one day in one load: positions in the day's cross product (None: all), values."""

    day: date
    loaded_at_us: int
    values: Floats
    positions: Ints | None = None


def deliveries_of(world: World, day: date) -> tuple[Delivery, Delivery]:
    """The first delivery of a day, and the part of it that is delivered again a month later."""
    rng = np.random.default_rng([world.shape.seed, 4, epoch_days(day)])
    loaded_hour = 24 * (epoch_days(day) + 1) + int(rng.integers(2, 9))
    first = Delivery(day, loaded_hour * US_PER_HOUR, world.values(rng, day).ravel())
    return first, restated(world, day, rng)


def restated(world: World, day: date, rng: np.random.Generator) -> Delivery:
    """Whole (country, channel) cells drawn anew, so that `all` stays ios + android."""
    loaded_at_us = 24 * US_PER_HOUR * (epoch_days(day) + 31) + 3 * US_PER_HOUR
    if not world.shape.redelivered:
        return Delivery(day, loaded_at_us, np.empty(0), np.empty(0, np.int64))
    sizes = (world.shape.countries_count, 1, world.shape.channels_count)
    chosen = rng.random(sizes) < world.shape.redelivered
    positions = np.flatnonzero(np.broadcast_to(chosen, (sizes[0], len(OS_NAMES), sizes[2])))
    return Delivery(day, loaded_at_us, world.values(rng, day).ravel()[positions], positions)


def to_table(world: World, deliveries: list[Delivery]) -> pa.Table:
    """Raw rows of these deliveries, in their order."""
    country, os_name, channel = (rows_of(deliveries, index) for index in world.key_indices)
    lengths = [len(delivery.values) for delivery in deliveries]
    days = np.repeat(np.array([epoch_days(d.day) for d in deliveries], np.int32), lengths)
    loaded = np.repeat(np.array([d.loaded_at_us for d in deliveries], np.int64), lengths)
    weeks = [f"{d.day.isocalendar().year}_{d.day.isocalendar().week:02}" for d in deliveries]
    week_index = np.repeat(np.arange(len(deliveries), dtype=np.int32), lengths)
    start_date = pa.array(days).cast(pa.date32())
    columns = [
        pa.DictionaryArray.from_arrays(channel, world.channels),
        pa.array(np.concatenate([d.values for d in deliveries])),
        start_date,
        start_date,
        dictionary_of(week_index, weeks),
        pa.array(world.has_subtrackers[channel]),
        pa.DictionaryArray.from_arrays(channel, world.tokens),
        pa.array(loaded).cast(SCHEMA.field("dataplatform_inserted_at").type),
        pa.DictionaryArray.from_arrays(country, world.countries),
        pa.DictionaryArray.from_arrays(os_name, list(OS_NAMES)),
    ]
    return pa.table(columns, schema=SCHEMA)


def rows_of(deliveries: list[Delivery], index: Ints) -> npt.NDArray[np.int32]:
    small = index.astype(np.int32)
    return np.concatenate(
        [small if d.positions is None else small[d.positions] for d in deliveries]
    )


def dictionary_of(index: npt.NDArray[np.int32], values: list[str]) -> pa.DictionaryArray:
    """A dictionary without double entries: Parquet readers may rely on that."""
    unique, position = np.unique(np.array(values), return_inverse=True)
    return pa.DictionaryArray.from_arrays(position.astype(np.int32)[index], unique.tolist())


def row_groups(world: World, deliveries: Iterator[Delivery]) -> Iterator[pa.Table]:
    """Tables of at most about a million rows; a day is never split."""
    batch: list[Delivery] = []
    size = 0
    for delivery in deliveries:
        if batch and size + len(delivery.values) > ROW_GROUP_ROWS:
            yield to_table(world, batch)
            batch, size = [], 0
        batch.append(delivery)
        size += len(delivery.values)
    if size:
        yield to_table(world, batch)


def month_deliveries(
    world: World, days: list[date], again: list[Delivery], is_last: bool
) -> Iterator[Delivery]:
    """A month's days, then `again`, which is left holding what the next file delivers again."""
    before = again.copy()
    again.clear()
    for day in days:
        first, second = deliveries_of(world, day)
        again.append(second)
        yield first
    yield from before
    if is_last:
        yield from again


def write_file(world: World, path: Path, deliveries: Iterator[Delivery]) -> int:
    """One Parquet file of the raw schema; returns its rows."""
    rows = 0
    with pq.ParquetWriter(path, SCHEMA, compression="snappy", store_schema=False) as writer:
        for table in row_groups(world, deliveries):
            writer.write_table(table, row_group_size=2 * ROW_GROUP_ROWS)
            rows += table.num_rows
    return rows


def generate(shape: Shape, out: Path) -> int:
    """Write all files of a shape into an empty or new folder; returns the number of rows."""
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise SystemExit(f"{out} is not empty: name a new folder")
    world = World(shape)
    days = [shape.first_date + timedelta(days=i) for i in range(shape.days_count)]
    again: list[Delivery] = []
    rows = 0
    for month, group in itertools.groupby(days, key=month_of):
        path = out / f"installs-{month[0]}-{month[1]:02}.parquet"
        rows += write_file(
            world, path, month_deliveries(world, list(group), again, month == month_of(LAST_DATE))
        )
    return rows


def count(text: str) -> int:
    """`50M`, `200k` or a plain number."""
    factor = {"k": 1_000, "M": 1_000_000}.get(text[-1:], 1)
    return int(float(text.rstrip("kM")) * factor)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rows", type=count, required=True, help="number of keys, about: 1M, 50M, 500M"
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--days", type=int, help="length of the history (default: grows with the rows)"
    )
    length.add_argument("--years", type=float, help="the same in years")
    parser.add_argument(
        "--channels", type=int, default=60, help="number of channels, at most 600 or so"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--redelivered", type=float, default=0.0, help="share of the keys delivered again: 0.05"
    )
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    args = parser.parse_args()
    days = args.days or (round(args.years * 365.25) if args.years else None)
    shape = shape_for(args.rows, days, args.channels, args.seed, args.redelivered)
    started_at = datetime.now()
    rows = generate(shape, args.out)
    seconds = (datetime.now() - started_at).total_seconds()
    print(
        f"{rows:,} rows, {shape.days_count} days, {shape.countries_count} countries, "
        f"{seconds:.1f} s: {args.out}"
    )


if __name__ == "__main__":
    main()
