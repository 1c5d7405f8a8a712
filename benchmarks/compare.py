"""Compare this job with its contenders, side by side in whole processes; write RESULTS.md.

python -m benchmarks.compare                              1 M and 50 M rows, three rounds
python -m benchmarks.compare --rows 50M --order channel random   rows in other orders than the key's
python -m benchmarks.compare --rows 50M --redelivered     also with 5 % of the keys delivered again
python -m benchmarks.compare --rows 50M 500M              long; DuckDB spills tens of GB
python -m benchmarks.compare --since                      what is new, over one and four years
python -m benchmarks.compare --sample sample-lake/raw/installs
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.generate import Shape, generate, shape_for
from benchmarks.measure import Measurement, difference, measure
from benchmarks.orders import KEY_ORDER, ORDERS, write_in_order
from benchmarks.results import GIB, Aim, Entry, machine, table_of, write_section

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "build" / "bench-data"
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
REDELIVERED = 0.05
FLAT_MEMORY = 1.2
WITHIN = {"50M": 4, "500M": 1}  # times DuckDB's seconds, in any order of rows
SINCE_WEEK = "2024_49"  # four weeks before the generated data ends
SINCE_ROWS_PER_YEAR = 16_436_250  # 250 countries, 60 channels

OURS, BARE = "this job, everything on", "this job's bare transform"
STRAIGHTFORWARD, ANALYST, TRICKS, POLARS = (
    "straightforward PySpark",
    "DuckDB",
    "DuckDB, every trick",
    "Polars",
)


@dataclass(frozen=True)
class Size:
    """A benchmark's data: number of keys and channels; `most_rounds` keeps long ones short."""

    rows: int
    channels: int
    most_rounds: int = 9


SIZES = {
    "1M": Size(1_000_000, 60),
    "50M": Size(50_000_000, 60),
    "500M": Size(500_000_000, 600, most_rounds=1),
}


@dataclass(frozen=True)
class Contender:
    """A module of contenders/ (none: the job itself); `sizes` where it is run."""

    name: str
    script: str | None = None
    takes_memory_limit: bool = False
    removes_duplicates: bool = True
    sizes: tuple[str, ...] = ("1M", "50M", "500M")
    most_rounds: int = 9

    def command(self, source: str, folder: Path, memory_limit: str) -> list[str]:
        if self.script is None:
            return run_command(source, folder / "lake")
        limit = [f"--memory-limit={memory_limit}"] if self.takes_memory_limit else []
        module = f"benchmarks.contenders.{self.script}"
        arguments = [f"--source={source}", f"--output={folder / 'table.parquet'}", *limit]
        return [sys.executable, "-m", module, *arguments]

    def answer(self, folder: Path) -> Path:
        return folder / "table.parquet" if self.script else published_table(folder / "lake")


CONTENDERS = (
    Contender(OURS),
    Contender(BARE, "bare_transform", removes_duplicates=False),
    Contender(ANALYST, "duckdb_analyst", takes_memory_limit=True),
    Contender(TRICKS, "duckdb_tricks", takes_memory_limit=True),
    Contender(POLARS, "polars_analyst"),
    Contender(STRAIGHTFORWARD, "straightforward_spark", sizes=("1M", "50M"), most_rounds=1),
)


def job() -> list[str]:
    return [sys.executable, "-m", "spark_app"]


def run_command(source: str, lake: Path) -> list[str]:
    return [*job(), "run", "organic_share", f"--source={source}", f"--lake={lake}"]


def published_table(lake: Path) -> Path:
    return lake / "final" / "organic_share" / "organic_share.parquet"


def data_folder(name: str, shape: Shape, order: str = KEY_ORDER) -> Path:
    """Generate once; nobody pays for the first read from the disk."""
    folder = made_once(name, lambda out: generate(shape, out))
    if order != KEY_ORDER:
        by_key = folder
        folder = made_once(f"{name}-{order}", lambda out: write_in_order(by_key, order, out))
    for path in folder.iterdir():
        path.read_bytes()
    return folder


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """A folder of the data appears under its name only when it is complete."""
    folder, unfinished = DATA / name, DATA / f"{name}.unfinished"
    if not folder.exists():
        print(f"generating {name} …", flush=True)
        shutil.rmtree(unfinished, ignore_errors=True)
        make(unfinished)
        unfinished.rename(folder)
    return folder


@contextmanager
def fresh_folder() -> Iterator[Path]:
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-") as folder:
        yield Path(folder)


def measured(command: list[str], timeout_seconds: float) -> Measurement:
    """Measure; a process that would exhaust the machine's memory is stopped."""
    measurement = measure(command, ROOT, timeout_seconds, int(0.75 * psutil.virtual_memory().total))
    peak = measurement.peak_bytes / GIB
    print(
        f"    {measurement.seconds:8.1f} s {peak:6.2f} GiB  {measurement.failure or ''}", flush=True
    )
    return measurement


def compare_size(
    args: argparse.Namespace, size_name: str, order: str = KEY_ORDER, is_redelivered: bool = False
) -> list[Entry]:
    """All contenders on one data set, alternating; each answer is held against the first one."""
    name = f"{size_name}-redelivered" if is_redelivered else size_name
    size = SIZES[size_name]
    shape = shape_for(
        size.rows, channels=size.channels, redelivered=REDELIVERED if is_redelivered else 0.0
    )
    source = str(data_folder(name, shape, order) / "*.parquet")
    chosen = [
        c
        for c in CONTENDERS
        if size_name in c.sizes and (c.removes_duplicates or not is_redelivered)
    ]
    chosen = [c for c in chosen if not args.contenders or stem(c) in args.contenders]
    entries = {c.name: Entry(c.name) for c in chosen}
    with fresh_folder() as kept:
        for round_number in range(1, min(args.rounds, size.most_rounds) + 1):
            for contender in chosen:
                if round_number > contender.most_rounds:
                    continue
                print(f"{name} by {order}, round {round_number}: {contender.name}", flush=True)
                run_once(
                    args, contender, entries[contender.name], source, kept / "expected.parquet"
                )
    return list(entries.values())


def run_once(
    args: argparse.Namespace, contender: Contender, entry: Entry, source: str, expected: Path
) -> None:
    """Measure one process in a fresh folder; the first good answer becomes the expected one."""
    if entry.failure:
        return
    with fresh_folder() as folder:
        command = contender.command(source, folder, args.memory_limit)
        measurement = measured(command, args.timeout)
        entry.measurements.append(measurement)
        if measurement.failure:
            return
        if not expected.exists():
            shutil.copy(contender.answer(folder), expected)
        entry.remark = entry.remark or difference(contender.answer(folder), expected) or ""


def flat_memory(entries: list[Entry], smaller: list[Entry]) -> list[Aim]:
    """Peak memory of this job at ten times the rows; nothing to say unless both were measured."""
    peaks = [e.peak_bytes for e in (*entries, *smaller) if e.name == OURS and e.seconds]
    if len(peaks) < 2:
        return []
    return [Aim("peak memory at 500 M rows against 50 M", peaks[0] / peaks[1], FLAT_MEMORY)]


def aims_of(size_name: str, entries: list[Entry]) -> list[Aim]:
    """The promises that can be decided from this benchmark of rows in one order."""
    ours = next((entry for entry in entries if entry.name == OURS), None)
    aims = []
    faster, within = ratio(entries, STRAIGHTFORWARD, OURS), ratio(entries, OURS, ANALYST)
    if size_name == "50M" and faster:
        aims.append(Aim("faster than the straightforward script", faster, 8, is_minimum=True))
    if within and size_name in WITHIN:
        aims.append(Aim("time against DuckDB doing the same work", within, WITHIN[size_name]))
    against_bare = ratio(entries, OURS, BARE)
    if size_name == "50M" and against_bare:
        aims.append(
            Aim(
                "checks, quarantine and deduplication against the bare transform",
                against_bare - 1,
                1,
            )
        )
    if size_name != "1M" and ours:
        aims.append(Aim("peak memory, JVM included", ours.peak_bytes / GIB, 4, unit=" GiB"))
    return aims


def any_order(by_order: Mapping[str, list[Entry]]) -> list[Aim]:
    """This job's slowest order of rows against its fastest; nothing to say of a single order."""
    ours = [e.seconds for entries in by_order.values() for e in entries if e.name == OURS]
    seconds = [found for found in ours if found]
    if len(seconds) < 2:
        return []
    return [Aim("the slowest order of rows against the fastest", max(seconds) / min(seconds), 1.5)]


def redelivery_aims(entries: list[Entry]) -> list[Aim]:
    """The promise for data of which a part is delivered again."""
    within = ratio(entries, OURS, ANALYST)
    return [Aim("time against DuckDB doing the same work", within, 8)] if within else []


def ratio(entries: list[Entry], name: str, other: str) -> float | None:
    """The time of one entry against that of another; null unless both were measured."""
    by_name = {entry.name: entry.seconds for entry in entries}
    mine, theirs = by_name.get(name), by_name.get(other)
    return mine / theirs if mine and theirs else None


def compare_since(args: argparse.Namespace) -> tuple[list[Entry], list[Aim]]:
    """Publish one and four years, then time `--since` on both, alternating."""
    entries = {years: Entry(f"--since {SINCE_WEEK}, {years} years published") for years in (1, 4)}
    with fresh_folder() as folder:
        sources = {years: since_source(years) for years in entries}
        commands = {
            years: run_command(sources[years], folder / f"lake-{years}") for years in entries
        }
        for years, command in commands.items():
            print(f"publishing {years} years", flush=True)
            published = measured(command, args.timeout)
            if published.failure:
                raise SystemExit(
                    f"the history of {years} years was not published: {published.failure}"
                )
            shutil.copy(published_table(folder / f"lake-{years}"), folder / f"{years}.parquet")
        for round_number in range(1, args.rounds + 1):
            for years, command in commands.items():
                print(f"since, round {round_number}: {years} years", flush=True)
                entry, lake = entries[years], folder / f"lake-{years}"
                entry.measurements.append(measured([*command, "--since", SINCE_WEEK], args.timeout))
                found = difference(published_table(lake), folder / f"{years}.parquet")
                entry.remark = entry.remark or found or ""
    one, four = entries[1].seconds, entries[4].seconds
    aims = [Aim("four years of history against one", four / one, 1.2)] if one and four else []
    return list(entries.values()), aims


def since_source(years: int) -> str:
    days = round(years * 365.25)
    shape = shape_for(SINCE_ROWS_PER_YEAR * years, days=days)
    return str(data_folder(f"since-{years}y", shape) / "*.parquet")


def compare_sample(args: argparse.Namespace) -> tuple[list[Entry], list[Aim]]:
    """The embedded sample from raw to report, and the two commands that must not start anything."""
    names = ("run on the sample", "the same with --if-new and nothing new", "--help", "list")
    run, if_new, help_, list_ = (Entry(name, remark="not compared") for name in names)
    for _ in range(args.rounds):
        with fresh_folder() as folder:
            command = run_command(str(args.sample.absolute()), folder / "lake")
            run.measurements.append(measured(command, args.timeout))
            if_new.measurements.append(measured([*command, "--if-new"], args.timeout))
        help_.measurements.append(measured([*job(), "--help"], args.timeout))
        list_.measurements.append(measured([*job(), "list"], args.timeout))
    limits = ((run, 8), (if_new, 1), (help_, 0.5), (list_, 0.5))
    aims = [
        Aim(entry.name, entry.seconds, limit, unit=" s") for entry, limit in limits if entry.seconds
    ]
    return [run, if_new, help_, list_], aims


def report(args: argparse.Namespace, section: str, entries: list[Entry], aims: list[Aim]) -> None:
    """Print a section and put it into the results file."""
    rival = OURS if any(entry.name == OURS for entry in entries) else entries[0].name
    text = "\n\n".join(
        part for part in (machine(), table_of(entries, rival), "\n".join(map(str, aims))) if part
    )
    print(f"\n## {section}\n\n{text}\n", flush=True)
    write_section(args.results, section, text)


def stem(contender: Contender) -> str:
    return contender.script or "ours"


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rows",
        nargs="+",
        choices=list(SIZES),
        help="default: 1M 50M, unless another benchmark is named",
    )
    parser.add_argument(
        "--order",
        nargs="+",
        choices=[KEY_ORDER, *ORDERS],
        default=[KEY_ORDER],
        help="in which order the rows lie in their files (default: the key's)",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--redelivered", action="store_true", help="also with 5 %% of the keys delivered again"
    )
    parser.add_argument(
        "--since", action="store_true", help="the cost of --since over one and four years"
    )
    parser.add_argument("--sample", type=Path, help="time the run on this sample, --help and list")
    parser.add_argument(
        "--contenders", nargs="+", choices=[stem(c) for c in CONTENDERS], help="only these"
    )
    parser.add_argument(
        "--memory-limit", default="4GiB", help="for the contenders that take one (default: 4GiB)"
    )
    parser.add_argument(
        "--timeout", type=float, default=3600, help="seconds after which a process is stopped"
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args(argv)
    if not (args.rows or args.since or args.sample):
        args.rows = ["1M", "50M"]
    return args


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    measured_at: dict[str, list[Entry]] = {}
    for size_name in args.rows or ():
        by_order = {order: compare_size(args, size_name, order) for order in args.order}
        for order, entries in by_order.items():
            aims = aims_of(size_name, entries)
            if order == KEY_ORDER:
                measured_at[size_name] = entries
            if size_name == "500M":
                aims += flat_memory(entries, measured_at.get("50M", []))
            if order == args.order[-1]:
                aims += any_order(by_order)
            section = size_name if order == KEY_ORDER else f"{size_name}-{order}"
            report(args, section, entries, aims)
        if args.redelivered:
            again = compare_size(args, size_name, is_redelivered=True)
            report(args, f"{size_name}-redelivered", again, redelivery_aims(again))
    if args.since:
        report(args, "since", *compare_since(args))
    if args.sample:
        report(args, "sample", *compare_sample(args))


if __name__ == "__main__":
    main()
