"""What README and docs name exists: commands, options, targets, settings, links, pictures."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values

from scripts.make_docs import JOB_SETTINGS
from spark_app import cli
from tests.docs.pages import PAGES, README, ROOT, between, commands, docs

TEXT = "\n".join(page.read_text() for page in PAGES)
OWN_JOB = "daily_orders"  # of the page on adding one


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as a link has them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def links(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    return [link for link in found if not link.startswith("http")]


def leads_somewhere(link: str, page: Path) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target.exists() and (not anchor or anchor in anchors(target))


def test_the_readme_is_short_enough_to_be_read() -> None:
    lines = README.read_text().split("\n")
    assert README.stat().st_size < 9_000
    assert len(lines) <= 135
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("command", sorted(set(commands(TEXT))))
def test_every_command_parses(command: str) -> None:
    parsed = cli._parser().parse_args(shlex.split(command, comments=True))
    assert callable(parsed.command)


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(?:\w+ )?(--[a-z-]+)", TEXT))))
def test_every_option_in_a_sentence_exists(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    known = ""
    for command in ("run", "publish", "prune", "submit"):
        with pytest.raises(SystemExit):
            cli._parser().parse_args([command, "--help"])
        known += capsys.readouterr().out
    assert option in known or option == "--help"


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?:`|^    )make ([a-z0-9-]+)", TEXT, re.M)))
)
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_every_make_target_exists(target: str) -> None:
    done = subprocess.run(
        ["make", "-n", target], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_lead_to_files(page: Path) -> None:
    assert [link for link in links(page) if not leads_somewhere(link, page)] == []


def test_every_page_is_linked_from_the_readme() -> None:
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in links(README)}
    assert set(PAGES) - {README} <= linked


def test_the_picture_is_small() -> None:
    assert (ROOT / "docs" / "report.png").stat().st_size < 1_000_000


def test_the_modules_named_exist() -> None:
    named = re.findall(
        r"`((?:spark_app|scripts|terraform|tests|bootstrap|benchmarks)/[^`*]*)`", TEXT
    )
    assert len(set(named)) >= 10
    assert [path for path in named if not (ROOT / path).exists() and OWN_JOB not in path] == []


def test_the_tree_names_every_folder_of_the_package() -> None:
    tree = README.read_text().partition("    spark_app/\n")[2].partition("\n\n")[0]
    folders = {path.parent.name for path in (ROOT / "spark_app").glob("*/__init__.py")}
    assert folders <= {name.rstrip("/") for name in re.findall(r"^      (\w+/)", tree, re.M)}
    for name in re.findall(r"^    ([a-z]+)/", tree, re.M):
        assert (ROOT / name).is_dir()


def test_the_settings_named_are_those_of_the_frame() -> None:
    frame = (ROOT / ".env.example").read_text().partition(JOB_SETTINGS)[0]
    names = re.findall(r"^(SPARK_APP_\w+)=", frame, re.M)
    assert [row[0].strip("`") for row in between(docs("operating"), "settings")] == names
    assert set(names) < set(dotenv_values(ROOT / ".env.example"))
