"""Draws `ChartNumbers` with Bokeh: the share above, the installs behind it below, on one time axis.

All points are sent once, in the source `all`; report_chart.js copies those of the chosen countries
into `lines`, `points` and `labels`, which are empty here. Colours are CSS variables (see `themed`).
"""

from typing import Any

from spark_app.jobs.organic_share.report_numbers import (
    SMALL_BASE_INSTALLS,
    ChartNumbers,
    Lines,
)
from spark_app.report.charts import bokeh_models, themed

FEW_COUNTRIES = 40
TIPS_AT_ONCE = 3
SHARE_HEIGHT, INSTALLS_HEIGHT = 400, 230
TIP_COLUMNS = ("who", "when", "told")
POINT_COLUMNS = ("at", "share", "installs", "color", "marker", "size", "alpha", *TIP_COLUMNS)
LINE_COLUMNS = ("at", "share", "installs", "color", "dash", "width")
LABEL_COLUMNS = ("at", "value", "color", "text")
TOOLTIP = (
    '<div style="font-size:13px;line-height:1.45;max-width:19rem;padding:2px 4px">'
    '<strong style="color:@color">@who</strong> · @when<br>@told</div>'
)


def share_chart(numbers: ChartNumbers) -> Any:
    b = bokeh_models()
    sources = {
        "all": _line_source(numbers.by_country),
        "total": _line_source(numbers.total),
        "countries": b.ColumnDataSource(
            {
                "country": numbers.countries,
                "start": numbers.starts,
                "stop": numbers.stops,
                "size": numbers.sizes,
            }
        ),
        "weeks": b.ColumnDataSource({"at": numbers.weeks, "label": numbers.week_labels}),
        "lines": _empty(LINE_COLUMNS),
        "points": _empty(POINT_COLUMNS),
        "share_labels": _empty(LABEL_COLUMNS),
        "installs_labels": _empty(LABEL_COLUMNS),
    }
    for name, source in sources.items():
        source.name = name
    time = b.Range1d(0, 1, name="time")
    shared = themed(b.Span(dimension="height", line_width=1), line_color="--line-strong")
    plots = [
        _plot("share", "Organic share", SHARE_HEIGHT, time, sources),
        _plot("installs", "Installs, log scale", INSTALLS_HEIGHT, time, sources),
    ]
    for plot in plots:
        plot.add_tools(b.CrosshairTool(overlay=shared, dimensions="height"))
    _threshold(plots[1])
    undrawn = [sources[name] for name in ("total", "countries", "weeks")]
    return b.Column(*plots, sizing_mode="stretch_width", tags=undrawn)


def _line_source(lines: Lines) -> Any:
    b = bokeh_models()
    return b.ColumnDataSource(
        {
            "at": lines.at,
            "share": lines.share,
            "organic": lines.organic,
            "installs": lines.installs,
            "mark": lines.mark,
        }
    )


def _empty(columns: tuple[str, ...]) -> Any:
    b = bokeh_models()
    return b.ColumnDataSource({name: [] for name in columns})


def _plot(value: str, label: str, height: int, time: Any, sources: dict[str, Any]) -> Any:
    b = bokeh_models()
    plot = b.Plot(
        name=value,
        x_range=time,
        y_range=b.Range1d(0, 1, name=f"{value}_range"),
        y_scale=b.LinearScale() if value == "share" else b.LogScale(),
        height=height,
        sizing_mode="stretch_width",
        min_border_left=64,
        min_border_right=8,
        toolbar_location=None,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        lod_threshold=None,
    )
    _axes(plot, value, label)
    _marks(plot, value, sources)
    text = b.Text(
        x="at", y="value", text="text", text_color="color", x_offset=8, text_baseline="middle"
    )
    text.update(text_font_size="12px", text_font_style="bold")
    plot.add_glyph(sources[f"{value}_labels"], text)
    return plot


def _axes(plot: Any, value: str, label: str) -> None:
    b = bokeh_models()
    is_share = value == "share"
    formatter = b.NumeralTickFormatter(format="0%" if is_share else "0a")
    y_axis = b.LinearAxis if is_share else b.LogAxis
    axes = (
        b.DatetimeAxis(ticker=b.DatetimeTicker(name=f"{value}_ticks")),
        y_axis(axis_label=label, formatter=formatter),
    )
    for axis, place in zip(axes, ("below", "left"), strict=True):
        axis.update(axis_line_color=None, major_tick_line_color=None, minor_tick_line_color=None)
        axis.update(major_label_text_font_size="12px", axis_label_text_font_size="12px")
        axis.update(axis_label_text_font_style="normal")
        themed(axis, major_label_text_color="--ink-2", axis_label_text_color="--ink-2")
        plot.add_layout(axis, place)
    grid = b.Grid(dimension=1, ticker=axes[1].ticker)
    plot.add_layout(themed(grid, grid_line_color="--line"))


def _marks(plot: Any, value: str, sources: dict[str, Any]) -> None:
    """From back to front: incomplete week, all countries in grey, chosen lines, their points."""
    b = bokeh_models()
    band = b.BoxAnnotation(
        name=f"{value}_incomplete", visible=False, line_color=None, level="underlay"
    )
    plot.add_layout(themed(band, fill_color="--band"))
    alpha = 0.5 if len(sources["countries"].data["country"]) <= FEW_COUNTRIES else 0.2
    grey = themed(b.Line(x="at", y=value, line_width=1, line_alpha=alpha), line_color="--context")
    plot.add_glyph(sources["all"], grey, name=f"{value}_context")
    lines = b.MultiLine(xs="at", ys=value, line_color="color", line_dash="dash", line_width="width")
    lines.update(line_join="round", line_cap="round")
    plot.add_glyph(sources["lines"], lines)
    points = b.Scatter(
        x="at", y=value, marker="marker", size="size", line_color="color", line_width=1.5
    )
    points.update(line_alpha="alpha", fill_alpha="alpha")
    drawn = plot.add_glyph(sources["points"], themed(points, fill_color="--surface"))
    hover = b.HoverTool(renderers=[drawn], tooltips=TOOLTIP, limit=TIPS_AT_ONCE)
    plot.add_tools(hover, b.PanTool(dimensions="width"))


def _threshold(plot: Any) -> None:
    b = bokeh_models()
    line = b.Span(
        dimension="width", location=SMALL_BASE_INSTALLS, line_dash="dashed", level="underlay"
    )
    plot.add_layout(themed(line, line_color="--line-strong"))
