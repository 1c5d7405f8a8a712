"""The sections that every job's report has: checks, quarantine, run facts."""

from collections.abc import Mapping, Sequence
from typing import Any

from spark_app.report import markup as m
from spark_app.report import numbers as n
from spark_app.report.markup import Section

SEVERITY_WORDS = {
    "fail": "closes the gate",
    "quarantine": "sets the row aside",
    "warn": "warns only",
}
FILES_SHOWN = 10
RULE_COLUMNS = ("broken_rules", "source_file")


def checks_section(checks: Sequence[n.Check]) -> Section:
    if not checks:
        return Section("checks", "Checks", '<p class="empty">No check ran.</p>')
    summary = " ".join(
        m.badge(outcome, f"{count} {outcome}") for outcome, count in n.outcome_counts(checks)
    )
    head = ("Outcome", "Check", "Layer", "If it fails", "Rows", "Failed", "Observed")
    rows = [_check_row(check) for check in n.ordered(checks)]
    body = m.table(head, rows, kind="checks", numeric=(4, 5))
    lead = f"{len(checks)} checks: {summary}"
    return Section("checks", "Checks", body, lead=lead)


def _check_row(check: n.Check) -> list[str]:
    severity = str(check["severity"])
    return [
        m.badge(f"{check['outcome']} {severity}", str(check["outcome"])),
        f"{m.esc(check['description'])}<br><code>{m.esc(check['check'])}</code>",
        m.esc(check["layer"]),
        f"{m.esc(severity)}<br><small>{m.esc(SEVERITY_WORDS.get(severity, ''))}</small>",
        m.count(check["rows"]),
        m.count(check["failed"]),
        m.esc(check.get("detail") or ""),
    ]


def quarantine_section(
    manifest: Mapping[str, Any], checks: Sequence[n.Check], quarantine: Sequence[n.Row]
) -> Section:
    rules = n.broken_rules(checks, quarantine)
    if not rules:
        body = '<p class="empty">No row broke a rule.</p>'
        return Section("quarantine", "Quarantined rows", body)
    total = n.quarantined_count(manifest)
    lead = "Rows that broke a rule are kept apart, complete and unchanged. "
    if total:
        lead += f"{m.count(total)} rows broke at least one rule; a row can break several."
    return Section("quarantine", "Quarantined rows", "".join(map(_rule, rules)), lead=lead)


def _rule(rule: n.BrokenRule) -> str:
    share = ""
    if rule.rows_count and rule.broken_count is not None:
        share = f"{m.percent(rule.broken_count / rule.rows_count, 2)} of {m.count(rule.rows_count)}"
    shown = len(rule.examples)
    told = f"{shown} example{'s' if shown != 1 else ''}" if shown else "no example kept"
    return (
        f'<article class="rule"><h3><code>{m.esc(rule.rule)}</code>'
        f' <span class="rule-count">{m.count(rule.broken_count)} rows</span></h3>'
        f'<p class="note">{m.esc(rule.description)} <span>{share}</span> · {told}</p>'
        f"{_examples(rule.examples)}</article>"
    )


def _examples(rows: Sequence[n.Row]) -> str:
    if not rows:
        return ""
    columns = [name for name in rows[0] if name not in RULE_COLUMNS]
    body = [
        [
            *(_raw(row.get(name)) for name in columns),
            _file(row),
            _raw(", ".join(row["broken_rules"])),
        ]
        for row in rows
    ]
    return m.table([*columns, "source_file", "broken_rules"], body, kind="raw")


def _file(row: n.Row) -> str:
    path = str(row.get("source_file") or "")
    return f'<span title="{m.esc(path)}">{m.esc(path.rsplit("/", 1)[-1])}</span>'


def _raw(value: object) -> str:
    """Null, blank and padded texts are told apart."""
    if value is None:
        return '<span class="none">null</span>'
    text = str(value)
    if isinstance(value, str) and (not text or text != text.strip()):
        return f'<span class="quoted">"{m.esc(text)}"</span>'
    return m.esc(text)


def run_section(manifest: Mapping[str, Any]) -> Section:
    body = (
        '<div class="split"><div>'
        + m.facts(_run_facts(manifest))
        + "</div><div>"
        + _stages(manifest.get("stages") or ())
        + "</div></div>"
        + _inputs(manifest.get("inputs") or ())
    )
    return Section("run", "Run", body)


def _run_facts(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    parameters = (manifest.get("parameters") or {}).items()
    versions = (manifest.get("versions") or {}).items()
    exit_code = manifest.get("exit_code")
    told = f"{manifest.get('outcome', 'unknown')}" + (
        "" if exit_code is None else f" (exit {exit_code})"
    )
    pairs: list[tuple[str, str]] = [
        ("Run", f"<code>{m.esc(manifest.get('run_id', ''))}</code>"),
        ("Job", f"<code>{m.esc(manifest.get('job', ''))}</code>"),
        ("Outcome", m.esc(told)),
        ("Reason", m.esc(manifest.get("reason") or "")),
        ("Started", _when(manifest.get("started_at"))),
        ("Finished", _when(manifest.get("finished_at"))),
        ("Published", _when(manifest.get("published_at"))),
        ("Took", m.seconds(manifest.get("duration_seconds"))),
        *(
            (str(k).capitalize(), f"<code>{m.esc(v)}</code>")
            for k, v in parameters
            if v is not None
        ),
        (
            "Inputs digest",
            f'<code class="long">{m.esc(manifest.get("inputs_digest") or "")}</code>',
        ),
        ("Versions", "<br>".join(f"{m.esc(k)} {m.esc(v)}" for k, v in versions)),
    ]
    return [(name, value) for name, value in pairs if value]


def _when(iso: object) -> str:
    return m.moment(iso) if iso else ""


def _stages(stages: Sequence[Mapping[str, Any]]) -> str:
    if not stages:
        return '<p class="empty">No stage finished.</p>'
    longest = max(float(stage.get("seconds") or 0) for stage in stages) or 1.0
    head = ("Stage", "Rows in", "Rows out", "Quarantined", "Checks passed", "Seconds", "")
    rows = [_stage_row(stage, longest) for stage in stages]
    return m.table(head, rows, kind="stages", numeric=(1, 2, 3, 4, 5))


def _stage_row(stage: Mapping[str, Any], longest: float) -> list[str]:
    took = float(stage.get("seconds") or 0)
    checks = f"{stage.get('checks_passed_count', 0)} of {stage.get('checks_count', 0)}"
    return [
        m.esc(stage.get("name", "")),
        m.count(stage.get("rows_in")),
        m.count(stage.get("rows_out")),
        m.count(stage.get("quarantined_count")),
        m.esc(checks) if stage.get("checks_count") else m.NOTHING,
        f"{took:,.1f}",
        f'<span class="bar" style="width:{max(1, 100 * took / longest):.0f}%"></span>',
    ]


def _inputs(inputs: Sequence[Mapping[str, Any]]) -> str:
    if not inputs:
        return ""
    rows = [
        (
            f"<code>{m.esc(i.get('path', ''))}</code>",
            m.size(i.get("size_bytes")),
            f"<code>{m.esc(i.get('version', ''))}</code>",
        )
        for i in inputs[:FILES_SHOWN]
    ]
    total = m.size(sum(int(i.get("size_bytes") or 0) for i in inputs))
    files = "1 source file" if len(inputs) == 1 else f"{len(inputs):,} source files"
    more = len(inputs) - FILES_SHOWN
    note = f'<p class="note">and {more:,} more: run.json lists all</p>' if more > 0 else ""
    shown = m.table(("Source file", "Size", "Version"), rows, kind="inputs", numeric=(1,))
    return f"<h3>{files}, {total}</h3>{shown}{note}"
