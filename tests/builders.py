"""A base raw row with overrides, and what the steps of the job need around it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from spark_app.declarations import Delivery, Examination, Job, Source, Table
from spark_app.jobs.organic_share import examine, transform
from spark_app.jobs.organic_share.counts import CHANNEL
from spark_app.jobs.organic_share.raw import INSTALLS, OPTIONS
from spark_app.quality.standard import rules_of

Row = dict[str, Any]

RAW_SCHEMA = pa.schema(
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
STAGING_SCHEMA = pa.schema(
    [
        ("country", pa.string()),
        ("week_start_date", pa.date32()),
        ("organic_count", pa.int64()),
        ("paid_count", pa.int64()),
        ("last_counted_date", pa.date32()),
    ]
)
A_DAY = date(2021, 3, 1)
A_LOAD = datetime(2021, 3, 2, 4, 5, 6, tzinfo=UTC)
LATER = A_LOAD + timedelta(days=1)
TODAY = date(2030, 1, 1)


def iso_week(day: date) -> str:
    """The ISO week of a day, as `yyyy_ww`."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}_{week:02d}"


def raw_row(day: date = A_DAY, **overrides: Any) -> Row:
    """A good raw row of `day`, with some fields set otherwise."""
    base = {
        "name": "Organic",
        "value": 1.0,
        "start_date": day,
        "end_date": day,
        "year_week": iso_week(day),
        "has_subtrackers": False,
        "token": None,
        "dataplatform_inserted_at": A_LOAD,
        "country": "DE",
        "os_name": "all",
    }
    unknown = overrides.keys() - base.keys()
    assert not unknown, f"raw rows have no {unknown}"
    return base | overrides


def organic(day: date, value: float, **overrides: Any) -> Row:
    """A raw row of organic new users."""
    return raw_row(day, value=value, **overrides)


def paid(day: date, value: float, **overrides: Any) -> Row:
    """A raw row of new users of a paid channel."""
    return raw_row(day, value=value, **{"name": "Ads", **overrides})


def raw_table(rows: Iterable[Row]) -> pa.Table:
    """The rows as they lie in a delivered file."""
    return pa.Table.from_pylist(list(rows), schema=RAW_SCHEMA)


def raw_frame(spark: SparkSession, rows: Iterable[Row]) -> DataFrame:
    """The rows as the contract reads them."""
    return frame(spark, raw_table(rows))


def frame(spark: SparkSession, table: pa.Table) -> DataFrame:
    """An Arrow table as a Spark frame of the same types."""
    return spark.createDataFrame(table)


def staging_table(rows: Iterable[Row]) -> pa.Table:
    """A staging table from rows of `staged`."""
    return pa.Table.from_pylist(list(rows), schema=STAGING_SCHEMA)


def staged(
    week: date, organic_count: int, paid_count: int, country: str = "DE", **overrides: Any
) -> Row:
    """A staging row of the week that begins on the Monday `week`, counted to its Sunday."""
    base = {
        "country": country,
        "week_start_date": week,
        "organic_count": organic_count,
        "paid_count": paid_count,
        "last_counted_date": week + timedelta(days=6),
    }
    return base | overrides


def final_row(week: date, organic: int, installs: int, country: str, **overrides: Any) -> Row:
    """A published row of the week that begins on the Monday `week`."""
    year, number, _ = week.isocalendar()
    base = {
        "year": year,
        "week": number,
        "country": country,
        "share_organic_p4w": organic / installs if installs else None,
        "week_start_date": week,
        "organic_p4w_count": organic,
        "installs_p4w_count": installs,
        "weeks_in_window_count": 1,
        "is_week_complete": True,
    }
    return base | overrides


def changed(rows: Sequence[Row], i: int, **changes: Any) -> list[Row]:
    """The rows, with some fields of one of them set otherwise."""
    return [row | changes if j == i else row for j, row in enumerate(rows)]


DEFAULTS = {option.name: option.default for option in OPTIONS}


def delivery(sample: Sequence[Row] = (), **overrides: Any) -> Delivery:
    """What the job's own way may know of a run: default options, and `sample` as the hint."""
    options = DEFAULTS | overrides.pop("options", {})
    hint = dict.fromkeys(tuple(row[c] for c in CHANNEL) for row in sample)
    given: dict[str, Any] = {
        "rules": rules_of(INSTALLS, options),
        "today": TODAY,
        "options": options,
        "since": None,
        "sample": lambda _: list(hint),
    }
    return Delivery(**(given | overrides))


def examined(
    spark: SparkSession, rows: Sequence[Row], sample: Sequence[Row] | None = None, **overrides: Any
) -> Examination:
    """What the job's own way finds in raw rows; by default the hint holds all of them."""
    hint = rows if sample is None else sample
    return examine.examine(raw_frame(spark, rows), delivery(hint, **overrides))


def published_of(found: Examination) -> list[Row]:
    """The final table that follows from what was found, as rows."""
    table = transform.rolling_share(transform.on_complete_grid(found.made)).toArrow()
    ordered = table.sort_by([("country", "ascending"), ("week_start_date", "ascending")])
    return list(ordered.to_pylist())


def job_of(table: Table, *reads: Source, **more: Any) -> Job:
    """A job that publishes a table, made from the rows of its first source as they are."""
    return Job(reads=reads, transform=lambda rows, *_: rows, publishes=table, **more)
