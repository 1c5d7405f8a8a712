"""A line of JSON is read exactly, however fast: held against a slow and plain reading."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spark_app.declarations import Digest, Key, Rest
from spark_app.sources.json_values import NOT_WHOLE, Values, depth_within, keys_of, parse

ON_A_BUSY_MACHINE = settings(
    deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
NUMBERS = st.one_of(
    st.integers(),
    st.integers(2**53, 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, places=20),
    st.tuples(st.integers(0, 2**60), st.integers(-340, 280)).map(lambda two: f"{two[0]}E{two[1]}"),
).map(str)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('":\\ ')).map(json.dumps)
NAMES = st.sampled_from(['"a"', '"b"', '"\\u0061"', '"a\\":"', '" :"', '"\\u0022:"', '"\\\\"'])
SPACE = st.sampled_from(["", "", "", " ", "\t", "\r"])


def objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(NAMES, SPACE, SPACE, values).map(lambda p: f"{p[0]}{p[1]}:{p[2]}{p[3]}")
    return st.lists(pairs, max_size=4).map(lambda found: f"{{{', '.join(found)}}}")


def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).map(lambda found: f"[{','.join(found)}]")


def values() -> st.SearchStrategy[str]:
    plain = st.one_of(NUMBERS, TEXTS, st.sampled_from(["null", "true", "false"]))
    return st.recursive(plain, lambda inner: objects(inner) | arrays(inner), max_leaves=6)


def plainly(line: str) -> Any:
    """The object with every number as a decimal; null where a key stands there twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        return json.loads(line, object_pairs_hook=once, parse_int=Decimal, parse_float=Decimal)
    except ValueError:
        return None


@ON_A_BUSY_MACHINE
@given(objects(values()))
@example('{"a" :1,"a":2}')
@example('{"a":1,"\\u0061":2}')
@example('{"a":1,"a\\":":{"\\u0022:":2},"a":3}')
@example('{"a":0.12345678901234567,"b":0.12345678901234568}')
@example('{"a":9007199254740993.0}')
@example('{"a":18446744073709551616}')
@example('{"a":9007199254740993e0}')
@example('{"a":1e-400, "b":1.23451e-320}')
def test_a_line_says_what_it_says(line: str) -> None:
    expected, found = plainly(line), parse(line.encode())
    assert (found.found is None) == (expected is None)
    if expected is not None:
        assert plainly(found.canonical.decode()) == expected


@ON_A_BUSY_MACHINE
@given(objects(values()), objects(values()))
def test_lines_are_equal_where_their_values_are(one: str, other: str) -> None:
    found, expected = (parse(one.encode()), parse(other.encode())), (plainly(one), plainly(other))
    if None not in expected and repr(expected[0]) != repr(expected[1]):
        assert (found[0].canonical == found[1].canonical) <= (expected[0] == expected[1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":1,"b":2}', '{ "b" : 2 , "a" : 1 }'),
        ('{"a":"\\u00fc\\/"}', '{"a":"ü/"}'),
        ('{"a":1.50}', '{"a":15e-1}'),
        ('{"a":0.12345678901234567890}', '{"a":12345678901234567.89e-17}'),
        ('{"a":12345678901234567.0}', '{"a":12345678901234567.00}'),
    ],
)
def test_one_spelling_stands_for_all(one: str, other: str) -> None:
    assert parse(one.encode()).canonical == parse(other.encode()).canonical


@pytest.mark.parametrize(
    "line",
    [
        *("", "{", "[1]", "null", '{"a":1}{', '{"a":1} x', "{'a':1}", '{"a":NaN}', '{"a":01}'),
        *('{"a":1e-9999999999999999999}', '{"a":0e99999999999999999999}'),
        *('{"a":"\\ud800"}', '{"a":"\t"}', '{"a":1e999}', '{"a":1,}', "\ufeff{}"),
    ],
)
def test_what_is_no_whole_object_is_told(line: str) -> None:
    assert parse(line.encode()) == NOT_WHOLE


def test_what_is_no_text_is_told() -> None:
    assert parse(b'{"a":"\xff"}') == NOT_WHOLE


@pytest.mark.parametrize("depth", [199, 200, 201, 300, 2_000, 200_000])
@pytest.mark.parametrize("bracket", ["[]", '{"a":}'])
def test_depth_is_counted_outside_of_texts(depth: int, bracket: str) -> None:
    line = f'{{"{"[" * 300}": {bracket[:-1] * (depth - 1)}1{bracket[-1] * (depth - 1)}}}'.encode()
    assert depth_within(line, 200) == (depth <= 200)
    parse(line)


def test_keys_lie_in_objects() -> None:
    keys = keys_of([["a"], ["b", "c"], ["b", "d", "e"], ["f", "g"], ["f"]])
    assert keys == {"a": None, "b": {"c": None, "d": {"e": None}}, "f": None}


def read(values: Values, *lines: str) -> list[dict[str, Any]]:
    def batches() -> Iterator[pa.RecordBatch]:
        for line in lines:
            columns = [pa.array([line.encode()]), pa.array(["file:///f"])]
            yield pa.RecordBatch.from_arrays(columns, ["value", "source_file"])

    return [batch.to_pylist()[0]["texts"] for batch in values.read(batches())]


def test_a_digest_stays_what_it_is() -> None:
    line = '{"a":1e16,"b":1e-7,"c":0.00001,"d":0.12345678901234567891,"e":1.5,"f":[12,"ü",null]}'
    (row,) = read(Values({"digest": Digest()}, {}, 200), line)
    assert row["digest"] == "225c7bb71a34389c4287a03d8388fb04", (
        "tables that have digests would take events for others"
    )


def test_a_whole_number_is_another_than_one_with_a_fraction() -> None:
    for whole in ("1", "12345678901234567"):
        one, other = (parse(f'{{"a":{text}}}'.encode()) for text in (whole, f"{whole}.0"))
        assert one.canonical != other.canonical


def test_numbers_have_no_exponents_but_enormous_ones() -> None:
    lines = ['{"v":0.000001}', '{"v":1.2E-7}', '{"v":1e16}', '{"v":0.12345678901234567891}']
    texts = ["0.000001", "0.00000012", "10000000000000000", "0.12345678901234567891"]
    lines, texts = [*lines, '{"v":1E-99999}'], [*texts, "1E-99999"]
    assert [row["v"] for row in read(Values({"v": Key("v")}, {}, 200), *lines)] == texts


@pytest.mark.parametrize("line", ['{"a.b":1,"a":{"b":2}}', '{"a":{"b":2},"a.b":1}'])
def test_a_path_inside_goes_before_a_key_spelt_so(line: str) -> None:
    wanted = Values({"rest": Rest()}, keys_of([["a", "c"]]), 200)
    assert read(wanted, line) == [{"rest": '{"a.b":2}'}]


def test_a_text_without_an_end_costs_no_time() -> None:
    assert not depth_within(b"[" * 201 + b'"' + b'\\"' * 1_000_000, 200)


def test_values_come_as_they_are_written() -> None:
    wanted = Values({"v": Key("v")}, {}, 200)
    lines = ['{"v":"x"}', '{"v":""}', '{"v":null}', "{}", '{"v":true}', '{"v":12}', '{"v":1.5}']
    lines += ['{"v":1234567890123456789012}', '{"v":{"b":1,"a":[]}}', "no"]
    texts = ["x", None, None, None, "true", "12", "1.5"]
    texts += ["1234567890123456789012", '{"a":[],"b":1}', None]
    assert [row["v"] for row in read(wanted, *lines)] == texts


def test_no_lines_are_no_rows() -> None:
    none = pa.RecordBatch.from_arrays([pa.array([], pa.binary()), pa.array([], pa.string())], "ab")
    assert list(Values({"v": Key("v")}, {}, 200).read([none])) == []


def test_a_line_that_is_none_has_no_values() -> None:
    wanted = Values({"digest": Digest(), "rest": Rest(), "v": Key("a.v")}, {}, 200)
    assert read(wanted, "[]", '{"a":[{"v":1}]}') == [
        {"digest": None, "rest": None, "v": None},
        {"digest": "6d26cd7e4f4c6b03943e51bfb3841919", "rest": '{"a":[{"v":1}]}', "v": None},
    ]
