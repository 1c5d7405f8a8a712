"""What is generated from the declarations is what they say now."""

import json
from pathlib import Path

import pytest

from scripts import make_declarations, make_docs
from scripts.job_page import page
from scripts.make_declarations import job_declaration
from spark_app.declarations import (
    Column,
    Files,
    Job,
    OneOf,
    Option,
    Parquet,
    Rule,
    Table,
    fail,
    warn,
)
from spark_app.jobs import JOBS
from tests.docs.pages import ROOT

GENERATED = make_docs.generated()
LIMIT = Option("limit", int, 3, "how many")
CHANNELS = Option("channels", str, (), "what is good | besides")
KEY = Column("day", "date", "the day")
SOURCE = Files(
    "events",
    Parquet(),
    columns=(KEY, Column("channel", "string", "where", one_of=OneOf(("a", "b"), more=CHANNELS))),
    rules=(Rule("not_early", "Not early.", ("day",), "day > '2020-01-01'"),),
    tolerance=0.25,
)
OTHER = Table("other", "one row per day", ("day",), (KEY,))
TABLE = Table(
    "organic_share",  # a page takes its prose from the job's module
    grain="one row per day",
    key=("day",),
    columns=(KEY, Column("users", "bigint", "users", null="none came", least=0)),
    checks=(warn("few", "There are few.", "users < 9", when=LIMIT),),
)


def counted(events: object, other: object) -> object:
    raise NotImplementedError


JOB = Job(
    reads=(SOURCE, OTHER),
    transform=counted,  # type: ignore[arg-type]
    publishes=TABLE,
    checks=(fail("kept", "All is kept.", "true"),),
    options=(LIMIT, CHANNELS),
)


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_generated_file_is_up_to_date(path: Path) -> None:
    assert path.exists() and path.read_text() == GENERATED[path], "run `make docs`"


def test_there_is_a_page_for_each_job_and_no_other() -> None:
    assert {path.stem for path in make_docs.PAGES.glob("*.md")} == set(JOBS)


def test_the_json_has_every_job_and_reads_as_json() -> None:
    assert list(json.loads(make_declarations.OUT.read_text())) == list(JOBS)


def test_the_json_is_laid_out_and_loses_nothing() -> None:
    said = job_declaration(JOB, "days")
    text = make_declarations.as_text(said)
    assert json.loads(text) == json.loads(json.dumps(said))
    assert '\n      {"name": "day", "type": "date", ' in text


def test_a_declaration_has_lineage_sources_checks_and_options() -> None:
    said = json.loads(make_declarations.as_text(job_declaration(JOB, "days")))
    assert (said["summary"], said["reads"]) == ("days", ["other"])
    files, table = said["sources"]
    assert table == {"kind": "table", "name": "other"}
    assert (files["name"], files["tolerance"], files["time"]) == ("events", 0.25, None)
    assert files["columns"][1]["one_of"] == {"values": ["a", "b"], "more": "channels"}
    assert "not_early" in [rule["name"] for rule in files["rules"]]
    assert said["table"]["columns"][1]["null"] == "none came"
    assert said["options"][0] == {"name": "limit", "default": 3, "words": "how many"}


def test_a_check_that_needs_an_option_is_declared_and_says_which() -> None:
    said = json.loads(make_declarations.as_text(job_declaration(JOB, "days")))
    whens = {check["name"]: check["when"] for check in said["checks"]}
    assert (whens["few"], whens["kept"]) == ("limit", None)


def test_a_page_tells_columns_rules_checks_and_options() -> None:
    text = page(JOB, "days")
    for words in (
        "# organic_share\n\nDays.",
        "| `users` | bigint |  | users | none came |",
        "| `not_early` | Not early. |",
        "| raw | `other` | fail | `has_rows` |",
        "| final | `organic_share` | fail | `kept` | All is kept. |",
        "There are few. (Only with `SPARK_APP_LIMIT`.)",
        "| `SPARK_APP_LIMIT` | `3` | how many |",
        "| `SPARK_APP_CHANNELS` | none | what is good \\| besides |",
        "[other](other.md)",
        "up to a share of 0.25",
    ):
        assert words in text.replace("\n", " ") or words in text
