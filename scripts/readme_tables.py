"""The README's table of checks, from the job's own declaration of them.

    python -m scripts.readme_tables

writes it between its markers; a test holds both equal.
"""

import re
from pathlib import Path

from spark_app.jobs import find_job
from spark_app.settings import Settings

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- checks:start -->", "<!-- checks:end -->"


def checks_table(job: str) -> str:
    """Every check of a job as rows of a Markdown table, in the order of the layers."""
    checks = find_job(job).load().checks(Settings())
    lines = [f"| {c.layer} | {c.severity} | `{c.name}` | {c.description} |" for c in checks]
    return "\n".join(["| layer | severity | check | what it says |", "|---|---|---|---|", *lines])


def with_checks(readme: str, table: str) -> str:
    """The text with `table` between the markers."""
    between = re.compile(f"{re.escape(START)}.*{re.escape(END)}", re.DOTALL)
    return between.sub(lambda _: f"{START}\n{table}\n{END}", readme)


def main() -> None:
    README.write_text(with_checks(README.read_text(), checks_table("organic_share")))


if __name__ == "__main__":
    main()
