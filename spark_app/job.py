"""What a job is to the runner: its names, its contract, its checks and its steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from spark_app.quality.checks import Check
    from spark_app.report import Section
    from spark_app.settings import Settings
    from spark_app.sources.contract import Contract


@dataclass(frozen=True)
class RunContext:
    """What the steps may know of a run besides its rows.

    `delivery` says in words what each contract check found; `published` is the table that readers
    see, by name. `since` is the Monday from which raw is read, null for a full run; `history` then
    holds, per staging table, the rows of the weeks before it. `sample` has some of the different
    values of the job's `sampled_columns` in raw: a hint, never the whole.
    """

    settings: "Settings"
    tolerance: float
    today: date
    footer_rows_count: int
    delivery: Mapping[str, str]
    published: "Mapping[str, pa.Table]"
    since: date | None
    history: "Mapping[str, pa.Table]"
    sample: Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class Examined:
    """What a job found in raw, and the frames that follow from it; nothing is written yet.

    `broken_counts` is how many rows broke each row rule; `bad_rows` (null when there are none) has
    them unchanged, with `broken_rules` and `source_file`. `facts` is what the checks judge;
    `staging` is null when no row counts.
    """

    facts: Any
    rows_count: int
    quarantined_count: int
    broken_counts: Mapping[str, int]
    bad_rows: "DataFrame | None"
    staging: "Mapping[str, DataFrame]"


class Newest(NamedTuple):
    """What the terminal shows of a published table: a title, and cells under heads."""

    title: str
    heads: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True)
class Steps:
    """The functions of a job, loaded when a run needs them.

    `examine` counts raw and prepares staging; `finish` turns the staging tables into the final
    ones; `with_tables` adds both to the facts. `newest_complete_week` of the published tables is
    null when none is complete; `history_before` are the rows of a run's staging that `--since`
    keeps. `newest_rows` are for the terminal, `sections` for the report.
    """

    contract: "Contract"
    sampled_columns: tuple[str, ...]
    checks: "Callable[[Settings], tuple[Check, ...]]"
    first_facts: Callable[[RunContext], Any]
    examine: "Callable[[DataFrame, RunContext], Examined]"
    finish: "Callable[[Mapping[str, DataFrame]], Mapping[str, DataFrame]]"
    with_tables: "Callable[[Any, Mapping[str, pa.Table], Mapping[str, pa.Table]], Any]"
    newest_complete_week: "Callable[[Mapping[str, pa.Table]], date | None]"
    history_before: "Callable[[Mapping[str, pa.Table], date], Mapping[str, pa.Table]]"
    newest_rows: "Callable[[Mapping[str, pa.Table]], Newest]"
    report_title: str
    sections: "Callable[[Mapping[str, pa.Table]], Sequence[Section]]"


@dataclass(frozen=True)
class Job:
    """A job as the list of jobs shows it. `tables` are published, in this order."""

    name: str
    summary: str
    dataset: str
    staging_tables: tuple[str, ...]
    tables: tuple[str, ...]
    load: Callable[[], Steps]
