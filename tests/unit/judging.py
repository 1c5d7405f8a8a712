"""Counts and tables of the job that pass every check, and the evidence that its checks look at."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from spark_app.declarations import Evidence, OptionValue
from spark_app.jobs.organic_share import TABLE
from spark_app.jobs.organic_share.counts import Counts, DayCounts
from spark_app.lake.arrow import schema
from spark_app.quality.results import CheckResult
from tests.builders import DEFAULTS, Row, final_row, staged

MONDAY = date(2021, 3, 1)
NEXT = date(2021, 3, 8)
STRICT: dict[str, OptionValue] = {
    **DEFAULTS,
    "channels": ("Organic", "Ads"),
    "max_load_age_days": 3,
}

DAYS = DayCounts(
    days_count=2,
    countries=frozenset({"DE", "US"}),
    first_day=MONDAY,
    last_day=date(2021, 3, 14),
    organic_count=6,
    paid_count=10,
    rollups_count=2,
    differing_rollups_count=0,
)
COUNTS = Counts(
    rows_count=99,
    organic_count=50,
    future_count=0,
    newest_load_at=datetime(2021, 3, 9, tzinfo=UTC),
    channels=frozenset({"Organic", "Ads"}),
    contradictions=(),
    bad_redeliveries_count=0,
    days=DAYS,
)

STAGED = [
    staged(MONDAY, 1, 2),
    staged(NEXT, 5, 5),
    staged(MONDAY, 0, 3, country="US"),
    staged(NEXT, 0, 0, country="US", last_counted_date=None),
]
FINAL = [
    final_row(MONDAY, 1, 3, "DE"),
    final_row(NEXT, 6, 13, "DE"),
    final_row(MONDAY, 0, 0, "US"),
    final_row(NEXT, 0, 3, "US"),
]


def final_table(rows: Iterable[Row]) -> pa.Table:
    """A published table from rows of `final_row`."""
    return pa.Table.from_pylist(list(rows), schema=schema(TABLE))


def evidence(rows: Any = None, **more: Any) -> Evidence:
    """What a check may look at; no frame but `rows`."""
    given = {"today": date(2021, 3, 10), "options": STRICT, "counted": COUNTS}
    return Evidence(**{"rows": rows, **given, **more})


def unsound(results: list[CheckResult]) -> set[str]:
    """The checks that did not pass; little data is no failure, a broken rule shuts nothing."""
    checks = [result for result in results if result.severity != "quarantine"]
    return {r.check for r in checks if r.outcome not in ("passed", "insufficient")}
