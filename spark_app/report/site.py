"""The site: what is known of every table in small, and the index that is drawn from that alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_app.declarations import Job, Tiles
from spark_app.report.facts import Manifest, SourceFact, sources_of
from spark_app.report.outcomes import Check, Outcomes, outcomes_of
from spark_app.report.text import heading, time_label, value_text

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 1

KINDS = ("failed", "insufficient", "held", "warned", "passed")  # the gravest first
EMPTY: dict[str, Any] = {
    **dict.fromkeys(("table", "title", "grain", "run_id", "published_at", "rows_count")),
    **dict.fromkeys(("newest_label", "set_aside", "held")),
    "tiles": [],
    "sources": [],
    "failing": [],
    "last_run": {},
}
UNDER_WAY = ("running", "checked")

Summary = Mapping[str, Any]


@dataclass(frozen=True)
class State:
    """Something to know of a table: a kind (its colour), a name, why, and how often."""

    kind: str
    name: str
    words: str = ""
    number: int | None = None

    @property
    def text(self) -> str:
        """`2 warned`, `stale`."""
        return self.name if self.number is None else f"{self.number} {self.name}"


@dataclass(frozen=True)
class IndexRow:
    """A table on the index."""

    summary: Summary
    states: list[State]

    @property
    def name(self) -> str:
        return str(self.summary.get("table") or "")


def summary(
    job: Job,
    manifest: Manifest | None,
    checks: Sequence[Mapping[str, Any]],
    rows: "pa.Table | None",
    last: Manifest,
    *,
    rows_count: int | None = None,
) -> dict[str, Any]:
    """What `report/TABLE.json` holds; no value of a row that was set aside is in it.

    `manifest`, `rows`: of the run that made the published table, null when nothing is published;
    `rows_count` is how many rows it has where `rows` are not all of them.
    `last`: of the table's newest run, which may be another one, and `checks` are its checks.
    """
    known = manifest or {}
    outcomes = outcomes_of(checks, last)
    return {
        "version": VERSION,
        "table": job.name,
        "title": job.report.title if job.report else job.name,
        "grain": job.publishes.grain,
        "run_id": known.get("run_id"),
        "published_at": known.get("published_at"),
        "held": bool(known.get("held")),
        "rows_count": len(rows) if rows is not None and rows_count is None else rows_count,
        **_newest(job, rows),
        "sources": [_source(source) for source in sources_of(known)],
        "failing": _failing(outcomes),
        "set_aside": outcomes.rules_words(),
        "last_run": {key: last.get(key) for key in ("run_id", "outcome", "finished_at")},
    }


def render_index(summaries: Sequence[Summary]) -> str:
    """The page of all tables: those first that somebody should look at."""
    from spark_app.report.rendering import render

    known = [{**EMPTY, **summary} for summary in summaries]
    run_ids = {str(one["table"]): one["run_id"] for one in known}
    tables = sorted(
        (IndexRow(one, _states(one, run_ids)) for one in known),
        key=lambda row: (KINDS.index(row.states[0].kind), row.name),
    )
    return render("index.html", {"title": "Tables", "tables": tables, "counts": _counts(tables)})


def _counts(tables: Sequence[IndexRow]) -> list[str]:
    """How many tables are in each state that somebody should look at, `2 stale`."""
    names = Counter(row.states[0].name for row in tables)
    return [f"{number} {name}" for name, number in names.items()]


def _newest(job: Job, rows: "pa.Table | None") -> dict[str, Any]:
    """The newest settled time, its label, and the tiles; nulls where there is none."""
    from spark_app.report.numbers.totals import headline

    parts = job.report.parts if job.report else ()
    tiles = next((part for part in parts if isinstance(part, Tiles)), Tiles())
    found = None if rows is None else headline(rows, job.publishes, tiles)
    day = found.day if found else None
    return {
        "newest": day.isoformat() if day else None,
        "newest_label": time_label(day, job.publishes.days) if day else None,
        "tiles": [
            {"label": heading(total.column), "text": value_text(total.column, total.value)}
            for total in (found.totals if found else ())
        ],
    }


def _source(source: SourceFact) -> dict[str, str]:
    if source.run_id is None:
        return {"name": source.name, "kind": "files"}
    return {"name": source.name, "kind": "table", "run_id": source.run_id}


def _failing(outcomes: Outcomes) -> list[dict[str, str]]:
    closers = [_check(check, "failed") for check in outcomes.gate_closers]
    return closers + [_check(check, "warned") for check in outcomes.warnings]


def _check(check: Check, kind: str) -> dict[str, str]:
    """Without words that may quote a bad row: those are for the operator's page."""
    is_public = check.layer != "raw" and check.outcome != "error"
    detail = check.detail if is_public else ""
    return {"kind": kind, "check": check.name, "words": check.words, "detail": detail}


def _states(known: Summary, run_ids: Mapping[str, object]) -> list[State]:
    """The gravest first; never none."""
    states = [
        *_of_last_run(known),
        *_stale(known, run_ids),
        *(
            [
                State(
                    "held",
                    "held",
                    "rolled back; runs of all tables pass it over until it is released",
                )
            ]
            if known.get("held")
            else []
        ),
        *_warned(known),
    ]
    return states or [State("passed", "up to date")]


def _of_last_run(known: Summary) -> list[State]:
    last = known.get("last_run") or {}
    outcome, is_same = str(last.get("outcome") or ""), last.get("run_id") == known.get("run_id")
    if outcome in UNDER_WAY:
        return [State("insufficient", outcome, "a run is under way, or was killed")]
    if not is_same and outcome not in ("", "published"):
        return [State("failed", outcome, f"run {last.get('run_id')} did not publish")]
    if not known.get("run_id"):
        return [State("insufficient", "not published", "no run has published it yet")]
    return []


def _stale(known: Summary, run_ids: Mapping[str, object]) -> list[State]:
    """Stale: a table that it was made from has another run published by now."""
    newer = [
        str(source["name"])
        for source in known.get("sources") or ()
        if source.get("kind") == "table"
        and run_ids.get(source["name"]) not in (None, source.get("run_id"))
    ]
    if not newer:
        return []
    return [State("warned", "stale", f"{', '.join(newer)} was published again since")]


def _warned(known: Summary) -> list[State]:
    found = [check for check in known.get("failing") or () if check.get("kind") == "warned"]
    return [State("warned", "warned", number=len(found))] if found else []
