"""The lock of a table on a disk: one holder, and a holder that died."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from spark_app.errors import RunFailed
from spark_app.lake.store.disk_lock import locked

NOW = datetime(2021, 3, 2, tzinfo=UTC)


def test_a_held_lock_refuses_a_second_run_and_says_who_holds_it(tmp_path: Path) -> None:
    path = str(tmp_path / "locks" / "job.json")
    with locked(path, "first", NOW):
        with (
            pytest.raises(RunFailed, match=r"run first \(process \d+, since 2021-03-02"),
            locked(path, "second", NOW),
        ):
            pass
        assert json.loads(Path(path).read_text())["run_id"] == "first"


def test_a_lock_that_was_given_back_is_free(tmp_path: Path) -> None:
    path = str(tmp_path / "job.json")
    with locked(path, "first", NOW) as held:
        assert held.died is None
    with locked(path, "second", NOW) as held:
        assert held.died is None


def test_a_run_that_fails_gives_its_lock_back(tmp_path: Path) -> None:
    path = str(tmp_path / "job.json")
    with pytest.raises(RunFailed), locked(path, "first", NOW):
        raise RunFailed("no")
    with locked(path, "second", NOW) as held:
        assert held.died is None


def test_a_holder_that_died_is_recognised(tmp_path: Path) -> None:
    path = str(tmp_path / "job.json")
    code = (
        "import os, sys; from datetime import datetime, UTC\n"
        "from spark_app.lake.store.disk_lock import locked\n"
        "with locked(sys.argv[1], 'killed', datetime.now(UTC)): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, path], check=False)
    assert json.loads(Path(path).read_text())["run_id"] == "killed"
    with locked(path, "next", NOW) as held:
        assert held.died == "killed"


def test_a_lock_file_with_other_content_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_text("not json")
    with locked(str(path), "one", NOW) as held:
        assert held.died is None
