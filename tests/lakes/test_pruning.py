"""`prune` leaves of a lake table what readers, runs and roll-backs need, and nothing else."""

import os
import time
from pathlib import Path

import pytest

from spark_app.lake import iceberg, ledger, orphans
from spark_app.lake.lake import Lake
from tests.lakes.conftest import Killed, Visits, killed

OLD_SECONDS = 4 * 24 * 3600


@pytest.fixture
def grown(visits: Visits, monkeypatch: pytest.MonkeyPatch) -> Visits:
    """A table of three versions whose ledger was folded at the last."""
    monkeypatch.setattr(ledger, "MOST_PARTS", 2)
    for number in range(3):
        visits.deliver("one.csv", f"ann,2024-05-01 10:00:00,{number}")
        visits.done(f"run-{number}")
    return visits


def orphan(visits: Visits, name: str, age_seconds: float) -> Path:
    """A data file that no version names."""
    path = visits.root / "tables" / "visit" / "data" / "day=2024-05-01" / name
    path.write_text("left by a run that died")
    os.utime(path, (time.time() - age_seconds,) * 2)
    return path


def parts(visits: Visits) -> set[str]:
    names = (visits.root / "tables" / "visit" / "ledger").iterdir()
    return {path.name.removesuffix("-files.parquet") for path in names if "-files" in path.name}


def test_what_a_version_needs_stays(grown: Visits) -> None:
    old, young = orphan(grown, "old.parquet", OLD_SECONDS), orphan(grown, "young.parquet", 60)
    said = grown.ask("prune", "--keep", "5").out
    assert said == "pruned visit: 0 versions, 1 files, 0 parts of the ledger\n"
    assert (old.exists(), young.exists()) == (False, True)
    assert parts(grown) == {"run-0", "run-1", "run-2"}
    grown.ask("publish", "visit", "--run", "run-0")
    assert grown.rows() == [("ann", "2024-05-01 10:00:00", 0)]


def test_old_versions_go_with_their_files_and_ledger(
    grown: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iceberg, "KEPT_DAYS", 0)
    monkeypatch.setattr(iceberg, "KEPT_SNAPSHOTS", 1)
    before, rows = grown.version(), grown.rows()
    said = grown.ask("prune", "--keep", "0").out
    assert said.endswith("pruned visit: 2 versions, 0 files, 4 parts of the ledger\n")
    assert (grown.version(), grown.rows()) == (before, rows)
    assert parts(grown) == {"run-2"}
    data = list((grown.root / "tables" / "visit" / "data").rglob("*.parquet"))
    assert len(data) == 1
    assert "files: 1 known" in grown.run("again").err


@pytest.mark.parametrize(
    ("place", "moment"),
    [(Lake, "prune"), (iceberg, "expire"), (orphans, "remove_files"), (orphans, "remove_parts")],
)
def test_one_that_is_killed_changes_nothing_for_readers_and_is_asked_again(
    grown: Visits, monkeypatch: pytest.MonkeyPatch, place: object, moment: str
) -> None:
    monkeypatch.setattr(iceberg, "KEPT_DAYS", 0)
    monkeypatch.setattr(iceberg, "KEPT_SNAPSHOTS", 1)
    grown.deliver("shut.csv", "bob,2024-05-01 10:00:00,1", "x", "y")
    grown.run("shut", code=3)
    old = orphan(grown, "old.parquet", OLD_SECONDS)
    before, rows = grown.version(), grown.rows()
    with monkeypatch.context() as patched:
        patched.setattr(place, moment, killed)
        with pytest.raises(Killed):
            grown.ask("prune", "--keep", "0")
    assert (grown.version(), grown.rows()) == (before, rows)
    assert old.exists() == (moment != "remove_parts")
    grown.ask("prune", "--keep", "0")
    assert (grown.version(), grown.rows()) == (before, rows)
    assert (old.exists(), parts(grown)) == (False, {"run-2"})
    assert grown.lake.is_pruned("shut")
    nothing = "pruned visit: 0 versions, 0 files, 0 parts of the ledger\n"
    assert grown.ask("prune", "--keep", "0").out == nothing
    assert "rows_as_ledger" in grown.ask("verify", "visit").out


def test_many_small_rewrites_leave_little_metadata(
    grown: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What piles up is bounded by the versions that are kept, not by the runs that there were."""
    monkeypatch.setattr(iceberg, "KEPT_DAYS", 0)
    monkeypatch.setattr(iceberg, "KEPT_SNAPSHOTS", 4)
    sizes = []
    for number in range(3, 8):
        grown.deliver("one.csv", f"ann,2024-05-01 10:00:00,{number}")
        grown.done(f"run-{number}")
        sizes.append(sum(f.stat().st_size for f in (grown.root / "tables").rglob("*.avro")))
    assert sizes[-1] <= 1.1 * sizes[1]
