"""Lines of JSON: what their files are, and how the values of their keys are read."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from spark_app.declarations import Column, Digest, Files, Folder, JsonLines, Key, Rest, Rule
from spark_app.errors import Unusable
from spark_app.lake.frames import load
from spark_app.lake.store import Store, StoredFile
from spark_app.sources.contract import DeliveredColumn, DeliveredFile
from spark_app.sources.heads import read_head
from spark_app.sources.packed import PACKED
from spark_app.sources.text_types import AS_TEXT, DELIVERED, IS_WHOLE, LINE
from spark_app.spark.sql import sql_text

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_OBJECT = "object"
# Spark takes the first object of a line and passes over what follows. Outside of strings nothing
# but a comma or a bracket follows a brace; strings are looked for only where that may be broken.
_STRINGS, _MORE = r'"([^"\\]++|\\.)*+"', r"[}]\s*[^\s,\]}]"
_PLAIN = f"regexp_replace({LINE}, {sql_text(_STRINGS)}, '')"
_HAS_MORE = f"{LINE} RLIKE {sql_text(_MORE)} AND {_PLAIN} RLIKE {sql_text(_MORE)}"
MOST_DEPTH = 200
# Brackets are counted, which is cheap; how deep they lie is asked only where there are many.
_OTHERS = sql_text(r"[^\[\]{}]")
_BRACKETS = f"octet_length({LINE}) - octet_length(replace(replace({LINE}, '[', ''), '{{', ''))"
_STEP = "if(mark IN ('{', '['), 1, -1)"
_DEPTH = (
    f"aggregate(split(regexp_replace({_PLAIN}, {_OTHERS}, ''), ''), struct(0 AS now, 0 AS most), "
    f"(at, mark) -> struct(at.now + {_STEP}, greatest(at.most, at.now + {_STEP})), at -> at.most)"
)
_IS_FLAT = f"{_BRACKETS} <= {MOST_DEPTH} OR {_DEPTH} <= {MOST_DEPTH}"
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
        Rule("line_is_flat", flat, (LINE,), _IS_FLAT),
    )


def read_values(
    session: "SparkSession", source: Files, files: Sequence[DeliveredFile]
) -> "DataFrame":
    """The values of all files as text, see `text.read_text`."""
    lines = load(session.read.format("text"), [file.path for file in files]).where(
        "trim(value) <> ''"
    )
    objects = lines.selectExpr(f"value AS {LINE}", f"try_parse_json(value) AS {_OBJECT}")
    texts = [f"{sql_text(c.name)}, {_text(c, source)}" for c in source.columns]
    is_whole = f"{_OBJECT} IS NOT NULL AND trim({LINE}) LIKE '{{%}}' AND NOT ({_HAS_MORE})"
    return objects.selectExpr(
        f"named_struct({', '.join(texts)}) AS {DELIVERED}", LINE, f"{is_whole} AS {IS_WHOLE}"
    )


def _text(column: Column, source: Files) -> str:
    """The Spark SQL of a column's value as text."""
    match column.at:
        case Folder(up):
            part = f"element_at(split(input_file_name(), '/'), -{up + 1})"
            return f"url_decode(replace({part}, '+', '%2B'))"
        case Digest():  # a variant keeps its keys in order
            return f"md5(to_json({_OBJECT}))"
        case Rest():
            return f"nullif(to_json({_rest(source)}), '{{}}')"
        case Key(path):
            return _value(path)
        case None:
            return _value(column.name)


def _value(path: str) -> str:
    """Empty text is null, as it is in delimited text."""
    return f"nullif({_got(path, 'string')}, '')"


def _got(path: str, kind: str) -> str:
    """What is at a path, of a type; null where it is of none or not there."""
    keys = "".join(f'["{key}"]' for key in path.split(".")) if path else ""
    return f"try_variant_get({_OBJECT}, {sql_text(f'${keys}')}, '{kind}')"


def _rest(source: Files) -> str:
    """The Spark SQL of a map of what is neither promised nor ignored, by its path."""
    ignored = source.format.ignored if isinstance(source.format, JsonLines) else ()
    keys = [c.at or Key(c.name) for c in source.columns]
    known = {*ignored, *(key.path for key in keys if isinstance(key, Key))}
    inner = {path[:at] for path in known for at, mark in enumerate(path) if mark == "."}
    return f"map_concat({', '.join(_others(path, known, inner) for path in ('', *sorted(inner)))})"


def _others(path: str, known: Collection[str], inner: Collection[str]) -> str:
    """The Spark SQL of a map of what an object holds that is not known, and is no object some parts
    of which are; of a value that should be such an object and is none, itself."""
    start = f"{path}." if path else ""
    names = [name.removeprefix(start) for name in (*known, *inner) if name.startswith(start)]
    left = ", ".join(sql_text(name) for name in sorted(names) if "." not in name)
    held = _got(path, "map<string,variant>")
    keys = f"map_filter({held}, (name, value) -> name NOT IN ({left}))"
    if not path:
        return f"coalesce({keys}, map())"
    named = f"transform_keys({keys}, (name, value) -> concat({sql_text(start)}, name))"
    is_there = "value IS NOT NULL AND NOT is_variant_null(value)"
    whole = f"map({sql_text(path)}, {_got(path, 'variant')})"
    return f"coalesce({named}, map_filter({whole}, (name, value) -> {is_there}))"
