"""`python -m scripts.local_cloud start|stop|clean|serve`."""

import argparse
import os
import sys
from pathlib import Path

from scripts.local_cloud import control
from scripts.local_cloud.settings import CHECKOUT
from spark_app.errors import AppError


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(prog="local_cloud", description="EMR and S3 on this machine.")
    parser.add_argument("command", choices=("start", "stop", "clean", "serve"))
    parser.add_argument("--folder", type=Path, default=CHECKOUT / ".cloud")
    parser.add_argument("--ends-with-input", action="store_true", help="serve until stdin ends")
    known = parser.parse_args(arguments)
    folder = known.folder.resolve()
    try:
        if known.command == "start":
            _start(folder)
        elif known.command == "stop":
            _stop(folder)
        elif known.command == "clean":
            print(f"Deleted what {control.clean(folder)} clusters left.")
        else:
            control.log_to_stderr()
            control.serve(folder, ends_with_input=known.ends_with_input)
    except AppError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _start(folder: Path) -> None:
    state = control.running(folder)
    if state is None:
        control.start(folder)
        state = control.running(folder) or {}
        print("The local cloud runs; nothing here costs anything or leaves this machine. Next:")
    else:
        print("The local cloud runs already. Next:")
    shown = os.path.relpath(folder)
    print(f"  source {shown}/env")
    if state.get("terraform"):
        print(f"  terraform -chdir={shown}/terraform init")
        print(f"  terraform -chdir={shown}/terraform apply")
    print("  make cloud-stop   # ends it and every process it started")


def _stop(folder: Path) -> None:
    print("The local cloud has ended." if control.stop(folder) else "No local cloud runs.")


if __name__ == "__main__":
    sys.exit(main())
