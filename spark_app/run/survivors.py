"""Of the rows with one key one stays, in tasks that each write a file of a day."""

from collections.abc import Mapping
from datetime import date
from math import ceil
from typing import TYPE_CHECKING

from spark_app.declarations import Table
from spark_app.lake.iceberg import SOURCE_ID, partition_of, sort_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

FILE_BYTES = 512 * 2**20  # of rows as they were delivered: a quarter of it is written
LEAST_TASK_BYTES, MOST_TASKS = 32 * 2**20, 10_000
_TASKS_PER_FILE = 3  # files are dealt by a hash: with as many tasks many had none
_PART, _NTH = "part of day", "nth of key"


def one_of_each(rows: "DataFrame", table: Table, bytes_by_day: Mapping[date, float]) -> "DataFrame":
    """Of the rows with one key the one with the largest values: the order of arrival chooses none.
    They come in the order of the table's files, and no two tasks have rows of one file.

    Of rows that are equal in all columns that of the earliest file version stays. `bytes_by_day`
    is how large the rows are as they were delivered. Rows are shuffled and sorted once, for both.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    partition, sort = partition_of(table), sort_of(table)
    parts = {day: ceil(size / FILE_BYTES) for day, size in bytes_by_day.items()}
    most = ceil(sum(bytes_by_day.values()) / LEAST_TASK_BYTES)
    tasks = max(1, min(most, _TASKS_PER_FILE * sum(parts.values()), MOST_TASKS))
    # Spark knows rows that were dealt by a constant no more.
    more = [_PART] if max(parts.values(), default=1) > 1 else []
    dealt = rows.withColumn(_PART, _part(table, parts)).repartition(tasks, partition, *more)
    others = [c.name for c in table.columns if c.name not in (*table.key, partition)]
    largest = [F.col(name).desc_nulls_last() for name in others]
    sorted_key = sorted(table.key, key=lambda name: sort.index(name) if name in sort else len(sort))
    same = Window.partitionBy(partition, *sorted_key, *more).orderBy(*largest, SOURCE_ID)
    numbered = dealt.withColumn(_NTH, F.row_number().over(same))
    return numbered.where(F.col(_NTH) == 1).drop(_NTH, _PART)


def _part(table: Table, parts: Mapping[date, int]) -> "Column":
    """In which of the files of its day a row comes: those of one key in the same."""
    from pyspark.sql import functions as F

    part = F.lit(0).cast("bigint")
    for count in {count for count in parts.values() if count > 1}:
        days = [day for day in parts if parts[day] == count]
        nth = F.pmod(F.xxhash64(*table.key), F.lit(count))
        part = F.when(F.col(partition_of(table)).isin(*days), nth).otherwise(part)
    return part
