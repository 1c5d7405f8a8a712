"""Lines of JSON: what their files are, and how the values of their keys are read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spark_app.declarations import Column, Files, Folder, JsonLines, Key, Rule
from spark_app.errors import Unusable
from spark_app.lake.frames import load
from spark_app.lake.store import Store, StoredFile
from spark_app.sources.contract import DeliveredColumn, DeliveredFile
from spark_app.sources.folders import levels_up
from spark_app.sources.heads import read_head
from spark_app.sources.packed import PACKED
from spark_app.sources.text_types import AS_TEXT, DELIVERED, IS_FLAT, IS_WHOLE, LINE, SOURCE_FILE
from spark_app.spark.sql import sql_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from spark_app.sources.json_values import Place, Values

MOST_DEPTH = 200
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
    flat = f"No more than {MOST_DEPTH} objects and arrays lie in each other."
    return (
        Rule("line_is_whole", words, (), IS_WHOLE, judges_null=True),
        Rule("line_is_flat", flat, (), IS_FLAT, judges_null=True),
    )


def read_values(
    session: "SparkSession", source: Files, files: Sequence[DeliveredFile]
) -> "DataFrame":
    """The values of all files as text, see `text.read_text`."""
    texts = ", ".join(f"{sql_name(column.name)}: string" for column in source.columns)
    lines = load(session.read.format("text"), [file.path for file in files])
    named = lines.where("trim(value) <> ''").selectExpr(
        "CAST(value AS binary) AS value", f"input_file_name() AS {SOURCE_FILE}"
    )
    schema = (
        f"{DELIVERED} struct<{texts}>, {LINE} binary, {IS_WHOLE} boolean, {IS_FLAT} boolean, "
        f"{SOURCE_FILE} string"
    )
    read = named.mapInArrow(values_of(source).read, schema)
    return read.withColumn(LINE, read[LINE].cast("string"))


def values_of(source: Files) -> "Values":
    """Where the values of a dataset are, and which keys are promised or ignored."""
    from spark_app.sources.json_values import Id, Values, keys_of

    ignored = source.format.ignored if isinstance(source.format, JsonLines) else ()
    places: dict[str, Place] = {c.name: _place(c, source) for c in source.columns}
    promised = [place.path for place in places.values() if isinstance(place, Key | Id)]
    known = keys_of([path.split(".") for path in (*ignored, *promised)])
    return Values(places, known, MOST_DEPTH)


def _place(column: Column, source: Files) -> "Place":
    from spark_app.sources.json_values import Above, Id

    match column.at or Key(column.name):
        case Folder(name):
            return Above(levels_up(source, name))
        case Key(path) if column.is_id:
            return Id(path)
        case place:
            return place
