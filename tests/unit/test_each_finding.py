"""A real run of the job answers every declared check; without any one of them its gate is shut."""

from collections.abc import Mapping, Sequence

import pytest
from pyspark.sql import SparkSession

from spark_app.declarations import Finding, OptionValue
from spark_app.errors import GateShut
from spark_app.jobs.organic_share import JOB
from spark_app.lake.lake import Lake
from spark_app.quality.gate import require_open
from spark_app.quality.results import LAYERS, CheckResult, Layer, LayerCheck, results_of
from spark_app.quality.standard import checks_of
from spark_app.run import building, reading
from tests.builders import A_DAY, organic, paid, raw_table
from tests.unit.runs import build, deliver, run_of

# All options have a value, so that every check exists.
OPTIONS: dict[str, OptionValue] = {
    "channels": ("Organic", "Ads"),
    "max_load_age_days": 9999,
    "extra_countries": ("XK",),
    "extra_os_names": ("tvos",),
}
CHECKS = checks_of(JOB, OPTIONS)
Findings = Mapping[str, Finding | Exception]
Answered = dict[Layer, tuple[Sequence[LayerCheck], Findings]]


@pytest.fixture(scope="module")
def answered(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Answered:
    """The checks and findings of each layer, as the run itself hands them to its gates."""
    found: Answered = {}

    def record(checks: Sequence[LayerCheck], findings: Findings) -> list[CheckResult]:
        if len(checks) > len(found.get(checks[0].layer, ((), {}))[0]):
            found[checks[0].layer] = (checks, findings)
        return results_of(checks, findings)

    lake = Lake(str(tmp_path_factory.mktemp("each") / "lake"))
    deliver(lake, "installs", raw_table([organic(A_DAY, 3), paid(A_DAY, 1)]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "results_of", record)
        patch.setattr(building, "results_of", record)
        build(run_of(JOB, lake, options=OPTIONS), spark)
    return found


def require(layer: Layer, checks: Sequence[LayerCheck], findings: Findings) -> None:
    require_open(layer, results_of(checks, findings))


@pytest.mark.parametrize("layer", LAYERS)
def test_with_every_finding_the_gate_opens(layer: Layer, answered: Answered) -> None:
    require(layer, *answered[layer])


@pytest.mark.parametrize("layer", LAYERS)
def test_the_run_asks_every_check_that_is_declared(layer: Layer, answered: Answered) -> None:
    assert list(answered[layer][0]) == [check for check in CHECKS if check.layer == layer]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.layer}-{check.name}")
def test_without_its_finding_any_check_is_an_error_and_shuts_the_gate(
    check: LayerCheck, answered: Answered
) -> None:
    checks, findings = answered[check.layer]
    without = {name: found for name, found in findings.items() if name != check.name}
    with pytest.raises(GateShut) as shut:
        require(check.layer, checks, without)
    why = f"the {check.layer} gate stayed shut: {check.name} could not run (it gave no result)"
    assert str(shut.value) == f"{why}; nothing was published"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.layer}-{check.name}")
def test_any_check_that_raises_is_an_error_and_shuts_the_gate(
    check: LayerCheck, answered: Answered
) -> None:
    checks, findings = answered[check.layer]
    with pytest.raises(GateShut, match=rf"{check.name} could not run \(LookupError: lost\)"):
        require(check.layer, checks, {**findings, check.name: LookupError("lost")})


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.layer}-{check.name}")
def test_any_check_but_a_warning_that_cannot_tell_shuts_the_gate(
    check: LayerCheck, answered: Answered
) -> None:
    checks, findings = answered[check.layer]
    unsure = {**findings, check.name: Finding(1, 0, "too little", is_insufficient=True)}
    if check.severity == "warn":
        require(check.layer, checks, unsure)
    else:
        with pytest.raises(GateShut, match=check.name):
            require(check.layer, checks, unsure)
