"""The gate between two layers: runs every check of a layer, and fails closed."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from spark_app.errors import GateShut
from spark_app.quality.checks import (
    Check,
    CheckResult,
    Expectation,
    Finding,
    Layer,
    Measure,
    error_of,
    result_of,
)

if TYPE_CHECKING:
    import pyarrow as pa

KeepPage = Callable[[str], None]


def evaluate(
    checks: Sequence[Check], table: "pa.Table", facts: Any, keep_page: KeepPage | None = None
) -> list[CheckResult]:
    """Run the expectations on `table` and the measures on `facts`; one result per check.

    `keep_page` gets great-expectations' own HTML page about its part.

    Row rules are not run here: they are counted in the pass that builds staging. A check that
    raises, answers nothing, or gets a table without rows comes back as `error`.
    """
    expected = [check for check in checks if isinstance(check.test, Expectation)]
    answers = _run_expectations(expected, table, facts, keep_page) if expected else {}
    results = []
    for check in checks:
        if isinstance(check.test, Measure):
            results.append(_run_measure(check, check.test, facts))
        elif isinstance(check.test, Expectation):
            missing = error_of(check, "great-expectations gave no result")
            results.append(answers.get(check.name, missing))
    return results


def shut_reason(layer: Layer, results: Sequence[CheckResult]) -> str | None:
    """Why the gate after `layer` stays shut, or null when it opens."""
    mine = [result for result in results if result.layer == layer]
    if not mine:
        return f"no check of the {layer} layer ran"
    errors = [f"{r.check} could not run ({r.detail})" for r in mine if r.outcome == "error"]
    shut = errors + [_why(r) for r in mine if r.severity == "fail" and r.outcome != "passed"]
    return "; ".join(dict.fromkeys(shut)) or None


def require_open(layer: Layer, results: Sequence[CheckResult]) -> None:
    """Raise unless the gate after `layer` opens.

    Raises:
        GateShut: a check failed or could not run; the text names every one.
    """
    reason = shut_reason(layer, results)
    if reason:
        raise GateShut(f"the {layer} gate stayed shut: {reason}; nothing was published")


def _why(result: CheckResult) -> str:
    seen = result.detail or f"{result.failed:,} of {result.rows:,} fail"
    return f"{result.check} ({seen})"


def _run_measure(check: Check, measure: Measure, facts: Any) -> CheckResult:
    try:
        return result_of(check, measure.find(facts))
    except Exception as error:  # a gate fails closed, whatever went wrong inside a check
        return error_of(check, f"{type(error).__name__}: {error}")


def _run_expectations(
    checks: Sequence[Check], table: "pa.Table", facts: Any, keep_page: KeepPage | None
) -> dict[str, CheckResult]:
    """One great-expectations validation over all of `checks`, answered by check name."""
    if table.num_rows == 0:
        return {check.name: error_of(check, "there are no rows") for check in checks}
    try:
        suite = [to_expectation(check, facts) for check in checks]
        answers = validate(suite, to_pandas(table), keep_page)
    except Exception as error:
        return {check.name: error_of(check, f"{type(error).__name__}: {error}") for check in checks}
    by_name = {check.name: check for check in checks}
    return {
        name: _judge(by_name[name], answer, table.num_rows, facts)
        for name, answer in answers.items()
        if name in by_name
    }


def to_expectation(check: Check, facts: Any) -> Any:
    """Build the great-expectations object, marked with the name of its check."""
    import great_expectations.expectations as gxe

    test = cast(Expectation, check.test)
    return getattr(gxe, test.kind)(**test.arguments(facts), meta={"check": check.name})


def to_pandas(table: "pa.Table") -> Any:
    """Keep Arrow's types, so that null and NaN stay two things and integers stay exact."""
    import pandas as pd

    return table.to_pandas(types_mapper=pd.ArrowDtype)


def validate(
    suite: Sequence[Any], frame: Any, keep_page: KeepPage | None = None
) -> dict[str, Mapping[str, Any]]:
    """Run expectations on a pandas or Spark frame with full counts; answers by check name."""
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    sources = context.data_sources
    is_pandas = isinstance(frame, pd.DataFrame)
    source = sources.add_pandas("s") if is_pandas else sources.add_spark("s", persist=False)
    batch = source.add_dataframe_asset("layer").add_batch_definition_whole_dataframe("all")
    named = context.suites.add(gx.ExpectationSuite(name="layer", expectations=list(suite)))
    definition = gx.ValidationDefinition(name="gate", data=batch, suite=named)
    run = context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": frame},
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": 0},
    )
    if keep_page:
        keep_page(_page(run))
    return {_name(answer): answer for answer in cast(Any, run.results)}


def _page(run: Any) -> str:
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

    view: Any = DefaultJinjaPageView()
    return str(view.render(ValidationResultsPageRenderer().render(run)))


def _name(answer: Any) -> str:
    return str(answer.expectation_config.meta["check"])


def _judge(check: Check, answer: Mapping[str, Any], rows: int, facts: Any) -> CheckResult:
    raised = _exception(answer["exception_info"])
    if raised:
        return error_of(check, raised, rows)
    result = answer["result"]
    looked_at = int(result.get("element_count") or rows)
    if answer["success"]:
        return result_of(check, Finding(looked_at, 0))
    failed = max(1, int(result.get("unexpected_count") or 0))
    return result_of(check, Finding(looked_at, failed, _detail(check, result, facts)))


def _detail(check: Check, result: Mapping[str, Any], facts: Any) -> str:
    explain = cast(Expectation, check.test).explain
    if explain:
        return explain(facts)
    observed = result.get("observed_value")
    return "" if observed is None else f"observed {observed}"


def _exception(info: Mapping[str, Any]) -> str | None:
    """The message of an exception; great-expectations reports it in one of two shapes."""
    shapes = [info] if "raised_exception" in info else list(info.values())
    for shape in shapes:
        if shape["raised_exception"]:
            return str(shape["exception_message"]).strip().split("\n")[0]
    return None
