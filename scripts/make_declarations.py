"""Write `spark_app/jobs.json`: what every job says of itself, for those who have no Python.

    python -m scripts.make_declarations

`make docs` and `make package` do so; a test holds the file equal to the code.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import repeat
from pathlib import Path

from spark_app.declarations import (
    Column,
    Digest,
    EpochMillis,
    Files,
    Folder,
    Iceberg,
    Job,
    Key,
    OneFile,
    OneOf,
    OptionValue,
    Rest,
    Table,
    Time,
)
from spark_app.jobs import JOBS, find_job
from spark_app.quality.promises import allowed
from spark_app.quality.results import LayerCheck
from spark_app.quality.standard import checks_of, rules_of

OUT = Path(__file__).parents[1] / "spark_app" / "jobs.json"
Place = tuple[str, str, str]  # layer, table, name of a check


def declarations() -> dict[str, object]:
    """Every job by its name, in the order of the list."""
    return {name: job_declaration(find_job(name), summary) for name, summary in JOBS.items()}


def as_text(value: object, indent: str = "") -> str:
    """JSON with a line for every column, rule and check, so that a change shows as one line."""
    if not isinstance(value, Mapping | list) or not any(map(_is_deep, _parts(value))):
        return json.dumps(value, ensure_ascii=False)
    inner = indent + "  "
    opened, closed = "{}" if isinstance(value, Mapping) else "[]"
    names = [f"{json.dumps(name)}: " for name in value] if opened == "{" else repeat("")
    lines = [name + as_text(part, inner) for name, part in zip(names, _parts(value), strict=False)]
    return f"{opened}\n{inner}" + f",\n{inner}".join(lines) + f"\n{indent}{closed}"


def job_declaration(job: Job, summary: str) -> dict[str, object]:
    """All that a job declares. `reads` are the tables of other jobs, `sources` those and files."""
    whens = conditions(job)
    return {
        "summary": summary,
        "reads": list(job.tables_read),
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


def conditions(job: Job) -> dict[Place, str]:
    """The option without which a check does not exist, by layer, table and name of the check."""
    declared = [("raw", s.name, s.checks) for s in job.reads if isinstance(s, Files)]
    if job.staging:
        declared.append(("staging", job.staging.table.name, job.staging.table.checks))
    declared.append(("final", job.name, (*job.publishes.checks, *job.checks)))
    return {
        (layer, table, check.name): check.when.name
        for layer, table, checks in declared
        for check in checks
        if check.when
    }


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
        "format": {"kind": type(source.format).__name__.lower(), **asdict(source.format)},
        "zone": source.zone,
        "time": source.time,
        "raw_kept_days": source.raw_kept_days,
        "folders": source.folders,
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
        "kept_as": kept_declaration(table.kept_as),
        "columns": [column_declaration(column) for column in table.columns],
    }


def kept_declaration(kept_as: OneFile | Iceberg) -> dict[str, object]:
    """How a table is kept."""
    if isinstance(kept_as, OneFile):
        return {"kind": "one_file", "most_bytes": kept_as.most_bytes}
    return {
        "kind": "iceberg",
        "partition": kept_as.partition,
        "sort": kept_as.sort,
        "write": type(kept_as.write).__name__.lower(),
        "event": kept_as.write.event,
        "keep_days": kept_as.keep_days,
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
        "written": written_declaration(column.written),
        "at": at_declaration(column.at),
        "person": column.person,
        "is_id": column.is_id,
    }


def written_declaration(written: Time | EpochMillis | None) -> str | None:
    """How text writes a timestamp: a pattern, or `epoch_millis`."""
    match written:
        case Time(pattern):
            return pattern
        case EpochMillis():
            return "epoch_millis"
    return None


def at_declaration(at: Key | Folder | Digest | Rest | None) -> str | None:
    """Where JSON has a value: `key meta.id`, `folder brand`, `digest`, `rest`."""
    match at:
        case Key(path):
            return f"key {path}"
        case Folder(name):
            return f"folder {name}"
        case Digest():
            return "digest"
        case Rest():
            return "rest"
    return None


def one_of_declaration(one_of: OneOf) -> dict[str, object]:
    """The allowed values, and the option that adds to them."""
    return {
        "values": allowed(one_of, {}),
        "more": one_of.more.name if one_of.more else None,
    }


def check_declaration(check: LayerCheck, whens: Mapping[Place, str]) -> dict[str, object]:
    """A check at its gate. `when` is the option without which it does not exist."""
    return {
        "layer": check.layer,
        "table": check.table,
        "name": check.name,
        "severity": check.severity,
        "words": check.words,
        "when": whens.get((check.layer, check.table, check.name)),
    }


def _parts(value: Mapping[str, object] | list[object]) -> Iterable[object]:
    return value.values() if isinstance(value, Mapping) else value


def _is_deep(part: object) -> bool:
    return isinstance(part, Mapping | list) and bool(part)


def write(path: Path, text: str) -> None:
    """Write a file unless it holds just that, and say so."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"written: {path}")


def main() -> None:
    write(OUT, as_text(declarations()) + "\n")


if __name__ == "__main__":
    main()
