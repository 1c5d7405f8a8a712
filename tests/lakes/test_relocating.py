"""A lake on a disk that was copied or moved goes on at its new place, with its history."""

import shutil
from pathlib import Path

import pytest

from spark_app.lake import relocation
from spark_app.lake.lake import Lake
from tests.e2e.in_process import App
from tests.e2e.process import expect_error
from tests.lakes.conftest import Killed, Visits, killed

ANN, BOB = ("ann", "2024-05-01 10:00:00", 1), ("bob", "2024-05-02 10:00:00", 2)


@pytest.fixture
def moved(visits: Visits) -> Visits:
    """A lake of two versions that lies elsewhere than it was made."""
    for run_id, (user, at, pages) in (("first", ANN), ("second", BOB)):
        visits.deliver(f"{run_id}.csv", f"{user},{at},{pages}")
        visits.done(run_id)
    elsewhere = visits.root.with_name("else where")
    shutil.move(visits.root, elsewhere)
    visits.root, visits.lake = elsewhere, Lake(str(elsewhere))
    visits.raw = elsewhere / "raw" / "visits"
    return visits


def forget_catalogue(visits: Visits) -> None:
    """A new session, as another command has one."""
    visits.spark._jsparkSession.sessionState().catalogManager().reset()


def test_a_moved_lake_goes_on_with_its_history(moved: Visits) -> None:
    forget_catalogue(moved)
    expect_error(moved.run("third", code=2), 2, "move the lake back or `relocate` it")
    said = moved.ask("relocate").out
    assert said == f"relocated visit: {moved.root}/tables/visit\n"
    assert moved.rows() == [ANN, BOB]
    runs = [row.split()[0] for row in moved.ask("history", "visit").out.splitlines()[1:]]
    assert runs == ["first", "second"]
    moved.deliver("third.csv", "cat,2024-05-02 11:00:00,3")
    assert "files: 1 new, 2 known" in moved.done("third").err
    assert moved.rows() == [ANN, BOB, ("cat", "2024-05-02 11:00:00", 3)]
    moved.ask("publish", "visit", "--run", "first")
    assert moved.rows() == [ANN]
    assert moved.ask("relocate").out == "every lake table is where its catalogue says\n"


def test_one_that_was_killed_is_asked_again(moved: Visits, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_catalogue(moved)

    with monkeypatch.context() as patched:
        patched.setattr(relocation, "_tell", killed)
        with pytest.raises(Killed):
            moved.ask("relocate")
    expect_error(moved.run("third", code=2), 2, "`relocate`")
    moved.ask("relocate")
    assert moved.rows() == [ANN, BOB]


def test_a_copy_without_all_of_the_metadata_is_refused(moved: Visits) -> None:
    forget_catalogue(moved)
    manifest = next(path for path in metadata(moved) if path.name.startswith("snap-"))
    manifest.unlink()
    expect_error(moved.ask("relocate", code=2), 2, manifest, "copy the lake again, whole")


def metadata(visits: Visits) -> list[Path]:
    return sorted((visits.root / "tables" / "visit" / "metadata").iterdir())


def test_a_lake_in_s3_is_not_relocated(app_here: App, tmp_path: Path) -> None:
    asked = ("relocate", "--lake", "s3://acme-data/lake", "--region", "eu-central-1")
    expect_error(app_here(*asked, cwd=tmp_path), 2, "a lake in S3 is not relocated")
