"""This job's sections of the report: headline, share over time, newest values per country."""

import datetime as dt
from collections.abc import Sequence

import pyarrow as pa

from spark_app.jobs.organic_share import report_numbers as n
from spark_app.jobs.organic_share.report_chart import share_chart
from spark_app.report import markup as m
from spark_app.report.markup import Section

TITLE = "Organic share of installs"
TREND_WIDTH, TREND_HEIGHT, TREND_RANGE = 120, 26, 0.1
LEAD = (
    "Organic installs as a share of all installs, over the ISO week and the three before it."
    " A line breaks where a country had no installs in those four weeks."
)


def sections(table: pa.Table) -> list[Section]:
    """For the final table `organic_share`; an empty table says so instead of drawing nothing."""
    if not table.num_rows:
        empty = '<p class="empty">The table has no rows.</p>'
        return [Section("shares", "Share over time", empty)]
    return [_headline(table), _shares(table), _newest(table)]


def _headline(table: pa.Table) -> Section:
    newest = n.headline(table)
    if newest is None:
        empty = '<p class="empty">No week of this table is complete yet.</p>'
        return Section("headline", "", empty)
    return Section("headline", "", f'<div class="tiles">{"".join(_tiles(newest))}</div>')


def _tiles(newest: n.Headline) -> list[str]:
    sunday = newest.week_start_date + dt.timedelta(days=6)
    changes = (
        f"{_signed(newest.change_1w)} against the week before, "
        f"{_signed(newest.change_4w)} against four weeks before"
    )
    return [
        _tile("Organic share, all countries", m.percent(newest.share), changes, "main"),
        _tile(
            "Newest complete week",
            n.week_label(newest.week_start_date),
            f"{newest.week_start_date:%-d %b} to {sunday:%-d %b %Y}",
        ),
        _tile(
            "Installs in four weeks",
            m.count(newest.installs_count),
            f"{m.count(newest.organic_count)} of them organic",
        ),
        _tile(
            "Countries",
            m.count(newest.countries_count),
            f"{m.count(newest.large_countries_count)} with at least"
            f" {n.SMALL_BASE_INSTALLS} installs in these weeks",
        ),
    ]


def _tile(name: str, value: str, note: str, kind: str = "") -> str:
    return (
        f'<div class="tile {kind}"><p class="name">{m.esc(name)}</p>'
        f'<p class="value">{value}</p><p class="note">{note}</p></div>'
    )


def _signed(change: float | None) -> str:
    return m.NOTHING if change is None else f"<strong>{m.points(change)}\u202fpp</strong>"


def _shares(table: pa.Table) -> Section:
    return Section(
        section_id="shares",
        title="Share over time",
        lead=LEAD,
        body=_controls(),
        plot=share_chart(n.chart_numbers(table)),
        footer=_legend(),
        script=m.asset("spark_app.jobs.organic_share", "report_chart.js"),
    )


def _controls() -> str:
    spans = (("0", "All", "true"), ("104", "2 years", "false"), ("52", "1 year", "false"))
    buttons = "".join(
        f'<button type="button" data-weeks="{weeks}" aria-pressed="{on}">{text}</button>'
        for weeks, text, on in spans
    )
    return (
        '<div class="controls"><label class="search">Add a country '
        '<input id="country-input" list="country-options" placeholder="code, then Enter"'
        ' autocomplete="off" size="16"></label><datalist id="country-options"></datalist>'
        '<button type="button" id="choose-largest">Largest 6</button>'
        '<button type="button" id="choose-none">None</button>'
        '<label><input type="checkbox" id="show-rest"> the rest in grey</label>'
        f'<span class="group">{buttons}</span></div>'
        '<p id="picker-note" role="status"></p>'
        '<div class="chips"><label class="chip total">'
        '<input type="checkbox" id="show-total" checked>'
        '<span id="total-swatch"></span>All countries</label><span id="chosen"></span></div>'
    )


def _legend() -> str:
    marks = (
        ('<circle cx="7" cy="7" r="3.5"/>', f"fewer than {n.SMALL_BASE_INSTALLS} installs: noisy"),
        (
            '<rect x="3.5" y="3.5" width="7" height="7"/>',
            f"first weeks of the table: window of fewer than {n.WINDOW_WEEKS} weeks",
        ),
        ('<path d="M7 1.5 12 7 7 12.5 2 7z"/>', "incomplete week, still counting"),
    )
    items = "".join(
        f'<li><svg width="14" height="14" aria-hidden="true">{shape}</svg>{text}</li>'
        for shape, text in marks
    )
    return (
        f'<ul class="legend">{items}<li><span class="dashes"></span>'
        f"{n.SMALL_BASE_INSTALLS} installs</li></ul>"
        '<p class="note screen-only">Hover for values, drag to move in time.</p>'
    )


def _newest(table: pa.Table) -> Section:
    values = n.newest_values(table)
    if not values:
        empty = '<p class="empty">No week is complete yet.</p>'
        return Section("newest", "Newest values", empty)
    body = (
        '<div class="controls"><label class="search">Find '
        '<input type="search" data-filter="newest-table" placeholder="country"></label>'
        '<span data-filter-count="newest-table"></span></div>'
        f'<div id="newest-table">{_table(values)}</div>'
    )
    lead = (
        "Per country in the newest complete week; changes in percentage points (pp)."
        " Click a heading to sort, a country to draw it above."
    )
    return Section("newest", "Newest values", body, lead=lead)


def _table(values: Sequence[n.CountryValue]) -> str:
    head = "".join(
        f'<th scope="col"{numeric}{sorted_}><button type="button">{name}</button></th>'
        for name, numeric, sorted_ in (
            ("Country", "", ""),
            ("Organic share", ' class="num"', ""),
            ("1 week, pp", ' class="num"', ""),
            ("4 weeks, pp", ' class="num"', ""),
            ("Installs", ' class="num"', ' aria-sort="descending"'),
            ("Organic", ' class="num"', ""),
        )
    )
    rows = "\n".join(map(_row, values))
    return (
        '<div class="scroll tall"><table class="values" data-sortable><thead><tr>'
        f'{head}<th scope="col">Last year</th><th scope="col">Base</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(value: n.CountryValue) -> str:
    small = [
        *([f"under {n.SMALL_BASE_INSTALLS} installs"] if value.is_small_base else []),
        *(["short window"] if value.is_small_window else []),
    ]
    country = m.esc(value.country)
    base = m.badge("small", ", ".join(small)) if small else ""
    cells = (
        (value.share, m.percent(value.share)),
        (value.change_1w, m.points(value.change_1w)),
        (value.change_4w, m.points(value.change_4w)),
        (value.installs_count, m.count(value.installs_count)),
        (value.organic_count, m.count(value.organic_count)),
    )
    numbers = "".join(
        f'<td class="num" data-value="{"" if key is None else key}">{text}</td>'
        for key, text in cells
    )
    return (
        f'<tr{" class=small" if small else ""}><td data-value="{country}"><button type="button"'
        f' class="country" data-country="{country}" aria-pressed="false">{country}'
        f' <span data-region="{country}"></span></button></td>{numbers}'
        f"<td>{trend_svg(value.trend)}</td><td>{base}</td></tr>"
    )


def trend_svg(trend: Sequence[float | None]) -> str:
    """A line without axes, broken where the share is null; empty without any share.

    Its height spans the line's own range, but at least ten percentage points.
    """
    known = [share for share in trend if share is not None]
    if not known:
        return ""
    middle = (max(known) + min(known)) / 2
    span = max(max(known) - min(known), TREND_RANGE)
    step = (TREND_WIDTH - 6) / max(1, len(trend) - 1)
    path, pen = [], "M"
    for i, share in enumerate(trend):
        if share is None:
            pen = "M"
            continue
        y = TREND_HEIGHT / 2 - (share - middle) / span * (TREND_HEIGHT - 6)
        path.append(f"{pen}{3 + i * step:.0f} {y:.1f}" + ("h0" if pen == "M" else ""))
        pen = "L"
    return (
        f'<svg class="trend" viewBox="0 0 {TREND_WIDTH} {TREND_HEIGHT}" width="{TREND_WIDTH}"'
        f' height="{TREND_HEIGHT}" aria-hidden="true"><path d="{"".join(path)}"/></svg>'
    )
