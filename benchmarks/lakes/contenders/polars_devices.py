"""Device events in Polars' streaming engine: the DuckDB query's work."""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import polars as pl

from benchmarks.lakes.contenders import places

TEXT = pl.String()
EVENT = pl.Struct(
    {
        "meta": pl.Struct({"date": TEXT, "session_long": TEXT}),
        "params": pl.Struct({"cc": TEXT, "user_id": TEXT, "long": TEXT, "lat": TEXT}),
    }
)


def events(source: str) -> pl.LazyFrame:
    """One row a line."""
    lines = pl.scan_csv(
        f"{source}/**/*.json",
        has_header=False,
        new_columns=["line"],
        separator="\x01",
        quote_char=None,
        include_file_paths="file",
    )
    event, parts = pl.col("line").str.json_decode(EVENT), pl.col("file").str.split("/")
    meta, params = pl.col("event").struct.field("meta"), pl.col("event").struct.field("params")
    at = meta.struct.field("date").str.to_datetime("%Y-%m-%d %H:%M:%S")
    return lines.select(event.alias("event"), parts.alias("parts"), pl.col("line").hash()).select(
        at.dt.date().alias("event_date"),
        at.alias("event_at"),
        meta.struct.field("session_long").alias("device_id"),
        *(
            pl.col("parts").list.get(place).alias(name)
            for name, place in (("brand", -7), ("tracker", -6), ("channel", -5))
        ),
        params.struct.field("user_id"),
        params.struct.field("long").cast(pl.Float64).alias("longitude"),
        params.struct.field("lat").cast(pl.Float64).alias("latitude"),
        params.struct.field("cc").alias("country"),
        pl.col("line"),
    )


def main() -> None:
    source, output = places(__doc__)
    key = ["event_at", "device_id", "line"]
    largest = events(source).sort("brand", "tracker", "channel", descending=True)
    rows = largest.unique(key, keep="first", maintain_order=True).drop("line")
    table = rows.sort("event_date", "device_id", "event_at").collect(engine="streaming")
    table.write_parquet(output, partition_by="event_date")


if __name__ == "__main__":
    main()
