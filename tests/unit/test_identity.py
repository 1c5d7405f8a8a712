"""What identifies a run: its id, the digest of its inputs, its parameters."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from spark_app.jobs import options_of
from spark_app.jobs.organic_share import JOB
from spark_app.lake.store import StoredFile
from spark_app.run.manifest import (
    Manifest,
    digest,
    is_same_work,
    new_run_id,
)
from spark_app.run.request import Request
from spark_app.settings import Settings

NOW = datetime(2021, 3, 2, 4, 5, 6, 123456, tzinfo=UTC)


def test_a_run_id_is_utc_to_the_microsecond_and_four_hex_digits() -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    assert re.fullmatch(r"20210302T040506123456Z-[0-9a-f]{4}", new_run_id(tokyo))


def test_run_ids_sort_by_time_and_differ_at_one_moment() -> None:
    assert new_run_id(NOW) < new_run_id(NOW + timedelta(microseconds=1))
    assert len({new_run_id(NOW) for _ in range(20)}) > 15


FILES = [StoredFile("/a", 1, "v1"), StoredFile("/b", 2, "v1")]


def test_the_order_of_inputs_does_not_change_their_digest() -> None:
    assert digest(FILES) == digest(list(reversed(FILES)))
    assert re.fullmatch(r"[0-9a-f]{64}", digest(FILES))


@pytest.mark.parametrize(
    "other",
    [
        [],
        FILES[:1],
        [FILES[0], StoredFile("/c", 2, "v1")],
        [FILES[0], StoredFile("/b", 3, "v1")],
        [FILES[0], StoredFile("/b", 2, "v2")],
    ],
)
def test_other_inputs_have_another_digest(other: list[StoredFile]) -> None:
    assert digest(other) != digest(FILES)


def request(**changes: Any) -> Request:
    given = Request("one", {"installs": "/a"}, options_of(JOB, Settings()))
    return replace(given, **changes)


def manifest(**changes: Any) -> Manifest:
    given: dict[str, Any] = {
        "run_id": "one",
        "job": "organic_share",
        "parameters": request().parameters(),
        "sources": {"installs": {"place": "/a", "files": 2, "bytes": 3}},
        "inputs_digest": digest(FILES),
        "started_at": NOW.isoformat(),
        "versions": {},
        "code": "0123456789abcdef",
    }
    return Manifest(**(given | changes))


def test_the_same_inputs_and_parameters_are_the_same_work() -> None:
    earlier = manifest(outcome="published", exit_code=0, started_at="2020").as_dict()
    assert is_same_work(earlier, manifest(run_id="two"))


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"tolerance": 0.5}, {}),
        ({"since": "2021_20"}, {}),
        ({"since": "2021-05-17"}, {}),
        ({"sources": {"installs": "/b"}}, {}),
        ({"sources": {"installs": "/a", "orders": "/a"}}, {}),
        ({}, {"extra_countries": "XK"}),
        ({}, {"extra_os_names": "tvos"}),
        ({}, {"channels": "Organic"}),
        ({}, {"max_load_age_days": "3"}),
    ],
)
def test_other_parameters_are_other_work(changes: dict[str, Any], options: dict[str, str]) -> None:
    asked = request(options=options_of(JOB, Settings(more=options)), **changes)
    other = manifest(parameters=asked.parameters())
    assert not is_same_work(manifest().as_dict(), other)


def test_how_and_where_a_run_is_made_is_no_parameter() -> None:
    elsewhere = request(run_id="two", region="eu-west-1", command="several")
    assert elsewhere.parameters() == request().parameters()


def test_parameters_are_plain_values_as_the_manifest_keeps_them() -> None:
    options = options_of(JOB, Settings(more={"channels": "Organic,Ads", "max_load_age_days": "3"}))
    assert request(options=options, tolerance=0.5).parameters() == {
        "sources": {"installs": "/a"},
        "tolerance": 0.5,
        "since": None,
        "options": {
            "extra_countries": [],
            "extra_os_names": [],
            "channels": ["Organic", "Ads"],
            "max_load_age_days": 3,
        },
    }


@pytest.mark.parametrize("change", [{"job": "other"}, {"inputs_digest": "other"}])
def test_another_job_or_input_is_other_work(change: dict[str, str]) -> None:
    assert not is_same_work(manifest().as_dict(), manifest(**change))
