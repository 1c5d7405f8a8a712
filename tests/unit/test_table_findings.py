"""What the standard checks find in a table that a run built."""

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from spark_app.declarations import Column, OneFile, Table, fail
from spark_app.quality import expectations
from spark_app.quality.gate import shut_reason
from spark_app.quality.results import CheckResult, results_of
from spark_app.quality.standard import checks_of, table_checks
from spark_app.quality.table_findings import standard_findings
from tests.builders import job_of

NUMBERS = Table(
    "numbers",
    grain="one row per number",
    key=("n",),
    columns=(
        Column("n", "bigint", "a number", least=1, most=2**53),
        Column("x", "double", "another", null="not known", least=0, most=1),
    ),
)
EMPTY = replace(NUMBERS, may_be_empty=True)


def numbers(*values: Any, x: Any = None) -> pa.Table:
    both = {"n": pa.array(values, pa.int64()), "x": pa.array([x] * len(values), pa.float64())}
    return pa.table(both)


def results(rows: pa.Table, table: Table = NUMBERS) -> dict[str, CheckResult]:
    found = standard_findings(table, rows, None, {})
    return {r.check: r for r in results_of(table_checks("final", table, (), {}), found)}


def broken(rows: pa.Table, table: Table = NUMBERS) -> set[str]:
    return {name for name, result in results(rows, table).items() if result.outcome != "passed"}


def is_open(rows: pa.Table, table: Table = NUMBERS) -> bool:
    return shut_reason("final", list(results(rows, table).values())) is None


def test_a_table_as_promised_passes_and_says_how_many_rows_were_looked_at() -> None:
    found = results(numbers(1, 2, 3))
    assert {(r.outcome, r.failed) for r in found.values()} == {("passed", 0)}
    assert found["n_in_range"].rows == 3


def test_a_promise_that_is_broken_says_how_many_rows_break_it() -> None:
    found = results(numbers(1, 0, 3))["n_in_range"]
    assert (found.outcome, found.rows, found.failed) == ("failed", 3, 1)


def test_a_table_without_rows_keeps_the_gate_shut() -> None:
    assert broken(numbers()) == {"has_rows"}
    assert results(numbers())["has_rows"].detail == "there is no row"
    assert not is_open(numbers())


def test_a_table_that_may_be_empty_opens_the_gate_without_rows() -> None:
    assert broken(numbers(), EMPTY) == set()
    assert "has_rows" not in results(numbers(1), EMPTY)


def test_promises_of_a_missing_column_are_errors_and_do_not_hide_the_others() -> None:
    found = results(numbers(1).drop_columns(["x"]))
    assert found["x_in_range"].outcome == "error"
    assert found["n_in_range"].outcome == "passed"
    assert found["columns_as_promised"].detail == "found n"


def test_a_promise_that_cannot_be_judged_on_the_type_that_came_is_an_error() -> None:
    found = results(pa.table({"n": ["one"], "x": pa.array([0.5])}))
    assert found["n_in_range"].outcome == "error"
    assert found["types_as_promised"].detail == "n is string, promised int64"


def test_an_engine_that_raises_is_an_error_of_every_promise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken_engine(*_: object) -> None:
        raise RuntimeError("no engine\nat line 7")

    monkeypatch.setattr(expectations, "judge", broken_engine)
    found = results(numbers(1))
    errors = {name: r.detail for name, r in found.items() if r.outcome == "error"}
    assert errors == dict.fromkeys(
        ("key_is_unique", "n_present", "n_in_range", "x_in_range"), "RuntimeError: no engine"
    )


def test_an_engine_without_an_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expectations, "judge", lambda *_: {})
    found = results(numbers(1))["n_in_range"]
    assert (found.outcome, found.detail) == ("error", "it gave no result")


def test_nan_is_no_number_and_in_no_range() -> None:
    rows = numbers(1, 2, x=math.nan)
    assert broken(rows) == {"numbers_are_numbers", "x_in_range"}
    assert results(rows)["numbers_are_numbers"].detail == "x is NaN in 2 rows"


def test_nan_is_found_in_a_column_without_a_range() -> None:
    table = Table("t", "one row", key=("n",), columns=(Column("n", "double", "a number"),))
    assert broken(pa.table({"n": [math.nan, 1.0]}), table) == {"numbers_are_numbers"}


def test_null_is_no_nan() -> None:
    assert broken(numbers(1, 2, x=None)) == set()


def test_integers_beyond_a_double_stay_exact_beside_a_null() -> None:
    found = results(numbers(2**53 + 1, 2**53, None))
    assert (found["n_in_range"].rows, found["n_in_range"].failed) == (3, 1)
    assert found["n_present"].failed == 1


TYPES = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "decimal(10,2)": pa.decimal128(10, 2),
}


@pytest.mark.parametrize("promised", TYPES)
def test_only_the_exact_type_is_as_promised(promised: str) -> None:
    table = Table("t", "one row", key=("c",), columns=(Column("c", promised, "a value"),))
    for name, kind in TYPES.items():
        rows = pa.table({"c": pa.nulls(1, kind)})
        assert ("types_as_promised" in broken(rows, table)) == (name != promised)


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_another_text_type_is_not_as_promised(kind: pa.DataType) -> None:
    table = Table("t", "one row", key=("c",), columns=(Column("c", "string", "a text"),))
    assert "types_as_promised" in broken(pa.table({"c": pa.array(["x"]).cast(kind)}), table)


def test_a_type_that_no_table_can_have_is_refused() -> None:
    table = Table("t", "one row", key=("c",), columns=(Column("c", "tinyint", "a number"),))
    with pytest.raises(ValueError, match="a table has no type tinyint"):
        results(pa.table({"c": pa.array([1], pa.int8())}), table)


def test_a_table_beyond_its_size_keeps_the_gate_shut() -> None:
    rows = numbers(*range(1, 100_001))
    assert rows.nbytes > 2**20
    small = replace(NUMBERS, kept_as=OneFile(2**20))
    exact = replace(NUMBERS, kept_as=OneFile(rows.nbytes))
    assert broken(rows, small) == {"fits_one_file"}
    assert results(rows, small)["fits_one_file"].detail == "it is 2 MiB large, at most are 1"
    assert broken(rows, exact) == set()


def test_decimals_are_judged_exactly() -> None:
    cents = Column("c", "decimal(10,2)", "an amount", least=0, most=100)
    table = Table("t", "one row", key=("c",), columns=(cents,))
    amounts = [Decimal("0.00"), Decimal("100.00"), Decimal("100.01"), Decimal("-0.01")]
    rows = pa.table({"c": pa.array(amounts, pa.decimal128(10, 2))})
    assert results(rows, table)["c_in_range"].failed == 2


def test_no_check_may_take_the_name_of_another() -> None:
    twice = replace(NUMBERS, checks=(fail("has_rows", "There is a row.", "true"),))
    with pytest.raises(ValueError, match=r"has two checks has_rows of numbers \(final\)"):
        checks_of(job_of(twice), {})
