"""Files of text, whatever their form: what is true of their lines, and how their rows are read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from spark_app.declarations import Csv, Files, Rule, Text
from spark_app.errors import DELIVER_AGAIN
from spark_app.lake.store import Store, StoredFile
from spark_app.sources import delimited, json_lines
from spark_app.sources.contract import DeliveredFile
from spark_app.sources.long_lines import HAS_LONG_LINE, MOST_LINE_BYTES
from spark_app.sources.text_types import IS_WHOLE, LINE, parsed
from spark_app.sources.whole_text import text_bytes
from spark_app.spark.sql import sql_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FILE_RULES = {  # where a line of a lake's file breaks one, the file is refused
    "line_is_short": HAS_LONG_LINE,
    "line_is_text": "is no text: it holds NUL bytes",
    "columns_keep_order": "has a header inside of it with the columns in another order",
    "line_is_flat": f"has JSON of more than {json_lines.MOST_DEPTH} levels",
}
_SHORT = Rule(
    "line_is_short",
    f"The line has at most {MOST_LINE_BYTES // 2**20} MiB.",
    (LINE,),
    f"octet_length({LINE}) <= {MOST_LINE_BYTES}",
)
_TEXT = (
    Rule("line_is_text", "The line has no NUL byte.", (LINE,), f"NOT contains({LINE}, chr(0))"),
    Rule("line_is_utf8", "The line is text in UTF-8.", (LINE,), f"is_valid_utf8({LINE})"),
)


def refusal(path: str, rule: str) -> str:
    """Why a file is refused in which a line breaks one of `FILE_RULES`."""
    return f"{path} {FILE_RULES[rule]}; {DELIVER_AGAIN}"


def inspect_text(source: Files, form: Text, file: StoredFile, store: Store) -> DeliveredFile:
    """Hold the beginning of a file against what is promised of its source, then look at the rest.

    Raises:
        Unusable: the file is empty or no text of that form, or too much for Spark.
    """
    found = (
        delimited.inspect_head(source, form, file, store)
        if isinstance(form, Csv)
        else json_lines.inspect_head(source, file, store)
    )
    return replace(found, text_bytes=text_bytes(file, store))


def line_rules(source: Files, form: Text) -> tuple[Rule, ...]:
    """What is true of every good line, whatever its values."""
    if isinstance(form, Csv):
        return (*delimited.line_rules(source, form), _SHORT, *_TEXT)
    # Nothing but text can be an object: a line that is one is not looked through again.
    quick = (replace(rule, ok=f"{IS_WHOLE} OR {rule.ok}") for rule in _TEXT)
    return (*json_lines.line_rules(), _SHORT, *quick)


def read_text(
    session: "SparkSession", source: Files, form: Text, files: Sequence[DeliveredFile]
) -> "DataFrame":
    """The rows of all `files`: the promised columns in their order and types, null where a value is
    not written as its type; `delivered`, a struct of their texts; `delivered_line`, the line as it
    was delivered (null where it cannot be had), what lines as they should be are, and their file.

    Every column of every file must have passed `inspect_text`.
    """
    values = (
        delimited.read_values(session, source, form, files)
        if isinstance(form, Csv)
        else json_lines.read_values(session, source, files)
    )
    typed = [f"{parsed(c, source)} AS {sql_name(c.name)}" for c in source.columns]
    return values.selectExpr(*typed, "*")
