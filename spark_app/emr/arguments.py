"""The arguments of `submit`, `watch`, `clusters` and `terminate`."""

import argparse
from collections.abc import Callable

from spark_app.argument_types import filled, minutes, share
from spark_app.emr import commands

Add = Callable[..., argparse.ArgumentParser]


def add_commands(add: Add) -> None:
    """Add the commands; `add(name, command, summary, *examples)` makes a parser for one."""
    _add_submit(add)
    watch = _with_spec(
        add("watch", commands.watch, "come back to a run on a cluster", "watch j-2AXXXXXXGAPLF")
    )
    watch.add_argument("cluster", metavar="CLUSTER", help="id of the cluster, see `clusters`")
    watch.add_argument("--step", metavar="STEP", help="id of the step (default: the newest)")
    _with_spec(add("clusters", commands.clusters, "what runs now and costs", "clusters"))
    terminate = _with_spec(
        add("terminate", commands.terminate, "end a cluster", "terminate j-2AXXXXXXGAPLF")
    )
    terminate.add_argument("cluster", metavar="CLUSTER", help="id of the cluster, see `clusters`")


def _add_submit(add: Add) -> None:
    submit = _with_spec(
        add(
            "submit",
            commands.submit,
            "run a job on Amazon EMR",
            "submit organic_share",
            "submit organic_share --dry-run",
            "submit organic_share --cluster-id j-2AXXXXXXGAPLF --timeout 90",
        )
    )
    submit.add_argument("job", metavar="JOB", help="name of a job, see `list`")
    submit.add_argument(
        "--cluster-id",
        type=filled,
        metavar="ID",
        help="a cluster that is there (default: one of its own, which ends with the run)",
    )
    submit.add_argument(
        "--dry-run", action="store_true", help="print the request as JSON and send nothing"
    )
    submit.add_argument("--no-wait", action="store_true", help="do not wait for the end")
    submit.add_argument(
        "--timeout",
        type=minutes,
        metavar="MINUTES",
        help="then end its own cluster, or cancel the step on another one",
    )
    submit.add_argument("--source", type=filled, help="raw files in S3 (default: the lake's raw/)")
    submit.add_argument(
        "--tolerance", type=share, metavar="SHARE", help="the share of bad rows, see `run`"
    )
    submit.add_argument(
        "--since", type=filled, metavar="YYYY_WW", help="read only what is new from this week on"
    )
    submit.add_argument("--run-id", help="name the run; letters, digits, '-' and '_'")


def _with_spec(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--launch-spec",
        type=filled,
        metavar="FILE",
        help="the launch specification (default: app/launch.json in the lake's bucket)",
    )
    return parser
