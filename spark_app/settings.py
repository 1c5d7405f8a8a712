"""The settings, and the only place that reads environment variables."""

import os
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spark_app.errors import Unusable

PREFIX = "SPARK_APP_"
SOURCE_PREFIX = f"{PREFIX}SOURCE_"
LOOPBACK = "127.0.0.1"
# Java counts a part of the heap out, and Spark refuses to start with less than 450 MB of the rest.
LEAST_DRIVER_MEGABYTES = 512
_JAVA_OPTIONS = ("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS")
_PYTHON_MODES = {"PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONDEVMODE"}
_OTHERS = (*_JAVA_OPTIONS, *_PYTHON_MODES, "CLASSPATH", "CONTAINER_ID")
_OTHER_PREFIXES = ("SPARK_", "_SPARK_", "PYSPARK_", "HADOOP_", "YARN_", "HIVE_")
_NETWORK_OPTIONS = ("-Dhttp.", "-Dhttps.", "-DsocksProxy", "-Djava.net.", "-Djavax.net.")


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
    from dotenv import dotenv_values

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


def aws_region() -> str | None:
    """The region that AWS_REGION names, which boto3 alone of all AWS SDKs does not look at."""
    return os.environ.get("AWS_REGION") or None


def stand_alone() -> None:
    """Keep what this machine says to another Spark, Java or Python out of this program.

    To be called before packages are imported, and never under spark-submit: there it is ours.
    """
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = own_packages_first(sys.path, others)
    is_fit = sys.getfilesystemencoding() == "utf-8" and not os.environ.keys() & _PYTHON_MODES
    own = own_environment(os.environ)
    os.environ.clear()
    os.environ.update(own)
    if not is_fit and "utf8" not in sys._xoptions:  # what Python was started with stays so
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def own_packages_first(path: Iterable[str], others: Iterable[str]) -> list[str]:
    """The module search path with the folders `others` last: one may hold another pyspark."""
    last = {os.path.abspath(folder) for folder in others if folder}
    return sorted(path, key=lambda folder: folder in last)


def own_environment(values: Mapping[str, str]) -> dict[str, str]:
    """`values` without what configures another Spark, and with what ours needs on any machine.

    Of the options for any Java, those that lead through a network stay. Java takes the encoding of
    file names from the locale, and the address that Spark binds to from the host's name: neither
    needs to be any good here.
    """
    kept = {name: value for name, value in values.items() if not _is_of_others(name)}
    options = [word for name in _JAVA_OPTIONS for word in _words(values.get(name, ""))]
    network = [word for word in options if word.startswith(_NETWORK_OPTIONS)]
    java = {"JDK_JAVA_OPTIONS": shlex.join(network)} if network else {}
    return {**kept, **java, "LC_ALL": "C.UTF-8", "SPARK_LOCAL_IP": LOOPBACK}


def _words(options: str) -> list[str]:
    """The options in a text; none where its quotes do not close, which Java refuses as well."""
    try:
        return shlex.split(options)
    except ValueError:
        return []


def _is_of_others(name: str) -> bool:
    return name in _OTHERS or (name.startswith(_OTHER_PREFIXES) and not name.startswith(PREFIX))


def environment(**more: str) -> dict[str, str]:
    """The environment for a program that we start, with `more` in it."""
    return {**os.environ, **more}


def is_under_spark_submit() -> bool:
    """Whether spark-submit started this process and owns the JVM and its configuration."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def _is_source(name: str) -> bool:
    return name.startswith(SOURCE_PREFIX)


def _memory(text: str) -> str:
    found = re.fullmatch(r"([1-9]\d*)([mg])", text)
    if found is None:
        raise Unusable(
            f"{PREFIX}DRIVER_MEMORY is {text!r}; write megabytes or gigabytes, such as 2g"
        )
    least = LEAST_DRIVER_MEGABYTES
    if int(found[1]) * {"m": 1, "g": 1024}[found[2]] < least:
        raise Unusable(
            f"{PREFIX}DRIVER_MEMORY is {text!r}; Spark needs more, set {least}m at least"
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
