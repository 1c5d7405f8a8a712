"""The requests: exact, valid by botocore's own model of EMR, and with the region in them."""

from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from spark_app.emr import requests
from spark_app.run.request import Once
from tests.emr import specs

EMR = botocore.session.get_session().get_service_model("emr")


def complaints(operation: str, request: dict[str, Any]) -> str:
    """What botocore finds wrong with a request."""
    shape = EMR.operation_model(operation).input_shape
    return str(ParamValidator().validate(request, shape).generate_report())


def arguments(request: dict[str, Any]) -> list[str]:
    """The words of the only step."""
    (step,) = request["Steps"]
    return list(step["HadoopJarStep"]["Args"])


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("RunJobFlow", requests.launch(specs.spec(), specs.submission())),
        ("AddJobFlowSteps", requests.add_step(specs.spec(), specs.submission(), "j-1")),
        ("CancelSteps", requests.cancel("j-1", "s-1")),
        ("TerminateJobFlows", requests.terminate("j-1")),
    ],
)
def test_every_request_fits_the_model_of_emr(operation: str, request_: dict[str, Any]) -> None:
    assert complaints(operation, request_) == ""


def test_the_model_would_complain_about_a_wrong_request() -> None:
    wrong = requests.launch(specs.spec(), specs.submission()) | {"Steps": [{"Name": 1}]}

    assert "Steps[0]" in complaints("RunJobFlow", wrong)


def test_a_launch_is_the_specification_and_one_step() -> None:
    spec = specs.spec()

    request = requests.launch(spec, specs.submission())

    assert request["Name"] == f"spark_app organic_share {specs.RUN_ID}"
    assert {key: request[key] for key in spec.cluster if key not in ("Name", "Tags")} == {
        key: value for key, value in spec.cluster.items() if key not in ("Name", "Tags")
    }
    assert request["Tags"] == [
        *spec.cluster["Tags"],
        {"Key": "spark_app:run_id", "Value": specs.RUN_ID},
        {"Key": "spark_app:jobs", "Value": "organic_share"},
    ]
    assert [step["ActionOnFailure"] for step in request["Steps"]] == ["TERMINATE_CLUSTER"]


def test_a_launched_cluster_ends_by_itself_whatever_the_specification_says() -> None:
    kept = {"KeepJobFlowAliveWhenNoSteps": True, "TerminationProtected": True}
    instances = specs.cluster()["Instances"] | kept

    request = requests.launch(
        specs.spec(cluster=specs.cluster(Instances=instances)), specs.submission()
    )

    assert request["Instances"]["KeepJobFlowAliveWhenNoSteps"] is False
    assert request["Instances"]["TerminationProtected"] is False


def test_a_launch_leaves_the_specification_as_it_was() -> None:
    spec = specs.spec()

    requests.launch(spec, specs.submission())

    assert spec == specs.spec()


def test_a_step_on_a_kept_cluster_leaves_it_running_when_it_fails() -> None:
    request = requests.add_step(specs.spec(), specs.submission(), "j-1")

    assert request["JobFlowId"] == "j-1"
    assert request["Steps"][0]["ActionOnFailure"] == "CONTINUE"


def test_the_step_is_the_documented_command() -> None:
    request = requests.launch(specs.spec(), specs.submission())

    assert request["Steps"][0]["HadoopJarStep"]["Jar"] == "command-runner.jar"
    assert " ".join(arguments(request)) == (
        "spark-submit --deploy-mode client"
        " --conf spark.pyspark.python=/opt/spark_app/env/bin/python"
        " --conf spark.pyspark.driver.python=/opt/spark_app/env/bin/python"
        " --conf spark.hadoop.fs.s3a.endpoint.region=eu-central-1"
        f" --py-files {specs.APPLICATION}spark_app.zip {specs.APPLICATION}main.py"
        " run organic_share --lake s3://a-bucket/lake --region eu-central-1 --max-minutes 60"
        f" --run-id {specs.RUN_ID}"
    )


def test_what_is_asked_of_a_lake_table_alone_follows() -> None:
    once = Once(skip=("a.csv", "b.csv"), full=True, accept_shrink=("c.csv",))
    words = arguments(requests.launch(specs.spec(), specs.submission(once=once)))
    assert words[-7:] == [
        *("--skip", "a.csv", "--skip", "b.csv", "--accept-shrink", "c.csv", "--full")
    ]


def test_options_follow_only_when_they_were_given() -> None:
    given = specs.submission(
        sources=(("installs", "s3://b/raw/*.parquet"),), tolerance=0.0, since="2021_20", if_new=True
    )

    words = arguments(requests.launch(specs.spec(), given))

    assert words[-7:] == [
        *("--tolerance", "0.0"),
        *("--since", "2021_20"),
        *("--source", "installs=s3://b/raw/*.parquet"),
        "--if-new",
    ]


@pytest.mark.parametrize("region", ["eu-central-1", "us-west-2"])
def test_both_boto3_and_the_s3_connector_are_told_the_region(region: str) -> None:
    words = arguments(requests.launch(specs.spec(region=region), specs.submission()))

    assert words[words.index("--region") + 1] == region
    assert f"spark.hadoop.fs.s3a.endpoint.region={region}" in words


def seen(step: dict[str, Any]) -> dict[str, Any]:
    """A step as EMR describes it."""
    return {"Name": step["Name"], "Config": {"Args": step["HadoopJarStep"]["Args"]}}


@pytest.mark.parametrize(
    "jobs", [("organic_share",), ("one", "two"), ("a_long_name_of_a_table",) * 30]
)
def test_the_jobs_and_the_id_are_read_back_from_a_step(jobs: tuple[str, ...]) -> None:
    step = requests.step(specs.spec(), specs.submission(jobs=jobs, if_new=True), "CONTINUE")

    assert len(step["Name"]) <= 256
    assert requests.jobs_of(seen(step)) == jobs
    assert requests.run_id_of(seen(step)) == specs.RUN_ID
    assert requests.is_if_new(seen(step))


def test_a_step_without_arguments_names_its_job_and_a_strange_one_none() -> None:
    assert requests.jobs_of({"Name": f"spark_app organic_share {specs.RUN_ID}"}) == (
        "organic_share",
    )
    assert requests.run_id_of({"Name": "somebody else's step"}) is None
    assert requests.jobs_of({"Name": "somebody else's step"}) == ()


def test_several_jobs_are_one_step() -> None:
    submitted = specs.submission(jobs=("one", "two"))
    request = requests.launch(specs.spec(), submitted)

    assert request["Name"] == request["Steps"][0]["Name"] == f"spark_app one+two {specs.RUN_ID}"
    words = arguments(request)
    assert words[words.index("run") :][:4] == ["run", "one", "two", "--lake"]


def test_long_options_are_named_by_their_place_alone() -> None:
    given = specs.submission(
        sources=(("installs", "s3://a-bucket/lake/in"),),
        settings=(("CHANNELS", "Ads"),),
        given="s3://a-bucket/lake/locks/given-1.json",
    )

    words = arguments(requests.launch(specs.spec(), given))

    assert words[-2:] == ["--given", "s3://a-bucket/lake/locks/given-1.json"]
    assert "--set" not in words and "--source" not in words


def test_settings_that_shape_the_result_travel_with_the_step() -> None:
    given = specs.submission(settings=(("CHANNELS", "Organic,Paid Ads"), ("EXTRA_COUNTRIES", "XK")))

    words = arguments(requests.launch(specs.spec(), given))

    assert words[-4:] == ["--set", "CHANNELS=Organic,Paid Ads", "--set", "EXTRA_COUNTRIES=XK"]
