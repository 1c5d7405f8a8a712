"""Files of text, whatever their form: what is true of their lines, and how their rows are read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spark_app.declarations import Csv, Files, Rule, Text
from spark_app.lake.store import Store, StoredFile
from spark_app.sources import delimited, json_lines
from spark_app.sources.contract import DeliveredFile
from spark_app.sources.text_types import DELIVERED, IS_WHOLE, LINE, parsed
from spark_app.spark.sql import sql_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_ENCODED = Rule("line_is_utf8", "The line is text in UTF-8.", (LINE,), f"is_valid_utf8({LINE})")


def inspect_text(source: Files, form: Text, file: StoredFile, store: Store) -> DeliveredFile:
    """Hold the beginning of a file against what is promised of its source.

    Raises:
        Unusable: the file is empty or no text of that form.
    """
    if isinstance(form, Csv):
        return delimited.inspect_head(source, form, file, store)
    return json_lines.inspect_head(source, file, store)


def line_rules(form: Text) -> tuple[Rule, ...]:
    """What is true of every good line, whatever its columns."""
    rules = delimited.line_rules(form) if isinstance(form, Csv) else json_lines.line_rules()
    return (*rules, _ENCODED)


def read_text(
    session: "SparkSession", source: Files, form: Text, files: Sequence[DeliveredFile]
) -> "DataFrame":
    """The rows of all `files`: the promised columns in their order and types, null where a value is
    not written as its type; `delivered`, a struct of their texts; `delivered_line`, the line as it
    was delivered (null where it cannot be had), and whether it is one as it should be.

    Every column of every file must have passed `inspect_text`.
    """
    values = (
        delimited.read_values(session, source, form, files)
        if isinstance(form, Csv)
        else json_lines.read_values(session, source, files)
    )
    typed = [f"{parsed(c, source)} AS {sql_name(c.name)}" for c in source.columns]
    return values.selectExpr(*typed, DELIVERED, LINE, IS_WHOLE)
