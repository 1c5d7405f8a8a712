"""Delimited text: what its files promise by their first lines, and how their values are read."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import count
from typing import TYPE_CHECKING

from spark_app.declarations import Csv, Files, Rule
from spark_app.lake.frames import load
from spark_app.lake.store import Store, StoredFile
from spark_app.sources.contract import DeliveredColumn, DeliveredFile
from spark_app.sources.heads import header_line, names_in, read_head
from spark_app.sources.packed import PACKED
from spark_app.sources.parquet_types import Physical
from spark_app.sources.text_types import AS_TEXT, DELIVERED, IS_WHOLE, LINE, SOURCE_FILE
from spark_app.spark.sql import sql_name, sql_text

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_MALFORMED = "malformed"


def inspect_head(source: Files, form: Csv, file: StoredFile, store: Store) -> DeliveredFile:
    """Hold the first line of a file against what is promised of its source.

    Raises:
        Unusable: the file is empty or no text.
    """
    head = read_head(file, store)
    promised = [column.name for column in source.named]
    line = header_line(head, form, file.path) if form.header else ""
    header = tuple(names_in(line, form, file.path)) if form.header else ()
    times = Counter(header or promised)
    columns = [
        DeliveredColumn(file.path, column.name, column.type, *_found(times[column.name]))
        for column in source.named
    ]
    extra = [
        DeliveredColumn(file.path, name, None, "text", None)
        for name in times
        if name not in promised and name not in form.ignored
    ]
    most = None if file.path.endswith(PACKED) else file.size_bytes // len(source.columns)
    return DeliveredFile(file.path, None, most, (*columns, *extra), header=header, header_line=line)


def line_rules(source: Files, form: Csv) -> tuple[Rule, ...]:
    """What is true of every good line, whatever its values."""
    whole = Rule(
        "line_is_whole",
        "The line has as many values as there are columns.",
        (),
        IS_WHOLE,
        judges_null=True,
    )
    quote = sql_text(form.quote)
    closed = Rule(
        "quotes_are_closed",
        "Every quote of the line is closed in it.",
        (LINE,),
        f"NOT contains({LINE}, {quote}) "
        f"OR length({LINE}) % 2 = length(replace({LINE}, {quote}, '')) % 2",
    )
    lines = (whole,) if form.has_line_breaks else (whole, closed)
    return (*lines, *_header_rules([column.name for column in source.named]))


def _header_rules(names: Sequence[str]) -> tuple[Rule, Rule]:
    """What tells a header within a file, as files have that were put together: by its first value,
    which is cheap, and by those after it."""
    texts = [f"{DELIVERED}.{sql_name(name)}" for name in names]
    listed = ", ".join(map(sql_text, names))
    is_own = " AND ".join(
        f"{text} = {sql_text(name)}" for text, name in zip(texts, names, strict=True)
    )
    common = f"size(array_intersect(array({', '.join(texts)}), array({listed})))"
    is_other = f"{texts[0]} IN ({listed}) AND {common} > 1 AND NOT coalesce({is_own}, false)"
    return (
        Rule(
            "line_is_no_header",
            "The line does not repeat the names of the columns.",
            (),
            f"NOT coalesce({is_own}, false)",
            judges_null=True,
        ),
        Rule(
            "columns_keep_order",
            "The line does not name the columns in another order.",
            (),
            f"NOT coalesce({is_other}, false)",
            judges_null=True,
        ),
    )


def read_values(
    session: "SparkSession", source: Files, form: Csv, files: Sequence[DeliveredFile]
) -> "DataFrame":
    """The values of all files as text, see `text.read_text`."""
    alike: dict[tuple[str, ...], list[DeliveredFile]] = defaultdict(list)
    for file in files:
        alike[file.header].append(file)
    frames = [_texts(session, source, form, group) for group in alike.values()]
    return reduce(lambda one, other: one.unionByName(other), frames)


def _texts(
    session: "SparkSession", source: Files, form: Csv, files: Sequence[DeliveredFile]
) -> "DataFrame":
    """The values of files with the same header, as texts."""
    promised = [column.name for column in source.named]
    names = files[0].header or promised
    schema = ", ".join([*(f"_{i} string" for i in range(len(names))), f"{_MALFORMED} string"])
    read = _of_records if form.has_line_breaks else _of_lines
    at = {name: f"_{i}" for i, name in enumerate(_told_apart(names))}
    rest = {n: f"fields.{i}" for n, i in at.items() if n not in (*promised, *form.ignored)}
    values = {name: f"fields.{at[name]}" for name in promised}
    texts = [f"{sql_text(c.name)}, {values.get(c.name) or _rest(rest)}" for c in source.columns]
    return read(session, form, schema, files).selectExpr(
        f"named_struct({', '.join(texts)}) AS {DELIVERED}",
        LINE,
        f"fields.{_MALFORMED} IS NULL AS {IS_WHOLE}",
        f"input_file_name() AS {SOURCE_FILE}",
    )


def _told_apart(names: Sequence[str]) -> list[str]:
    """Names, each once: `x`, `x_2` where `x` comes twice."""
    found: dict[str, None] = {}
    for name in names:
        numbered = (f"{name}_{number}" for number in count(2))
        free = (one for one in numbered if one not in found and one not in names)
        found[next(free) if name in found else name] = None
    return list(found)


def _rest(values: Mapping[str, str]) -> str:
    """The Spark SQL of values that nobody promised, by their names: those that are there."""
    fields = ", ".join(f"{sql_text(name)}, {value}" for name, value in values.items())
    return f"nullif(to_json(named_struct({fields})), '{{}}')" if values else "CAST(NULL AS string)"


def _of_lines(
    session: "SparkSession", form: Csv, schema: str, files: Sequence[DeliveredFile]
) -> "DataFrame":
    """Line by line: a large file is read by many tasks."""
    from pyspark.sql import functions as F

    lines = load(session.read.format("text"), [file.path for file in files])
    if form.encoding.upper() != "UTF-8":
        lines = lines.selectExpr(f"decode(CAST(value AS BINARY), {sql_text(form.encoding)}) value")
    headers = {file.header_line for file in files}  # empty where there is none, as blank lines are
    lines = lines.where(~F.col("value").isin("", *headers))
    fields = F.from_csv("value", schema, dict(_options(form)))
    return lines.select(fields.alias("fields"), F.col("value").alias(LINE))


def _of_records(
    session: "SparkSession", form: Csv, schema: str, files: Sequence[DeliveredFile]
) -> "DataFrame":
    """Record by record, since a value may hold line breaks: a file is read by one task."""
    reader = session.read.format("csv").schema(schema).options(**dict(_options(form)))
    records = reader.options(multiLine=True, header=form.header, encoding=form.encoding)
    frame = load(records, [file.path for file in files])
    return frame.selectExpr("struct(*) AS fields", f"{_MALFORMED} AS {LINE}")


def _options(form: Csv) -> Iterator[tuple[str, str]]:
    yield "mode", "PERMISSIVE"
    yield "columnNameOfCorruptRecord", _MALFORMED
    yield "sep", form.separator
    yield "quote", form.quote
    yield "escape", form.quote
    yield "maxCharsPerColumn", "-1"


def _found(times: int) -> tuple[str | None, Physical | None]:
    """What is found of a promised column, and how it is read where it can be."""
    if times > 1:
        return f"{times} columns of that name", None
    return ("text", AS_TEXT) if times else (None, None)
