"""Jars that Spark on this machine needs besides its own: fetched once by Spark's own resolver.

`jars.sha256` beside this module has the digest of each, as `sha256sum` writes and checks them.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from importlib.resources import files
from pathlib import Path

from spark_app import settings
from spark_app.errors import RunFailed, Unusable
from spark_app.lake.store.explained import explained

FETCH_SECONDS = 300


@dataclass(frozen=True)
class Jars:
    """Packages of Maven Central that belong together: `words`, `size` and `why` are for a person,
    `folder` is where they stay below `share/spark-app` of this Python."""

    folder: str
    words: str
    size: str
    why: str
    packages: Sequence[str]
    excluded: Sequence[str] = ("org.slf4j:slf4j-api",)


def jars_folder(wanted: Jars) -> Path:
    """Where jars stay once they are fetched."""
    return Path(sys.prefix) / "share" / "spark-app" / wanted.folder


def fetched(wanted: Jars, log: Callable[[str], None]) -> list[Path]:
    """The jars, fetched when they are not there yet.

    Raises:
        RunFailed: they are not there, and cannot be fetched.
        Unusable: what came is not what this release was tested with.
    """
    folder = jars_folder(wanted)
    if not folder.is_dir():
        log(f"fetching {wanted.words}, once ({wanted.size} from Maven Central)")
        _fetch(wanted, folder)
    return sorted(folder.glob("*.jar"))


def _fetch(wanted: Jars, folder: Path) -> None:
    """Fetch the jars next to where they stay, and put them in place whole."""
    with explained(str(folder)):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder.parent) as scratch:
            why = _resolve(wanted, Path(scratch))
            if why is not None:
                raise RunFailed(
                    f"{wanted.words} could not be fetched from Maven Central ({why}); "
                    f"connect to the network and run again ({wanted.why})"
                )
            _require_pinned(Path(scratch) / "jars")
            if not folder.is_dir():  # nobody else was faster
                (Path(scratch) / "jars").replace(folder)


def _require_pinned(folder: Path) -> None:
    """Refuse jars with another content than this release was tested with."""
    lines = files(__package__).joinpath("jars.sha256").read_text().splitlines()
    pinned = {name: digest for digest, name in map(str.split, lines)}
    for jar in sorted(folder.glob("*.jar")):
        with jar.open("rb") as content:
            digest = file_digest(content, "sha256").hexdigest()
        if digest != pinned.get(jar.name):
            raise Unusable(
                f"{jar.name} did not come from Maven Central as this release knows it (its sha256 "
                f"is {digest}); nothing of it was kept, look at what stands between"
            )


def _resolve(wanted: Jars, scratch: Path) -> str | None:
    """Let Spark resolve its packages into `scratch`; why it could not, or null."""
    import pyspark

    nothing, spark = scratch / "nothing.py", Path(pyspark.__file__).parent
    nothing.touch()
    command = [
        str(spark / "bin" / "spark-submit"),
        f"--packages={','.join(wanted.packages)}",
        f"--exclude-packages={','.join(wanted.excluded)}",
        f"--conf=spark.jars.ivy={scratch}",
        str(nothing),
    ]
    known = settings.environment(SPARK_HOME=str(spark), PYSPARK_PYTHON=sys.executable)
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=FETCH_SECONDS,
            stdin=subprocess.DEVNULL,
            env=known,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {FETCH_SECONDS} s"
    if ran.returncode == 0 and any((scratch / "jars").glob("*.jar")):
        return None
    said = [line.strip() for line in ran.stderr.splitlines() if line.strip()]
    reasons = [line for line in said if not line.startswith("at ")]
    return reasons[-1] if reasons else f"exit code {ran.returncode}"
