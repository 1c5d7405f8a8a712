"""What operators do to lake tables holds in S3 with Glue as it does on a disk."""

import json

import pytest

from spark_app.lake import compaction
from tests.lakes.conftest import Visits, in_s3

ANN, BOB = ("ann", "2024-05-01 10:00:00", 1), ("bob", "2024-05-01 11:00:00", 2)


@in_s3
def test_back_compacted_verified_pruned_and_forgotten(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run_id, (user, at, pages) in (("first", ANN), ("second", BOB)):
        visits.deliver(f"{run_id}.csv", f"{user},{at},{pages}")
        visits.done(run_id)
    visits.ask("publish", "visit", "--run", "first")
    assert visits.rows() == [ANN]
    visits.done("third")
    assert visits.rows() == [ANN, BOB]
    monkeypatch.setattr(compaction, "MOST_SMALL_FILES", 1)
    assert visits.ask("compact", "visit").out == "compacted 1 day: 2 files became 1\n"
    assert "rows_as_ledger" in visits.ask("verify", "visit").out
    assert "pruned visit: 0 versions" in visits.ask("prune", "--keep", "5").out
    ids = visits.root.parent / "persons.txt"
    ids.write_text("bob\n")
    said = visits.ask("forget", "visits", "--ids", ids).out
    assert "visit: 1 row of 1 day removed" in said
    assert visits.rows() == [ANN]
    (runs,) = [row.split()[1] for row in said.splitlines() if row.startswith("receipt: ")]
    content, _ = visits.lake.store.fetch(runs) or (b"", "")
    assert json.loads(content)["tables"][0]["rows_count"] == 1
