"""What is asked of EMR, as plain dicts: nothing here talks to anybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spark_app.emr.launch_spec import RUN_ID_TAG, LaunchSpec

ENVIRONMENT = "/opt/spark_app/env/bin/python"
NAME = "spark_app"
_ENDS_BY_ITSELF = {"KeepJobFlowAliveWhenNoSteps": False, "TerminationProtected": False}


@dataclass(frozen=True)
class Submission:
    """A run to be made on a cluster. Null: the cluster's own default. `settings` are those of this
    machine that shape the result, as names and texts."""

    job: str
    run_id: str
    source: str | None = None
    tolerance: float | None = None
    since: str | None = None
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The name of its step, and of the cluster that is launched for it."""
        return f"{NAME} {self.job} {self.run_id}"


def launch(spec: LaunchSpec, submission: Submission) -> dict[str, Any]:
    """RunJobFlow: a cluster that makes one run and ends, whatever becomes of who launched it."""
    tags = [*spec.cluster.get("Tags", []), {"Key": RUN_ID_TAG, "Value": submission.run_id}]
    return {
        **spec.cluster,
        "Name": submission.name,
        "Tags": tags,
        "Instances": {**spec.cluster["Instances"], **_ENDS_BY_ITSELF},
        "Steps": [step(spec, submission, "TERMINATE_CLUSTER")],
    }


def add_step(spec: LaunchSpec, submission: Submission, cluster_id: str) -> dict[str, Any]:
    """AddJobFlowSteps: a run on a cluster that is there; it goes on when the step fails."""
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
    """A run as a step. The node is told the region: it has no way to find out by itself."""
    return {
        "Name": submission.name,
        "ActionOnFailure": on_failure,
        "HadoopJarStep": {
            "Jar": "command-runner.jar",
            "Args": [*_spark_submit(spec), *_run(spec, submission)],
        },
    }


def run_id_of(step: Mapping[str, Any]) -> str | None:
    """The run that a step makes, told by its name; null when it is none of ours."""
    parts = str(step.get("Name", "")).split(" ")
    return parts[2] if len(parts) == 3 and parts[0] == NAME else None


def job_of(step: Mapping[str, Any]) -> str | None:
    """The job of a step of ours, or null."""
    return str(step["Name"]).split(" ")[1] if run_id_of(step) else None


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
        "--source": submission.source,
        "--tolerance": submission.tolerance,
        "--since": submission.since,
    }
    given = [(option, str(value)) for option, value in options.items() if value is not None]
    given += [("--set", f"{name}={text}") for name, text in submission.settings]
    return ["run", submission.job, *(word for pair in given for word in pair)]
