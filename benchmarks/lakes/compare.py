"""Compare the lake tables with contenders, side by side in whole processes; write RESULTS.md.

python -m benchmarks.lakes.compare devices              1,862 MB of JSON, and 58 MB more
python -m benchmarks.lakes.compare devices --megabytes 186
python -m benchmarks.lakes.compare app                  50 M events from CSV
python -m benchmarks.lakes.compare app --rows 200000000 --contenders ours
python -m benchmarks.lakes.compare days                 one more day, to a month and to a year
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.compare import RESULTS, fresh_folder, job, made_once, measured, ratio
from benchmarks.lakes.events import FIRST_DAY, AppShape, DeviceShape, app_events, device_events
from benchmarks.results import Aim, Entry, machine, table_of, write_section

OURS = "this job, everything on"
MORE_MEGABYTES, MORE_DAYS = 58, 1
DAY_ROWS = 50_000
VALUES = {  # of each row, beside its moment
    "device_event": "device_id, brand, tracker, channel, user_id, longitude, latitude, country",
    "app_event": "user_id, log_id, os, model, country, event_name, quantity, price",
}


@dataclass(frozen=True)
class Contender:
    """A module of contenders/ (none: the job itself) that makes the same table as a job."""

    name: str
    job: str
    script: str | None = None

    @property
    def stem(self) -> str:
        """Its name on the command line."""
        return self.script or "ours"

    def command(self, source: Path, folder: Path) -> list[str]:
        """What is run."""
        if self.script is None:
            return run_command(self.job, source, folder / "lake")
        module = f"benchmarks.lakes.contenders.{self.script}"
        arguments = [f"--source={source}", f"--output={folder / 'table'}"]
        return [sys.executable, "-m", module, *arguments]

    def files(self, folder: Path) -> list[str]:
        """The Parquet files of the table that it made."""
        if self.script is None:
            return files_of(self.job, folder / "lake")
        return [str(path) for path in (folder / "table").rglob("*.parquet")]


CONTENDERS = (
    Contender(OURS, "device_event"),
    Contender("DuckDB", "device_event", "duckdb_devices"),
    Contender("Polars", "device_event", "polars_devices"),
    Contender("straightforward PySpark", "device_event", "spark_devices"),
    Contender(OURS, "app_event"),
    Contender("DuckDB", "app_event", "duckdb_app"),
)


def run_command(name: str, source: Path, lake: Path) -> list[str]:
    return [*job(), "run", name, f"--source={source}", f"--lake={lake}"]


def files_of(name: str, lake: Path) -> list[str]:
    """The data files of a lake table's newest version."""
    from pyiceberg.catalog import load_catalog

    catalogue = load_catalog("lake", type="sql", uri=f"sqlite:///{lake}/catalog.db")
    tasks = catalogue.load_table(f"tables.{name}").scan().plan_files()
    return [task.file.file_path.removeprefix("file:") for task in tasks]


def answer(name: str, files: Sequence[str]) -> tuple[object, ...]:
    """How many rows there are, and what tells them from others whatever their order."""
    query = f"""
        SELECT count(*), sum(hash(row(event_at::TIMESTAMP, {VALUES[name]}))::HUGEINT)
        FROM read_parquet($files)
    """
    with duckdb.connect(config={"threads": 2}) as database:
        database.execute("SET TimeZone = 'UTC'")
        found = database.execute(query, {"files": list(files)}).fetchone()
    assert found is not None
    return found


def compare(
    args: argparse.Namespace, name: str, source: Path, more: Path | None = None
) -> tuple[list[Entry], Entry]:
    """All contenders, alternating; and this job with `more` delivered on top."""
    chosen = [c for c in CONTENDERS if c.job == name]
    chosen = [c for c in chosen if not args.contenders or c.stem in args.contenders]
    entries, again = {c.name: Entry(c.name) for c in chosen}, Entry("the same with more delivered")
    expected: tuple[object, ...] | None = None
    for round_number in range(1, args.rounds + 1):
        for contender in chosen:
            print(f"{name}, round {round_number}: {contender.name}", flush=True)
            with fresh_folder() as folder:
                entry, here = entries[contender.name], linked(source, folder / "raw")
                entry.measurements.append(measured(contender.command(here, folder), args.timeout))
                if entry.failure:
                    continue
                found = answer(name, contender.files(folder))
                expected = expected or found
                entry.remark = "" if found == expected else f"{found} instead of {expected}"
                if contender.script is None and more:
                    linked(more, here)
                    again.measurements.append(
                        measured(run_command(name, here, folder / "lake"), args.timeout)
                    )
                    again.remark = "not compared"
    return list(entries.values()), again


def linked(source: Path, folder: Path) -> Path:
    """The files of a folder under another one, without a copy."""
    for path in source.rglob("*.*"):
        if path.is_file():
            place = folder / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.hardlink_to(path)
    return folder


def compare_devices(args: argparse.Namespace) -> tuple[list[Entry], list[Aim]]:
    """JSON lines, and a day more."""
    shape = DeviceShape(args.megabytes, 30)
    source = delivered(f"devices-{args.megabytes}", partial(device_events, shape))
    next_day = FIRST_DAY + timedelta(shape.days)
    after = DeviceShape(MORE_MEGABYTES, MORE_DAYS, next_day)
    more = delivered("devices-more", partial(device_events, after))
    entries, again = compare(args, "device_event", source, more)
    ours = next((entry for entry in entries if entry.name == OURS), again)
    aims = [
        Aim(text, entry.seconds, limit, unit=" s")
        for text, entry, limit in (
            ("1,862 MB of JSON, whole process", ours, 24.7),
            ("58 MB more", again, 15),
        )
        if again.seconds and entry.seconds
    ]
    shown = [*entries, again] if again.measurements else entries
    return shown, aims if args.megabytes == 1862 else []


def compare_app(args: argparse.Namespace) -> tuple[list[Entry], list[Aim]]:
    """CSV of a month."""
    shape = AppShape(args.rows, 30)
    source = delivered(f"app-{args.rows}", partial(app_events, shape))
    entries, _ = compare(args, "app_event", source)
    within = ratio(entries, OURS, "DuckDB")
    return entries, [Aim("time against DuckDB", within, 4)] if within else []


def compare_days(args: argparse.Namespace) -> tuple[list[Entry], list[Aim]]:
    """A day more on top of a month and of a year."""
    entries = {days: Entry(f"one more day to {days} days") for days in (30, 365)}
    with fresh_folder() as folder:
        for days in entries:
            shape = AppShape(DAY_ROWS * days, days)
            source = delivered(f"days-{days}", partial(app_events, shape))
            linked(source, folder / f"raw-{days}")
            command = run_command("app_event", folder / f"raw-{days}", folder / f"lake-{days}")
            print(f"publishing {days} days", flush=True)
            if measured(command, args.timeout).failure:
                raise SystemExit(f"{days} days were not published")
        for round_number in range(args.rounds):
            for days, entry in entries.items():
                day = AppShape(DAY_ROWS, 1, FIRST_DAY + timedelta(days + round_number))
                name = f"day-{day.first_day}"
                linked(
                    delivered(name, partial(app_events, day)),
                    folder / f"raw-{days}",
                )
                command = run_command("app_event", folder / f"raw-{days}", folder / f"lake-{days}")
                entry.measurements.append(measured(command, args.timeout))
                entry.remark = "not compared"
    month, year = entries[30].seconds, entries[365].seconds
    aims = (
        [Aim("a day to a year against one to a month", year / month, 1.2)] if month and year else []
    )
    return list(entries.values()), aims


def delivered(name: str, make: Callable[[Path], object]) -> Path:
    """Generated files; nobody pays for the first read from the disk."""
    folder = made_once(name, make)
    for path in folder.rglob("*.*"):
        if path.is_file():
            path.read_bytes()
    return folder


BENCHMARKS = {"devices": compare_devices, "app": compare_app, "days": compare_days}


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("benchmarks", nargs="+", choices=list(BENCHMARKS))
    parser.add_argument("--megabytes", type=int, default=1862, help="of JSON (default: 1862)")
    parser.add_argument("--rows", type=int, default=50_000_000, help="of CSV (default: 50000000)")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--contenders", nargs="+", choices=sorted({c.stem for c in CONTENDERS}))
    parser.add_argument("--timeout", type=float, default=3600, help="seconds for a process")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    for name in args.benchmarks:
        entries, aims = BENCHMARKS[name](args)
        text = "\n\n".join(
            part for part in (machine(), table_of(entries, OURS), "\n".join(map(str, aims))) if part
        )
        print(f"\n## lakes-{name}\n\n{text}\n", flush=True)
        write_section(args.results, f"lakes-{name}", text)


if __name__ == "__main__":
    main()
