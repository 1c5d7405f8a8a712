"""What a ledger costs is measured with the steps of a run, in which new files are told from known
ones."""

import pytest

from benchmarks.known_files import delivered as files_of
from benchmarks.known_files import know, measured, run
from spark_app.lake.lake import Lake


def test_ten_files_are_new_beside_all_that_are_known(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    listed = files_of(lake, range(1, 111))
    with measured("all of it"):
        run(lake, know(lake, listed[:100]), listed)
    said = capsys.readouterr().out
    assert "files: 10 new, 100 known" in said
    assert said.count(" s of CPU") == 6
