"""What identifies a run and shapes it: weeks, settings, run ids, digests, parameters."""

import re
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from spark_app.errors import Unusable
from spark_app.lake.store import StoredFile
from spark_app.run.manifest import Manifest, digest, is_same_work, new_run_id
from spark_app.run.since import parse_week
from spark_app.run.state import Request
from spark_app.settings import Settings, load_settings, parse_settings, shaping

NOW = datetime(2021, 3, 2, 4, 5, 6, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("week", "monday"),
    [
        ("2021_20", date(2021, 5, 17)),
        ("2021_01", date(2021, 1, 4)),
        ("2020_53", date(2020, 12, 28)),
        ("2020_01", date(2019, 12, 30)),
    ],
)
def test_a_week_is_its_monday(week: str, monday: date) -> None:
    assert parse_week(week) == monday


@pytest.mark.parametrize(
    "week",
    [
        *("2021_53", "2021_00", "2021_54", "0000_01", "2021_1", "2021-20", "202120", "21_20"),
        *("", "x", " 2021_20", "2021_20 ", "2021_20\n", "2021_W20", "2021_020"),
    ],
)
def test_what_is_no_week_is_refused(week: str) -> None:
    with pytest.raises(Unusable, match="is not an ISO week; write year and week as in 2021_20"):
        parse_week(week)


def settings_of(**values: str) -> Settings:
    return parse_settings({f"SPARK_APP_{name}": value for name, value in values.items()})


def test_without_settings_the_defaults_hold() -> None:
    assert parse_settings({"PATH": "/bin"}) == Settings()


def test_an_empty_value_means_the_default() -> None:
    assert settings_of(LAKE="", MAX_LOAD_AGE_DAYS=" ", CHANNELS="") == Settings()


def test_every_setting_is_read() -> None:
    found = settings_of(
        LAKE="/data/lake",
        SOURCE_INSTALLS="/data/*.parquet",
        DRIVER_MEMORY="3g",
        EXTRA_COUNTRIES="XK, ZZ",
        EXTRA_OS_NAMES="tvos,",
        CHANNELS="Organic, Paid Ads ",
        MAX_LOAD_AGE_DAYS="0",
        LOCK_DEAD_SECONDS="60",
    )
    assert asdict(found) == {
        "lake": "/data/lake",
        "sources": {"installs": "/data/*.parquet"},
        "driver_memory": "3g",
        "extra_countries": ("XK", "ZZ"),
        "extra_os_names": ("tvos",),
        "channels": ("Organic", "Paid Ads"),
        "max_load_age_days": 0,
        "lock_dead_seconds": 60.0,
    }


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(Unusable, match="setting SPARK_APP_LAKES is unknown"):
        settings_of(LAKES="x")


@pytest.mark.parametrize("days", ["three", "-1", "1.5", "²"])
def test_days_that_are_no_number_are_refused(days: str) -> None:
    with pytest.raises(Unusable, match="whole number of days"):
        settings_of(MAX_LOAD_AGE_DAYS=days)


@pytest.mark.parametrize("memory", ["much", "2 apples", "-1g"])
def test_a_memory_that_is_no_size_is_refused(memory: str) -> None:
    with pytest.raises(Unusable, match="SPARK_APP_DRIVER_MEMORY"):
        settings_of(DRIVER_MEMORY=memory)


def test_the_environment_comes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("SPARK_APP_LAKE=/file\nSPARK_APP_DRIVER_MEMORY=3g\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARK_APP_LAKE", "/environment")
    found = load_settings()
    assert (found.lake, found.driver_memory) == ("/environment", "3g")


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


def manifest(**changes: Any) -> Manifest:
    request = Request(source="/a", run_id="one")
    given: dict[str, Any] = {
        "run_id": "one",
        "job": "organic_share",
        "parameters": request.parameters(Settings()),
        "inputs": [asdict(file) for file in FILES],
        "inputs_digest": digest(FILES),
        "started_at": NOW.isoformat(),
        "versions": {},
    }
    return Manifest(**(given | changes))


def test_the_same_inputs_and_parameters_are_the_same_work() -> None:
    earlier = manifest(outcome="published", exit_code=0, started_at="2020").as_dict()
    assert is_same_work(earlier, manifest(run_id="two"))


@pytest.mark.parametrize(
    ("request_changes", "setting_changes"),
    [
        ({"tolerance": 0.5}, {}),
        ({"since": "2021_20"}, {}),
        ({"source": "/b"}, {}),
        ({}, {"extra_countries": ("XK",)}),
        ({}, {"extra_os_names": ("tvos",)}),
        ({}, {"channels": ("Organic",)}),
        ({}, {"max_load_age_days": 3}),
    ],
)
def test_other_parameters_are_other_work(
    request_changes: dict[str, Any], setting_changes: dict[str, Any]
) -> None:
    request = Request(**{"source": "/a", "run_id": "one", **request_changes})
    other = manifest(parameters=request.parameters(Settings(**setting_changes)))
    assert not is_same_work(manifest().as_dict(), other)


def test_how_a_run_shows_itself_is_no_parameter() -> None:
    quiet, loud = Request("/a", "one"), Request("/a", "one", is_verbose=True, has_data_docs=True)
    assert quiet.parameters(Settings()) == loud.parameters(Settings())
    assert quiet.parameters(Settings()) == quiet.parameters(Settings(driver_memory="3g"))


@pytest.mark.parametrize("change", [{"job": "other"}, {"inputs_digest": "other"}])
def test_another_job_or_input_is_other_work(change: dict[str, str]) -> None:
    assert not is_same_work(manifest().as_dict(), manifest(**change))


def test_a_setting_that_is_given_wins_over_the_environment(monkeypatch: Any) -> None:
    monkeypatch.setenv("SPARK_APP_CHANNELS", "Ads")
    assert load_settings({"CHANNELS": "Organic"}).channels == ("Organic",)


def test_the_settings_that_shape_a_result_come_back_as_they_were_given() -> None:
    given = {"CHANNELS": "Organic,Paid Ads", "EXTRA_COUNTRIES": "XK", "MAX_LOAD_AGE_DAYS": "0"}
    assert dict(shaping(load_settings(given))) == given
    assert shaping(Settings()) == ()
