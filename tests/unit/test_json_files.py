"""Delivered lines of JSON: what values are read as, what is set aside, what is refused."""

import datetime as dt
import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from spark_app.declarations import (
    RESCUED,
    Column,
    Csv,
    Digest,
    Files,
    Folder,
    JsonLines,
    Key,
    Time,
)
from spark_app.errors import Unusable
from spark_app.lake.store import Disk
from spark_app.sources.files import inspect_files
from tests.unit.test_text_files import Judged, judged, write

USER = Column("user", "string", "who", at=Key("meta.user"))
N = Column("n", "bigint", "how many", null="none")
ID = Column("id", "string", "which", is_id=True)


def source_of(*columns: Column, folders: tuple[str, ...] = ()) -> Files:
    return Files("events", JsonLines(), columns or (USER, N), folders=folders)


def read(spark: SparkSession, folder: Path, *lines: object, source: Files | None = None) -> Judged:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path = write(folder, "\n".join(texts) + "\n", "events.json")
    return judged(spark, source or source_of(), path)


def test_a_line_is_a_row_whose_keys_lead_into_objects(spark: SparkSession, tmp_path: Path) -> None:
    lines = ({"n": 1, "meta": {"user": "ann", "more": [1]}, "x": None}, {"meta": {"user": "bob"}})
    assert read(spark, tmp_path, *lines) == (
        [{"user": "ann", "n": 1}, {"user": "bob", "n": None}],
        {},
        [],
    )


def test_a_key_that_is_spelt_as_a_path_fails_nothing(spark: SparkSession, tmp_path: Path) -> None:
    line = {"meta": {"user": "ann", "v": 1}, "meta.v": 2}
    rows, *_ = read(spark, tmp_path, line, source=source_of(USER, RESCUED))
    assert rows == [{"user": "ann", "rescued_json": '{"meta.v":1}'}]


def test_packed_files_and_blank_lines_are_read(spark: SparkSession, tmp_path: Path) -> None:
    content = gzip.compress(b'\xef\xbb\xbf{"meta": {"user": "ann"}}\r\n\r\n')
    path = write(tmp_path, content, "events.json.gz")
    assert judged(spark, source_of(), path).good == [{"user": "ann", "n": None}]


def test_what_nobody_promised_is_kept_by_its_path(spark: SparkSession, tmp_path: Path) -> None:
    source = replace(source_of(USER, N, RESCUED), format=JsonLines(ignored=("sdk", "meta.v")))
    meta = {"user": "ann", "v": 1, "more": [1, {"b": None}]}
    lines = (
        {"n": 1, "meta": meta, "sdk": {"a": 1}, "it's": "x"},
        {"n": 2, "meta": {"user": "bob"}, "sdk": 7},
        {"n": 3, "meta": {"user": "cat"}, "a.b": None},
    )
    rows, *_ = read(spark, tmp_path, *lines, source=source)
    assert [row["rescued_json"] for row in rows] == [
        """{"it's":"x","meta.more":[1,{"b":null}]}""",
        None,
        '{"a.b":null}',
    ]


@pytest.mark.parametrize(("depth", "is_flat"), [(200, True), (201, False)])
def test_a_line_is_flat(spark: SparkSession, tmp_path: Path, depth: int, is_flat: bool) -> None:
    deep = "[" * (depth - 1) + "]" * (depth - 1)
    wide = ", ".join(["[{}]"] * 150)
    line = f'{{"meta": {{"user": "[[[["}}, "wide": [{wide}], "deep": {deep}}}'
    _, broken, _ = read(spark, tmp_path, line)
    assert broken == ({} if is_flat else {"line_is_flat": 1})


def test_a_value_where_an_object_should_be_is_kept(spark: SparkSession, tmp_path: Path) -> None:
    n = Column("n", "bigint", "how many", null="none", at=Key("meta.n"))
    lines: tuple[object, ...] = ({"meta": 7}, {"meta": None}, {"meta": {"n": 7}}, {})
    rows, *_ = read(spark, tmp_path, *lines, source=source_of(n, RESCUED))
    assert [row["rescued_json"] for row in rows] == ['{"meta":7}', None, None, None]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7),
        (7, 7),
        (2**53 + 1, 2**53 + 1),
        ("", None),
        (None, None),
        (7.5, "n_is_bigint"),
        ("seven", "n_is_bigint"),
        ([7], "n_is_bigint"),
    ],
)
def test_numbers_and_texts_are_alike(
    spark: SparkSession, tmp_path: Path, value: object, expected: object
) -> None:
    found = read(spark, tmp_path, {"meta": {"user": "ann"}, "n": value})
    assert (found.good[0]["n"] if found.good else next(iter(found.broken))) == expected


def test_an_id_keeps_all_of_its_digits(spark: SparkSession, tmp_path: Path) -> None:
    long = 12345678901234567890123456789012345678
    found = read(spark, tmp_path, {"meta": {"user": long}}, {"meta": {"user": str(long)}})
    assert {row["user"] for row in found.good} == {str(long)}


@pytest.mark.parametrize(
    "line",
    ["{", "[1]", "1", '"text"', "null", '{"n": 1, "n": 2}', '{"n": 1} {"n": 2}', '{"n": 1} x'],
)
def test_what_is_not_one_object_breaks_one_rule(
    spark: SparkSession, tmp_path: Path, line: str
) -> None:
    found = read(spark, tmp_path, {"meta": {"user": "ann"}}, line)
    assert (len(found.good), found.broken) == (1, {"line_is_whole": 1})
    assert found.bad[0]["delivered_line"] == line


def test_braces_in_texts_are_no_second_object(spark: SparkSession, tmp_path: Path) -> None:
    user = 'a "} {" b } x'
    found = read(spark, tmp_path, {"meta": {"user": user}, "n": None})
    assert found.good == [{"user": user, "n": None}]


def test_an_object_where_a_value_was_promised_is_told(spark: SparkSession, tmp_path: Path) -> None:
    found = read(spark, tmp_path, {"meta": {"user": {"id": 1}}}, {"meta": {"user": "ann"}})
    assert found.broken in ({"user_present": 1}, {})


def test_folders_above_a_file_are_columns(spark: SparkSession, tmp_path: Path) -> None:
    columns = (Column("brand", "string", "whose", at=Folder("brand")), USER)
    folder = tmp_path / "acme+co ü" / "2024"
    folder.mkdir(parents=True)
    found = read(
        spark,
        folder,
        {"meta": {"user": "ann"}},
        source=source_of(*columns, folders=("brand", "yyyy")),
    )
    assert found.good == [{"brand": "acme+co ü", "user": "ann"}]


@pytest.mark.parametrize(
    ("spelt", "text"),
    [('"a7"', "a7"), ("7", "7"), (f"{10**30}", f"{10**30}"), ("7.50", "7.50"), ("7.0", "7.0")],
)
def test_an_id_is_a_text_or_a_number_as_it_is_spelt(
    spark: SparkSession, tmp_path: Path, spelt: str, text: str
) -> None:
    found = read(spark, tmp_path, f'{{"id": {spelt}}}', source=source_of(ID))
    assert found.good == [{"id": text}]


@pytest.mark.parametrize("spelt", ["1e20", "2.57597E+05", "5e0", '" "', '"1.2E+10"'])
def test_a_shortened_number_and_blanks_are_no_id(
    spark: SparkSession, tmp_path: Path, spelt: str
) -> None:
    found = read(spark, tmp_path, f'{{"id": {spelt}}}', source=source_of(ID))
    assert (found.good, found.broken) == ([], {"id_is_id": 1})
    assert found.bad[0]["delivered_line"] == f'{{"id": {spelt}}}'


def test_a_digest_counts_keys_and_values_in_any_order(spark: SparkSession, tmp_path: Path) -> None:
    source = source_of(Column("digest", "string", "which", at=Digest()))
    found = read(
        spark,
        tmp_path,
        '{"a": 1, "b": {"c": "x", "d": [1, 2]}}',
        '{"b": {"d": [1, 2], "c": "x"},  "a": 1}',
        '{"a": "1", "b": {"c": "x", "d": [1, 2]}}',
        '{"a": 1, "b": {"c": "x", "d": [2, 1]}}',
        source=source,
    )
    one, same, text, order = (row["digest"] for row in found.good)
    assert one == same
    assert len({one, text, order}) == 3
    assert len(one) == 32


def test_times_are_read_as_in_other_text(spark: SparkSession, tmp_path: Path) -> None:
    at = Column("at", "timestamp", "when", written=Time("yyyy-MM-dd HH:mm:ss"))
    found = read(spark, tmp_path, {"at": "2017-08-09 01:02:03"}, {"at": 5}, source=source_of(at))
    assert found.good == [{"at": dt.datetime(2017, 8, 9, 1, 2, 3)}]
    assert found.broken == {"at_is_timestamp": 1}


def test_one_array_is_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, ' \n[{"n": 1},\n{"n": 2}]', "events.json")
    with pytest.raises(Unusable, match=r"events.json is one JSON array; write one object a line"):
        inspect_files(source_of(), Disk().find(str(path)), Disk())


def test_only_columns_of_json_say_where_they_are() -> None:
    with pytest.raises(ValueError, match="only columns of JSON say where they are"):
        Files("events", Csv(), (USER,))


def test_how_nested_values_come(spark: SparkSession, tmp_path: Path) -> None:
    more: Any = {"meta": {"user": "ann", "user.x": "no"}, "meta.user": "no"}
    assert read(spark, tmp_path, more).good == [{"user": "ann", "n": None}]
