"""Make the archive of loaded Java classes, which more than halves the time Spark takes to start.

It runs real jobs once on samples, in a lake of their own that is deleted afterwards, and has the
JVM write the classes that it loaded when it ends. Made once after the install (half a minute to a
minute); again with `make archive`, for example after Java was upgraded. Without the archive
everything works, only slower: so a failure is a note, not an error.

    python -m scripts.make_class_archive            Spark's classes
    python -m scripts.make_class_archive --lakes    Iceberg's with them, whose jars are fetched
"""

import argparse
import io
import os
import shlex
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path

import pyspark

from scripts import make_deliveries, make_sample
from spark_app.settings import stand_alone
from spark_app.spark import conf, jvm

DUMP_SECONDS = 300.0
# Only the JVM that runs Spark gets these, not the one that spark-submit asks for its command line.
JVM_OPTIONS = "SPARK_SUBMIT_OPTS"
QUIET = "-Xlog:disable -Xlog:all=error:stderr"


def is_current(archive: Path) -> bool:
    """Whether the archive was made after Spark was installed."""
    installed_at = (Path(pyspark.__file__).parent / "jars").stat().st_mtime
    return archive.exists() and archive.stat().st_mtime > installed_at


def make(archive: Path, write: Callable[[Path, Path], str | None]) -> str | None:
    """Write the archive in one step; why there is none, or null when there is."""
    temporary = archive.with_suffix(".new")
    try:
        with tempfile.TemporaryDirectory(prefix="spark-app-archive-") as folder:
            why = write(Path(folder), temporary)
        if why is None and not temporary.exists():
            why = "Java wrote none"
        if why is None:
            temporary.replace(archive)
        return why
    except OSError as error:
        return str(error)
    finally:
        temporary.unlink(missing_ok=True)


def write_after(jobs: Callable[[Path], int], folder: Path, archive: Path) -> str | None:
    """Run jobs in a folder with a JVM that writes `archive`; what went wrong, or null."""
    conf.class_archive = lambda has_iceberg: archive  # a JVM that uses one cannot write one
    os.environ[JVM_OPTIONS] = f"{shlex.quote(f'-XX:ArchiveClassesAtExit={archive}')} {QUIET}"
    jvm.EXIT_SECONDS = DUMP_SECONDS
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = jobs(folder)
    return said.getvalue().strip().rsplit("\n", 1)[-1] if code else None


def run_sample(folder: Path) -> int:
    """The main job on its sample."""
    from spark_app.cli import main

    source = folder / "installs"
    make_sample.write(source, make_sample.SEED)
    return main(["run", "organic_share", f"--source={source}", f"--lake={folder / 'lake'}"])


def run_lakes(folder: Path) -> int:
    """Lake tables of text and of JSON on their samples."""
    from spark_app.cli import main

    make_deliveries.write(folder / "raw", make_deliveries.deliveries()[0])
    return main(["run", "app_event", "device_event", f"--lake={folder}"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--again", action="store_true", help="make it even when it is there")
    parser.add_argument("--lakes", action="store_true", help="with Iceberg's classes")
    args = parser.parse_args()
    archive = conf.class_archive(has_iceberg=args.lakes)
    if is_current(archive) and not args.again:
        return
    stand_alone()
    whose = "Java and Iceberg" if args.lakes else "Java"
    print(f"making the archive of {whose} classes, once (about a minute)", flush=True)
    why = make(archive, partial(write_after, run_lakes if args.lakes else run_sample))
    if why is not None:
        print(f"note: it could not be made, so every start takes some seconds more ({why})")


if __name__ == "__main__":
    main()
