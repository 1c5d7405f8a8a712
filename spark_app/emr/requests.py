"""What is asked of EMR, as plain dicts: nothing here talks to anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Any

from spark_app.emr.launch_spec import JOBS_TAG, RUN_ID_TAG, LaunchSpec
from spark_app.run.request import NOTHING, Once

ENVIRONMENT = "/opt/spark_app/env/bin/python"
NAME = "spark_app"
LABEL_LENGTH = 64
_ENDS_BY_ITSELF = {"KeepJobFlowAliveWhenNoSteps": False, "TerminationProtected": False}


@dataclass(frozen=True)
class Submission:
    """Runs to be made on a cluster in one step, in the order of `jobs`. Null: the cluster's own
    default.

    `run_id` is the id of the command; `unnamed` are the jobs that nobody named, which are left
    while their tables are held; `sources` are places by dataset; `settings` are those of this
    machine that shape the result, as names and texts. `given` is where both of these stand when
    they are too long for a step.
    """

    jobs: tuple[str, ...]
    run_id: str
    sources: tuple[tuple[str, str], ...] = ()
    tolerance: float | None = None
    since: str | None = None
    once: Once = NOTHING
    if_new: bool = False
    unnamed: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    given: str | None = None

    @property
    def name(self) -> str:
        """The name of its step, and of the cluster that is launched for it; EMR cuts long ones."""
        return f"{NAME} {label(self.jobs)} {self.run_id}"


def label(jobs: Sequence[str]) -> str:
    """The jobs of a submission in one word."""
    every = "+".join(jobs)
    is_short = len(jobs) == 1 or len(every) <= LABEL_LENGTH
    return every if is_short else f"{jobs[0]}+{len(jobs) - 1}-more"


def launch(spec: LaunchSpec, submission: Submission) -> dict[str, Any]:
    """RunJobFlow: a cluster that runs one step and ends, whatever becomes of who launched it."""
    tags = {RUN_ID_TAG: submission.run_id, JOBS_TAG: label(submission.jobs)}
    own = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {
        **spec.cluster,
        "Name": submission.name,
        "Tags": [*spec.cluster.get("Tags", []), *own],
        "Instances": {**spec.cluster["Instances"], **_ENDS_BY_ITSELF},
        "Steps": [step(spec, submission, "TERMINATE_CLUSTER")],
    }


def add_step(spec: LaunchSpec, submission: Submission, cluster_id: str) -> dict[str, Any]:
    """AddJobFlowSteps: a step on a cluster that is there; it goes on when the step fails."""
    return {"JobFlowId": cluster_id, "Steps": [step(spec, submission, "CONTINUE")]}


def cancel(cluster_id: str, step_id: str) -> dict[str, Any]:
    """CancelSteps: interrupt one step, so that the application can record its end."""
    return {
        "ClusterId": cluster_id,
        "StepIds": [step_id],
        "StepCancellationOption": "SEND_INTERRUPT",
    }


def terminate(cluster_id: str) -> dict[str, Any]:
    """TerminateJobFlows."""
    return {"JobFlowIds": [cluster_id]}


def step(spec: LaunchSpec, submission: Submission, on_failure: str) -> dict[str, Any]:
    """A submission as a step. It names the region: the node has no way to find out by itself."""
    return {
        "Name": submission.name,
        "ActionOnFailure": on_failure,
        "HadoopJarStep": {
            "Jar": "command-runner.jar",
            "Args": [*_spark_submit(spec), *_run(spec, submission)],
        },
    }


def run_id_of(step: Mapping[str, Any]) -> str | None:
    """The id of the command of a step, by its name; null when it is none of ours."""
    parts = str(step.get("Name", "")).split(" ")
    return parts[2] if len(parts) == 3 and parts[0] == NAME else None


def jobs_of(step: Mapping[str, Any]) -> tuple[str, ...]:
    """The jobs of a step of ours, as its arguments name them; none when it is none of ours."""
    if run_id_of(step) is None:
        return ()
    words = list(step.get("Config", {}).get("Args", []))
    if "run" not in words:
        return (str(step["Name"]).split(" ")[1],)
    named = words[words.index("run") + 1 :]
    return tuple(takewhile(lambda word: not word.startswith("--"), named))


def unnamed_of(step: Mapping[str, Any]) -> tuple[str, ...]:
    """The jobs of a step that nobody named."""
    words = list(step.get("Config", {}).get("Args", []))
    return tuple(name for option, name in pairwise(words) if option == "--leave-held")


def is_if_new(step: Mapping[str, Any]) -> bool:
    """Whether a step may leave its jobs where there is nothing new."""
    return "--if-new" in step.get("Config", {}).get("Args", [])


def _spark_submit(spec: LaunchSpec) -> list[str]:
    conf = {
        "spark.pyspark.python": ENVIRONMENT,
        "spark.pyspark.driver.python": ENVIRONMENT,
        "spark.hadoop.fs.s3a.endpoint.region": spec.region,
    }
    return [
        *("spark-submit", "--deploy-mode", "client"),
        *(word for key, value in conf.items() for word in ("--conf", f"{key}={value}")),
        *("--py-files", f"{spec.application}spark_app.zip"),
        f"{spec.application}main.py",
    ]


def _run(spec: LaunchSpec, submission: Submission) -> list[str]:
    options = {
        "--lake": spec.lake,
        "--region": spec.region,
        "--max-minutes": spec.max_minutes,
        "--run-id": submission.run_id,
        "--tolerance": submission.tolerance,
        "--since": submission.since,
        "--given": submission.given,
    }
    given = [(option, str(value)) for option, value in options.items() if value is not None]
    sources, settings = ((), ()) if submission.given else (submission.sources, submission.settings)
    given += [("--source", f"{name}={place}") for name, place in sources]
    given += [("--leave-held", name) for name in submission.unnamed]
    given += [("--set", f"{name}={text}") for name, text in settings]
    once = submission.once
    given += [("--skip", name) for name in once.skip]
    given += [("--accept-shrink", name) for name in once.accept_shrink]
    flags = [*(["--if-new"] if submission.if_new else []), *(["--full"] if once.full else [])]
    return ["run", *submission.jobs, *(word for pair in given for word in pair), *flags]
