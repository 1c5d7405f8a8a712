"""The README's commands are as written and work; its tables are those of the code."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from scripts import make_sample
from scripts.readme_tables import RESULTS, checks_table, figures, with_table
from spark_app import cli
from spark_app.jobs.organic_share.schema import RAW, published_schema

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CODE = re.compile(
    r"^(?P<marker><!-- [^\n]* -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)
PROGRAM = ".venv/bin/python -m spark_app"


def blocks(kind: str, marker: str = "") -> list[str]:
    """The README's fenced blocks of a kind, those behind a marker comment if one is named."""
    found = [m for m in CODE.finditer(README) if m["kind"] == kind]
    return [m["text"] for m in found if not marker or m["marker"] == f"<!-- {marker} -->\n"]


def between(name: str) -> list[list[str]]:
    """The rows of the table between two markers, without its head."""
    text = README.split(f"<!-- {name}:start -->")[1].split(f"<!-- {name}:end -->")[0]
    rows = [line.strip("| ").split(" | ") for line in text.strip().split("\n")]
    return rows[2:]


def commands() -> list[str]:
    """Every command of the program that the README shows, in a block or in a sentence."""
    return re.findall(r"python -m spark_app ([^`\n]+)", README)


def environment() -> dict[str, str]:
    """This one without settings of the program."""
    return {k: v for k, v in os.environ.items() if not k.startswith("SPARK_APP_")}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like the checkout of somebody who has exports of their own."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "spark_app").symlink_to(ROOT / "spark_app")
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    make_sample.write(folder / "exports", make_sample.SEED)
    return folder


@pytest.fixture(scope="module")
def outputs(checkout: Path) -> dict[str, str]:
    """What each runnable command printed, run in the README's order; the job runs once."""
    printed: dict[str, str] = {}
    for block in blocks("sh", "runnable"):
        for command in block.strip().split("\n"):
            printed[command] = execute(command, checkout)
    for name, block in zip(("pandas", "others"), blocks("python", "runnable"), strict=True):
        printed[name] = execute(f".venv/bin/python -c {shlex.quote(block)}", checkout)
    return printed


def execute(command: str, folder: Path) -> str:
    """Run one command of the README; what it printed, errors included."""
    known = [path.name for path in (folder / "lake" / "runs").glob("*")]
    written = command.replace("RUN_ID", known[0]) if known else command
    done = subprocess.run(
        ["sh", "-c", written],
        check=False,
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{written}\n{done.stderr}"
    return done.stderr + done.stdout


def without_seconds(line: str) -> str:
    return re.sub(r"\s+[\d.]+ s$", "", line)


def test_the_readme_shows_commands_in_blocks_and_sentences() -> None:
    assert len(commands()) >= 8
    assert len(blocks("sh", "runnable")) == 3
    assert len(blocks("python", "runnable")) == 2


@pytest.mark.parametrize("command", commands())
def test_every_command_parses(command: str) -> None:
    parsed = cli._parser().parse_args(shlex.split(command, comments=True))
    assert callable(parsed.command)


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(?:run )?(--[a-z-]+)", README))))
def test_every_option_in_a_sentence_exists(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    known = ""
    for command in ("run", "publish", "prune", "submit"):
        with pytest.raises(SystemExit):
            cli._parser().parse_args([command, "--help"])
        known += capsys.readouterr().out
    assert option in known


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|    )make ([a-z0-9-]+)", README))))
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_every_make_target_exists(target: str) -> None:
    done = subprocess.run(
        ["make", "-n", target], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_runnable_commands_work(outputs: dict[str, str]) -> None:
    assert len(outputs) == 10


def test_make_run_prints_what_the_readme_shows(outputs: dict[str, str]) -> None:
    shown = blocks("text", "output of make run")[0].strip().split("\n")
    printed = outputs[blocks("sh", "runnable")[0].strip()].strip().split("\n")
    assert [without_seconds(line) for line in shown[1:-2]] == [
        without_seconds(line) for line in printed[:-2]
    ]
    for mine, real in zip(shown[-2:], printed[-2:], strict=True):
        assert mine.split(".../sample-lake")[0] == real.split("/")[0]
        assert real.endswith(mine.split("sample-lake")[1])


def test_the_readers_all_see_the_whole_table(outputs: dict[str, str], checkout: Path) -> None:
    rows, same, countries, run_id = outputs["others"].split()
    assert (rows, same, countries) == ("768", "768", "12")
    assert (checkout / "lake" / "runs" / run_id).exists()


def test_a_reader_gets_the_newest_complete_week(outputs: dict[str, str]) -> None:
    lines = [line.split() for line in outputs["pandas"].strip().split("\n")]
    shown = blocks("text", "output of make run")[0]
    assert len(lines) == 13
    assert lines[1][:3] == ["US", "2021", "50"]
    assert f"{float(lines[1][3]):.4f}" in shown
    assert f"{int(lines[1][4]):,}" in shown


def test_the_samples_report_is_small(outputs: dict[str, str], checkout: Path) -> None:
    report = checkout / "lake" / "report" / "organic_share.html"
    assert 100_000 < report.stat().st_size < 5_000_000


def test_publish_and_report_name_what_they_wrote(outputs: dict[str, str], checkout: Path) -> None:
    published = outputs[f"{PROGRAM} publish organic_share --run RUN_ID --lake ./lake"]
    report = outputs[f"{PROGRAM} report organic_share --lake ./lake"]
    assert "organic_share.parquet" in published
    assert str(checkout / "lake" / "report" / "organic_share.html") in report


def test_the_table_of_checks_is_that_of_the_job() -> None:
    assert with_table(README, "checks", checks_table("organic_share")) == README


def test_the_figures_are_those_of_the_results() -> None:
    assert with_table(README, "benchmarks", figures(RESULTS.read_text())) == README


def test_the_contract_is_that_of_the_job() -> None:
    mine = [[f"`{c.name}`", c.type, c.meaning] for c in RAW.columns]
    assert between("contract") == mine


def test_the_published_columns_are_those_of_the_job() -> None:
    mine = [[f"`{field.name}`", str(field.type)] for field in published_schema()]
    assert [row[:2] for row in between("published")] == mine


def test_the_modules_named_exist() -> None:
    named = [path for row in between("modules") for path in re.findall(r"`([^`]+)`", row[1])]
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_settings_named_are_known() -> None:
    named = re.findall(r"^\| `(SPARK_APP_\w+)`", README, re.M)
    assert named == list(dotenv_values(ROOT / ".env.example"))


def test_links_and_pictures_lead_to_files() -> None:
    targets = [t for t in re.findall(r"\]\(([^)]+)\)", README) if not t.startswith("http")]
    assert "docs/report.png" in targets
    assert [t for t in targets if not (ROOT / t).exists()] == []
    assert (ROOT / "docs" / "report.png").stat().st_size < 1_000_000
