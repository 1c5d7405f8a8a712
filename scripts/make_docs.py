"""Write what the docs say of the code: a page for each job, the lists of jobs and settings, and
what a run is calculated to cost.

    python -m scripts.make_docs

`make docs` does so after a change of a declaration; tests hold all of it equal.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.sizing import RESULTS, sizing
from scripts import make_declarations
from scripts.job_page import default_words, page, prose, sentence
from scripts.make_declarations import write
from spark_app.declarations import Table
from spark_app.jobs import JOBS, all_jobs, datasets, find_job
from spark_app.settings import PREFIX, SOURCE_PREFIX

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "jobs"
SHOWN_JOB = "organic_share"
JOB_SETTINGS = "# The settings of the jobs, written by `make docs`.\n"


def generated() -> dict[Path, str]:
    """Every file that holds something generated, as it must be."""
    return {
        make_declarations.OUT: make_declarations.as_text(make_declarations.declarations()) + "\n",
        **{PAGES / f"{name}.md": page(find_job(name), words) for name, words in JOBS.items()},
        **_with_tables(ROOT / "README.md", {"jobs": jobs_list(JOBS)}),
        **_with_tables(ROOT / "docs" / "emr.md", {"sizing": sizing(RESULTS.read_text())}),
        **_with_tables(
            ROOT / "docs" / "reading.md", {"athena": athena(find_job(SHOWN_JOB).publishes)}
        ),
        ROOT / ".env.example": with_job_settings((ROOT / ".env.example").read_text()),
    }


def jobs_list(jobs: Mapping[str, str]) -> str:
    """One line a job, with a link to its page."""
    lines = [f"- [{name}](docs/jobs/{name}.md): {words}" for name, words in jobs.items()]
    return "\n".join(prose(line, indent="  ") for line in lines)


def athena(table: Table) -> str:
    """The statement by which Athena knows a table; its types have the names of Spark's."""
    columns = ",\n".join(f"  `{column.name}` {column.type}" for column in table.columns)
    place = f"s3://BUCKET/lake/final/{table.name}/"
    statement = f"CREATE EXTERNAL TABLE {table.name} (\n{columns})"
    return f"```sql\n{statement}\nSTORED AS PARQUET LOCATION '{place}'\n```"


def with_job_settings(example: str) -> str:
    """`.env.example` with the settings that jobs declare behind those of the frame."""
    frame = example.partition(JOB_SETTINGS)[0].rstrip("\n")
    return "\n\n".join([frame, JOB_SETTINGS.rstrip("\n"), *job_settings()]) + "\n"


def job_settings() -> Iterator[str]:
    """One paragraph a setting, as comment and name."""
    for name in datasets(all_jobs()):
        where = (
            f"# Where the dataset `{name}` lies. --source wins. Default: raw/{name}/ in the lake"
        )
        yield f"{where}\n{SOURCE_PREFIX}{name.upper()}="
    for job in all_jobs():
        for option in job.options:
            default = default_words(option).strip("`")
            words = f"# {job.name}: {sentence(option.words)} Default: {default}"
            yield f"{words}\n{PREFIX}{option.name.upper()}="


def with_table(text: str, name: str, table: str) -> str:
    """The text with `table` between the markers of that name."""
    start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    between = re.compile(f"{re.escape(start)}.*{re.escape(end)}", re.DOTALL)
    return between.sub(lambda _: f"{start}\n{table}\n{end}", text)


def _with_tables(path: Path, tables: Mapping[str, str]) -> dict[Path, str]:
    text = path.read_text(encoding="utf-8")
    for name, table in tables.items():
        text = with_table(text, name, table)
    return {path: text}


def main() -> None:
    for path, text in generated().items():
        write(path, text)


if __name__ == "__main__":
    main()
