"""Commands of the docs, run as a reader of them would."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

OURS = ("SPARK_APP_", "PYSPARK_", "PYTEST_", "MAKE", "MFLAGS")


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code, and what it printed, errors first."""

    code: int
    printed: str


def put_python(folder: Path) -> None:
    """Python where `make install` would put it."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (folder / ".venv" / ".installed").touch()


def execute(command: str, folder: Path) -> Done:
    """Run a command in a folder, without settings of the tests or of the program."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    done = subprocess.run(
        ["sh", "-c", command],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    return Done(done.returncode, done.stderr + done.stdout)
