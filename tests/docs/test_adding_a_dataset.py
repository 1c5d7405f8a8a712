"""`docs/adding-a-dataset.md`, followed as it is written, in the session of the tests."""

import io
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spark_app import cli, jobs
from tests import in_process
from tests.docs.pages import ROOT, Block, blocks, docs
from tests.docs.test_adding_a_job import changed, expect

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JOB = Path("spark_app", "jobs", "receipt.py")
PROGRAM = ".venv/bin/python -m spark_app "


@pytest.fixture
def followed(spark: "SparkSession", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the page was followed; each output was held against what it shows."""
    monkeypatch.setattr(jobs, "__path__", [*jobs.__path__, str(tmp_path / JOB.parent)])
    monkeypatch.setitem(jobs.JOBS, "receipt", "receipts of a chain of shops, one row each")
    printed = ""
    with in_process.at(tmp_path, {"PYSPARK_GATEWAY_PORT": "0"}):
        for block in blocks(docs("adding-a-dataset")):
            printed = follow(block, tmp_path, printed)
    session: Any = spark
    session._jsparkSession.sessionState().catalogManager().reset()
    return tmp_path


def follow(block: Block, folder: Path, printed: str) -> str:
    """Do what a block says; what was printed last."""
    what, _, about = block.marker.partition(": ")
    path = folder / about
    if what == "output":
        expect(block.text, printed)
    elif what == "runnable":
        return executed(block)
    elif what == "change":
        assert jobs.JOBS["receipt"] in changed((ROOT / about).read_text(), block.text)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding=what.partition(", ")[2] or "UTF-8")
    return ""


def executed(block: Block) -> str:
    """Run a command of the program, or Python."""
    if block.kind == "sh":
        assert block.text.startswith(PROGRAM)
        ended = in_process.ended(cli.main, *shlex.split(block.text.removeprefix(PROGRAM)))
        assert ended.code == 0, ended.err
        return ended.err + ended.out
    with redirect_stdout(io.StringIO()) as out:
        exec(block.text, {})
    return out.getvalue()


def test_the_page_leads_from_files_to_a_lake_table_and_its_page(followed: Path) -> None:
    page = (followed / "lake" / "report" / "receipt.html").read_text()
    assert "are of Europe/Berlin; a day is one of Europe/Berlin" in page


def test_the_file_is_short_and_in_the_projects_format(tmp_path: Path) -> None:
    (block,) = [b for b in blocks(docs("adding-a-dataset")) if b.marker == f"file: {JOB}"]
    assert len(re.findall(r"\S.*\n", block.text)) <= 40
    ruff = [str(Path(sys.executable).with_name("ruff"))]
    name = ("--stdin-filename", str(ROOT / JOB), "-")
    for check in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [*ruff, *check, *name], check=False, input=block.text, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout
