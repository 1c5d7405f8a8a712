"""The parts of a page as its templates take them: a kind, what was declared, its numbers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_app.declarations import Bars, Column, Job, Line, Mark, Newest, Part, Report, Table, Tiles
from spark_app.report.charts import line_json
from spark_app.report.numbers.lines import picture
from spark_app.report.numbers.marks import marks_of
from spark_app.report.numbers.newest import Rows, newest
from spark_app.report.numbers.totals import (
    Headline,
    Ranking,
    Spread,
    column_of,
    headline,
    ranking,
    spread,
)
from spark_app.report.text import heading

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_SHOWN = 1000


@dataclass(frozen=True)
class TilesPart:
    """Null numbers: no time is settled, or nothing is drawn by groups."""

    section_id: str
    headline: Headline | None
    spread: Spread | None
    kind: str = "tiles"
    title: str = ""


@dataclass(frozen=True)
class LinePart:
    """`drawn` is what the page's script draws, null where there is nothing to draw."""

    section_id: str
    title: str
    column: Column
    by: Column | None
    base: Column | None
    marks: tuple[Mark, ...]
    drawn: dict[str, object] | None
    left_out: int
    kind: str = "line"


@dataclass(frozen=True)
class BarsPart:
    section_id: str
    title: str
    column: Column
    by: Column
    ranking: Ranking | None
    kind: str = "bars"


@dataclass(frozen=True)
class NewestPart:
    """`sorted_by`: the column whose largest value stands first.

    `drawn_by`: the columns by which the page draws lines; their values choose one.
    """

    section_id: str
    title: str
    newest: Rows | None
    sorted_by: str | None
    drawn_by: frozenset[str]
    kind: str = "newest"


PagePart = TilesPart | LinePart | BarsPart | NewestPart


def report_of(job: Job) -> Report:
    """The job's report; of a job without one, the newest rows alone."""
    return job.report or Report(job.name, Newest())


def parts_of(job: Job, rows: "pa.Table") -> list[PagePart]:
    """In the order of the report."""
    report = report_of(job)
    return [
        _part(part, f"part-{i}", report, job.publishes, rows) for i, part in enumerate(report.parts)
    ]


def all_marks(report: Report) -> list[Mark]:
    """Of all lines of a report, each once."""
    lines = [part for part in report.parts if isinstance(part, Line)]
    return list(dict.fromkeys(mark for line in lines for mark in marks_of(line)))


def _part(part: Part, section: str, report: Report, table: Table, rows: "pa.Table") -> PagePart:
    match part:
        case Tiles():
            return TilesPart(section, headline(rows, table, part), _spread(report, table, rows))
        case Line():
            return _line(part, section, table, rows)
        case Bars():
            return _bars(part, section, table, rows)
        case Newest():
            return _newest(part, section, report, table, rows)


def _spread(report: Report, table: Table, rows: "pa.Table") -> Spread | None:
    """Of the first part that is drawn by groups."""
    grouped = (part for part in report.parts if isinstance(part, Line | Bars) and part.by)
    first = next(grouped, None)
    return spread(rows, table, first) if first else None


def _line(line: Line, section: str, table: Table, rows: "pa.Table") -> LinePart:
    column, found = column_of(table, line.column), picture(rows, table, line)
    return LinePart(
        section_id=section,
        title=f"{heading(column)} over time",
        column=column,
        by=column_of(table, line.by) if line.by else None,
        base=column_of(table, column.ratio_of[1]) if column.ratio_of else None,
        marks=marks_of(line),
        drawn=line_json(table, line, found) if found else None,
        left_out=found.left_out if found else 0,
    )


def _bars(bars: Bars, section: str, table: Table, rows: "pa.Table") -> BarsPart:
    column, by = column_of(table, bars.column), column_of(table, bars.by)
    title = f"{heading(column)} by {heading(by)}"
    return BarsPart(section, title, column, by, ranking(rows, table, bars))


def _newest(
    part: Newest, section: str, report: Report, table: Table, rows: "pa.Table"
) -> NewestPart:
    by = frozenset(p.by for p in report.parts if isinstance(p, Line) and p.by)
    title = "Newest values" if table.time else "Rows"
    found = newest(rows, table, part, all_marks(report), ROWS_SHOWN)
    return NewestPart(section, title, found, _sorted_by(found), by)


def _sorted_by(found: Rows | None) -> str | None:
    main = found.main if found else None
    if main is None:
        return None
    return main.ratio_of[1] if main.ratio_of else main.name
