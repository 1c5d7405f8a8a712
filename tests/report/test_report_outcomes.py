"""What checks and rules came to, and what a manifest says."""

from typing import Any

import pytest

from spark_app.report import facts
from spark_app.report.examples import by_rule
from spark_app.report.outcomes import Outcomes, outcomes_of
from tests.report import report_runs as runs
from tests.report.report_jobs import SHARES


def outcomes(*checks: dict[str, Any], **fields: Any) -> Outcomes:
    return outcomes_of(checks, runs.manifest(**fields))


def names(checks: Any) -> list[str]:
    return [check.name for check in checks]


def test_a_good_run_has_rows_set_aside_and_nothing_failed() -> None:
    found = outcomes(*runs.checks())
    assert found.counts() == [
        ("passed", "4 passed"),
        ("warned", "1 warned"),
        ("insufficient", "1 had too little data"),
    ]
    assert found.rules_words() == "35 rows set aside by 2 rules"


def test_each_check_is_told_once() -> None:
    found = outcomes(runs.CLOSED, *runs.checks())
    told = (
        *found.gate_closers,
        *found.warnings,
        *found.insufficient,
        *found.passed,
        *found.broken_rules,
        *found.kept_rules,
    )
    assert sorted(names(told)) == sorted(names(found.checks))


def test_a_failed_check_an_error_and_what_nobody_foresaw_shut_the_gate() -> None:
    found = outcomes(
        runs.check(check="failed", outcome="failed"),
        runs.check(check="error of a warning", outcome="error", severity="warn"),
        runs.check(check="error of a rule", outcome="error", severity="quarantine"),
        runs.check(check="odd", outcome="?", severity="warn"),
        *runs.checks(),
    )
    assert sorted(names(found.gate_closers)) == [
        "error of a rule",
        "error of a warning",
        "failed",
        "odd",
    ]
    assert ("failed", "4 shut the gate") in found.counts()


def test_the_most_broken_rule_comes_first() -> None:
    found = outcomes(*runs.checks())
    assert names(found.broken_rules) == ["country_is_known", "value_is_whole"]
    assert names(found.kept_rules) == ["name_present"]


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ([], "rows broke 1 rule"),
        ([{"name": "raw", "quarantined_count": 1}], "1 row set aside by 1 rule"),
        ([{"quarantined_count": 3}, {"quarantined_count": 4}, {}], "7 rows set aside by 1 rule"),
    ],
)
def test_rows_set_aside_are_counted_over_all_stages(stages: list[Any], words: str) -> None:
    assert outcomes(runs.rule("r", "r", 7), stages=stages).rules_words() == words


def test_without_a_broken_rule_no_row_was_set_aside() -> None:
    assert outcomes(runs.rule("r", "r", 0)).rules_words() == "no row set aside"
    assert outcomes(runs.check()).rules_words() == ""


def test_checks_of_an_older_run_have_no_table() -> None:
    old = {name: value for name, value in runs.check().items() if name != "table"}
    assert outcomes(runs.check()).has_tables
    assert not outcomes(old).has_tables


def test_examples_stand_with_each_rule_that_they_broke() -> None:
    found = by_rule(outcomes(*runs.checks()), runs.quarantine())
    assert [(one.rule.name, one.rule.failed, len(one.rows)) for one in found] == [
        ("country_is_known", 31, 3),
        ("value_is_whole", 4, 2),
    ]
    assert "broken_rules" not in found[0].columns


def test_rules_of_one_name_have_the_examples_of_their_own_source() -> None:
    found = by_rule(
        outcomes(runs.rule("is_known", "a", 1), runs.rule("is_known", "b", 1, table="events")),
        [
            {"id": 1, "broken_rules": ["is_known"], "source_file": "f", "dataset": "installs"},
            {"no": 2, "broken_rules": ["is_known"], "source_file": "g", "dataset": "events"},
        ],
    )
    assert [(one.rule.table, one.columns) for one in found] == [
        ("installs", ("id",)),
        ("events", ("no",)),
    ]


def test_a_rule_that_only_an_example_names_is_not_lost() -> None:
    (found,) = by_rule(outcomes(), [{**runs.RAW_ROW, "broken_rules": ["new_rule"]}])
    assert (found.rule.name, len(found.rows)) == ("new_rule", 1)


def test_at_most_five_examples_of_a_rule_are_shown() -> None:
    (found,) = by_rule(outcomes(), [runs.RAW_ROW] * 9)
    assert len(found.rows) == 5


def test_sources_are_files_or_tables_of_a_run() -> None:
    sources = {
        "installs": {"place": "raw/installs", "files": 3, "bytes": 10},
        "user_day": {"table": "user_day", "run_id": "r7"},
    }
    files, table = facts.sources_of(runs.manifest(sources=sources))
    assert (files.is_table, files.place, files.files, files.bytes) == (False, "raw/installs", 3, 10)
    assert (table.is_table, table.name, table.run_id) == (True, "user_day", "r7")


def test_options_that_were_not_set_say_so() -> None:
    assert facts.options_of(runs.manifest()) == [
        ("extra_countries", "XK, AN"),
        ("max_load_age_days", "not set"),
    ]


def test_any_key_of_a_manifest_may_be_missing() -> None:
    assert facts.facts_of({}) == [("Outcome", "text", "unknown")]
    assert not [*facts.sources_of({}), *facts.options_of({}), *facts.stages_of({})]
    assert [stage.part for stage in facts.stages_of({"stages": [{}]})] == [0]


def test_the_rows_set_aside_have_a_folder_a_dataset() -> None:
    assert facts.quarantines({"run_id": "r1"}, SHARES) == ["quarantine/installs/run_id=r1/"]
