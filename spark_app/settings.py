"""The settings, and the only place that reads environment variables."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from spark_app.errors import Unusable

PREFIX = "SPARK_APP_"
SOURCE_PREFIX = f"{PREFIX}SOURCE_"


@dataclass(frozen=True)
class Settings:
    """What a deployment can set; `.env.example` says each in words.

    `sources` maps a dataset to its default source. `more` are settings that jobs declare as their
    options, by name in small letters, as texts.
    """

    lake: str = "./lake"
    sources: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)
    driver_memory: str = "2g"
    lock_dead_seconds: float = 300


def load_settings(given: Mapping[str, str] | None = None) -> Settings:
    """Read the settings: those `given` by name win over the environment, that over `.env`.

    Raises:
        Unusable: a setting has a value that cannot be used.
    """
    try:
        file_values = {key: value or "" for key, value in dotenv_values(Path(".env")).items()}
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f".env cannot be read ({error}); fix it or take it away") from error
    own = {f"{PREFIX}{name}": value for name, value in (given or {}).items()}
    return parse_settings({**file_values, **os.environ, **own})


def parse_settings(values: Mapping[str, str]) -> Settings:
    """Turn raw `SPARK_APP_*` values into settings; an empty value means the default."""
    ours = {k: v for k, v in values.items() if k.startswith(PREFIX) and v.strip()}
    sources = {k.removeprefix(SOURCE_PREFIX).lower(): v for k, v in ours.items() if _is_source(k)}
    known = {k.removeprefix(PREFIX).lower(): v for k, v in ours.items() if not _is_source(k)}
    defaults = Settings()
    return Settings(
        lake=known.pop("lake", defaults.lake),
        sources=sources,
        driver_memory=_memory(known.pop("driver_memory", defaults.driver_memory)),
        lock_dead_seconds=_seconds(
            known.pop("lock_dead_seconds", None), defaults.lock_dead_seconds
        ),
        more=known,
    )


def java_home() -> str | None:
    """The Java installation that the environment names, or null."""
    return os.environ.get("JAVA_HOME") or None


def forget_other_sparks() -> None:
    """Drop what would make pyspark start another Spark than the one that it brings along."""
    for name in ("SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS"):
        os.environ.pop(name, None)


def environment(**more: str) -> dict[str, str]:
    """The environment for a program that we start, with `more` in it."""
    return {**os.environ, **more}


def is_under_spark_submit() -> bool:
    """Whether spark-submit started this process and owns the JVM and its configuration."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def _is_source(name: str) -> bool:
    return name.startswith(SOURCE_PREFIX)


def _memory(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d*[mg]", text):
        raise Unusable(
            f"{PREFIX}DRIVER_MEMORY is {text!r}; write megabytes or gigabytes, such as 2g"
        )
    return text


def _seconds(text: str | None, default: float) -> float:
    if text is None:
        return default
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text.strip()):
        raise Unusable(
            f"{PREFIX}LOCK_DEAD_SECONDS is {text!r}; write a whole number of seconds, such as 300"
        )
    return float(text)
