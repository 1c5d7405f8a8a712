"""The job's own faster way publishes what the plain one does, on random deliveries."""

import dataclasses
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from spark_app import jobs
from spark_app.jobs import organic_share
from tests.e2e import raw_files
from tests.e2e.conftest import Run
from tests.e2e.process import JOB, all_checks, manifest, staging, table

PLAIN = dataclasses.replace(organic_share.JOB, examine=None)


def _delivery(folder: Path, seed: int) -> Path:
    """Some weeks in two files: rows twice with other values and loads, strangers, bad rows."""
    dice = random.Random(seed)
    rows = raw_files.weeks_of_rows(range(dice.randrange(3, 7)), seed)
    again = [_restated(row, dice) for row in dice.sample(rows, dice.randrange(0, 60))]
    rare = [raw_files.row(name=f"Rare{i}", token=dice.choice(["x", None])) for i in range(3)]
    bad = [row for row, _ in raw_files.bad_rows(dice.randrange(0, 12))]
    every = [*rows, *again, *rare, *bad]
    dice.shuffle(every)
    half = dice.randrange(len(every))
    raw_files.write(folder / "a.parquet", every[:half])
    raw_files.write(folder / "b.parquet", every[half:])
    return folder


def _restated(row: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    load = row["dataplatform_inserted_at"].replace(day=dice.randrange(1, 9))
    country = dice.choice([row["country"]] * 4 + ["us"])
    return {**row, "value": float(dice.randrange(50)), "dataplatform_inserted_at": load} | {
        "country": country
    }


@pytest.mark.parametrize("seed", [0, 3])
def test_both_ways_end_in_the_same_table_staging_quarantine_and_findings(
    run_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    source, lake = _delivery(tmp_path / "in", seed), tmp_path / "lake"
    since = ("--since", raw_files.week_text(2)) if seed % 2 else ()
    found: dict[str, list[Any]] = {}
    for way, job in (("own", organic_share.JOB), ("plain", PLAIN)):
        monkeypatch.setattr(organic_share, "JOB", job)
        assert jobs.find_job(JOB) is job
        here = lake / way
        here.parent.mkdir(exist_ok=True)
        more = ("--tolerance", "0.9", "--run-id")
        assert run_here(source, here, *more, "full").code == 0
        assert not since or run_here(source, here, *more, "part", *since).code == 0
        run_id = "part" if since else "full"
        found[way] = [
            table(here).to_pylist(),
            staging(here, run_id).to_pylist(),
            [{**row, "description": ""} for row in all_checks(here, run_id)],
            [{**stage, "seconds": 0} for stage in manifest(here, run_id)["stages"]],
            sorted(map(str, _quarantine(here, run_id))),
        ]
    for own, plain in zip(found["own"], found["plain"], strict=True):
        assert own == plain


def _quarantine(lake: Path, run_id: str) -> list[dict[str, Any]]:
    folder = lake / "quarantine" / "installs" / f"run_id={run_id}"
    return list(pq.read_table(folder).to_pylist()) if folder.exists() else []
