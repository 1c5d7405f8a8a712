"""The table in Polars' streaming engine, as an analyst would write it: the DuckDB query's work.

Polars takes no memory limit: the benchmark reports what it used.
"""

import argparse
import os

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import polars as pl
import pycountry

COUNTRIES = ["ALL", *(country.alpha_2 for country in pycountry.countries)]
KEY = ["start_date", "country", "name"]


def good_rows(raw: pl.LazyFrame) -> pl.LazyFrame:
    value = pl.col("value")
    return raw.filter(
        pl.col("name").str.strip_chars(" ") != "",
        value.is_finite() & (value == value.floor()) & value.is_between(0, 2**53),
        pl.col("end_date") == pl.col("start_date"),
        pl.col("year_week") == pl.col("start_date").dt.strftime("%G_%V"),
        pl.col("dataplatform_inserted_at").is_not_null(),
        pl.col("country").is_in(COUNTRIES),
        pl.col("os_name").is_in(["all", "ios", "android"]),
    )


def latest_deliveries(good: pl.LazyFrame) -> pl.LazyFrame:
    counted = good.filter(pl.col("os_name") == "all", pl.col("country") != "ALL")
    newest_last = counted.sort("dataplatform_inserted_at", "value")
    return newest_last.unique(KEY, keep="last", maintain_order=True)


def weekly_installs(latest: pl.LazyFrame) -> pl.LazyFrame:
    return latest.group_by("country", week_start_date=pl.col("start_date").dt.truncate("1w")).agg(
        organic=pl.col("value").filter(pl.col("name") == "Organic").sum(),
        installs=pl.col("value").sum(),
        last_date=pl.col("start_date").max(),
    )


def complete_grid(weekly: pl.DataFrame) -> pl.DataFrame:
    weeks = pl.date_range(pl.col("week_start_date").min(), pl.col("week_start_date").max(), "1w")
    return (
        weekly.select("country")
        .unique()
        .join(weekly.select(weeks), how="cross")
        .sort("country", "week_start_date")
    )


def rolling_share(weekly: pl.DataFrame) -> pl.DataFrame:
    def four_weeks(column: str) -> pl.Expr:
        return (
            pl.col(column)
            .fill_null(0)
            .rolling_sum(4, min_samples=1)
            .over("country", order_by="week_start_date")
        )

    week = pl.col("week_start_date")
    organic, installs = four_weeks("organic"), four_weeks("installs")
    grid = complete_grid(weekly).join(weekly, on=["country", "week_start_date"], how="left")
    return grid.select(
        year=week.dt.iso_year().cast(pl.Int32),
        week=week.dt.week().cast(pl.Int32),
        country="country",
        share_organic_p4w=pl.when(installs > 0).then(organic / installs),
        week_start_date=week,
        organic_p4w_count=organic.cast(pl.Int64),
        installs_p4w_count=installs.cast(pl.Int64),
        weeks_in_window_count=week.cum_count()
        .over("country", order_by=week)
        .clip(1, 4)
        .cast(pl.Int32),
        is_week_complete=week.dt.offset_by("6d") <= pl.col("last_date").max(),
    ).sort("country", "week_start_date")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="glob of raw Parquet files")
    parser.add_argument("--output", required=True, help="the Parquet file to write")
    args = parser.parse_args()
    weekly = weekly_installs(latest_deliveries(good_rows(pl.scan_parquet(args.source))))
    rolling_share(weekly.collect(engine="streaming")).write_parquet(args.output)


if __name__ == "__main__":
    main()
