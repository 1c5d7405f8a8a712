"""Command line arguments that several commands take, and their types."""

import argparse


def filled(text: str) -> str:
    """Any text but an empty one."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; leave it out for the default")
    return text


def share(text: str) -> float:
    """A share from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a share from 0 to 1, such as 0.01")
    return number


def setting(text: str) -> tuple[str, str]:
    """A setting as NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not NAME=VALUE, such as CHANNELS=Organic,Ads"
        )
    return name.upper().removeprefix("SPARK_APP_"), value


def minutes(text: str) -> float:
    """A time in minutes, more than none."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1_000_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of minutes, such as 90")
    return number


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """What `run` and `submit` are asked: which jobs, from what, and how."""
    parser.add_argument("jobs", metavar="JOB", nargs="*", help="names of jobs, see `list`")
    flags = (
        ("--all", "every job"),
        ("--upstream", "also the jobs whose tables these read, before them"),
        ("--downstream", "also the jobs that read these tables, after them"),
        ("--if-new", "leave a job whose inputs, options and code are those of its last run"),
        ("--full", "a lake table: read every file again, known ones as well"),
    )
    for name, words in flags:
        parser.add_argument(name, action="store_true", help=words)
    parser.add_argument(
        "--source",
        type=filled,
        action="append",
        default=[],
        metavar="[NAME=]PLACE",
        help="a Parquet file, a folder or a quoted glob, also in S3; NAME is the dataset",
    )
    parser.add_argument("--run-id", help="name the run; letters, digits, '-' and '_'")
    parser.add_argument(
        "--tolerance",
        type=share,
        metavar="SHARE",
        help="the share of bad rows up to which the gate opens, inclusive (default: the source's)",
    )
    for name, words in (
        ("--skip", "leave out this file: its path, or the last part of it; may be repeated"),
        ("--accept-shrink", "let this file have fewer rows than it had; may be repeated"),
    ):
        parser.add_argument(
            name, type=filled, action="append", default=[], metavar="FILE", help=words
        )
    parser.add_argument(
        "--since",
        type=filled,
        metavar="DATE",
        help="read only what is new from this date (2021-05-17) or ISO week (2021_20) on",
    )
