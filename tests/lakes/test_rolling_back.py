"""`publish` takes a lake table back to what a run published, and holds it there."""

import pytest

from spark_app.lake import iceberg
from tests.e2e.process import expect_error
from tests.lakes.conftest import Killed, Visits, killed

ANN, BOB, CAT = (
    ("ann", "2024-05-01 10:00:00", 1),
    ("bob", "2024-05-02 10:00:00", 2),
    ("cat", "2024-05-02 11:00:00", 3),
)


def line(row: tuple[str, str, int]) -> str:
    return ",".join(map(str, row))


@pytest.fixture
def grown(visits: Visits) -> Visits:
    """A table that two runs made, each of one file."""
    visits.deliver("one.csv", line(ANN))
    visits.done("first")
    visits.deliver("two.csv", line(BOB))
    visits.done("second")
    return visits


def made_by(visits: Visits) -> list[list[str]]:
    """Run and maker of each version that `history` shows."""
    shown = visits.ask("history", "visit").out.splitlines()[1:]
    return [[row.split()[0], " ".join(row.split()[1:-6])] for row in shown]


def test_a_table_goes_back_is_held_and_goes_on_by_name(grown: Visits) -> None:
    said = grown.ask("publish", "visit", "--run", "first").out
    assert f"published: {grown.root}/tables/visit" in said
    assert "publish visit --release" in said
    assert grown.rows() == [ANN]
    assert list(grown.ledger().files["run_id"]) == ["first"]
    assert grown.version().mark("back_to") == "first"
    assert made_by(grown) == [["first", "run"], ["second", "run (undone)"], ["first", "publish"]]
    grown.deliver("three.csv", line(CAT))
    assert "visit: held at run first" in grown.all("all").out
    assert "held at run first" in grown.run("new", "--if-new").out
    assert "files: 2 new, 1 known" in grown.done("third").err
    assert grown.rows() == [ANN, BOB, CAT]
    grown.deliver("three.csv", line(BOB))
    assert "visit: published by run again-visit" in grown.all("again").out


def test_a_released_table_is_held_no_more_and_forward_is_a_way_too(grown: Visits) -> None:
    grown.ask("publish", "visit", "--run", "first")
    assert grown.ask("publish", "visit", "--release").out == "released: visit, at run first\n"
    assert grown.ask("publish", "visit", "--release").out == "visit is not held\n"
    assert "held:" not in grown.ask("publish", "visit", "--run", "second").out
    assert grown.rows() == [ANN, BOB]
    assert "files: 2 known" in grown.run("third").err


def test_a_run_whose_version_is_not_kept_is_refused_with_those_that_are(grown: Visits) -> None:
    grown.deliver("bad.csv", "x", "y", "z")
    grown.run("shut", code=3)
    for run_id, words in (("other", "there is no run other"), ("shut", "is gate shut")):
        expect_error(grown.ask("publish", "visit", "--run", run_id, code=2), 2, words)
    before = grown.version()
    manifest = grown.lake.manifest("first") or {}
    grown.lake.write_manifest("third", {**manifest, "run_id": "third"})
    asked = ("publish", "visit", "--run", "third")
    expect_error(grown.ask(*asked, code=2), 2, "by run third is kept; kept are first, second")
    assert grown.version() == before


def test_a_table_that_somebody_else_changed_meanwhile_is_not_taken_back(
    grown: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = iceberg.mark

    def mark_late(spark: object, *arguments: object) -> None:
        mark(spark, *arguments)  # type: ignore[arg-type]
        grown.use()
        spark.sql("INSERT INTO lake.tables.visit SELECT * FROM lake.tables.visit")  # type: ignore[attr-defined]

    monkeypatch.setattr(iceberg, "mark", mark_late)
    ended = grown.ask("publish", "visit", "--run", "first", code=1)
    assert "was changed by somebody else" in ended.errors[0]


@pytest.mark.parametrize(
    ("moment", "seen"),
    [("mark", [ANN, BOB]), ("publish_instead", [ANN, BOB]), ("tidy", [ANN])],
)
def test_a_roll_back_that_is_killed_leaves_the_old_version_or_the_new_one(
    grown: Visits, monkeypatch: pytest.MonkeyPatch, moment: str, seen: list[object]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(iceberg, moment, killed)
        with pytest.raises(Killed):
            grown.ask("publish", "visit", "--run", "first")
    assert grown.rows() == seen
    grown.deliver("three.csv", line(CAT))
    grown.done("third")
    assert grown.rows() == [ANN, BOB, CAT]
