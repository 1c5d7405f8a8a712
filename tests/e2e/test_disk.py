"""A disk that is full while a run writes: the lake's, and that of temporary files."""

import dataclasses
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import process
from tests.e2e.conftest import SECOND, Made
from tests.e2e.process import JOB, Ended, expect_error
from tests.e2e.small_disks import SmallDisk

MOUNT = 'mount -t tmpfs -o "size=$1,nr_inodes=$2" none "$3" && shift 3 && exec "$@"'
FULL = (("24k", 1000), ("40k", 1000), ("1m", 20))
TOO_FULL_FOR_THE_REPORT = ("1m", 1000)


@dataclass(frozen=True)
class Filled:
    """A lake after a run that filled its disk."""

    lake: Path
    ended: Ended


@pytest.fixture(scope="module")
def namespace() -> list[str]:
    """How to start what may mount, as root or not; skip where neither is allowed."""
    for flags in ("-m", "-rm") if shutil.which("unshare") else ():
        own = ["unshare", flags]
        if _run(*own, "mount", "-t", "tmpfs", "none", "/mnt").code == 0:
            return own
    pytest.skip("this machine allows no mount of one's own (unshare), not even to root")


def _run(*command: object, given: str = "", **env: str) -> Ended:
    done = subprocess.run(
        [str(word) for word in command],
        input=given,
        env=process.environment(**env),
        capture_output=True,
        text=True,
        timeout=process.DEADLINE,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def filled(
    made: Made, namespace: list[str], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, int], Filled]:
    """Lakes by the size and the inodes of their disks; all but the last held a table before."""
    folder = tmp_path_factory.mktemp("disks")
    disks = [_disk(made, folder, *disk) for disk in (*FULL, TOO_FULL_FOR_THE_REPORT)]
    given = json.dumps([dataclasses.asdict(disk) for disk in disks])
    done = _run(*namespace, sys.executable, "-m", "tests.e2e.small_disks", given=given)
    assert done.code == 0, done.err
    return {
        (disk.size, disk.inodes): Filled(Path(disk.kept), Ended(**ended))
        for disk, ended in zip(disks, json.loads(done.out), strict=True)
    }


def _disk(made: Made, folder: Path, size: str, inodes: int) -> SmallDisk:
    path, kept = folder / f"{size} {inodes}", folder / f"kept of {size} {inodes}"
    path.mkdir()
    kept.mkdir()
    if (size, inodes) in FULL:
        shutil.copytree(made.lake / "final", kept / "final")
    source = ("--source", made.pattern, "--lake", str(path), "--run-id", "full")
    return SmallDisk(str(path), size, inodes, str(kept), ["run", JOB, *source])


@pytest.mark.parametrize("disk", FULL)
def test_a_full_lake_fails_the_run_and_leaves_what_readers_see(
    filled: dict[tuple[str, int], Filled], made: Made, disk: tuple[str, int]
) -> None:
    lake, ended = filled[disk].lake, filled[disk].ended
    line = expect_error(ended, 1, "the disk is full", "free some space")
    assert process.readers_see(lake) == SECOND
    assert process.table(lake).equals(process.table(made.lake))
    if (lake / "runs" / "full" / "run.json").exists():
        found = process.manifest(lake, "full")
        assert found["outcome"] in ("failed", "running", "checked")
        assert found["reason"] in (line.removeprefix("error: "), None)


def test_a_disk_too_full_for_the_report_says_that_the_table_is_published(
    filled: dict[tuple[str, int], Filled],
) -> None:
    lake, ended = filled[TOO_FULL_FOR_THE_REPORT].lake, filled[TOO_FULL_FOR_THE_REPORT].ended
    expect_error(ended, 1, "the disk is full", "was published", "report")
    assert process.readers_see(lake) == "full"
    assert process.manifest(lake, "full")["outcome"] == "published"


@pytest.mark.parametrize(("size", "inodes"), [("16k", 2), ("64k", 1000)])
def test_a_full_disk_for_temporary_files_fails_the_run(
    made: Made, namespace: list[str], tmp_path: Path, size: str, inodes: int
) -> None:
    lake, disk = tmp_path / "lake", tmp_path / "disk"
    disk.mkdir()
    source = ("--source", made.pattern, "--lake", lake, "--run-id", "full")
    command = (sys.executable, "-m", "spark_app", "run", JOB, *source)
    mounted = (*namespace, "sh", "-c", MOUNT, "sh", size, inodes, disk)
    ended = _run(*mounted, *command, TMPDIR=str(disk))
    line = expect_error(ended, 1, "the disk is full", "free some space")
    process.expect_recorded(lake, "full", "failed", 1, line)
    assert not (lake / "final").exists()
