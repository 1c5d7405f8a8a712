"""Device events in one DuckDB query: the promised keys, one row a line, sorted Parquet by day."""

from benchmarks.lakes.contenders.duckdb_query import make

QUERY = """
COPY (
    SELECT event_at::DATE AS event_date, event_at, device_id, brand, tracker, channel, user_id,
           longitude, latitude, country
    FROM (
        SELECT strptime(json->>'$.meta.date', '%Y-%m-%d %H:%M:%S') AS event_at,
               json->>'$.meta.session_long' AS device_id,
               parts[-7] AS brand, parts[-6] AS tracker, parts[-5] AS channel,
               json->>'$.params.user_id' AS user_id,
               (json->>'$.params.long')::DOUBLE AS longitude,
               (json->>'$.params.lat')::DOUBLE AS latitude,
               json->>'$.params.cc' AS country,
               md5(json::VARCHAR) AS digest
        FROM (
            SELECT json, string_split(filename, '/') AS parts
            FROM read_json_objects($source, format = 'newline_delimited', filename = true)
        )
        QUALIFY row_number() OVER (
            PARTITION BY event_at, device_id, digest ORDER BY brand DESC, tracker DESC, channel DESC
        ) = 1
    )
    ORDER BY event_date, device_id, event_at
) TO '{output}' (FORMAT parquet, PARTITION_BY (event_date), WRITE_PARTITION_COLUMNS true)
"""

if __name__ == "__main__":
    make(__doc__, QUERY, "**/*.json")
