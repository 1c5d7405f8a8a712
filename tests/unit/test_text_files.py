"""Delivered text: what a line and its values are read as, what is set aside, what is refused."""

import datetime as dt
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pyspark.sql import SparkSession

from spark_app.declarations import RESCUED, Column, Csv, EpochMillis, Files, Time
from spark_app.errors import Unusable
from spark_app.lake.store import Disk
from spark_app.quality.standard import rules_of
from spark_app.run.reading import plain_way
from spark_app.sources import contract
from spark_app.sources.files import inspect_files, read_files
from spark_app.sources.text_types import parsed

USER = Column("user", "string", "who")
N = Column("n", "int", "how many", null="none")
KIND = Column("kind", "string", "which kind")
ID = Column("id", "string", "which", is_id=True)
MICROS = Time("yyyy-MM-dd HH:mm:ss.SSSSSS")


class Judged(NamedTuple):
    """Good rows; how many broke each rule, where some did; bad rows without their file."""

    good: list[dict[str, Any]]
    broken: dict[str, int]
    bad: list[dict[str, Any]]


def source_of(*columns: Column, form: Csv | None = None, zone: str = "UTC") -> Files:
    return Files("events", form or Csv(header=False), columns or (USER, N), zone=zone)


def write(folder: Path, content: str | bytes, name: str = "events.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def judged(spark: SparkSession, source: Files, *paths: Path) -> Judged:
    inputs = [file for path in paths for file in Disk().find(str(path))]
    found = inspect_files(source, inputs, Disk())
    frame = read_files(spark, source, found, bytes_count=sum(file.size_bytes for file in inputs))
    rows, broken = plain_way(frame, source, rules_of(source, {}))
    bad = [row.asDict() for row in rows.bad.drop("source_file").collect()] if rows.bad else []
    return Judged(
        [row.asDict() for row in rows.good.collect()],
        {name: count for name, count in broken.items() if count},
        bad,
    )


def value(spark: SparkSession, folder: Path, column: Column, text: str, **how: Any) -> Any:
    """What a text is read as; the name of the rule that it breaks where it is not."""
    found = judged(spark, source_of(column, **how), write(folder, f"{text}\n"))
    return found.good[0][column.name] if found.good else next(iter(found.broken))


# Lines


def test_a_line_is_a_row(spark: SparkSession, tmp_path: Path) -> None:
    found = judged(spark, source_of(), write(tmp_path, "ann,1\nbob,2\n"))
    assert found == ([{"user": "ann", "n": 1}, {"user": "bob", "n": 2}], {}, [])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"ann,1\nbob,2", id="no line break at the end"),
        pytest.param(b"ann,1\r\nbob,2\r\n", id="CRLF"),
        pytest.param(b"\xef\xbb\xbfann,1\nbob,2\n", id="BOM"),
        pytest.param(b"ann,1\n\nbob,2\n\n", id="blank lines"),
        pytest.param(b'"ann","1"\n"bob","2"\n', id="quotes"),
    ],
)
def test_a_line_is_a_row_however_it_is_written(
    spark: SparkSession, tmp_path: Path, content: bytes
) -> None:
    rows = [{"user": "ann", "n": 1}, {"user": "bob", "n": 2}]
    assert judged(spark, source_of(), write(tmp_path, content)) == (rows, {}, [])


def test_packed_files_are_read(spark: SparkSession, tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(b"ann,1\n"), "events.csv.gz")
    assert judged(spark, source_of(), path).good == [{"user": "ann", "n": 1}]


def test_names_of_files_are_no_patterns(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path, "no,1\n", "events 1.csv")
    assert judged(spark, source_of(), write(tmp_path, "ann,1\n", "events [1].csv")).good == [
        {"user": "ann", "n": 1}
    ]


@pytest.mark.parametrize("line", ["ann", "ann,1,more"])
def test_a_line_with_too_few_or_too_many_values_breaks_one_rule(
    spark: SparkSession, tmp_path: Path, line: str
) -> None:
    found = judged(spark, source_of(), write(tmp_path, f"bob,2\n{line}\n"))
    assert (found.good, found.broken) == ([{"user": "bob", "n": 2}], {"line_is_whole": 1})
    assert found.bad[0]["delivered_line"] == line


@pytest.mark.parametrize("header", [True, False])
def test_a_line_that_repeats_the_header_is_no_row(
    spark: SparkSession, tmp_path: Path, header: bool
) -> None:
    source = source_of(USER, KIND, form=Csv(header=header))
    content = ("user,kind\n" if header else "") + 'ann,a\n"user","kind"\nbob,b\n'
    found = judged(spark, source, write(tmp_path, content))
    assert [row["user"] for row in found.good] == ["ann", "bob"]
    assert found.broken == {"line_is_no_header": 1}


@pytest.mark.parametrize("header", [True, False])
def test_a_header_in_another_order_within_a_file_is_told(
    spark: SparkSession, tmp_path: Path, header: bool
) -> None:
    source = source_of(USER, KIND, form=Csv(header=header))
    content = ("user,kind\n" if header else "") + "ann,a\nkind,user\nb,bob\n"
    found = judged(spark, source, write(tmp_path, content))
    assert found.broken == {"columns_keep_order": 1}


def test_values_may_be_names_of_columns(spark: SparkSession, tmp_path: Path) -> None:
    path = write(tmp_path, "kind,a\nuser,b\nann,user\n")
    assert judged(spark, source_of(USER, KIND), path).broken == {}


@pytest.mark.parametrize("text", ["7", "a b", "1.2E10", "-", "E+1", "+49"])
def test_an_id_is_any_text(spark: SparkSession, tmp_path: Path, text: str) -> None:
    assert value(spark, tmp_path, ID, text) == text


@pytest.mark.parametrize("text", ['" "', "1.2E+10", "2,5e+05".join('""'), "12E+3", "1.E+3"])
def test_blanks_and_a_number_that_was_shortened_are_no_id(
    spark: SparkSession, tmp_path: Path, text: str
) -> None:
    assert value(spark, tmp_path, ID, text) == "id_is_id"


def test_two_columns_that_nobody_promised_may_have_one_name(
    spark: SparkSession, tmp_path: Path
) -> None:
    source = source_of(USER, RESCUED, form=Csv())
    path = write(tmp_path, "x,user,x,x_2,\n1,ann,2,3,4\n")
    (row,) = judged(spark, source, path).good
    assert json.loads(row["rescued_json"]) == {"x": "1", "x_3": "2", "x_2": "3", "": "4"}


@pytest.mark.parametrize("name", ["events.csv.bz2", "events.zst", "a.csv.snappy", "a.lz4"])
def test_a_name_by_which_spark_would_unpack_a_file_is_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, "ann,1\n", name)
    with pytest.raises(Unusable, match=rf"{name} is packed, or has a name as if it were; deliver"):
        inspect_files(source_of(), Disk().find(str(path)), Disk())


def test_separators_and_quotes_in_quotes_are_text(spark: SparkSession, tmp_path: Path) -> None:
    path = write(tmp_path, '"a,b",1\n"say ""yes""",2\n')
    assert [row["user"] for row in judged(spark, source_of(), path).good] == ["a,b", 'say "yes"']


def test_a_line_break_in_quotes_is_set_aside_where_none_was_promised(
    spark: SparkSession, tmp_path: Path
) -> None:
    found = judged(spark, source_of(N, USER), write(tmp_path, '1,"two\nlines"\n3,ann\n'))
    assert found.good == [{"n": 3, "user": "ann"}]
    assert found.broken["quotes_are_closed"] == 2


def test_a_line_break_in_quotes_is_read_where_it_was_promised(
    spark: SparkSession, tmp_path: Path
) -> None:
    form = Csv(header=False, has_line_breaks=True)
    path = write(tmp_path, '1,"two\nlines"\n3,ann\nbad\n')
    found = judged(spark, source_of(N, USER, form=form), path)
    assert [row["user"] for row in found.good] == ["two\nlines", "ann"]
    assert found.broken == {"line_is_whole": 1}


def test_a_line_that_is_not_utf8_is_set_aside(spark: SparkSession, tmp_path: Path) -> None:
    found = judged(spark, source_of(), write(tmp_path, b"ann,1\nM\xfcller,2\n"))
    assert (len(found.good), found.broken) == (1, {"line_is_utf8": 1})
    assert found.bad[0] | {"broken_rules": None} == {
        "user": "M\ufffdller",
        "n": "2",
        "delivered_line": "M\ufffdller,2",
        "delivered_bytes": b"M\xfcller,2",
        "broken_rules": None,
    }


def test_other_separators_quotes_and_encodings_are_declared(
    spark: SparkSession, tmp_path: Path
) -> None:
    form = Csv(header=False, separator=";", quote="'", encoding="ISO-8859-1")
    path = write(tmp_path, "'Müller;';1\n".encode("latin-1"))
    assert judged(spark, source_of(form=form), path).good == [{"user": "Müller;", "n": 1}]


# Headers


def test_columns_are_found_by_the_header_of_each_file(spark: SparkSession, tmp_path: Path) -> None:
    one = write(tmp_path, "user,n\nann,1\n", "one.csv")
    two = write(tmp_path, "more,n,user\nx,2,bob\n", "two.csv")
    source = source_of(form=Csv())
    found = judged(spark, source, one, two)
    assert sorted(found.good, key=str) == [{"user": "ann", "n": 1}, {"user": "bob", "n": 2}]
    inspected = inspect_files(source, Disk().find(str(tmp_path)), Disk())
    findings = contract.findings(inspected)
    assert findings["columns_present"].failed == 0
    assert "column more is not in the contract" in findings["no_extra_columns"].detail


def test_ignored_columns_are_not_told(tmp_path: Path) -> None:
    source = source_of(Column("a", "string", "what"), form=Csv(ignored=("x",)))
    write(tmp_path, "a,x,y\n1,2,3\n")
    (file,) = inspect_files(source, Disk().find(str(tmp_path)), Disk())
    assert [column.column for column in file.columns if column.expected is None] == ["y"]


def test_a_header_with_a_name_missing_or_twice_breaks_the_contract(tmp_path: Path) -> None:
    write(tmp_path, "User,n\nann,1\n", "one.csv")
    write(tmp_path, "user,n,n\nann,1,1\n", "two.csv")
    inspected = inspect_files(source_of(form=Csv()), Disk().find(str(tmp_path)), Disk())
    found = contract.findings(inspected)
    assert found["columns_present"].detail.endswith("found none (there is User)")
    assert found["types_kept"].detail.endswith("expected int, found 2 columns of that name")


def test_the_header_of_files_glued_together_is_no_row(spark: SparkSession, tmp_path: Path) -> None:
    path = write(tmp_path, "user,n\nann,1\nuser,n\nbob,2\n")
    found = judged(spark, source_of(form=Csv()), path)
    assert (len(found.good), found.broken) == (2, {})


def test_a_header_where_none_was_promised_is_set_aside(spark: SparkSession, tmp_path: Path) -> None:
    found = judged(spark, source_of(), write(tmp_path, "user,n\nann,1\n"))
    assert (len(found.good), found.broken) == (1, {"line_is_no_header": 1, "n_is_int": 1})
    assert found.bad[0] | {"broken_rules": None} == {
        "user": "user",
        "n": "n",
        "delivered_line": "user,n",
        "delivered_bytes": None,
        "broken_rules": None,
    }


def test_a_header_may_end_as_lines_of_an_old_mac_do(spark: SparkSession, tmp_path: Path) -> None:
    path = write(tmp_path, "n,user\r1,ann\r2,bob\r")
    rows = [{"user": "ann", "n": 1}, {"user": "bob", "n": 2}]
    assert judged(spark, source_of(form=Csv()), path) == (rows, {}, [])


def test_a_file_of_a_header_only_has_no_rows(spark: SparkSession, tmp_path: Path) -> None:
    assert judged(spark, source_of(form=Csv()), write(tmp_path, "user,n\n")) == ([], {}, [])


# Values


def test_an_empty_value_is_null_with_and_without_quotes(
    spark: SparkSession, tmp_path: Path
) -> None:
    found = judged(spark, source_of(), write(tmp_path, 'ann,\nbob,""\n,3\n'))
    assert [row["n"] for row in found.good] == [None, None]
    assert found.broken == {"user_present": 1}


@pytest.mark.parametrize("text", ["1.0", "1e3", "x", " 1", "2147483648", "0x10", "1_000"])
def test_a_number_that_is_not_one_breaks_the_rule_of_its_type_alone(
    spark: SparkSession, tmp_path: Path, text: str
) -> None:
    required = Column("n", "int", "how many")
    found = judged(spark, source_of(USER, required), write(tmp_path, f"ann,{text}\nbob,1\n"))
    assert (len(found.good), found.broken) == (1, {"n_is_int": 1})
    assert found.bad[0]["n"] == text


READ = [
    ("bigint", "9007199254740993", 2**53 + 1),
    ("bigint", "-9223372036854775808", -(2**63)),
    ("int", "007", 7),
    ("decimal(10,2)", "12.5", Decimal("12.50")),
    ("decimal(10,2)", "12.5000", Decimal("12.50")),
    ("decimal(10,2)", "12.345", "x_is_decimal"),
    ("decimal(10,2)", "123456789.00", "x_is_decimal"),
    ("decimal(10,2)", "1e2", "x_is_decimal"),
    ("decimal(5,0)", "12.0", Decimal(12)),
    ("double", "1.5e3", 1500.0),
    ("double", "NaN", "x_is_double"),
    ("double", "Infinity", "x_is_double"),
    ("boolean", "TRUE", True),
    ("boolean", "1", "x_is_boolean"),
    ("date", "2024-02-29", dt.date(2024, 2, 29)),
    ("date", "2023-02-29", "x_is_date"),
    ("date", "2024-2-29", "x_is_date"),
    ("string", "00012", "00012"),
    ("string", " as it is ", " as it is "),
]


@pytest.mark.parametrize(("kind", "text", "expected"), READ)
def test_values_are_read_exactly_or_not_at_all(
    spark: SparkSession, tmp_path: Path, kind: str, text: str, expected: object
) -> None:
    assert value(spark, tmp_path, Column("x", kind, "a value"), text) == expected


def test_a_decimal_comma_is_declared(spark: SparkSession, tmp_path: Path) -> None:
    column = Column("x", "decimal(10,2)", "a value")
    form = Csv(header=False, separator=";", decimal=",")
    assert value(spark, tmp_path, column, "12,5", form=form) == Decimal("12.50")
    assert value(spark, tmp_path, column, "1.200,5", form=form) == "x_is_decimal"


# Times


def at(pattern: str) -> Column:
    return Column("at", "timestamp", "when", written=Time(pattern))


TIMES = [
    (MICROS.pattern, "2018-05-01 03:12:45.123456", dt.datetime(2018, 5, 1, 3, 12, 45, 123456)),
    (MICROS.pattern, "2018-05-01 03:12:45", "at_is_timestamp"),
    (MICROS.pattern, "2018-05-01T03:12:45.123456", "at_is_timestamp"),
    (MICROS.pattern, "2018-05-32 03:12:45.123456", "at_is_timestamp"),
    ("yyyy-MM-dd HH:mm:ss", "2018-05-01 24:00:00", "at_is_timestamp"),
    ("yyyy-MM-ddTHH:mm:ss", "2018-05-01T03:12:45", dt.datetime(2018, 5, 1, 3, 12, 45)),
    ("dd.MM.yyyy HH:mm:ss", "01.05.2018 03:12:45", dt.datetime(2018, 5, 1, 3, 12, 45)),
    ("yyyyMMddHHmmssSSS", "20180501031245123", dt.datetime(2018, 5, 1, 3, 12, 45, 123000)),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), TIMES)
def test_times_are_read_in_just_their_form(
    spark: SparkSession, tmp_path: Path, pattern: str, text: str, expected: object
) -> None:
    assert value(spark, tmp_path, at(pattern), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2024-07-01 12:00:00", dt.datetime(2024, 7, 1, 10), id="summer"),
        pytest.param("2024-01-01 12:00:00", dt.datetime(2024, 1, 1, 11), id="winter"),
        pytest.param("2024-10-27 02:30:00", dt.datetime(2024, 10, 27, 0, 30), id="twice: earlier"),
        pytest.param("2024-03-31 02:30:00", "at_is_timestamp", id="never"),
    ],
)
def test_local_times_are_those_of_the_zone_of_the_source(
    spark: SparkSession, tmp_path: Path, text: str, expected: object
) -> None:
    column = at("yyyy-MM-dd HH:mm:ss")
    assert value(spark, tmp_path, column, text, zone="Europe/Berlin") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1433221332117", dt.datetime(2015, 6, 2, 5, 2, 12, 117000)),
        ("-1", dt.datetime(1969, 12, 31, 23, 59, 59, 999000)),
        ("1433221332117.0", "at_is_timestamp"),
        ("99999999999999999", "at_is_timestamp"),
    ],
)
def test_milliseconds_since_1970_are_a_time(
    spark: SparkSession, tmp_path: Path, text: str, expected: object
) -> None:
    column = Column("at", "timestamp", "when", written=EpochMillis())
    assert value(spark, tmp_path, column, text) == expected


@pytest.mark.parametrize("pattern", ["yyyy-MM-dd", "yy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss z"])
def test_a_pattern_that_is_not_understood_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="the pattern"):
        parsed(at(pattern), source_of(at(pattern)))


def test_a_timestamp_in_text_must_say_how_it_is_written() -> None:
    with pytest.raises(ValueError, match="say how text writes the timestamp at"):
        source_of(Column("at", "timestamp", "when"))


# Files that are refused by name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "is empty; deliver it again", id="0 bytes"),
        pytest.param(b"PAR1....PAR1", "is a Parquet file, not text", id="Parquet"),
        pytest.param(b"PK\x03\x04...", "is a zip archive or a spreadsheet", id="zip"),
        pytest.param(
            gzip.compress(b"a,1"), "is packed by gzip; let its name end", id="gzip by another name"
        ),
        pytest.param("ann,1\n".encode("utf-16"), "is UTF-16; write it as UTF-8", id="UTF-16"),
        pytest.param(b"ann,\x001\n", "is no text: it holds NUL bytes", id="NUL"),
        pytest.param(b"<!DOCTYPE html><p>", "is a page of HTML or XML", id="HTML"),
        pytest.param(b"<?xml version='1.0'?><Error>", "is a page of HTML or XML", id="XML"),
        pytest.param(
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "is a pointer of Git LFS",
            id="Git LFS",
        ),
    ],
)
def test_what_is_no_text_is_refused_by_name(tmp_path: Path, content: bytes, words: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(Unusable) as raised:
        inspect_files(source_of(), Disk().find(str(path)), Disk())
    assert str(raised.value).startswith(f"{path} {words}")


def test_a_broken_gzip_file_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, b"ann,1\n", "events.csv.gz")
    with pytest.raises(Unusable, match=r"events.csv.gz is not packed by gzip, or broken"):
        inspect_files(source_of(), Disk().find(str(path)), Disk())


def test_a_header_without_an_end_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, b"x" * 2**17)
    with pytest.raises(Unusable, match="has no end within 65536 bytes"):
        inspect_files(source_of(form=Csv()), Disk().find(str(path)), Disk())


def test_a_header_that_is_no_line_is_refused(tmp_path: Path) -> None:
    form = Csv(encoding="cp037")  # where other bytes end a line
    path = write(tmp_path, "user\nmore,n".encode("cp037"))
    with pytest.raises(Unusable, match=r"first line of .*events.csv cannot be read \(new-line"):
        inspect_files(source_of(form=form), Disk().find(str(path)), Disk())
