"""The words in which a job says what it is. Nothing here reads, computes or knows a job.

A job publishes exactly one table. Whatever is the same for all tables (reading, rules, standard
checks, gates, quarantine, history, publishing, report) follows from these declarations.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

Severity = Literal["fail", "warn"]
OptionValue = str | int | float | tuple[str, ...] | None


@dataclass(frozen=True)
class Option:
    """A setting of a job: `SPARK_APP_NAME` in the environment, or `run --set NAME=VALUE`.

    `parse` raises ValueError with what to write instead; `words` say what the option is.
    """

    name: str
    parse: Callable[[str], OptionValue]
    default: OptionValue
    words: str


@dataclass(frozen=True)
class OneOf:
    """Allowed values: a list, or what makes it when it is needed; an option may add `more`."""

    values: tuple[str, ...] | Callable[[], tuple[str, ...]]
    more: Option | None = None


@dataclass(frozen=True)
class Time:
    """A timestamp is written in text, in just this form: `yyyy-MM-dd HH:mm:ss.SSSSSS` and the like.

    It names no zone: the time is one of its source's zone.
    """

    pattern: str


@dataclass(frozen=True)
class EpochMillis:
    """A timestamp is written as the milliseconds since 1970-01-01 in UTC."""


@dataclass(frozen=True)
class Key:
    """The value of a key of a JSON object; dots lead into objects inside of it."""

    path: str


@dataclass(frozen=True)
class Folder:
    """The name of one of the folders in which the files of a source lie, see `Files.folders`."""

    name: str


# What rows of files have beside their values, as `sources/text_types.py` tells.
BESIDE_VALUES = (
    *("delivered", "delivered_line", "delivered_bytes", "is_whole_line", "is_flat_line"),
    *("source_file", "broken_rules"),
)


@dataclass(frozen=True)
class Digest:
    """What tells one JSON object from others, in 32 hex digits: all keys and values count, neither
    the order of keys nor how something is spelt does. A whole number is another than with `.0`."""


@dataclass(frozen=True)
class Rest:
    """What files hold beside the other columns, as one JSON object by the names, dots leading into
    objects; null where that is nothing. What the source ignores is not in it."""


@dataclass(frozen=True)
class Column:
    """A column and what is promised of it. Promises become rules (raw) or checks (tables).

    `type` is in Spark's words. `null` says what null means; None: it is never null. `least` and
    `most` are inclusive. `ratio_of` names the two counts that a share is the quotient of: totals
    are quotients of their sums, never means of shares. `label` is its heading for a person.
    `written` says how files of text write a timestamp, `at` where JSON has the value; None: at the
    key of the column's name. A `person` is known by it, in a source and in the table made from it:
    `forget` removes the rows. Text that `is_id` tells things apart: in a source of text it is not
    blank, and no number that a program shortened.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    null: str | None = None
    least: int | float | None = None
    most: int | float | None = None
    one_of: OneOf | None = None
    ratio_of: tuple[str, str] | None = None
    label: str = ""
    is_region: bool = False
    written: Time | EpochMillis | None = None
    at: Key | Folder | Digest | Rest | None = None
    person: bool = False
    is_id: bool = False

    @property
    def is_time(self) -> bool:
        """Whether its values are times."""
        return self.type in ("date", "timestamp")


RESCUED = Column(
    "rescued_json", "string", "what nobody promised", null="nothing more came", at=Rest()
)


@dataclass(frozen=True)
class Rule:
    """What is true of every good row of a source, as Spark SQL; who breaks it goes to quarantine.

    A row is judged only where all columns that the rule `reads` are present, unless it
    `judges_null`: presence is a rule of its own. A predicate that yields null counts as broken.
    """

    name: str
    words: str
    reads: tuple[str, ...]
    ok: str
    judges_null: bool = False


@dataclass(frozen=True)
class Finding:
    """What a check found: of `rows` looked at, `failed` break it; `detail` says it in words.

    `is_insufficient`: there was too little data to tell. Only a `warn` check may answer so.
    """

    rows: int
    failed: int
    detail: str = ""
    is_insufficient: bool = False


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a check may look at; frames are lazy.

    `rows` are the rows judged: the good rows of a source, or the table as it was built; `table` has
    the latter in memory. `sources` are the good rows of every source by name, of their pinned
    versions; `bad` those that broke a rule, null when there are none. `kept` is what stays of the
    published run before `--since`, null for a full run; `published` is what readers see now.
    `newest` is the time of the table's newest settled row, null when nothing is settled.
    `counted` is what the job counted on its way (`Job.counts`).
    """

    rows: "DataFrame"
    today: date
    options: Mapping[str, OptionValue]
    sources: "Mapping[str, DataFrame]" = field(default_factory=dict)
    bad: "DataFrame | None" = None
    table: "pa.Table | None" = None
    staging: "pa.Table | None" = None
    kept: "pa.Table | None" = None
    published: "pa.Table | None" = None
    newest: date | None = None
    counted: object = None

    @property
    def built(self) -> "pa.Table":
        """The table in memory.

        Raises:
            LookupError: it is not there.
        """
        if self.table is None:
            raise LookupError("the table is not in memory")
        return self.table


@dataclass(frozen=True)
class Check:
    """Judges a source's good rows, or a table. `holds` is Spark SQL that is true of every row, or
    a function. With `when` the check exists only where that option has a value."""

    name: str
    severity: Severity
    words: str
    holds: str | Callable[[Evidence], Finding]
    when: Option | None = None


def fail(
    name: str,
    words: str,
    holds: str | Callable[[Evidence], Finding],
    *,
    when: Option | None = None,
) -> Check:
    """A check that keeps the gate shut when it fails."""
    return Check(name, "fail", words, holds, when)


def warn(
    name: str,
    words: str,
    holds: str | Callable[[Evidence], Finding],
    *,
    when: Option | None = None,
) -> Check:
    """A check whose failure is shown; the gate does not mind."""
    return Check(name, "warn", words, holds, when)


@dataclass(frozen=True)
class Parquet:
    """Files of a source are Parquet; the types of a column may differ where nothing is lost."""


@dataclass(frozen=True)
class Csv:
    """Files are lines of values with a separator between them, plain or `.gz`; empty is null.

    With a `header` the first line of each file names its columns, in any order; else they are those
    of the source in theirs. `ignored` columns are known and not wanted. A quote inside of quotes is
    doubled. `decimal` is the mark before a fraction. `has_line_breaks`: values in quotes hold some;
    such a file is read by one task.
    """

    header: bool = True
    separator: str = ","
    quote: str = '"'
    decimal: str = "."
    encoding: str = "UTF-8"
    ignored: tuple[str, ...] = ()
    has_line_breaks: bool = False


@dataclass(frozen=True)
class JsonLines:
    """Files are lines, each one JSON object in UTF-8, plain or `.gz`; a missing key is null.

    Numbers and texts are alike: what a value is, its column says. `ignored` keys are known and not
    wanted; dots lead into objects.
    """

    ignored: tuple[str, ...] = ()


Text = Csv | JsonLines


@dataclass(frozen=True)
class Files:
    """Delivered files of one dataset, `raw/<dataset>/` in the lake by default.

    `tolerance` is the share of bad rows up to which the gate opens, inclusive. `time` is the column
    that says when a row happened: `--since` leaves rows out by it (without one they are always read
    whole), and a row of text that is ahead of its day is a bad one. `zone` is that of times which
    name none; a local time that exists twice is the earlier one. `report_zone` is the one in which
    moments have their day. `raw_kept_days` is for how many days delivered files are kept; those in
    folders of earlier days are passed over. Null: for ever. `folders` are those in which each file
    lies, from the top, by what their names say; `yyyy`, `MM` and `dd` are digits.
    """

    name: str
    format: Parquet | Text
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    checks: tuple[Check, ...] = ()
    tolerance: float = 0.01
    time: str | None = None
    may_be_empty: bool = False
    zone: str = "UTC"
    report_zone: str = "UTC"
    raw_kept_days: int | None = None
    folders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what files of text cannot tell.

        Raises:
            ValueError: a timestamp of text does not say how it is written, a column is looked for
                in JSON although the files are none, or in a folder that is not declared, or it has
                a name that bad rows have for something else.
        """
        taken = [column.name for column in self.columns if column.name in BESIDE_VALUES]
        if taken:
            raise ValueError(
                f"{self.name}: call {taken[0]} otherwise; rows have their own {taken[0]}"
            )
        places = [column.at for column in self.columns if column.at]
        if isinstance(self.format, Csv) and self.format.header:
            places = [place for place in places if not isinstance(place, Rest)]
        if places and not isinstance(self.format, JsonLines):
            raise ValueError(f"{self.name}: only columns of JSON say where they are")
        named = [place.name for place in places if isinstance(place, Folder)]
        if unknown := [name for name in named if name not in self.folders]:
            raise ValueError(f"{self.name}: its files lie in no folder called {unknown[0]}")
        if isinstance(self.format, Parquet):
            return
        for column in self.columns:
            if column.type == "timestamp" and column.written is None:
                raise ValueError(f"{self.name}: say how text writes the timestamp {column.name}")

    @property
    def named(self) -> tuple[Column, ...]:
        """The columns that files have themselves: all but what holds the rest."""
        return tuple(column for column in self.columns if not isinstance(column.at, Rest))


@dataclass(frozen=True)
class OneFile:
    """A small table: one Parquet file, replaced in one atomic step. Its size is that in memory."""

    most_bytes: int = 256 * 2**20


@dataclass(frozen=True)
class Append:
    """Rows belong to the files that they came from, each of which is read once. The rows of a file
    that is delivered again are replaced; of rows with one key, one stays, chosen by its content.

    `event` names the columns of the key that number events, where the source numbers them: then
    two rows whose keys differ in the time alone are one event, and a check counts them. Without
    numbers they are two events, and nothing is said of them.
    """

    event: tuple[str, ...] = ()


@dataclass(frozen=True)
class Iceberg:
    """A large table: a lake table of Iceberg, in one folder a value of the date column `partition`
    (the time of the table, or the first day of its month), whose files are sorted by `sort`.
    `keep_days`: what is that many days older than the day of a run is dropped; null: all stays."""

    partition: str
    sort: tuple[str, ...] = ()
    write: Append = Append()
    keep_days: int | None = None

    def __post_init__(self) -> None:
        """Refuse to keep nothing.

        Raises:
            ValueError: less than a day is kept.
        """
        if self.keep_days is not None and self.keep_days < 1:
            raise ValueError(f"keep_days is {self.keep_days}; keep one day at least")


@dataclass(frozen=True)
class Table:
    """A table: what one row of it is, and what is true of it before readers see it.

    Rows of one file stand in the order of the key. `time` is a date: the row stands for `days`
    days from it on, and follows from rows of its sources from then on. `settled` is a boolean
    column: true where a row changes no more; None: every row, but for history those of the newest
    time. A settled row in which a column of `history` (empty: any column) changes is a change of
    published history.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    time: str | None = None
    days: int = 1
    settled: str | None = None
    history: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    may_be_empty: bool = False
    kept_as: OneFile | Iceberg = OneFile()

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            ValueError: a name is no column's, a column of the key may be null, or one that is said
                to number events is not of the key, or a time.
        """
        known = {column.name: column for column in self.columns}
        lake = self.kept_as if isinstance(self.kept_as, Iceberg) else None
        event = lake.write.event if lake else ()
        kept = (lake.partition, *lake.sort, *event) if lake else ()
        named = (*self.key, *filter(None, (self.time, self.settled)), *self.history, *kept)
        if unknown := [name for name in named if name not in known]:
            raise ValueError(f"{self.name} has no column {unknown[0]}")
        if nullable := [name for name in self.key if known[name].null is not None]:
            raise ValueError(f"{self.name}: {nullable[0]} is of the key and may not be null")
        if wrong := [name for name in event if name not in self.key or known[name].is_time]:
            raise ValueError(f"{self.name}: {wrong[0]} numbers no event; name columns of the key")

    @property
    def is_lake(self) -> bool:
        """Whether it is a lake table, and not one file."""
        return isinstance(self.kept_as, Iceberg)

    @property
    def most_bytes(self) -> int:
        """How large a table of one file may be in memory.

        Raises:
            TypeError: it is not kept as one file.
        """
        if not isinstance(self.kept_as, OneFile):
            raise TypeError(f"{self.name} is not kept as one file")
        return self.kept_as.most_bytes


Source = Files | Table


@dataclass(frozen=True)
class Staging:
    """A table in between, with a gate of its own.

    `made_by` turns the good rows of the job's sources into its rows; `completed_by` gets those
    together with the rows that `--since` keeps of the published run.
    """

    table: Table
    made_by: "Callable[..., DataFrame]"
    completed_by: "Callable[[DataFrame], DataFrame] | None" = None


@dataclass(frozen=True)
class Mark:
    """Points of a chart to be read with care: those whose `column` is `below` a number."""

    column: str
    below: int
    words: str


@dataclass(frozen=True, init=False)
class Tiles:
    """Totals of the newest settled time, the first one large."""

    columns: tuple[str, ...]

    def __init__(self, *columns: str) -> None:
        """Name the columns."""
        object.__setattr__(self, "columns", columns)


@dataclass(frozen=True)
class Line:
    """A column over time, one line for each value of `by` and one for all together."""

    column: str
    by: str | None = None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Bars:
    """A column of the newest settled time, one bar for each value of `by`, the largest first."""

    column: str
    by: str


@dataclass(frozen=True, init=False)
class Newest:
    """The rows of the newest settled time, with these columns after the key; none named: all."""

    columns: tuple[str, ...]

    def __init__(self, *columns: str) -> None:
        """Name the columns."""
        object.__setattr__(self, "columns", columns)


Part = Tiles | Line | Bars | Newest


@dataclass(frozen=True, init=False)
class Report:
    """What the page of a table draws of it, from top to bottom."""

    title: str
    parts: tuple[Part, ...]

    def __init__(self, title: str, *parts: Part) -> None:
        """Name the page and its parts."""
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "parts", parts)


@dataclass(frozen=True)
class Delivery:
    """What a job's own way of examining may know besides the rows.

    `rules` are all rules of the source, standard ones first. `since` is the first day that is read,
    null for a full run; null dates are read whatever it is. `sample` gives different values
    of columns in the files, nearly all of the first column named: a hint, never a proof.
    """

    rules: Sequence[Rule]
    today: date
    options: Mapping[str, OptionValue]
    since: date | None
    sample: Callable[[Sequence[str]], Sequence[tuple[object, ...]]]


@dataclass(frozen=True)
class Examination:
    """What `Job.examine` found in the rows of the job's one source; nothing is written yet.

    `broken` is how many rows broke each rule; `bad` has them with `broken_rules` and
    `source_file`, null when there are none. `made` is what `Staging.made_by` would have made.
    `counted` is what `Job.counts` would have counted.
    """

    rows_count: int
    quarantined_count: int
    broken: Mapping[str, int]
    bad: "DataFrame | None"
    good: "DataFrame"
    made: "DataFrame"
    counted: object


@dataclass(frozen=True)
class Job:
    """How a table is made: from the good rows of its sources, in their order.

    With `staging` the transform gets the staging table instead. Options that the transform names
    are handed to it by keyword. `checks` judge the table beside its own. `counts` is counted once
    and shared by the checks; `examine` is the job's own faster way to all of this, null: the plain
    one.
    """

    reads: tuple[Source, ...]
    transform: "Callable[..., DataFrame]"
    publishes: Table
    staging: Staging | None = None
    checks: tuple[Check, ...] = ()
    options: tuple[Option, ...] = ()
    report: Report | None = None
    counts: Callable[[Evidence], object] | None = None
    examine: "Callable[[DataFrame, Delivery], Examination] | None" = None

    def __post_init__(self) -> None:
        """Refuse what would be left out without a word.

        Raises:
            ValueError: an option is used that the job does not declare; or the job has an own way
                to count or examine, or rows that belong to files, and not just one source of files.
        """
        files = [source for source in self.reads if isinstance(source, Files)]
        checks = (*self.checks, *self.publishes.checks, *(c for one in files for c in one.checks))
        whens = [check.when for check in checks]
        columns = (*self.publishes.columns, *(c for one in files for c in one.columns))
        mores = [column.one_of.more for column in columns if column.one_of]
        for option in filter(None, (*whens, *mores)):
            if option not in self.options:
                raise ValueError(f"{self.name} uses the option {option.name} without declaring it")
        if (self.counts or self.examine) and (len(self.reads), len(files)) != (1, 1):
            raise ValueError(
                f"{self.name} counts or examines itself, but reads not just one dataset"
            )
        if self.publishes.is_lake:
            if (len(self.reads), len(files)) != (1, 1):
                raise ValueError(
                    f"{self.name} appends rows of files, but reads not just one dataset"
                )
            if self.staging or self.counts or self.examine:
                raise ValueError(f"{self.name} appends rows of files: it has one way of doing so")
        has_persons = any(column.person for one in files for column in one.columns)
        is_of_persons = any(column.person for column in self.publishes.columns)
        if files and has_persons != is_of_persons:
            raise ValueError(f"{self.name}: say of source and table which column is a person")
        if is_of_persons and not self.publishes.is_lake:
            raise ValueError(
                f"{self.name}: keep persons in a lake table, where `forget` finds them"
            )

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.publishes.name

    @property
    def tables_read(self) -> tuple[str, ...]:
        """The tables of other jobs that it reads."""
        return tuple(source.name for source in self.reads if isinstance(source, Table))

    @property
    def has_lake_tables(self) -> bool:
        """Whether it makes or reads one."""
        tables = (self.publishes, *self.reads)
        return any(table.is_lake for table in tables if isinstance(table, Table))
