"""The tables of the README that follow from the code: its checks, what was measured, and what is
calculated from that.

    python -m scripts.readme_tables

writes them between their markers; tests hold them equal.
"""

import re
from pathlib import Path

from benchmarks.sizing import sizing
from spark_app.jobs import find_job
from spark_app.settings import Settings

ROOT = Path(__file__).parents[1]
README, RESULTS = ROOT / "README.md", ROOT / "benchmarks" / "RESULTS.md"
SHOWN_SIZE = "50M"


def checks_table(job: str) -> str:
    """Every check of a job as rows of a Markdown table, in the order of the layers."""
    checks = find_job(job).load().checks(Settings())
    lines = [f"| {c.layer} | {c.severity} | `{c.name}` | {c.description} |" for c in checks]
    return "\n".join(["| layer | severity | check | what it says |", "|---|---|---|---|", *lines])


def figures(results: str) -> str:
    """One section of the results in short: seconds, ratio and memory, and which aims were met."""
    start, end = f"<!-- bench:{SHOWN_SIZE} -->", f"<!-- /bench:{SHOWN_SIZE} -->"
    lines = results.split(start)[1].split(end, maxsplit=1)[0].split("\n")
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in lines if "|" in line]
    shown = [" | ".join(("", row[0], row[2], row[4], row[5], "")).strip() for row in rows]
    aims = [line for line in lines if line.startswith("- ")]
    return "\n".join([*shown, "", *aims])


def with_table(readme: str, name: str, table: str) -> str:
    """The text with `table` between the markers of that name."""
    start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    between = re.compile(f"{re.escape(start)}.*{re.escape(end)}", re.DOTALL)
    return between.sub(lambda _: f"{start}\n{table}\n{end}", readme)


def main() -> None:
    readme = with_table(README.read_text(), "checks", checks_table("organic_share"))
    results = RESULTS.read_text()
    readme = with_table(readme, "benchmarks", figures(results))
    README.write_text(with_table(readme, "sizing", sizing(results)))


if __name__ == "__main__":
    main()
