"""Rows of persons who asked to be forgotten are left out before anything is written of them."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from spark_app.declarations import Csv, Files, Parquet
from spark_app.lake.suppression import Suppressed
from spark_app.sources.text_types import LINE
from spark_app.spark.sql import sql_name

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_NOT_OF_IDS = r"""[\s"',;|:\\{}\[\]]+"""  # what may stand around an id in a bad line


def persons_of(source: Files) -> tuple[str, ...]:
    """The columns of a source that are persons."""
    return tuple(column.name for column in source.columns if column.person)


def without_forgotten(rows: "DataFrame", source: Files, suppressed: Suppressed) -> "DataFrame":
    """The rows of a source, which know what rules they break, without those of forgotten persons:
    of a bad line of text any word may be the id of one."""
    from pyspark.sql import functions as F

    if not suppressed.hashes:
        return rows
    columns = [F.col(sql_name(name)) for name in persons_of(source)]
    is_forgotten = reduce(or_, map(suppressed.holds, columns))
    if not isinstance(source.format, Parquet):
        is_forgotten |= (F.size("broken_rules") > 0) & _names_one(source, suppressed)
    return rows.where(~is_forgotten)


def _names_one(source: Files, suppressed: Suppressed) -> "Column":
    """Whether a word of the line is the id of a forgotten person."""
    from pyspark.sql import functions as F

    separator = source.format.separator if isinstance(source.format, Csv) else ","
    line = F.replace(F.col(LINE), F.lit(separator), F.lit(" "))
    return F.coalesce(F.exists(F.split(line, _NOT_OF_IDS), suppressed.holds), F.lit(False))
