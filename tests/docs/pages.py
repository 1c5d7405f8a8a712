"""The project's Markdown, and what stands in it."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = sorted((README, *(ROOT / "docs").rglob("*.md")))
BLOCK = re.compile(
    r"^(?:<!-- (?P<marker>[^\n]*) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    """A fenced block: the comment before it (empty: none), its language, its text."""

    marker: str
    kind: str
    text: str


def docs(name: str) -> str:
    """A page of the docs."""
    return (ROOT / "docs" / f"{name}.md").read_text()


def blocks(page: str) -> list[Block]:
    """All blocks of a page."""
    return [Block(m["marker"] or "", m["kind"], m["text"]) for m in BLOCK.finditer(page)]


def marked(page: str, marker: str) -> list[str]:
    """The texts of the blocks with that comment before them."""
    return [block.text for block in blocks(page) if block.marker == marker]


def between(page: str, name: str) -> list[list[str]]:
    """The rows of the table between two markers, without its head."""
    text = page.split(f"<!-- {name}:start -->")[1].split(f"<!-- {name}:end -->", maxsplit=1)[0]
    return [line.strip("| ").split(" | ") for line in text.strip().split("\n")[2:]]


def commands(page: str) -> list[str]:
    """Every command of the program that a page shows, in a block or in a sentence."""
    return re.findall(r"python -m spark_app ([^`\n]+)", page)
