"""Seeded tables, checks and manifests for the report's tests."""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa

from spark_app.jobs.organic_share.schema import published_schema

FIRST_MONDAY = dt.date(2019, 12, 30)
REAL = (
    *("US", "DE", "FR", "GB", "BR", "IN", "JP", "KR", "MX", "IT", "ES", "PL", "TR", "ID", "CA"),
    *("AU", "NL", "SE", "CH", "AT", "BE", "DK", "FI", "NO", "PT", "CZ", "HU", "RO", "GR", "UA"),
    *("ZA", "EG", "NG", "KE", "AR", "CL", "CO", "PE", "VN", "TH", "MY", "PH", "SG", "TW", "HK"),
)

RAW_ROW: dict[str, Any] = {
    "name": "Organic",
    "value": 12.0,
    "start_date": dt.date(2021, 3, 1),
    "end_date": dt.date(2021, 3, 1),
    "year_week": "2021_09",
    "has_subtrackers": False,
    "token": "abc123",
    "dataplatform_inserted_at": dt.datetime(2021, 3, 2, 4, 5, 6),
    "country": "DE",
    "os_name": "all",
    "broken_rules": ["country_is_known"],
    "source_file": "exports/2021-03.parquet",
}


def codes(count: int) -> list[str]:
    made = [f"{a}{b}" for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJ"]
    return [*REAL, *(code for code in made if code not in REAL)][:count]


def mondays(count: int) -> list[dt.date]:
    return [FIRST_MONDAY + dt.timedelta(weeks=i) for i in range(count)]


def final_table(rows: list[dict[str, Any]]) -> pa.Table:
    """One dict per row; ISO year and week follow from `week_start_date`, the share from counts."""
    return pa.Table.from_pylist([_final_row(row) for row in rows], schema=published_schema())


def _final_row(row: dict[str, Any]) -> dict[str, Any]:
    whole = {
        "country": "DE",
        "week_start_date": FIRST_MONDAY,
        "organic_p4w_count": 300,
        "installs_p4w_count": 1000,
        "weeks_in_window_count": 4,
        "is_week_complete": True,
        **row,
    }
    year, week, _ = whole["week_start_date"].isocalendar()
    installs = whole["installs_p4w_count"]
    share = whole["organic_p4w_count"] / installs if installs else None
    return {**whole, "year": year, "week": week, "share_organic_p4w": share}


def simulated(
    countries: list[str], weeks: int, seed: int = 7, *, complete: bool = False
) -> pa.Table:
    """A rolling share with trend, season, noise and gaps; the sizes fall off like 1 / rank."""
    random = np.random.default_rng(seed)
    size = 60_000 / np.arange(1, len(countries) + 1) ** 1.4
    base = random.uniform(0.2, 0.6, len(countries))
    time = np.arange(weeks)
    drift = np.cumsum(random.normal(0, 0.008, (len(countries), weeks)), axis=1)
    season = 0.03 * np.sin(time / 52 * 2 * np.pi)
    share = np.clip(base[:, None] + drift + season, 0.02, 0.98)
    installs = random.poisson(size[:, None] * (1 + 0.3 * np.sin(time / 26 * np.pi)))
    for gap in random.integers(0, max(1, weeks - 12), len(countries) // 3):
        installs[random.integers(0, len(countries)), gap : gap + 9] = 0
    organic = random.binomial(installs, share)
    roll = np.stack([_roll(organic), _roll(installs)])
    starts = mondays(weeks)
    return final_table(
        [
            {
                "country": country,
                "week_start_date": starts[j],
                "organic_p4w_count": int(roll[0, i, j]),
                "installs_p4w_count": int(roll[1, i, j]),
                "weeks_in_window_count": min(4, j + 1),
                "is_week_complete": complete or j < weeks - 1,
            }
            for i, country in sorted(enumerate(countries), key=lambda pair: pair[1])
            for j in range(weeks)
        ]
    )


def _roll(counts: Any) -> Any:
    total = np.cumsum(np.pad(counts, ((0, 0), (4, 0))), axis=1)
    return total[:, 4:] - total[:, :-4]


def check(**fields: Any) -> dict[str, Any]:
    base = {
        "layer": "staging",
        "check": "week_is_monday",
        "severity": "fail",
        "description": "Every week starts on a Monday.",
        "rows": 9330,
        "failed": 0,
        "outcome": "passed",
        "detail": "",
    }
    return {**base, **fields}


def checks() -> list[dict[str, Any]]:
    return [
        check(layer="raw", check="has_rows", description="There is at least one row."),
        check(
            layer="raw",
            check="country_is_known",
            severity="quarantine",
            description="country is ALL or a real ISO 3166-1 alpha-2 code.",
            failed=31,
            outcome="failed",
            detail="us, XX, Germany",
        ),
        check(
            layer="raw",
            check="value_is_whole",
            severity="quarantine",
            description="value is a finite whole number from 0 to 2^53.",
            failed=4,
            outcome="failed",
            detail="NaN, -3.0",
        ),
        check(check="unique_country_week", description="Each country has each week once."),
        check(check="weeks_are_contiguous", description="No week of the calendar is missing."),
        check(
            layer="final",
            check="share_in_range",
            description="The share is null exactly where installs are zero, else from 0 to 1.",
        ),
        check(
            layer="final",
            check="drift_of_newest_week",
            severity="warn",
            description="No country's newest complete week is far from its own recent weeks.",
            rows=40,
            failed=2,
            outcome="failed",
            detail="FR 31.2% against 44.0% (z = -4.1); KR 52.0% against 47.3% (z = 3.0)",
        ),
        check(
            layer="raw",
            check="load_time_is_new",
            severity="warn",
            description="The newest load is not older than 10 days.",
            outcome="insufficient",
            detail="no limit is set",
        ),
    ]


def manifest(**fields: Any) -> dict[str, Any]:
    base = {
        "run_id": "20211214T060312123456-9f3a",
        "job": "organic_share",
        "outcome": "published",
        "exit_code": 0,
        "reason": None,
        "started_at": "2021-12-14T06:03:12.123456+00:00",
        "finished_at": "2021-12-14T06:03:20.900000+00:00",
        "duration_seconds": 8.78,
        "parameters": {"source": "exports/*.parquet", "tolerance": 0.01, "since": None},
        "inputs": [
            {
                "path": f"exports/2021-{i:02d}.parquet",
                "size_bytes": 91_234 + i,
                "version": f"{i}-9c1e",
            }
            for i in range(1, 13)
        ],
        "inputs_digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "versions": {
            "spark_app": "0.1.0",
            "pyspark": "4.1.1",
            "python": "3.11.9",
            "java": "17.0.12",
        },
        "stages": [
            stage("raw", 9330, 9295, 35, 12, 3.2),
            stage("staging", 9295, 1240, 0, 5, 1.9),
            stage("final", 1240, 1240, 0, 7, 1.1),
            stage("publish", 1240, 1240, 0, 0, 0.2),
        ],
        "published_at": "2021-12-14T06:03:20.500000+00:00",
    }
    return {**base, **fields}


def stage(
    name: str, rows_in: int, rows_out: int, bad: int, passed: int, took: float
) -> dict[str, Any]:
    return {
        "name": name,
        "rows_in": rows_in,
        "rows_out": rows_out,
        "quarantined_count": bad,
        "checks_passed_count": passed,
        "checks_count": passed,
        "seconds": took,
    }


def quarantine() -> list[dict[str, Any]]:
    return [
        {**RAW_ROW, "country": "us"},
        {**RAW_ROW, "country": " DE", "token": None},
        {**RAW_ROW, "country": "Germany", "value": float("nan")}
        | {"broken_rules": ["country_is_known", "value_is_whole"]},
        {**RAW_ROW, "value": -3.0, "broken_rules": ["value_is_whole"]},
    ]


def shut_manifest() -> dict[str, Any]:
    return manifest(
        outcome="gate shut",
        exit_code=3,
        reason="2 checks kept the gate after raw shut: quarantined_share, no_organic_row",
        published_at=None,
        stages=[stage("raw", 9330, 9000, 330, 10, 3.2)],
    )
