"""The promises of columns and tables as rules: their names, their words, what breaks them."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from spark_app.declarations import Column, OneOf, Option, OptionValue, Rule
from spark_app.quality.promises import bounds, broken, column_rules

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NAN, INF = float("nan"), float("inf")
MORE = Option("more_words", lambda text: (text,), ("c",), "further words")


def column(type_: str = "bigint", **promises: Any) -> Column:
    return Column("x", type_, "anything", **{"null": "not known", **promises})


def the_rule(one: Column, **options: OptionValue) -> Rule:
    (rule,) = column_rules([one], options)
    return rule


def broken_by(spark: "SparkSession", one: Column, *values: object) -> list[object]:
    """The values that break the one rule of a column, in their order."""
    frame = spark.createDataFrame(list(enumerate(values)), f"i int, x {one.type}")
    rows = frame.where(broken(the_rule(one))).select("i").collect()
    return [values[i] for i in sorted(row["i"] for row in rows)]


def test_presence_comes_first_then_ranges_then_known_values() -> None:
    first = Column("a", "string", "A.", one_of=OneOf(("x",)))
    second = Column("b", "int", "B.", least=0)
    third = Column("c", "int", "C.", null="not known", most=1)
    rules = column_rules([first, second, third], {})
    assert [rule.name for rule in rules] == [
        *("a_present", "b_present"),
        *("b_in_range", "c_in_range"),
        "a_is_known",
    ]


def test_a_column_that_promises_nothing_has_no_rule() -> None:
    assert column_rules([column()], {}) == ()


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (column(null=None), "x is present."),
        (column(least=0, most=2**53), "x is from 0 to 9007199254740992."),
        (column("double", least=0.5), "x is at least 0.5."),
        (column(most=-1), "x is at most -1."),
        (column("string", one_of=OneOf(("all",))), "x is all."),
        (column("string", one_of=OneOf(("all", "ios", "tv"))), "x is all, ios or tv."),
        (column("string", one_of=OneOf(("", "a"))), "x is empty text or a."),
        (column("string", one_of=OneOf(("a", "b"), MORE)), "x is a or b, or one of c."),
        (
            column("string", one_of=OneOf(lambda: tuple(map(str, range(251))))),
            "x is one of 251 known values.",
        ),
    ],
)
def test_a_rule_says_in_words_what_it_promises(one: Column, words: str) -> None:
    assert the_rule(one).words == words


def test_an_option_adds_values_and_has_a_default(spark: "SparkSession") -> None:
    one = column("string", one_of=OneOf(("a",), MORE))
    assert broken_by(spark, one, "a", "c", "d") == ["d"]
    assert the_rule(one, more_words=("d", "e")).words == "x is a, or one of d, e."
    assert "'d', 'e'" in the_rule(one, more_words=("d", "e")).ok
    assert the_rule(one, more_words=()).words == "x is a."


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("string", ("", " ", "null")),
        ("double", (NAN, INF, -0.0)),
        ("boolean", (False,)),
        ("date", (date(1, 1, 1),)),
    ],
)
def test_only_null_is_absent(spark: "SparkSession", type_: str, values: tuple[object, ...]) -> None:
    assert broken_by(spark, column(type_, null=None), *values, None) == [None]


def test_bounds_are_inclusive_and_null_is_not_judged(spark: "SparkSession") -> None:
    assert broken_by(spark, column("int", least=-1, most=1), -2, -1, 0, 1, 2, None) == [-2, 2]


def test_whole_numbers_are_exact_beyond_2_to_the_53(spark: "SparkSession") -> None:
    at = 2**53
    assert broken_by(spark, column(most=at), at, at + 1, None) == [at + 1]
    assert broken_by(spark, column(least=at + 1), at, at + 1) == [at]
    assert broken_by(spark, column(most=float(at)), at, at + 1) == [at + 1]
    ends = (-(2**63), 2**63 - 1)
    assert broken_by(spark, column(least=ends[0], most=ends[1]), *ends) == []
    assert broken_by(spark, column(least=ends[0] + 1, most=ends[1] - 1), *ends) == [*ends]


@pytest.mark.parametrize(
    ("promises", "expected"),
    [
        ({"least": 0}, [-5e-324, -INF]),
        ({"most": 0}, [5e-324, 1e300, INF]),
        ({"least": 0, "most": 1e300}, [-5e-324, INF, -INF]),
    ],
)
def test_nan_is_in_no_range_and_minus_zero_is_zero(
    spark: "SparkSession", promises: dict[str, float], expected: list[float]
) -> None:
    values = (0.0, -0.0, -5e-324, 5e-324, 1e300, INF, -INF, None, NAN)
    found = broken_by(spark, column("double", **promises), *values)
    assert [value for value in found if value != NAN][:-1] == expected
    assert found[-1] is values[-1]


def test_a_bound_of_a_decimal_is_what_is_written(spark: "SparkSession") -> None:
    values = [Decimal(text) for text in ("0.09", "0.10", "5.00", "5.01")]
    one = column("decimal(10,2)", least=0.1, most=5)
    assert broken_by(spark, one, *values, None) == [values[0], values[3]]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (column("int", least=0.5, most=1.5), (1, 1)),
        (column("double", least=2**53 + 1), (float(2**53 + 2), None)),
        (column("double", most=2**53 + 1), (None, float(2**53))),
        (column("decimal(4,1)", least=0.01, most=0.99), (Decimal("0.1"), Decimal("0.9"))),
    ],
)
def test_a_bound_that_a_column_cannot_hold_becomes_the_next_inside(
    one: Column, expected: tuple[object, object]
) -> None:
    assert bounds(one) == expected


def test_only_the_listed_texts_are_known(spark: "SparkSession") -> None:
    one = column("string", one_of=OneOf(("", "it's", "a\\b", "'; --")))
    values = ("", "it's", "a\\b", "'; --", "its", "ab", " ", None)
    assert broken_by(spark, one, *values) == ["its", "ab", " "]


def test_a_column_may_have_any_name(spark: "SparkSession") -> None:
    one = Column("a `b`.c", "int", "anything", least=0)
    frame = spark.createDataFrame([(-1,), (None,), (1,)], "`a ``b``.c` int")
    counts = [frame.where(broken(rule)).count() for rule in column_rules([one], {})]
    assert counts == [1, 1]


@pytest.mark.parametrize(
    "one",
    [
        column("date", least=0),
        column("string", most=1),
        column("timestamp", least=0),
        column("double", least=NAN),
        column("double", most=INF),
        column("int", one_of=OneOf(("1",))),
        column("string", one_of=OneOf(())),
    ],
)
def test_a_promise_that_no_value_could_keep_is_refused(one: Column) -> None:
    with pytest.raises(ValueError, match=r"^x: "):
        column_rules([one], {})


def test_a_predicate_that_is_null_is_broken_where_it_is_judged(spark: "SparkSession") -> None:
    frame = spark.createDataFrame([(1, None), (None, 1), (1, 1)], "a int, b int")
    assert frame.where(broken(Rule("r", "R.", ("a",), "a = b"))).count() == 1
    assert frame.where(broken(Rule("r", "R.", ("a",), "a = b", judges_null=True))).count() == 2
