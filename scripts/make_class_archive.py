"""Make the archive of loaded Java classes, which more than halves the time Spark takes to start.

It runs the real job once on the embedded sample, in a lake of its own that is deleted afterwards,
and has the JVM write the classes that it loaded when it ends. Made once after the install (half a
minute to a minute); again with `make archive`, for example after Java was upgraded. Without the
archive everything works, only slower: so a failure is a note, not an error.

    python -m scripts.make_class_archive
"""

import argparse
import io
import os
import shlex
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pyspark

from scripts import make_sample
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


def make(archive: Path) -> str | None:
    """Write the archive in one step; why there is none, or null when there is."""
    temporary, aside = archive.with_suffix(".new"), archive.with_suffix(".old")
    if archive.exists():
        archive.replace(aside)  # a JVM that uses one cannot write one
    try:
        with tempfile.TemporaryDirectory(prefix="spark-app-archive-") as folder:
            why = run_job(Path(folder), temporary)
        if why is None and not temporary.exists():
            why = "Java wrote none"
        if why is None:
            temporary.replace(archive)
        return why
    except OSError as error:
        return str(error)
    finally:
        temporary.unlink(missing_ok=True)
        if aside.exists() and not archive.exists():
            aside.replace(archive)
        aside.unlink(missing_ok=True)


def run_job(folder: Path, archive: Path) -> str | None:
    """Run the job on the sample with a JVM that writes `archive`; what went wrong, or null."""
    from spark_app.cli import main

    source = folder / "installs"
    make_sample.write(source, make_sample.SEED)
    os.environ[JVM_OPTIONS] = f"{shlex.quote(f'-XX:ArchiveClassesAtExit={archive}')} {QUIET}"
    jvm.EXIT_SECONDS = DUMP_SECONDS
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = main(["run", "organic_share", f"--source={source}", f"--lake={folder / 'lake'}"])
    return said.getvalue().strip().rsplit("\n", 1)[-1] if code else None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--again", action="store_true", help="make it even when it is there")
    args = parser.parse_args()
    archive = conf.class_archive()
    if is_current(archive) and not args.again:
        return
    stand_alone()
    print("making the archive of Java classes, once (about a minute)", flush=True)
    why = make(archive)
    if why is not None:
        print(f"note: it could not be made, so every start takes some seconds more ({why})")


if __name__ == "__main__":
    main()
