"""The commands: parse, dispatch, and turn expected errors into one line and an exit code."""

import argparse
import errno
import os
import re
import signal
import sys
from collections.abc import Sequence
from functools import partial
from typing import NoReturn

from spark_app import commands, lake_commands, stopping
from spark_app.argument_types import add_run_arguments, filled, minutes, setting
from spark_app.emr.arguments import add_commands
from spark_app.errors import DONE, AppError, Stopped, Unusable
from spark_app.jobs import require_known
from spark_app.lake.lake import Lake
from spark_app.run import given
from spark_app.run.progress import Progress
from spark_app.run_arguments import QUOTE
from spark_app.settings import Settings, load_settings

PIPE_CLOSED = 128 + signal.SIGPIPE  # whoever read the output has seen enough
_PROGRAM = "python -m spark_app"


def run() -> NoReturn:
    """The program: run the command of the command line and end the process with its exit code.

    It ends at once: Python would take most of a second to give its memory back piece by piece.
    """
    streams = list(filter(None, (sys.stdout, sys.stderr)))
    for stream in streams:
        stream.reconfigure(errors="backslashreplace")  # a path may have what a terminal has not
    code = main()
    try:
        for stream in streams:
            stream.flush()
    except BrokenPipeError:
        code = code or PIPE_CLOSED
    except OSError as error:
        code = code or _unwritten(error)
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code, see docs/operating.md."""
    stopping.listen()
    try:
        args = _parser().parse_args(arguments)
        _add_given(args)
        settings = load_settings(dict(getattr(args, "set", ())))
        stopping.limit(getattr(args, "max_minutes", None))
        if settings.more or settings.sources:
            require_known(settings)
        code: int | None = args.command(args, _lake(args, settings), settings)
    except AppError as error:
        _print_error(str(error))
        return error.exit_code
    except Stopped as stopped:
        stopping.acknowledge()
        _print_error(str(stopped))
        return stopped.exit_code
    except BrokenPipeError:
        return PIPE_CLOSED
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return _unwritten(error)
    return code or DONE


def _add_given(args: argparse.Namespace) -> None:
    """Add what a file gives to the arguments, which win over it."""
    if getattr(args, "given", None):
        found = given.read(args.given, args.region)
        args.source = [*(f"{name}={place}" for name, place in found.sources), *args.source]
        args.set = [*found.settings, *args.set]


def _lake(args: argparse.Namespace, settings: Settings) -> Lake:
    lake = Lake(
        args.lake or settings.lake,
        region=args.region,
        lock_dead_seconds=settings.lock_dead_seconds,
    )
    if lake.root.encode(errors="ignore").decode() != lake.root:
        raise Unusable(f"the lake {lake.root} has a name that is not UTF-8; choose another")
    return lake


def _unwritten(error: OSError) -> int:
    _print_error(f"the output could not be written ({error.strerror}); write it elsewhere")
    return 1


def _print_error(error: str) -> None:
    Progress().line(f"error: {error}")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error does."""

    def error(self, message: str) -> NoReturn:
        is_of_files = re.match(r"unrecognized arguments: [^-].*(/|\.parquet)", message) is not None
        advice = f"{QUOTE}, or see" if is_of_files else "see"
        raise Unusable(f"{message}; {advice} `{self.prog} --help`")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=_PROGRAM,
        description="Checks what arrives, builds tables and publishes what passed every check.",
        epilog=_examples(
            "run organic_share --source 'exports/*.parquet' --lake ./lake",
            "runs --lake ./lake",
            "checks organic_share",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")
    _add_run(subparsers)
    _add(subparsers, "list", commands.list_jobs, "the jobs, what they read and publish", "list")
    checks = _add(
        subparsers,
        "checks",
        commands.list_checks,
        "every check of a job, in words",
        "checks organic_share",
    )
    _add_job(checks)
    _add(subparsers, "runs", commands.list_runs, "the history of runs", "runs --lake ./lake")
    files = _add(
        subparsers,
        "files",
        lake_commands.list_files,
        "the files that a lake table has read",
        "files app_event",
    )
    _add_job(files)
    history = _add(
        subparsers,
        "history",
        lake_commands.list_history,
        "the versions of a lake table",
        "history app_event",
    )
    _add_job(history)
    compact = _add(
        subparsers,
        "compact",
        lake_commands.compact,
        "put the small files of a lake table together",
        "compact app_event",
    )
    _add_job(compact)
    verify = _add(
        subparsers,
        "verify",
        lake_commands.verify,
        "hold a whole lake table against its promises and its ledger",
        "verify app_event",
    )
    _add_job(verify)
    forget = _add(
        subparsers,
        "forget",
        lake_commands.forget,
        "remove persons from the lake tables made from a dataset, for good",
        "forget app_event --ids persons.txt",
    )
    forget.add_argument("dataset", metavar="DATASET", help="name of a dataset, see `list`")
    forget.add_argument("--ids", required=True, metavar="FILE", help="their ids, one a line")
    publish = _add(
        subparsers,
        "publish",
        commands.publish,
        "make an earlier run the published one",
        "publish organic_share --run 20211214T060000000000Z-1a2b",
    )
    _add_job(publish)
    publish.add_argument("--run", metavar="RUN_ID", help="which run, see `runs`")
    publish.add_argument(
        "--release", action="store_true", help="let new runs of their own accord publish again"
    )
    report = _add(
        subparsers,
        "report",
        commands.report,
        "write the report of what is published",
        "report organic_share",
    )
    _add_job(report)
    prune = _add(
        subparsers,
        "prune",
        commands.prune,
        "delete the tables of old runs, and old versions of lake tables",
        "prune --keep 5",
    )
    prune.add_argument(
        "--keep", type=int, required=True, metavar="N", help="how many finished runs of each job"
    )
    _add(
        subparsers,
        "relocate",
        lake_commands.relocate,
        "tell the lake tables of a copied or moved lake where they are",
        "relocate --lake ./copy",
    )
    add_commands(partial(_add, subparsers))
    return parser


def _add_run(subparsers: "argparse._SubParsersAction[_Parser]") -> None:
    run = _add(
        subparsers,
        "run",
        commands.run,
        "check what arrived, build tables, publish what passed",
        "run organic_share --source 'exports/*.parquet' --lake ./lake",
        "run organic_share --since 2021_20",
        "run organic_share --tolerance 0 --json",
        "run --all --if-new",
    )
    add_run_arguments(run)
    run.add_argument(
        "--max-minutes", type=minutes, metavar="N", help="end the run after so many minutes"
    )
    run.add_argument(
        "--set",
        type=setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting for this run alone, such as CHANNELS=Organic,Ads; see .env.example",
    )
    run.add_argument(
        "--given",
        type=filled,
        metavar="FILE",
        help="sources and settings in a JSON file, as `submit` writes one when they are long",
    )
    run.add_argument(
        "--leave-held",
        action="append",
        default=[],
        metavar="JOB",
        help="leave this job while its table is held, although it is named",
    )
    run.add_argument("--json", action="store_true", help="print the run manifest, not the table")
    run.add_argument("--verbose", action="store_true", help="show Spark's own log on stderr")
    run.add_argument(
        "--dry-run", action="store_true", help="say what would run and why, and run nothing"
    )


def _add(
    subparsers: "argparse._SubParsersAction[_Parser]",
    name: str,
    command: object,
    summary: str,
    *examples: str,
) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=_examples(*examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--lake",
        type=filled,
        help="root of the lake: a folder or s3://BUCKET/PREFIX (default: SPARK_APP_LAKE)",
    )
    parser.add_argument("--region", type=filled, help="AWS region (default: AWS_REGION)")
    parser.set_defaults(command=command)
    return parser


def _add_job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help="name of a job, see `list`")


def _examples(*commands_: str) -> str:
    return "examples:\n" + "\n".join(f"  {_PROGRAM} {command}" for command in commands_)
