"""What stays of ended clusters in a cloud's folder, and how it goes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local_cloud import control
from scripts.local_cloud.__main__ import main
from tests import in_process
from tests.e2e.process import ROOT, Ended
from tests.local_cloud.conftest import until

OLD = 40


def run(command: str, folder: Path) -> Ended:
    with in_process.at(ROOT, {}):
        return in_process.ended(main, command, "--folder", folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a cloud that was killed with many clusters, each with much on its disks."""
    folder = tmp_path_factory.mktemp("kept")
    for number in range(OLD):
        for name in ("opt/venv/lib", "mnt/steps", "var/log/steps"):
            (path := folder / "clusters" / f"j-{number}" / name).mkdir(parents=True)
            (path / "file").write_text("kept\n")
    yield folder
    control.stop(folder)


def test_a_start_keeps_old_logs_and_deletes_old_disks(folder: Path) -> None:
    clusters = folder / "clusters"

    started = run("start", folder)

    assert started.code == 0, started.err
    until(lambda: list(clusters.glob("*/opt")), lambda left: not left, "an end of old disks")
    assert len(list(clusters.glob("*/var/log/steps/file"))) == OLD


def test_logs_are_deleted_when_that_is_asked_for_and_no_cloud_runs(folder: Path) -> None:
    run("start", folder)

    refused = run("clean", folder)
    run("stop", folder)
    kept = list((folder / "clusters").iterdir())
    first, second = run("clean", folder), run("clean", folder)

    assert refused.code == 2
    assert refused.err.endswith(f"a local cloud runs in {folder} already; stop it first\n")
    assert len(kept) == OLD
    assert (first.code, first.out) == (0, f"Deleted what {OLD} clusters left.\n")
    assert (second.code, second.out) == (0, "Deleted what 0 clusters left.\n")
