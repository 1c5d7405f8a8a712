"""Files of installs that store their rows in one or another way, and how a run reads them."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from spark_app.declarations import Files
from spark_app.jobs.organic_share.raw import INSTALLS
from spark_app.sources import files
from spark_app.sources.contract import DeliveredFile, inspect_footer
from tests.builders import Row, raw_row

LOAD = datetime(2021, 3, 2, 4, 5, 6, 123456, tzinfo=UTC)


def with_type(table: pa.Table, column: str, kind: pa.DataType) -> pa.Table:
    """The table with one column stored in another type."""
    i = table.schema.get_field_index(column)
    return table.set_column(i, column, table[column].cast(kind))


def with_array(table: pa.Table, column: str, array: pa.Array) -> pa.Table:
    """The table with other content in one column."""
    return table.set_column(table.schema.get_field_index(column), column, array)


def a_row(**overrides: Any) -> Row:
    """A good row that was loaded at a time with microseconds."""
    given = {"value": 7.0, "token": "t", "dataplatform_inserted_at": LOAD, **overrides}
    return raw_row(date(2021, 3, 1), **given)


def write(table: pa.Table, path: Path, **options: Any) -> Path:
    """Write the table to a file; its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    return path


def inspected(*paths: Path, source: Files = INSTALLS) -> list[DeliveredFile]:
    """The files, held against what their source promises."""
    return [inspect_footer(source, str(path), str(path)) for path in paths]


def read(spark: SparkSession, *paths: Path, source: Files = INSTALLS) -> DataFrame:
    """The rows of the files, as a run reads them."""
    size = sum(path.stat().st_size for path in paths)
    found = inspected(*paths, source=source)
    return files.read_files(spark, source, found, bytes_count=size)
