"""The table in one DuckDB query, as an analyst would write it: rules, latest, grid, share."""

import argparse

import duckdb
import pycountry

QUERY = """
COPY (
    WITH good AS (
        SELECT *
        FROM read_parquet($source)
        WHERE trim(name) <> ''
          AND isfinite(value) AND value = floor(value) AND value BETWEEN 0 AND 9007199254740992
          AND end_date = start_date
          AND year_week = strftime(start_date, '%G_%V')
          AND dataplatform_inserted_at IS NOT NULL
          AND list_contains($countries, country)
          AND os_name IN ('all', 'ios', 'android')
    ),
    latest AS (
        SELECT start_date, country, name, value
        FROM good
        WHERE os_name = 'all' AND country <> 'ALL'
        QUALIFY row_number() OVER (
            PARTITION BY start_date, country, name
            ORDER BY dataplatform_inserted_at DESC, value DESC
        ) = 1
    ),
    weekly AS (
        SELECT country,
               date_trunc('week', start_date)::DATE AS week_start_date,
               sum(value) FILTER (name = 'Organic') AS organic_count,
               sum(value) AS installs_count
        FROM latest
        GROUP BY ALL
    ),
    bounds AS (
        SELECT min(start_date) AS first_date, max(start_date) AS last_date FROM latest
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="glob of raw Parquet files")
    parser.add_argument("--output", required=True, help="the Parquet file to write")
    parser.add_argument("--memory-limit", default="4GiB")
    args = parser.parse_args()
    config = {
        "threads": 2,
        "memory_limit": args.memory_limit,
        "temp_directory": f"{args.output}.tmp",
    }
    countries = ["ALL", *(country.alpha_2 for country in pycountry.countries)]
    with duckdb.connect(config=config) as connection:
        connection.execute(
            QUERY.format(output=args.output), {"source": args.source, "countries": countries}
        )


if __name__ == "__main__":
    main()
