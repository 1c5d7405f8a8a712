"""What the page's scripts draw, as JSON; Bokeh's library, and small lines as SVG paths.

The plots are made by Bokeh in the browser (line_plot.js). Its Python package would take half a
second to import and is only asked where its library lies.
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from math import isnan
from pathlib import Path

from spark_app.declarations import Column, Line, Mark, Table
from spark_app.report.numbers.grid import Array
from spark_app.report.numbers.lines import Picture, Points
from spark_app.report.numbers.marks import marks_of
from spark_app.report.numbers.totals import column_of
from spark_app.report.text import cadence, heading, short, time_label

LIBRARY = ("server", "static", "js", "bokeh.min.js")
TREND_WIDTH, TREND_HEIGHT = 120, 26
LEAST_TREND = 0.1  # of a ratio ten percentage points, of other values a tenth of their middle

Json = dict[str, object]


@cache
def library() -> str:
    """Bokeh's JavaScript."""
    found = find_spec("bokeh")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("the package bokeh is missing; its library draws the charts")
    folder = Path(found.submodule_search_locations[0])
    return folder.joinpath(*LIBRARY).read_text(encoding="utf-8")


def script_json(value: object) -> str:
    """JSON text that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def line_json(table: Table, line: Line, picture: Picture) -> Json:
    """Times are milliseconds since 1970; values by group, then by time, null where there is none.

    A ratio has `part` and `base` in place of its `value`.
    """
    column = column_of(table, line.column)
    part, base = (
        (column_of(table, name) for name in column.ratio_of) if column.ratio_of else (None, None)
    )
    return {
        "unit": cadence(table).unit,
        "step": table.days * 86_400_000,
        "at": [_milliseconds(day.toordinal()) for day in picture.days],
        "labels": [time_label(day, table.days) for day in picture.days],
        "isSettled": picture.is_settled,
        "value": heading(column),
        "part": heading(part) if part else None,
        "base": heading(base) if base else None,
        "by": _by(table, line),
        "marks": [_mark(mark, column, base) for mark in marks_of(line)],
        "names": picture.names,
        "groups": _points(picture.groups),
        "together": _points(picture.together),
    }


def trend_path(values: Sequence[float | None], is_ratio: bool) -> str:
    """A line without axes as an SVG path, broken where the value is null; empty without any.

    Its height spans the line's own range, but at least `LEAST_TREND`.
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    middle = (max(known) + min(known)) / 2
    least = LEAST_TREND if is_ratio else LEAST_TREND * abs(middle)
    span = max(max(known) - min(known), least) or 1.0
    step = (TREND_WIDTH - 6) / max(1, len(values) - 1)
    path, pen = [], "M"
    for i, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        y = TREND_HEIGHT / 2 - (value - middle) / span * (TREND_HEIGHT - 6)
        path.append(f"{pen}{3 + i * step:.0f} {y:.1f}" + ("h0" if pen == "M" else ""))
        pen = "L"
    return "".join(path)


def _milliseconds(ordinal: int) -> int:
    return (ordinal - 719_163) * 86_400_000


def _by(table: Table, line: Line) -> Json | None:
    if line.by is None:
        return None
    column = column_of(table, line.by)
    return {"name": column.name, "label": heading(column), "isRegion": column.is_region}


def _mark(mark: Mark, column: Column, base: Column | None) -> Json:
    """`of`: the plot in which a dashed line stands at the mark's number, null for none."""
    plots = {column.name: "value", base.name if base else None: "base"}
    return {"below": mark.below, "words": short(mark), "of": plots.get(mark.column)}


def _points(points: Points) -> Json:
    found, marks = points.series, points.marks.tolist()
    if found.part is None or found.base is None:
        return {"value": _lists(found.value), "marks": marks}
    return {"part": _lists(found.part), "base": _lists(found.base), "marks": marks}


def _lists(values: Array) -> list[list[float | None]]:
    """Whole numbers as such: they take half the place."""
    return [[_number(value) for value in row] for row in values.tolist()]


def _number(value: float) -> float | None:
    if isnan(value):
        return None
    return int(value) if value.is_integer() else value
