"""What runs leave behind, for the report's tests: checks, manifests, rows that were set aside."""

import datetime as dt
from typing import Any

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
    "dataset": "installs",
}


def check(**fields: Any) -> dict[str, Any]:
    base = {
        "layer": "staging",
        "table": "organic_share",
        "check": "week_is_monday",
        "severity": "fail",
        "description": "Every week starts on a Monday.",
        "rows": 9330,
        "failed": 0,
        "outcome": "passed",
        "detail": "",
    }
    return {**base, **fields}


def rule(name: str, words: str, broken: int, **fields: Any) -> dict[str, Any]:
    outcome = "failed" if broken else "passed"
    base = {"layer": "raw", "table": "installs", "severity": "quarantine"}
    return check(
        **base
        | {"check": name, "description": words, "failed": broken, "outcome": outcome}
        | fields
    )


def checks() -> list[dict[str, Any]]:
    """Of a good run: four passed, one warned, one had too little data; two of three rules broke."""
    return [
        check(
            layer="raw",
            table="installs",
            check="has_rows",
            description="There is at least one row.",
        ),
        rule("country_is_known", "country is ALL or a real ISO 3166-1 alpha-2 code.", 31),
        rule("value_is_whole", "value is a finite whole number from 0 to 2^53.", 4),
        rule("name_present", "name is present and not blank.", 0),
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
            table="installs",
            check="load_time_is_new",
            severity="warn",
            description="The newest load is not older than 10 days.",
            outcome="insufficient",
            detail="no limit is set",
        ),
    ]


CLOSED = check(
    layer="raw",
    table="installs",
    check="quarantine_within_tolerance",
    description="At most 1 % of the rows are set aside.",
    failed=330,
    outcome="failed",
    detail="3.5 %",
)


def manifest(**fields: Any) -> dict[str, Any]:
    base = {
        "version": 2,
        "run_id": "20211214T060312123456-9f3a",
        "job": "organic_share",
        "command": "nightly",
        "outcome": "published",
        "exit_code": 0,
        "reason": None,
        "started_at": "2021-12-14T06:03:12.123456+00:00",
        "finished_at": "2021-12-14T06:03:20.900000+00:00",
        "duration_seconds": 8.78,
        "parameters": {
            "sources": {"installs": "s3://bucket/exports"},
            "tolerance": 0.01,
            "since": None,
            "options": {"extra_countries": ["XK", "AN"], "max_load_age_days": None},
        },
        "sources": {"installs": {"place": "s3://bucket/exports", "files": 12, "bytes": 1_094_886}},
        "inputs_digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "code": "5e884898da28047151d0e56f8dc62927",
        "versions": {
            "spark_app": "0.1.0",
            "pyspark": "4.1.1",
            "python": "3.11.9",
            "java": "17.0.12",
        },
        "held": False,
        "stages": [
            stage("raw", 9330, 9295, 35, 1, 3.2),
            stage("staging", 9295, 1240, 0, 2, 1.9),
            stage("final", 1240, 1240, 0, 1, 1.1),
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
        "checks_warned_count": 0,
        "checks_failed_count": 0,
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
        reason="1 check kept the gate after raw shut: quarantine_within_tolerance",
        published_at=None,
        stages=[stage("raw", 9330, 9000, 330, 10, 3.2)],
    )
