"""App events in one DuckDB query: typed, one row a key, sorted Parquet by day."""

from benchmarks.lakes.contenders.duckdb_query import make

QUERY = """
COPY (
    SELECT server_datetime::DATE AS event_date, server_datetime AS event_at,
           identity_adid AS user_id, log_id, os, model, country, event_name, quantity, price
    FROM read_csv($source, header = false, columns = {
        'identity_adid': 'VARCHAR', 'os': 'VARCHAR', 'model': 'VARCHAR', 'country': 'VARCHAR',
        'event_name': 'VARCHAR', 'log_id': 'VARCHAR', 'server_datetime': 'TIMESTAMP',
        'quantity': 'INTEGER', 'price': 'DECIMAL(20,4)'
    })
    WHERE identity_adid IS NOT NULL AND server_datetime IS NOT NULL AND log_id IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY identity_adid, server_datetime, log_id
        ORDER BY event_name DESC, country DESC, os DESC, model DESC, quantity DESC, price DESC
    ) = 1
    ORDER BY event_date, user_id, event_at
) TO '{output}' (FORMAT parquet, PARTITION_BY (event_date), WRITE_PARTITION_COLUMNS true)
"""

if __name__ == "__main__":
    make(__doc__, QUERY, "*.csv")
