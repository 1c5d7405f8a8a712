"""Great-expectations as it is used here: it fails closed, and most of it stays unloaded."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from spark_app.declarations import Column, Finding, Table
from spark_app.quality import expectations

NUMBER = Table("t", "one row each", ("k",), (Column("k", "bigint", ""), Column("n", "int", "")))
RANGED = replace(NUMBER, columns=(NUMBER.columns[0], replace(NUMBER.columns[1], least=0)))


def test_what_is_missing_has_no_finding() -> None:
    rows = pa.table({"k": [1, 1]})
    assert expectations.judge(RANGED, rows, {}) == {
        "k_present": Finding(2, 0),
        "key_is_unique": Finding(2, 2),
    }
    assert "key_is_unique" not in expectations.judge(RANGED, pa.table({"n": [1]}), {})
    inexact = replace(
        RANGED, columns=(RANGED.columns[0], Column("n", "bigint", "", least=2**60 + 1))
    )
    assert "n_in_range" not in expectations.judge(inexact, rows, {})


def test_a_range_of_another_type_has_no_finding() -> None:
    rows = pa.table({"k": [1], "n": ["1"]})
    assert set(expectations.judge(RANGED, rows, {})) == {
        *("k_present", "n_present", "key_is_unique")
    }


def test_an_answer_that_is_not_about_all_rows_is_no_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    validate = expectations._validate
    monkeypatch.setattr(expectations, "_validate", lambda suite, f: validate(suite, f.head(1)))
    assert expectations.judge(NUMBER, pa.table({"k": [1, 2], "n": [1, 2]}), {}) == {}


def test_an_answer_that_does_not_come_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    validate = expectations._validate
    monkeypatch.setattr(expectations, "_validate", lambda suite, f: validate(suite, f)[1:])
    assert len(expectations.judge(NUMBER, pa.table({"k": [1], "n": [1]}), {})) == 2


HEAVY = (
    *("altair", "scipy", "boto3", "botocore", "pyspark.ml", "sqlalchemy", "jsonschema"),
    *("great_expectations.datasource.fluent", "great_expectations.checkpoint"),
    *("great_expectations.data_context.data_context.abstract_data_context",),
)
JUDGE = """
import sys, json, pyarrow as pa
from spark_app.quality import expectations
from tests.unit.random_tables import OPTIONS, ROWS, TABLES, arrow
rows = arrow(TABLES[0], [row for rows in ROWS for row in rows])
def judge():
    return {k: f.failed for k, f in expectations.judge(TABLES[0], rows, OPTIONS).items()}
"""
# The documented way, with everything loaded.
WHOLE = """
import great_expectations as gx
suite = gx.ExpectationSuite(name="s", expectations=expectations._suite(TABLES[0], OPTIONS))
context = gx.get_context(mode="ephemeral")
asset = context.data_sources.add_pandas("s").add_dataframe_asset("a")
batch = asset.add_batch_definition_whole_dataframe("b")
run = gx.ValidationDefinition(name="v", data=batch, suite=context.suites.add(suite)).run(
    batch_parameters={"dataframe": expectations._to_pandas(rows)}
)
counts = {r.expectation_config.meta["check"]: r.result["unexpected_count"] for r in run.results}
assert counts.items() <= judge().items()
assert len(counts) == len(judge()) - 2  # those that Arrow judges
"""


def in_a_new_process(*parts: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(parts)],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_not_needed_stays_unloaded() -> None:
    loaded = f"print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    found = in_a_new_process(JUDGE, "judge()", loaded)
    assert json.loads(found) == []


def test_the_whole_of_great_expectations_finds_the_same() -> None:
    in_a_new_process("import great_expectations", JUDGE, WHOLE)
