"""The frame of the page: head, banner, sections, scripts. Pure: data in, HTML text out."""

from collections.abc import Mapping, Sequence
from typing import Any

from spark_app.report import markup as m
from spark_app.report import numbers as n
from spark_app.report.charts import chart_html, library_script
from spark_app.report.markup import Section
from spark_app.report.sections import checks_section, quarantine_section, run_section

# The browser itself refuses any request that the page might make.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)


def render_report(
    *,
    title: str,
    manifest: Mapping[str, Any],
    checks: Sequence[Mapping[str, Any]],
    quarantine: Sequence[Mapping[str, Any]] = (),
    sections: Sequence[Section] = (),
) -> str:
    """The HTML text of one page that opens offline and makes no request.

    `manifest` is a run's `run.json`; `checks` all of its check results; `quarantine` some example
    rows (raw columns, `broken_rules`: list of names, `source_file`), their counts come from
    `checks`; `sections` is what the job draws from its final table, empty when a gate shut before
    there was one.
    """
    shown = [
        *sections,
        checks_section(checks),
        quarantine_section(manifest, checks, quarantine),
        run_section(manifest),
    ]
    has_plot = any(section.plot is not None for section in shown)
    return "".join(
        [
            _head(title),
            _masthead(title, manifest, [s for s in shown if s.title]),
            "<main>",
            _banner(manifest, checks),
            *map(_section, shown),
            "</main>",
            library_script() if has_plot else "",
            *(f"<script>{section.script}</script>" for section in shown if section.script),
            f"<script>{m.asset('spark_app.report', 'report.js')}</script></body></html>\n",
        ]
    )


def _head(title: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{m.esc(title)}</title>"
        f"<style>{m.asset('spark_app.report', 'report.css')}</style></head><body>"
    )


def _masthead(title: str, manifest: Mapping[str, Any], sections: Sequence[Section]) -> str:
    links = "".join(f'<a href="#{m.esc(s.section_id)}">{m.esc(s.title)}</a>' for s in sections)
    return (
        f'<header><div class="masthead"><div><h1>{m.esc(title)}</h1>{_byline(manifest)}</div>'
        f"<nav>{links}</nav></div></header>"
    )


def _byline(manifest: Mapping[str, Any]) -> str:
    run = f"run <code>{m.esc(manifest.get('run_id', ''))}</code>"
    published, finished = manifest.get("published_at"), manifest.get("finished_at")
    if manifest.get("outcome") == "published":
        when = f" {m.moment(published)}" if published else ""
        return f'<p class="byline">Published{when} by {run}</p>'
    ended = f", ended {m.moment(finished)}" if finished else ""
    return f'<p class="byline">Not published: {run}{ended}</p>'


def _banner(manifest: Mapping[str, Any], checks: Sequence[Mapping[str, Any]]) -> str:
    """Why nothing was published; empty for a published run."""
    outcome = str(manifest.get("outcome", "unknown"))
    if outcome == "published":
        return ""
    closers = "".join(
        f"<li>{m.badge(str(c['outcome']), str(c['outcome']))} {m.esc(c['description'])}"
        f" <small>{m.esc(c.get('detail') or '')}</small></li>"
        for c in n.gate_closers(checks)
    )
    return (
        f'<aside class="banner" role="alert"><h2>Nothing was published: {m.esc(outcome)}</h2>'
        f"<p>{m.esc(manifest.get('reason') or 'The run gave no reason.')}</p>"
        + (f"<ul>{closers}</ul>" if closers else "")
        + "<p>Readers still see what was published before this run, if anything was.</p></aside>"
    )


def _section(section: Section) -> str:
    title = f"<h2>{m.esc(section.title)}</h2>" if section.title else ""
    lead = f'<p class="lead">{section.lead}</p>' if section.lead else ""
    plot = chart_html(section.section_id, section.plot) if section.plot is not None else ""
    return (
        f'<section id="{m.esc(section.section_id)}">{title}{lead}{section.body}{plot}'
        f"{section.footer}</section>\n"
    )
