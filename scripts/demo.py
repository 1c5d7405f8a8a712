"""Make every table from samples: a delivery, a run of all jobs, another delivery, another run.

python -m scripts.demo --lake demo-lake
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts import make_deliveries
from spark_app.lake.lake import Lake
from spark_app.terminal import print_table

Run = Callable[[list[str]], int]  # a command of the application: its exit code


def demo(root: Path, seed: int, run: Run, first: str = "--all") -> int:
    """Deliver twice into a lake that is not there yet and run all jobs after each, or after the
    `first` delivery those named; the exit code of the first command that did not end with 0."""
    for number, files in enumerate(make_deliveries.deliveries(seed), start=1):
        make_deliveries.write(root / "raw", files)
        print(
            f"\ndelivery {number}: {len(files)} files of {len(make_deliveries.DATASETS)} datasets"
        )
        asked = first if number == 1 else "--all"
        if code := shown(f"run {asked} --run-id delivery-{number}", root, run):
            return code
    for command in ("files item_property", "history item_property"):
        if code := shown(command, root, run):
            return code
    lake = Lake(str(root.absolute()))
    print()
    print_table(("table", "rows", "newest", "page"), list(tables(lake)))
    print(f"site: {lake.index_path()}")
    return 0


def shown(command: str, root: Path, run: Run) -> int:
    """Run a command in the lake, and show what was asked."""
    print(f"\n$ python -m spark_app {command} --lake {root}", flush=True)
    return run([*command.split(), "--lake", str(root)])


def in_a_process(arguments: list[str]) -> int:
    """Run a command as a user does."""
    return subprocess.run([sys.executable, "-m", "spark_app", *arguments], check=False).returncode


def tables(lake: Lake) -> Iterator[tuple[str, str, str, str]]:
    """The tables of a lake with their rows, what is newest of them, and their page."""
    for known in lake.summaries():
        name = str(known["table"])
        newest = str(known.get("newest_label") or "")
        yield name, f"{known['rows_count']:,}", newest, lake.report(name)


def main() -> int:
    """Make the tables, and say where they are."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lake", type=Path, default=Path("demo-lake"))
    parser.add_argument("--seed", type=int, default=make_deliveries.SEED)
    args = parser.parse_args()
    if args.lake.exists():
        print(
            f"error: {args.lake} is there already; take it away, or name another --lake",
            file=sys.stderr,
        )
        return 2
    return demo(args.lake, args.seed, in_a_process)


if __name__ == "__main__":
    sys.exit(main())
