"""The arguments of `submit`, `watch`, `clusters` and `terminate`."""

import argparse
from collections.abc import Callable

from spark_app.argument_types import add_run_arguments, filled, minutes
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
            "run jobs on Amazon EMR",
            "submit organic_share",
            "submit organic_share --dry-run",
            "submit --all --if-new",
            "submit organic_share --cluster-id j-2AXXXXXXGAPLF --timeout 90",
        )
    )
    add_run_arguments(submit)
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


def _with_spec(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--launch-spec",
        type=filled,
        metavar="FILE",
        help="the launch specification (default: app/launch.json in the lake's bucket)",
    )
    return parser
