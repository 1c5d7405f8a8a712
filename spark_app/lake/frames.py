"""Files as Spark frames, whatever their names."""

import re
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameReader, SparkSession

_GLOB = re.compile(r"[\\*?\[\]{}]")


def read_parquet(session: "SparkSession", schema: str, paths: Sequence[str]) -> "DataFrame":
    """The rows of files or folders; checksums are verified wherever their writer left some."""
    reader = session.read.schema(schema).option("parquet.page.verify-checksum.enabled", "true")
    return load(reader.format("parquet"), paths)


def load(reader: "DataFrameReader", paths: Sequence[str]) -> "DataFrame":
    """The rows of files or folders, of the form and with the options of a reader."""
    plain = [_literal(path) for path in paths if not _is_odd(path)]
    frames = [reader.load(plain)] if plain else []
    alone = reader.option("__globPaths__", "false")  # with several paths Spark doubles them
    frames += [alone.load(path) for path in paths if _is_odd(path)]
    return reduce(lambda one, other: one.union(other), frames)


def _is_odd(path: str) -> bool:
    """Whether Hadoop cannot parse the path even where what looks like a glob is escaped."""
    return _GLOB.search(path) is not None and ":" in path.rpartition("://")[2]


def path_of(uri: str) -> str:
    """The path of a file as it was listed, from the name that Spark gives it."""
    return unquote(uri).removeprefix("file://")


def _literal(path: str) -> str:
    """A path that Spark takes for a glob, as the path that it is."""
    return _GLOB.sub(r"\\\g<0>", path)
