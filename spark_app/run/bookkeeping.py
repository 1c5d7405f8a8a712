"""What the ledger of a lake table learns from a run."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from spark_app.lake import ledger
from spark_app.lake.ledger import Content, FileDay, Ledger
from spark_app.lake.store import StoredFile
from spark_app.run.growth import Growth
from spark_app.run.landing import Staged

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Days:
    """What became of the days: `contents` is what the files that were read bring of each; of those
    that were read before only `changed` days count. `kept` are the rows in the table, by file
    version, of all days that were touched."""

    contents: Mapping[FileDay, Content] = field(default_factory=dict)
    changed: frozenset[date] = frozenset()
    kept: Mapping[FileDay, int] = field(default_factory=dict)


def changes_of(run_id: str, growth: Growth, staged: Staged | None, days: Days) -> Ledger:
    """The rows that a run adds to the ledger, or that stand there in place of others."""
    import pandas as pd

    arrivals = growth.arrivals
    put = {
        (number, day): found
        for (number, day), found in days.contents.items()
        if number not in arrivals.earlier or day in days.changed
    }
    touched = days.changed.union(day for _, day in (*put, *days.kept))
    had = {**_known_contents(growth, touched, days.changed), **put}
    kept = [days.kept.get(at, 0) for at in had]
    rows = [(*at, n, had[at][0] - n, had[at][1]) for at, n in zip(had, kept, strict=True)]
    files = ledger.rows_of(ledger.FILES, list(_listed_files(run_id, growth, staged)))
    return Ledger(
        pd.concat([files, _known_files(growth)]),
        ledger.rows_of(ledger.DAYS, [dict(zip(ledger.DAYS, row, strict=True)) for row in rows]),
    )


def totals_of(growth: Growth, changes: Ledger) -> tuple[int, int]:
    """The rows of the files that a run read: those in the table, and those that are copies."""
    before = growth.known.of(set(growth.arrivals.earlier.values()))
    days = ledger.latest([before[list(ledger.DAYS)], changes.days])
    mine = days[days["source_id"].isin({*growth.arrivals.to_read, *before["source_id"]})]
    return int(mine["rows_count"].sum()), int(mine["duplicates_count"].sum())


def _known_contents(
    growth: Growth, touched: Collection[date], changed: Collection[date]
) -> dict[FileDay, Content]:
    """What known file versions hold of some days; nothing where it was replaced."""
    days = growth.known.owned
    days = days[days["day"].isin(touched)]
    counts = days["rows_count"] + days["duplicates_count"]
    is_replaced = days["owner"].isin(growth.arrivals.earlier.values()) & days["day"].isin(changed)
    counts = counts.where(~is_replaced, 0)
    cells = zip(days["source_id"], days["day"], counts, days["content"], strict=True)
    return {(int(number), day): (int(n), content) for number, day, n, content in cells}


def _listed_files(
    run_id: str, growth: Growth, staged: Staged | None
) -> Iterator[Mapping[str, Any]]:
    """The file versions that a run read, and those that it left out; of known ones only the former,
    since their rows stay."""
    arrivals, known = growth.arrivals, set(growth.known.files["source_id"])
    left = {number: file for number, file in arrivals.refused.items() if number not in known}
    kinds = (
        (ledger.CURRENT, arrivals.to_read),
        (ledger.SKIPPED, arrivals.skipped),
        (ledger.REFUSED, left),
    )
    for state, files in kinds:
        for number, file in files.items():
            yield _row(number, file, state, run_id) | {
                "rows_count": staged.rows_by_source.get(number, 0) if staged else 0,
                "quarantined_count": staged.bad_by_source.get(number, 0) if staged else 0,
            }


def _row(number: int, file: StoredFile, state: str, run_id: str) -> dict[str, Any]:
    return {
        "source_id": number,
        "path": file.path,
        "size_bytes": file.size_bytes,
        "version": file.version,
        "state": state,
        "superseded_by": 0,
        "run_id": run_id,
    }


def _known_files(growth: Growth) -> "pd.DataFrame":
    """Known file versions of which something else is true now: they are gone or there again, or
    another version stands for them, and for what they stood for."""
    arrivals, files = growth.arrivals, growth.known.files
    new = {old: number for number, old in arrivals.earlier.items() if number != old}
    parts = growth.known.of(set(new))
    by = {**dict(zip(parts["source_id"], parts["owner"].map(new), strict=True)), **new}
    ids = files["source_id"]
    changed = files[ids.isin({*by, *arrivals.gone, *arrivals.back})].copy()
    ids = changed["source_id"]
    changed.loc[ids.isin(arrivals.gone), "state"] = ledger.GONE
    changed.loc[ids.isin(arrivals.back), "state"] = ledger.CURRENT
    is_old = ids.isin(by)
    changed.loc[is_old, "state"] = ledger.SUPERSEDED
    changed.loc[is_old, "superseded_by"] = ids[is_old].map(by).astype("int32")
    return changed
