"""Lines of JSON: what their files are, and how the values of their keys are read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spark_app.declarations import Column, Digest, Files, Folder, Key, Rule
from spark_app.errors import Unusable
from spark_app.lake.frames import load
from spark_app.lake.store import Store, StoredFile
from spark_app.sources.contract import DeliveredColumn, DeliveredFile
from spark_app.sources.heads import PACKED, read_head
from spark_app.sources.text_types import AS_TEXT, DELIVERED, IS_WHOLE, LINE
from spark_app.spark.sql import sql_text

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_OBJECT = "object"
# Spark takes the first object of a line and passes over what follows. Outside of strings nothing
# but a comma or a bracket follows a brace; strings are looked for only where that may be broken.
_STRINGS, _MORE = r'"([^"\\]|\\.)*"', r"[}]\s*[^\s,\]}]"
_HAS_MORE = (
    f"{LINE} RLIKE {sql_text(_MORE)} AND "
    f"regexp_replace({LINE}, {sql_text(_STRINGS)}, '') RLIKE {sql_text(_MORE)}"
)
_LEAST_LINE_BYTES = 3  # an empty object and its line break


def inspect_head(source: Files, file: StoredFile, store: Store) -> DeliveredFile:
    """What a file is; which keys a line has is for rules to say.

    Raises:
        Unusable: the file is empty, no text, or one JSON array.
    """
    head = read_head(file, store)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        raise Unusable(f"{file.path} is one JSON array; write one object a line")
    columns = tuple(
        DeliveredColumn(file.path, column.name, column.type, "text", AS_TEXT)
        for column in source.columns
    )
    most = None if file.path.endswith(PACKED) else file.size_bytes // _LEAST_LINE_BYTES
    return DeliveredFile(file.path, None, most, columns)


def line_rules() -> tuple[Rule, ...]:
    """What is true of every good line, whatever its columns."""
    words = "The line is one JSON object, each of whose keys stands there once."
    return (Rule("line_is_whole", words, (), IS_WHOLE, judges_null=True),)


def read_values(
    session: "SparkSession", source: Files, files: Sequence[DeliveredFile]
) -> "DataFrame":
    """The values of all files as text, see `text.read_text`."""
    lines = load(session.read.format("text"), [file.path for file in files]).where(
        "trim(value) <> ''"
    )
    objects = lines.selectExpr(f"value AS {LINE}", f"try_parse_json(value) AS {_OBJECT}")
    texts = [f"{sql_text(c.name)}, {_text(c)}" for c in source.columns]
    is_whole = f"{_OBJECT} IS NOT NULL AND trim({LINE}) LIKE '{{%}}' AND NOT ({_HAS_MORE})"
    return objects.selectExpr(
        f"named_struct({', '.join(texts)}) AS {DELIVERED}", LINE, f"{is_whole} AS {IS_WHOLE}"
    )


def _text(column: Column) -> str:
    """The Spark SQL of a column's value as text."""
    match column.at:
        case Folder(up):
            part = f"element_at(split(input_file_name(), '/'), -{up + 1})"
            return f"url_decode(replace({part}, '+', '%2B'))"
        case Digest():  # a variant keeps its keys in order
            return f"md5(to_json({_OBJECT}))"
        case Key(path):
            return _value(path)
        case None:
            return _value(column.name)


def _value(path: str) -> str:
    """Empty text is null, as it is in delimited text."""
    keys = "".join(f'["{key}"]' for key in path.split("."))
    return f"nullif(try_variant_get({_OBJECT}, {sql_text(f'${keys}')}, 'string'), '')"
