"""`docs/adding-a-job.md`, followed from its first line to its last in a copy of this checkout."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks, docs
from tests.docs.shell import Done, execute, put_python

FOLDERS = ("spark_app", "scripts", "benchmarks", "docs")
FILES = ("Makefile", "README.md", ".env.example", "pyproject.toml", "requirements.lock")
JOB = Path("spark_app", "jobs", "daily_orders.py")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that the page has been followed in."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*FILES, "tests/conftest.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    put_python(folder)
    follow(blocks(docs("adding-a-job")), folder)
    return folder


def follow(steps: list[Block], folder: Path) -> None:
    """Do what the blocks of a page say, and hold what commands print against what it shows."""
    printed = ""
    for step in steps:
        what, _, about = step.marker.partition(": ")
        path = folder / about
        if what == "runnable":
            printed = run(step.text, int(about or 0), folder)
        elif what == "output":
            expect(step.text, printed)
        elif what == "change":
            path.write_text(changed(path.read_text(), step.text))
        elif what in ("file", "more of"):
            path.parent.mkdir(parents=True, exist_ok=True)
            before = f"{path.read_text()}\n\n" if what == "more of" else ""
            path.write_text(before + step.text)
        else:
            raise ValueError(f"nobody knows what to do with the block {step.marker!r}")


def run(text: str, code: int, folder: Path) -> str:
    """Run the commands of a block; the last one ends with `code`, those before with 0."""
    done = [execute(command, folder) for command in text.splitlines()]
    for command, ended, wanted in zip(text.splitlines(), done, codes(done, code), strict=True):
        assert ended.code == wanted, f"{command}\n{ended.printed}"
    return "".join(ended.printed for ended in done)


def codes(done: list[Done], last: int) -> list[int]:
    return [0] * (len(done) - 1) + [last]


def expect(shown: str, printed: str) -> None:
    """Each line that is shown was printed, but for seconds."""
    lines = [without_seconds(line) for line in printed.splitlines()]
    assert [
        line for line in shown.splitlines() if line and without_seconds(line) not in lines
    ] == []


def without_seconds(line: str) -> str:
    return re.sub(r" +[\d.]+ s ", " ", line).rstrip()


def changed(text: str, diff: str) -> str:
    """The text with the added lines of a diff behind the lines that stand before them."""
    kept = "".join(line[1:] for line in diff.splitlines(True) if line[0] == " ")
    new = "".join(line[1:] for line in diff.splitlines(True))
    assert text.count(kept) == 1
    return text.replace(kept, new)


def test_the_page_leads_from_nothing_to_a_published_table_and_its_page(checkout: Path) -> None:
    assert (checkout / "lake" / "final" / "daily_orders" / "daily_orders.parquet").exists()
    assert (checkout / "lake" / "report" / "daily_orders.html").exists()


def test_the_job_is_short_and_in_the_projects_format(checkout: Path) -> None:
    assert len((checkout / JOB).read_text().splitlines()) <= 65
    ruff = [str(Path(sys.executable).with_name("ruff"))]
    for check in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [*ruff, *check, str(JOB)], check=False, cwd=checkout, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


def test_the_docs_know_the_new_job(checkout: Path) -> None:
    assert "[daily_orders](docs/jobs/daily_orders.md)" in (checkout / "README.md").read_text()
    assert "refund_within_amount" in (checkout / "docs" / "jobs" / "daily_orders.md").read_text()
    assert '"daily_orders"' in (checkout / "spark_app" / "jobs.json").read_text()
    assert "SPARK_APP_SOURCE_ORDERS=" in (checkout / ".env.example").read_text()


def test_rows_of_the_gate_that_stayed_shut_were_never_published(checkout: Path) -> None:
    shut = list((checkout / "lake" / "runs").glob("*/report.html"))
    assert len(shut) == 1
