"""The checks that every job has: they follow from its declarations, and none can be left out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from spark_app.declarations import (
    Check,
    Files,
    Job,
    OptionValue,
    Parquet,
    Rule,
    Table,
    Text,
)
from spark_app.quality.deliveries import COPIES_CHECK, FILE_CHECKS
from spark_app.quality.lake_drift import drift_checks
from spark_app.quality.promises import check_name, column_rules, not_ahead
from spark_app.quality.results import Layer, LayerCheck
from spark_app.sources.text import line_rules
from spark_app.sources.text_types import IS_WHOLE, delivered, id_rule, type_rule

_DOUBLES = ("double", "float")


def rules_of(source: Files, options: Mapping[str, OptionValue]) -> tuple[Rule, ...]:
    """All rules of a source: of text those of its lines and types, those of its columns, then its
    own."""
    promised = column_rules(source.columns, options)
    if isinstance(source.format, Parquet):
        return (*promised, *source.rules)
    return (*_text_rules(source, source.format, promised), *source.rules)


def _text_rules(source: Files, form: Text, promised: Iterable[Rule]) -> Iterator[Rule]:
    """A value is present where there is text, be it of its type or not; of a line with too few or
    too many values nothing else is said."""
    yield from line_rules(source, form)
    present = {check_name(c, "present"): f"{delivered(c)} IS NOT NULL" for c in source.columns}
    of_text = (*map(type_rule, source.columns), *map(id_rule, source.columns))
    for rule in (*filter(None, of_text), *promised):
        ok = present.get(rule.name, rule.ok)
        yield replace(rule, ok=f"NOT {IS_WHOLE} OR {ok}") if rule.judges_null else rule
    if source.time:
        yield not_ahead(source.time)


def is_on(check: Check, options: Mapping[str, OptionValue]) -> bool:
    """Whether a check exists in this run: one with `when` only where that option has a value."""
    return check.when is None or options.get(check.when.name) not in (None, (), "")


def checks_of(job: Job, options: Mapping[str, OptionValue]) -> tuple[LayerCheck, ...]:
    """Every check of a job in the order of its layers.

    Raises:
        ValueError: two have the same name, so that one finding would answer for both.
    """
    staging, is_lake = job.staging, job.publishes.is_lake
    found = (
        *(check for source in job.reads for check in source_checks(source, options)),
        *(check for source in job.reads if is_lake for check in _of_delivery(source.name)),
        *(table_checks("staging", staging.table, (), options) if staging else ()),
        *table_checks("final", job.publishes, job.checks, options),
    )
    names = Counter(f"{check.name} of {check.table} ({check.layer})" for check in found)
    if twice := [name for name, count in names.items() if count > 1]:
        raise ValueError(f"{job.name} has two checks {twice[0]}")
    return found


def source_checks(
    source: Files | Table, options: Mapping[str, OptionValue]
) -> tuple[LayerCheck, ...]:
    """The checks at the raw gate for one source. Another job's table was checked when it was
    published: it only must have today's columns, and rows."""
    if isinstance(source, Table):
        columns = ("columns_as_promised", "The table was made with the columns of today.")
        has_rows = ("has_rows", f"{source.name} has at least one row.")
        named = [columns] if source.may_be_empty else [columns, has_rows]
        return tuple(_fails("raw", source.name, named))
    return tuple(_of_files(source, options))


def _of_files(source: Files, options: Mapping[str, OptionValue]) -> Iterator[LayerCheck]:
    yield from _fails(
        "raw",
        source.name,
        [
            ("columns_present", "Every file has every promised column."),
            ("types_kept", "Every column has its promised type, or one that loses nothing."),
        ],
    )
    yield LayerCheck("raw", source.name, "no_extra_columns", "warn", "No file has further columns.")
    for rule in rules_of(source, options):
        yield LayerCheck("raw", source.name, rule.name, "quarantine", rule.words)
    yield from _fails("raw", source.name, _counts_of(source))
    yield from _own("raw", source.name, source.checks, options)


def _of_delivery(source: str) -> Iterator[LayerCheck]:
    for name, severity, words in FILE_CHECKS:
        yield LayerCheck("raw", source, name, severity, words)


def _counts_of(source: Files) -> Iterator[tuple[str, str]]:
    if isinstance(source.format, Parquet):  # text does not say how many there are
        yield "all_rows_read", "As many rows were read as the files hold."
    if not source.may_be_empty:
        yield "has_rows", "At least one row was delivered."
    yield "quarantine_within_tolerance", "The share of quarantined rows is within the tolerance."


def table_checks(
    layer: Layer, table: Table, more: Sequence[Check], options: Mapping[str, OptionValue]
) -> tuple[LayerCheck, ...]:
    """The checks of a table that a run builds; `more` are those of its job."""
    return (
        *_fails(layer, table.name, _promises_of(table, options)),
        *_unchanged(layer, table),
        *_of_lake(layer, table),
        *_own(layer, table.name, (*table.checks, *more), options),
    )


def _promises_of(table: Table, options: Mapping[str, OptionValue]) -> Iterator[tuple[str, str]]:
    yield "columns_as_promised", "The columns are exactly the promised ones, in order."
    yield "types_as_promised", "The columns have exactly the promised types."
    if not table.may_be_empty:
        yield "has_rows", "There is at least one row."
    if not table.is_lake:
        most = table.most_bytes // 2**20
        yield "fits_one_file", f"The table is at most {most} MiB large."
    yield "key_is_unique", f"Each {' and '.join(table.key)} stands there once."
    if any(column.type in _DOUBLES for column in table.columns):
        yield "numbers_are_numbers", "No number is NaN; what is unknown is null."
    for rule in column_rules(table.columns, options):
        yield rule.name, rule.words


def _unchanged(layer: Layer, table: Table) -> Iterator[LayerCheck]:
    if layer == "final" and not table.is_lake:
        words = "No row that was published as settled changes."
        yield LayerCheck(layer, table.name, "history_unchanged", "warn", words)


def _of_lake(layer: Layer, table: Table) -> Iterator[LayerCheck]:
    if table.is_lake:
        for name, words in (COPIES_CHECK, *drift_checks(table)):
            yield LayerCheck(layer, table.name, name, "warn", words)


def _own(
    layer: Layer, table: str, checks: Iterable[Check], options: Mapping[str, OptionValue]
) -> Iterator[LayerCheck]:
    for check in checks:
        if is_on(check, options):
            yield LayerCheck(layer, table, check.name, check.severity, check.words)


def _fails(layer: Layer, table: str, named: Iterable[tuple[str, str]]) -> Iterator[LayerCheck]:
    for name, words in named:
        yield LayerCheck(layer, table, name, "fail", words)
