"""Categories through the command line: one file, made whole from all that are delivered."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e.in_process import App
from tests.e2e.process import Ended, expect_done, expect_error

HTML = "<!DOCTYPE html><html><body>403</body></html>\n"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
Run = Callable[..., Ended]


@pytest.fixture
def run(app_here: App, tmp_path: Path) -> Run:
    """Deliver files, in place of those of their names, and run the job."""

    def ran(**contents: str) -> Ended:
        raw = tmp_path / "lake" / "raw" / "category"
        raw.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (raw / f"{name}.csv").write_text(content)
        return app_here("run", "category", "--lake", tmp_path / "lake", cwd=tmp_path)

    return ran


def rows(tmp_path: Path) -> list[dict[str, Any]]:
    table: Any = pq.read_table(tmp_path / "lake" / "final" / "category" / "category.parquet")
    return list(table.to_pylist())


def test_columns_that_nobody_promised_are_kept(run: Run, tmp_path: Path) -> None:
    expect_done(run(one="categoryid,name,parentid\n1,shoes,\n", two="categoryid,parentid\n2,1\n"))
    kept = {row["category_id"]: row["rescued_json"] for row in rows(tmp_path)}
    assert kept == {"1": '{"name":"shoes"}', "2": None}


@pytest.mark.parametrize(
    ("content", "words"),
    [(HTML, "is a page of HTML or XML"), (POINTER, "is a pointer of Git LFS")],
)
def test_a_file_that_is_none_is_named_and_no_table_is_made_without_it(
    run: Run, tmp_path: Path, content: str, words: str
) -> None:
    expect_done(run(good="categoryid,parentid\n1,\n"))
    ended = run(good="categoryid,parentid\n1,\n2,1\n", bad=content)
    expect_error(ended, 2, tmp_path / "lake" / "raw" / "category" / "bad.csv", words)
    assert [row["category_id"] for row in rows(tmp_path)] == ["1"]


def test_a_circle_is_told_with_those_in_it(run: Run) -> None:
    ended = run(one="categoryid,parentid\n1,2\n2,1\n3,1\n")
    line = expect_error(ended, 3, "no_circle (in a circle: 1, 2)")
    assert "no_deep_level" not in line
