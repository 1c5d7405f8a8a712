"""A disk that is full while a run writes: the lake's, and that of temporary files."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e import process
from tests.e2e.conftest import SECOND, Made
from tests.e2e.process import JOB, Ended, expect_error

SCRIPT = """
mount -t tmpfs -o "size=$1,nr_inodes=$2" none "$3" || exit 99
cp -a "$4/." "$3/" || exit 98
disk=$3 copy=$4; shift 4; "$@"; code=$?
rm -rf "$copy" && cp -a "$disk" "$copy" && exit $code
"""


def _namespace() -> list[str]:
    """How to get a mount of one's own, as root or not; skip where neither is allowed."""
    for flags in ("-m", "-rm"):
        command = ["unshare", flags, "sh", "-c", "mount -t tmpfs none /mnt"]
        if shutil.which("unshare") and subprocess.run(command, check=False).returncode == 0:
            return ["unshare", flags, "sh", "-c", SCRIPT, "sh"]
    pytest.skip("this machine allows no mount of one's own (unshare), not even to root")


def _run(size: str, inodes: int, disk: Path, kept: Path, *arguments: object, **env: str) -> Ended:
    """Run the job with a small disk at `disk`, filled from `kept`, and kept there afterwards."""
    disk.mkdir()
    kept.mkdir(exist_ok=True)
    command = [*_namespace(), size, inodes, disk, kept, sys.executable, "-m", "spark_app"]
    done = subprocess.run(
        [str(word) for word in (*command, "run", JOB, *arguments)],
        cwd=kept.parent,
        env=process.environment(**env),
        capture_output=True,
        text=True,
        timeout=process.DEADLINE,
        check=False,
    )
    assert done.returncode not in (98, 99), done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("size", "inodes"),
    [("20k", 1000), ("44k", 1000), ("1m", 20)],
)
def test_a_full_lake_fails_the_run_and_leaves_what_readers_see(
    made: Made, tmp_path: Path, size: str, inodes: int
) -> None:
    kept, disk = tmp_path / "kept", tmp_path / "disk"
    shutil.copytree(made.lake / "final", kept / "final")
    source = ("--source", made.pattern, "--lake", disk, "--run-id", "full")
    ended = _run(size, inodes, disk, kept, *source)
    line = expect_error(ended, 1, "the disk is full", "free some space")
    assert process.readers_see(kept) == SECOND
    assert process.table(kept).equals(process.table(made.lake))
    if (kept / "runs" / "full" / "run.json").exists():
        found = process.manifest(kept, "full")
        assert found["outcome"] in ("failed", "running", "checked")
        assert found["reason"] in (line.removeprefix("error: "), None)


def test_a_disk_too_full_for_the_report_says_that_the_table_is_published(
    made: Made, tmp_path: Path
) -> None:
    kept, disk = tmp_path / "kept", tmp_path / "disk"
    source = ("--source", made.pattern, "--lake", disk, "--run-id", "full")
    ended = _run("1m", 1000, disk, kept, *source)
    expect_error(ended, 1, "the disk is full", "was published", "report")
    assert process.readers_see(kept) == "full"
    assert process.manifest(kept, "full")["outcome"] == "published"


@pytest.mark.parametrize(("size", "inodes"), [("16k", 2), ("64k", 1000)])
def test_a_full_disk_for_temporary_files_fails_the_run(
    made: Made, tmp_path: Path, size: str, inodes: int
) -> None:
    lake, disk = tmp_path / "lake", tmp_path / "disk"
    source = ("--source", made.pattern, "--lake", lake, "--run-id", "full")
    ended = _run(size, inodes, disk, tmp_path / "kept", *source, TMPDIR=str(disk))
    line = expect_error(ended, 1, "the disk is full", "free some space")
    process.expect_recorded(lake, "full", "failed", 1, line)
    assert not (lake / "final").exists()
