"""Great-expectations judges the promises of a small table, with a suite made from them.

It keeps every bound of a range as a double: a range with another bound (2^53 + 1, or a tenth for
a decimal column) is not in the suite but judged here, with Arrow. Beside that it is exact on what
`_to_pandas` gives it; Arrow's types are what tells null from NaN and keeps integers whole.
"""

import importlib
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from spark_app.declarations import Column, Finding, OptionValue, Table
from spark_app.quality.lean_import import lean_import
from spark_app.quality.promises import (
    KEY_IS_UNIQUE,
    Promise,
    allowed,
    bounds,
    check_name,
    has_range,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from great_expectations.core.expectation_validation_result import (
        ExpectationValidationResult as Answer,
    )
    from great_expectations.expectations.expectation import Expectation


_GX = "great_expectations"
_EXPECTATIONS, _METRICS = f"{_GX}.expectations.core", f"{_GX}.expectations.metrics"
# Packages that import every data source, every expectation and the libraries of all of them.
_PACKAGES = (
    _GX,
    f"{_GX}.core",
    f"{_GX}.data_context",
    f"{_GX}.data_context.data_context",
    f"{_GX}.expectations",
    _EXPECTATIONS,
    _METRICS,
    f"{_METRICS}.column_map_metrics",
)
_ABSENT = ("boto3", "botocore", "pyspark.ml", "sqlalchemy")
_MODULES = (
    f"{_EXPECTATIONS}.expect_column_values_to_be_between",
    f"{_EXPECTATIONS}.expect_column_values_to_be_in_set",
    f"{_EXPECTATIONS}.expect_column_values_to_not_be_null",
    f"{_EXPECTATIONS}.expect_compound_columns_to_be_unique",
    f"{_METRICS}.column_map_metrics.column_values_between",
    f"{_METRICS}.column_map_metrics.column_values_in_set",
    f"{_METRICS}.column_map_metrics.column_values_non_null",
    f"{_METRICS}.multicolumn_map_metrics.compound_columns_unique",
    f"{_METRICS}.table_metrics",
    f"{_GX}.validator.validator",
)
_CONSTANT = "(all rows)"
_LOADING = Lock()


def judge(table: Table, rows: "pa.Table", options: Mapping[str, OptionValue]) -> dict[str, Finding]:
    """What `rows` break of the promises of `table`, by the name of the standard check.

    A check that could not be run, such as one of a column that is not there, has no finding.
    """
    load()
    there = [column for column in table.columns if column.name in rows.column_names]
    frame = _to_pandas(rows.select([column.name for column in there]))
    answers = _validate(_suite(table, options), frame)
    found = {
        check_name(column, "in_range"): _range_finding(column, rows)
        for column in there
        if has_range(column) and not _has_exact_bounds(column)
    }
    return found | dict(_findings(answers, rows.num_rows))


def load() -> None:
    """Import what `judge` needs of great-expectations: an eighth of it. Any thread may do so.

    The rest of its interface works after that, too, but for expectations that are not named here:
    those raise.
    """
    with _LOADING, lean_import(_PACKAGES, _ABSENT):
        package: Any = importlib.import_module(_GX)
        if "__version__" not in vars(package):
            version = importlib.import_module(f"{_GX}._version")
            package.__version__ = version.get_versions()["version"]
        for name in _MODULES:
            importlib.import_module(name)


def _suite(table: Table, options: Mapping[str, OptionValue]) -> "list[Expectation]":
    return [_unique_key(table), *(e for c in table.columns for e in _of_column(c, options))]


def _of_column(column: Column, options: Mapping[str, OptionValue]) -> "Iterator[Expectation]":
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )
    from great_expectations.expectations.core.expect_column_values_to_be_in_set import (
        ExpectColumnValuesToBeInSet,
    )
    from great_expectations.expectations.core.expect_column_values_to_not_be_null import (
        ExpectColumnValuesToNotBeNull,
    )

    name = column.name
    if column.null is None:
        yield ExpectColumnValuesToNotBeNull(column=name, meta=_meta(column, "present"))
    if has_range(column) and _has_exact_bounds(column):
        least, most = (None if bound is None else float(bound) for bound in bounds(column))
        meta = _meta(column, "in_range")
        yield ExpectColumnValuesToBeBetween(column=name, min_value=least, max_value=most, meta=meta)
    if column.one_of:
        values, meta = list(allowed(column.one_of, options)), _meta(column, "is_known")
        yield ExpectColumnValuesToBeInSet(column=name, value_set=values, meta=meta)


def _unique_key(table: Table) -> "Expectation":
    """The expectation for one column passes over nulls. That for several does not, but wants two
    at least: a constant is the other."""
    from great_expectations.expectations.core.expect_compound_columns_to_be_unique import (
        ExpectCompoundColumnsToBeUnique,
    )

    return ExpectCompoundColumnsToBeUnique(
        column_list=[*table.key, _CONSTANT],
        ignore_row_if="never",
        meta={"check": KEY_IS_UNIQUE},
    )


def _meta(column: Column, promise: Promise) -> dict[str, str]:
    return {"check": check_name(column, promise)}


def _has_exact_bounds(column: Column) -> bool:
    return all(bound is None or float(bound) == bound for bound in bounds(column))


def _range_finding(column: Column, rows: "pa.Table") -> Finding:
    import pyarrow.compute as pc

    values, (least, most) = rows[column.name], bounds(column)
    below = [] if least is None else [pc.less(values, least)]
    above = [] if most is None else [pc.greater(values, most)]
    return Finding(rows.num_rows, sum(pc.sum(out).as_py() or 0 for out in below + above))


def _to_pandas(rows: "pa.Table") -> "pd.DataFrame":
    """The rows in Arrow's types and a constant. Zeros and NaN are each made one: pandas would see
    different keys."""
    import pandas as pd
    import pyarrow as pa

    for i, field in enumerate(rows.schema):
        if pa.types.is_floating(field.type):
            rows = rows.set_column(i, field.name, _with_one_zero_and_nan(rows[i]))
    frame: pd.DataFrame = rows.to_pandas(types_mapper=pd.ArrowDtype)
    return frame.assign(**{_CONSTANT: True})


def _with_one_zero_and_nan(values: "pa.ChunkedArray") -> "pa.ChunkedArray":
    import pyarrow.compute as pc

    return pc.if_else(pc.is_nan(values), float("nan"), pc.add(values, 0.0))


def _validate(suite: "list[Expectation]", frame: "pd.DataFrame") -> "list[Answer]":
    """One answer for each expectation, in another order; all counts, no value of any row."""
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.validator.validator import Validator

    validator = Validator(execution_engine=PandasExecutionEngine(batch_data_dict={"rows": frame}))
    validator.metrics_calculator.show_progress_bars = False
    return validator.graph_validate(
        [expectation.configuration for expectation in suite],
        {"result_format": {"result_format": "BASIC", "partial_unexpected_count": 0}},
    )


def _findings(answers: "list[Answer]", rows_count: int) -> Iterator[tuple[str, Finding]]:
    """None for an answer that is an exception, is not about all rows, or contradicts itself."""
    for answer in answers:
        result: dict[str, Any] = answer.result or {}
        looked_at, failed = result.get("element_count"), result.get("unexpected_count", -1)
        is_sound = looked_at == rows_count and answer.success == (failed == 0)
        if is_sound and answer.expectation_config:
            yield answer.expectation_config.meta["check"], Finding(rows_count, int(failed))
