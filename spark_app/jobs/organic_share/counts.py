"""What the checks share, counted once from the good rows: the plain way; `examine.py` is faster."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.declarations import Evidence
from spark_app.jobs.organic_share import transform
from spark_app.jobs.organic_share.transform import KEY

CHANNEL = ("name", "token", "has_subtrackers")
MOST_CHANNELS = 100_000


@dataclass(frozen=True)
class Channel:
    """A channel as it was delivered; null: no token, or not known."""

    name: str
    token: str | None
    has_subtrackers: bool | None


@dataclass(frozen=True)
class DayCounts:
    """The days of good rows after deduplication: what counts, and the roll-ups beside them.

    `organic_count` and `paid_count` are new users of the days that count; `days_count` is how many
    (day, country) those are, `first_day` and `last_day` their span (null when there are none).
    `rollups_count` is how many (day, country) have all three platforms.
    """

    days_count: int
    countries: frozenset[str]
    first_day: date | None
    last_day: date | None
    organic_count: int
    paid_count: int
    rollups_count: int
    differing_rollups_count: int


@dataclass(frozen=True)
class Counts:
    """The good rows of a delivery. Counts are rows.

    `newest_load_at` is without loads after today, null when there is none. `contradictions` are
    channels in words, `channels` their names (with some of bad rows alone, where no check asks for
    them), `bad_redeliveries_count` good rows of which a later delivery is bad.
    """

    rows_count: int
    organic_count: int
    future_count: int
    newest_load_at: datetime | None
    channels: frozenset[str]
    contradictions: tuple[str, ...]
    bad_redeliveries_count: int
    days: DayCounts


def counts_of(evidence: Evidence) -> Counts:
    """The counts that a run made on its way.

    Raises:
        TypeError: it made none.
    """
    if not isinstance(evidence.counted, Counts):
        raise TypeError("the rows were not counted")
    return evidence.counted


def count_rows(evidence: Evidence) -> Counts:
    """Count the good rows of a delivery."""
    good, bad, today = evidence.rows, evidence.bad, evidence.today
    load = F.col("dataplatform_inserted_at")
    row = good.agg(
        F.count(F.lit(1)).alias("rows"),
        F.count_if(F.col("name") == transform.ORGANIC).alias("organic"),
        F.count_if(F.col("start_date") > F.lit(today)).alias("future"),
        F.max(F.when(load < F.lit(today + timedelta(days=1)), F.unix_micros(load))).alias("newest"),
    ).collect()[0]
    channels = channels_of(good)
    redelivered = count_bad_redeliveries(_marked(good, bad), F.col("is_sound")) if bad else 0
    return Counts(
        rows_count=row["rows"],
        organic_count=row["organic"],
        future_count=row["future"],
        newest_load_at=moment(row["newest"]),
        channels=frozenset(channel.name for channel in channels),
        contradictions=contradictions(channels),
        bad_redeliveries_count=redelivered,
        days=count_days(transform.daily_totals(transform.latest_deliveries(good))),
    )


def channels_of(good: DataFrame) -> list[Channel]:
    """Every channel of good rows, as far as the driver should hold them."""
    different = good.select(*CHANNEL).distinct().limit(MOST_CHANNELS)
    return [Channel(*row) for row in different.collect()]


def contradictions(channels: Sequence[Channel]) -> tuple[str, ...]:
    """Names with several tokens or has_subtrackers, and tokens with several names, in words."""
    by_name = _sets((c.name, (c.token, c.has_subtrackers)) for c in channels)
    by_token = _sets((c.token, c.name) for c in channels if c.token is not None)
    return (
        *(f"{n} has {len(v)} tokens or has_subtrackers" for n, v in by_name if len(v) > 1),
        *(f"token {t} has {len(v)} names" for t, v in by_token if len(v) > 1),
    )


def count_days(days: DataFrame) -> DayCounts:
    """What `days` (one row per day, country and platform) holds, in one query."""
    by_platform = days.groupBy("start_date", "country").agg(
        *(
            F.max(F.when(F.col("os_name") == name, F.col("installs_count"))).alias(name)
            for name in ("all", "ios", "android")
        ),
        F.max(F.when(F.col("os_name") == "all", F.col("organic_count"))).alias("organic"),
    )
    is_counted = F.col("all").isNotNull() & (F.col("country") != transform.ALL_COUNTRIES)
    is_rollup = F.col("all").isNotNull() & F.col("ios").isNotNull() & F.col("android").isNotNull()
    day = F.when(is_counted, F.col("start_date"))
    row = by_platform.agg(
        F.count_if(is_counted).alias("days_count"),
        F.collect_set(F.when(is_counted, F.col("country"))).alias("countries"),
        F.min(day).alias("first_day"),
        F.max(day).alias("last_day"),
        F.sum(F.when(is_counted, F.col("organic"))).alias("organic"),
        F.sum(F.when(is_counted, F.col("all") - F.col("organic"))).alias("paid"),
        F.count_if(is_rollup).alias("rollups"),
        F.count_if(is_rollup & (F.col("all") != F.col("ios") + F.col("android"))).alias("differ"),
    ).collect()[0]
    return DayCounts(
        days_count=row["days_count"],
        countries=frozenset(row["countries"]),
        first_day=row["first_day"],
        last_day=row["last_day"],
        organic_count=row["organic"] or 0,
        paid_count=row["paid"] or 0,
        rollups_count=row["rollups"],
        differing_rollups_count=row["differ"],
    )


def moment(micros: int | None) -> datetime | None:
    """A UTC time; one before those that Python can hold comes out as the first of them."""
    if micros is None:
        return None
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def count_bad_redeliveries(rows: DataFrame, is_sound: Column) -> int:
    """How many keys stand by an earlier good row although a later delivery of them is bad."""
    load = F.col("dataplatform_inserted_at")
    good_at, bad_at = F.max(F.when(is_sound, load)), F.max(F.when(~is_sound, load))
    return rows.groupBy(*KEY).agg((bad_at > good_at).alias("is_later")).where("is_later").count()


def _marked(good: DataFrame, bad: DataFrame) -> DataFrame:
    marked = bad.select(*good.columns, F.lit(False).alias("is_sound"))
    return good.withColumn("is_sound", F.lit(True)).unionByName(marked)


def _sets(pairs: Iterable[tuple[str, object]]) -> list[tuple[str, set[object]]]:
    found: dict[str, set[object]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return sorted(found.items(), key=lambda item: item[0])
