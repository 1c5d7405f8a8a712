"""What a deployment can set, and what of it the options of a job make."""

from dataclasses import asdict
from pathlib import Path

import pytest

from spark_app.declarations import Option
from spark_app.errors import Unusable
from spark_app.jobs import options_of, require_known, shaping
from spark_app.jobs.organic_share import JOB, TABLE
from spark_app.settings import Settings, load_settings, parse_settings
from tests.builders import job_of


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
        "more": {
            "extra_countries": "XK, ZZ",
            "extra_os_names": "tvos,",
            "channels": "Organic, Paid Ads ",
            "max_load_age_days": "0",
        },
        "driver_memory": "3g",
        "lock_dead_seconds": 60.0,
    }
    assert options_of(JOB, found) == {
        "extra_countries": ("XK", "ZZ"),
        "extra_os_names": ("tvos",),
        "channels": ("Organic", "Paid Ads"),
        "max_load_age_days": 0,
    }
    require_known(found)


def test_without_settings_a_job_has_its_own_defaults() -> None:
    assert options_of(JOB, Settings()) == {
        "extra_countries": (),
        "extra_os_names": (),
        "channels": (),
        "max_load_age_days": None,
    }


def test_a_job_gets_only_the_options_that_it_declares() -> None:
    job = job_of(TABLE, options=(Option("zone", str.upper, "utc", "a time zone"),))
    found = settings_of(ZONE="cet", CHANNELS="Organic")
    assert options_of(job, found) == {"zone": "CET"}
    assert options_of(job, Settings()) == {"zone": "utc"}


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(Unusable, match=r"setting SPARK_APP_LAKES is unknown; \.env\.example"):
        require_known(settings_of(LAKES="x", CHANNELS="Organic"))


def test_a_source_of_no_dataset_is_refused_by_name() -> None:
    with pytest.raises(Unusable, match="SPARK_APP_SOURCE_ORDERS names no dataset"):
        require_known(settings_of(SOURCE_ORDERS="/x", SOURCE_INSTALLS="/y"))


@pytest.mark.parametrize("days", ["three", "-1", "1.5", "²"])
def test_days_that_are_no_number_are_refused(days: str) -> None:
    with pytest.raises(Unusable, match=r"SPARK_APP_MAX_LOAD_AGE_DAYS is .*whole number of days"):
        options_of(JOB, settings_of(MAX_LOAD_AGE_DAYS=days))


@pytest.mark.parametrize("memory", ["much", "2 apples", "-1g"])
def test_a_memory_that_is_no_size_is_refused(memory: str) -> None:
    with pytest.raises(Unusable, match="SPARK_APP_DRIVER_MEMORY"):
        settings_of(DRIVER_MEMORY=memory)


@pytest.mark.parametrize("memory", ["256m", "511m", "1m"])
def test_a_memory_in_which_spark_does_not_start_is_refused(memory: str) -> None:
    with pytest.raises(Unusable, match=f"DRIVER_MEMORY is '{memory}'.*set 512m at least"):
        settings_of(DRIVER_MEMORY=memory)


@pytest.mark.parametrize("memory", ["512m", "1g"])
def test_the_least_memory_is_accepted(memory: str) -> None:
    assert settings_of(DRIVER_MEMORY=memory).driver_memory == memory


@pytest.mark.parametrize("seconds", ["soon", "0", "-1", "1.5", "100000"])
def test_seconds_that_are_no_number_are_refused(seconds: str) -> None:
    with pytest.raises(Unusable, match="SPARK_APP_LOCK_DEAD_SECONDS"):
        settings_of(LOCK_DEAD_SECONDS=seconds)


def test_the_environment_comes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("SPARK_APP_LAKE=/file\nSPARK_APP_DRIVER_MEMORY=3g\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARK_APP_LAKE", "/environment")
    found = load_settings()
    assert (found.lake, found.driver_memory) == ("/environment", "3g")


def test_a_setting_that_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_APP_CHANNELS", "Ads")
    assert options_of(JOB, load_settings({"CHANNELS": "Organic"}))["channels"] == ("Organic",)


def test_the_settings_that_shape_a_result_come_back_as_they_were_given() -> None:
    given = {"CHANNELS": "Organic,Paid Ads", "EXTRA_COUNTRIES": "XK", "MAX_LOAD_AGE_DAYS": "0"}
    assert dict(shaping([JOB], load_settings(given))) == given
    assert shaping([JOB], Settings()) == ()


def test_a_setting_that_says_the_default_shapes_nothing() -> None:
    assert shaping([JOB], load_settings({"CHANNELS": " , "})) == ()


def test_a_setting_of_several_jobs_shapes_them_once() -> None:
    zone = Option("zone", str, "utc", "a time zone")
    jobs = [job_of(TABLE, options=(zone,)), job_of(TABLE, options=(zone,)), JOB]
    given = {"ZONE": "cet", "CHANNELS": "Ads", "EXTRA_OS_NAMES": ""}
    assert dict(shaping(jobs, load_settings(given))) == {"ZONE": "cet", "CHANNELS": "Ads"}


def test_a_setting_of_another_job_shapes_nothing() -> None:
    assert shaping([job_of(TABLE)], load_settings({"CHANNELS": "Ads"})) == ()
