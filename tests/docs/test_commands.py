"""The commands of README, operating and reading work as they are written, one after the other."""

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts import make_sample
from spark_app import cli
from tests import in_process
from tests.docs.pages import README, ROOT, docs, marked
from tests.docs.shell import execute, put_python

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROGRAM = ".venv/bin/python -m spark_app"
RUN = f"{PROGRAM} run organic_share --source 'exports/*.parquet' --lake ./lake"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like the checkout of somebody who has exports of their own."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "spark_app", folder / "spark_app")
    put_python(folder)
    make_sample.write(folder / "exports", make_sample.SEED)
    return folder


@pytest.fixture(scope="module")
def outputs(checkout: Path, spark: "SparkSession") -> dict[str, str]:
    """What each runnable command printed, in the order of the pages.

    That of the README has a process of its own, as it has for a reader; those after it share one.
    """
    first = {command: in_a_shell(command, checkout) for command in runnable(README.read_text())}
    with in_process.at(checkout, {"PYSPARK_GATEWAY_PORT": "0"}):
        later = {command: here(command, checkout) for command in runnable(docs("operating"))}
    return first | later


def runnable(page: str) -> list[str]:
    return [command for text in marked(page, "runnable") for command in text.splitlines()]


def in_a_shell(command: str, folder: Path) -> str:
    done = execute(command, folder)
    assert done.code == 0, f"{command}\n{done.printed}"
    return done.printed


def here(command: str, folder: Path) -> str:
    """Run a command on the tests' session, with the words that a shell makes of it."""
    known = next(path.name for path in (folder / "lake" / "runs").iterdir())
    assert command.startswith(f"{PROGRAM} ")
    line = command.removeprefix(PROGRAM).replace("RUN_ID", known)
    words = execute(f"printf '%s\\n' {line}", folder).printed.splitlines()
    ended = in_process.ended(cli.main, *words)
    assert ended.code == 0, f"{command}\n{ended.err}"
    return ended.err + ended.out


def without_seconds(line: str) -> str:
    return re.sub(r" +[\d.]+ s ", " ", line)


def read(reader: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that a reader of the page leaves, and `content`."""
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    for marker in ("content: disk", f"reader: {reader}"):
        exec(marked(docs("reading"), marker)[0], names)
    return names


def test_all_commands_work(outputs: dict[str, str]) -> None:
    assert len(outputs) == 11
    assert next(iter(outputs)) == RUN


def test_make_run_prints_what_the_readme_shows(outputs: dict[str, str]) -> None:
    shown = marked(README.read_text(), "output of make run")[0].strip().split("\n")
    printed = outputs[RUN].strip().split("\n")
    assert [without_seconds(line) for line in shown[1:-2]] == [
        without_seconds(line) for line in printed[:-2]
    ]
    for mine, real in zip(shown[-2:], printed[-2:], strict=True):
        assert mine.split(".../sample-lake")[0] == real.split("/")[0]
        assert real.endswith(mine.split("sample-lake")[1])


def test_what_is_new_alone_runs(outputs: dict[str, str]) -> None:
    planned, left = (next(v for c, v in outputs.items() if o in c) for o in ("--dry", "--downstr"))
    assert "leave" in planned and "up to date" in planned
    assert "up to date" in left and "rows in" not in left


def test_a_rollback_and_a_release_say_what_they_did(outputs: dict[str, str]) -> None:
    published = outputs[f"{PROGRAM} publish organic_share --run RUN_ID --lake ./lake"]
    assert "organic_share.parquet" in published
    assert outputs[f"{PROGRAM} publish organic_share --release --lake ./lake"]


def test_the_report_names_page_and_site(outputs: dict[str, str], checkout: Path) -> None:
    report = checkout / "lake" / "report"
    printed = outputs[f"{PROGRAM} report organic_share --lake ./lake"]
    assert str(report / "organic_share.html") in printed
    assert str(report / "index.html") in printed
    assert 100_000 < (report / "organic_share.html").stat().st_size < 5_000_000


def test_a_reader_gets_the_newest_complete_week(
    outputs: dict[str, str],
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    read("pandas", checkout, monkeypatch)
    lines = [line.split() for line in capsys.readouterr().out.strip().split("\n")]
    shown = marked(README.read_text(), "output of make run")[0]
    assert len(lines) == 13
    assert lines[1][:3] == ["US", "2021", "50"]
    assert f"{float(lines[1][3]):.4f}" in shown
    assert f"{int(lines[1][4]):,}" in shown


def test_other_readers_see_the_whole_table_and_its_run(
    outputs: dict[str, str], checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(read("Polars", checkout, monkeypatch)["table"]) == 768
    seen = read("DuckDB", checkout, monkeypatch)
    assert (len(seen["table"]), len(seen["shares"])) == (768, 12)
    assert (checkout / "lake" / "runs" / seen["run_id"]).exists()
