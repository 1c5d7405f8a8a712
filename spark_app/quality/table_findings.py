"""What a run finds in a table that it built, by name of the check.

Great-expectations judges the promises of columns and the key; exact types, NaN against null, size
and history are judged here, because its pandas engine cannot tell them.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from spark_app.declarations import Finding, OptionValue, Rule, Table
from spark_app.lake.arrow import schema
from spark_app.quality import expectations, one_pass
from spark_app.quality.history import history_finding
from spark_app.quality.promises import column_rules
from spark_app.quality.source_findings import Findings, has_rows
from spark_app.quality.words import some
from spark_app.spark.sql import sql_name

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame


def standard_findings(
    table: Table,
    rows: "pa.Table",
    published: "pa.Table | None",
    options: Mapping[str, OptionValue],
) -> Findings:
    """The standard findings of a small table; `published` is what readers see, null when nothing.

    A judge that raises leaves its exception in place of its findings.
    """
    found: Findings = {
        "columns_as_promised": _columns_as_promised(table, rows),
        "types_as_promised": _types_as_promised(table, rows),
        "has_rows": has_rows(rows.num_rows),
        "fits_one_file": _fits_one_file(table, rows),
        "numbers_are_numbers": _numbers_are_numbers(rows),
    }
    try:
        found |= expectations.judge(table, rows, options)
    except Exception as error:  # a gate fails closed, whatever went wrong inside a check
        promised = [rule.name for rule in column_rules(table.columns, options)]
        found |= dict.fromkeys(("key_is_unique", *promised), error)
    try:
        found["history_unchanged"] = history_finding(table, rows, published)
    except Exception as error:  # as above
        found["history_unchanged"] = error
    return found


def lake_findings(
    table: Table, rows: "DataFrame", rows_count: int, options: Mapping[str, OptionValue]
) -> Findings:
    """The standard findings of a lake table of `rows_count` rows.

    `rows` are those of the days that a run touched, with the number of their file version behind
    the promised columns.
    """
    found = [(field.name, field.dataType.simpleString()) for field in rows.schema][:-1]
    names, wanted = [name for name, _ in found], [(c.name, c.type) for c in table.columns]
    findings: Findings = {
        "columns_as_promised": _as_promised(names, [name for name, _ in wanted]),
        "types_as_promised": _as_promised(found, wanted),
        "has_rows": has_rows(rows_count),
    }
    doubles = [c.name for c in table.columns if c.type in ("double", "float")]
    numbers = Rule(
        "numbers_are_numbers",
        "No number is NaN.",
        (),
        " AND ".join(f"NOT coalesce(isnan({sql_name(name)}), false)" for name in doubles) or "true",
        judges_null=True,
    )
    try:
        findings |= one_pass.judge(table, rows, options, (numbers,))
    except Exception as error:  # as above
        promised = [rule.name for rule in column_rules(table.columns, options)]
        names = ["key_is_unique", "numbers_are_numbers", *promised]
        findings |= dict.fromkeys(names, error)
    return findings


def _as_promised(found: Sequence[object], wanted: Sequence[object]) -> Finding:
    is_same = list(found) == list(wanted)
    return Finding(len(wanted), int(not is_same), "" if is_same else f"found {found}")


def newest_time(table: Table, rows: "pa.Table") -> date | None:
    """The time of the newest settled row of a table; null when it has none."""
    import pyarrow.compute as pc

    if table.time is None:
        return None
    settled = rows.filter(rows[table.settled]) if table.settled else rows
    newest: date | None = pc.max(settled[table.time]).as_py()
    return newest


def _columns_as_promised(table: Table, rows: "pa.Table") -> Finding:
    promised = [column.name for column in table.columns]
    is_same = list(rows.column_names) == promised
    detail = "" if is_same else f"found {', '.join(rows.column_names)}"
    return Finding(len(promised), int(not is_same), detail)


def _types_as_promised(table: Table, rows: "pa.Table") -> Finding:
    wrong = [
        f"{field.name} is {rows.schema.field(field.name).type}, promised {field.type}"
        for field in schema(table)
        if field.name in rows.column_names and rows.schema.field(field.name).type != field.type
    ]
    return Finding(len(table.columns), len(wrong), some(wrong))


def _fits_one_file(table: Table, rows: "pa.Table") -> Finding:
    most = table.most_bytes
    is_over = rows.nbytes > most
    detail = f"it is {rows.nbytes / 2**20:,.0f} MiB large, at most are {most // 2**20}"
    return Finding(rows.num_rows, int(is_over), detail if is_over else "")


def _numbers_are_numbers(rows: "pa.Table") -> Finding:
    import pyarrow as pa
    import pyarrow.compute as pc

    doubles = [field.name for field in rows.schema if pa.types.is_floating(field.type)]
    counts = {name: pc.sum(pc.is_nan(rows[name])).as_py() or 0 for name in doubles}
    wrong = [f"{name} is NaN in {count:,} rows" for name, count in counts.items() if count]
    return Finding(rows.num_rows, max(counts.values(), default=0), some(wrong))
