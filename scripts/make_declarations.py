"""Write `spark_app/jobs.json`: what every job says of itself, for those who have no Python.

    python -m scripts.make_declarations

`make docs` and `make package` do so; a test holds the file equal to the code.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from spark_app.declarations import Column, Files, Job, OneOf, OptionValue, Table
from spark_app.jobs import JOBS, find_job, tables_read
from spark_app.quality.promises import allowed
from spark_app.quality.results import LayerCheck
from spark_app.quality.standard import checks_of, rules_of

OUT = Path(__file__).parents[1] / "spark_app" / "jobs.json"


def declarations() -> dict[str, object]:
    """Every job by its name, in the order of the list."""
    return {name: job_declaration(find_job(name), summary) for name, summary in JOBS.items()}


def as_text(found: Mapping[str, object]) -> str:
    """The JSON as the file holds it."""
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def job_declaration(job: Job, summary: str) -> dict[str, object]:
    """All that a job declares. `reads` are the tables of other jobs, `sources` those and files."""
    whens = conditions(job)
    return {
        "summary": summary,
        "reads": tables_read(job),
        "sources": [source_declaration(source, job) for source in job.reads],
        "staging": table_declaration(job.staging.table) if job.staging else None,
        "table": table_declaration(job.publishes),
        "checks": [check_declaration(check, whens) for check in every_check(job)],
        "options": [
            {"name": option.name, "default": option.default, "words": option.words}
            for option in job.options
        ],
    }


def every_check(job: Job) -> tuple[LayerCheck, ...]:
    """The checks of a job with the default options, and those that exist only with an option."""
    return checks_of(job, {**defaults(job), **dict.fromkeys(conditions(job).values(), "set")})


def conditions(job: Job) -> dict[str, str]:
    """The option that a check needs, by the check's name."""
    staged = job.staging.table.checks if job.staging else ()
    read = (check for source in job.reads if isinstance(source, Files) for check in source.checks)
    checks = (*read, *staged, *job.publishes.checks, *job.checks)
    return {check.name: check.when.name for check in checks if check.when}


def defaults(job: Job) -> dict[str, OptionValue]:
    """The value of every option that nobody set."""
    return {option.name: option.default for option in job.options}


def source_declaration(source: Files | Table, job: Job) -> dict[str, object]:
    """A table by its name, a dataset of files by all that is promised of it."""
    if isinstance(source, Table):
        return {"kind": "table", "name": source.name}
    return {
        "kind": "files",
        "name": source.name,
        "format": type(source.format).__name__.lower(),
        "time": source.time,
        "tolerance": source.tolerance,
        "may_be_empty": source.may_be_empty,
        "columns": [column_declaration(column) for column in source.columns],
        "rules": [
            {"name": rule.name, "words": rule.words, "reads": rule.reads, "ok": rule.ok}
            for rule in rules_of(source, defaults(job))
        ],
    }


def table_declaration(table: Table) -> dict[str, object]:
    """What one row of a table is, its columns, and how it is kept."""
    return {
        "name": table.name,
        "grain": table.grain,
        "key": table.key,
        "time": table.time,
        "days": table.days,
        "settled": table.settled,
        "history": table.history,
        "may_be_empty": table.may_be_empty,
        "kept_as": {"kind": "one_file", "most_bytes": table.kept_as.most_bytes},
        "columns": [column_declaration(column) for column in table.columns],
    }


def column_declaration(column: Column) -> dict[str, object]:
    """A column; null where something is not promised. `null` says what null means, or is null."""
    return {
        "name": column.name,
        "type": column.type,
        "unit": column.unit or None,
        "meaning": column.meaning,
        "null": column.null,
        "least": column.least,
        "most": column.most,
        "one_of": one_of_declaration(column.one_of) if column.one_of else None,
        "ratio_of": column.ratio_of,
    }


def one_of_declaration(one_of: OneOf) -> dict[str, object]:
    """The allowed values, in one line, and the option that adds to them."""
    return {
        "values": " ".join(allowed(one_of, {})),
        "more": one_of.more.name if one_of.more else None,
    }


def check_declaration(check: LayerCheck, whens: Mapping[str, str]) -> dict[str, object]:
    """A check at its gate. `when` is the option without which it does not exist."""
    return {
        "layer": check.layer,
        "table": check.table,
        "name": check.name,
        "severity": check.severity,
        "words": check.words,
        "when": whens.get(check.name),
    }


def write(path: Path, text: str) -> None:
    """Write a file unless it holds just that, and say so."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"written: {path}")


def main() -> None:
    write(OUT, as_text(declarations()))


if __name__ == "__main__":
    main()
