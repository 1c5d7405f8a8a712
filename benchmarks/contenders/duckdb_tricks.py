"""The table in DuckDB with every trick of our own job, for honesty.

- Rules that depend on grouping keys only (dates, week, country) are applied to the groups.
- Rules on values are proven for a whole (country, day) by its count, minimum and maximum.
- A bitmap of channels proves that a (country, day) holds no key twice: as many bits as rows.
- Only the days that fail a proof are read again, with the rules on every row and the latest
  delivery of each key.
"""

import argparse

import duckdb
import pycountry

CHANNELS = "SELECT list(DISTINCT name) FROM read_parquet($source) WHERE trim(name) <> ''"

# One row per (country, day) that is right by its keys; `is_proven`: all rows good, no key twice.
DAYS = """
CREATE TEMP TABLE days AS
SELECT country, start_date,
       sum(value) AS installs_count,
       sum(value) FILTER (name = 'Organic') AS organic_count,
       count(*) = count(value) AND count(*) = count(dataplatform_inserted_at)
           AND count(*) = bit_count(
               bitstring_agg(list_position($channels, name) - 1, 0, {last_channel})
           )
           AND min(value) >= 0 AND max(value) <= 9007199254740992
           AND bool_and(value = floor(value)) AS is_proven
FROM read_parquet($source)
WHERE os_name = 'all' AND country <> 'ALL'
GROUP BY country, start_date, end_date, year_week
HAVING end_date = start_date
   AND year_week = strftime(start_date, '%G_%V')
   AND list_contains($countries, country)
"""

SLOW_DAYS = """
CREATE TEMP TABLE slow_days AS
SELECT country, start_date,
       sum(value) AS installs_count,
       sum(value) FILTER (name = 'Organic') AS organic_count
FROM (
    SELECT country, start_date, name, value
    FROM read_parquet($source)
    SEMI JOIN (FROM days WHERE is_proven IS NOT true) USING (country, start_date)
    WHERE os_name = 'all'
      AND trim(name) <> ''
      AND value BETWEEN 0 AND 9007199254740992 AND value = floor(value)
      AND end_date = start_date
      AND year_week = strftime(start_date, '%G_%V')
      AND dataplatform_inserted_at IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY country, start_date, name ORDER BY dataplatform_inserted_at DESC, value DESC
    ) = 1
)
GROUP BY country, start_date
"""

TABLE = """
COPY (
    WITH counted AS (
        SELECT country, start_date, installs_count, organic_count FROM days WHERE is_proven
        UNION ALL FROM slow_days
    ),
    weekly AS (
        SELECT country, date_trunc('week', start_date)::DATE AS week_start_date,
               sum(organic_count) AS organic_count, sum(installs_count) AS installs_count
        FROM counted
        GROUP BY ALL
    ),
    bounds AS (
        SELECT min(start_date) AS first_date, max(start_date) AS last_date FROM counted
    ),
    grid AS (
        SELECT country, unnest(weeks)::DATE AS week_start_date
        FROM (SELECT DISTINCT country FROM weekly),
             (
                 SELECT generate_series(
                     date_trunc('week', first_date), last_date, INTERVAL 7 DAY
                 ) AS weeks
                 FROM bounds
             )
    ),
    rolling AS (
        SELECT country, week_start_date,
               sum(coalesce(organic_count, 0)) OVER four_weeks AS organic,
               sum(coalesce(installs_count, 0)) OVER four_weeks AS installs,
               count(*) OVER four_weeks AS weeks
        FROM grid LEFT JOIN weekly USING (country, week_start_date)
        WINDOW four_weeks AS (
            PARTITION BY country ORDER BY week_start_date ROWS BETWEEN 3 PRECEDING AND CURRENT ROW
        )
    )
    SELECT isoyear(week_start_date)::INTEGER AS year,
           week(week_start_date)::INTEGER AS week,
           country,
           CASE WHEN installs > 0 THEN organic / installs END AS share_organic_p4w,
           week_start_date,
           organic::BIGINT AS organic_p4w_count,
           installs::BIGINT AS installs_p4w_count,
           weeks::INTEGER AS weeks_in_window_count,
           week_start_date + 6 <= last_date AS is_week_complete
    FROM rolling, bounds
    ORDER BY country, week_start_date
) TO '{output}' (FORMAT parquet)
"""


def build(connection: duckdb.DuckDBPyConnection, source: str, output: str) -> None:
    countries = [country.alpha_2 for country in pycountry.countries]
    row = connection.execute(CHANNELS, {"source": source}).fetchone()
    channels = (row and row[0]) or ["Organic"]
    days = DAYS.format(last_channel=len(channels) - 1)
    connection.execute(days, {"source": source, "countries": countries, "channels": channels})
    if connection.execute("SELECT 1 FROM days WHERE is_proven IS NOT true LIMIT 1").fetchone():
        connection.execute(SLOW_DAYS, {"source": source})
    else:
        connection.execute(
            "CREATE TEMP TABLE slow_days AS FROM days SELECT * EXCLUDE (is_proven) LIMIT 0"
        )
    connection.execute(TABLE.format(output=output))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", required=True, help="glob of raw Parquet files")
    parser.add_argument("--output", required=True, help="the Parquet file to write")
    parser.add_argument("--memory-limit", default="4GiB")
    args = parser.parse_args()
    config = {
        "threads": 2,
        "memory_limit": args.memory_limit,
        "temp_directory": f"{args.output}.tmp",
    }
    with duckdb.connect(config=config) as connection:
        build(connection, args.source, args.output)


if __name__ == "__main__":
    main()
