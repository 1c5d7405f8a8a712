"""Sources and settings that are too long for a step travel in an object of the lake."""

import json
from typing import Any

import pytest

from spark_app import cli
from spark_app.run import given
from tests import in_process
from tests.emr.deployment import Deployment
from tests.emr.scripted_emr import HELD, Plan

MANY = ",".join(f"Channel {number:05}" for number in range(1500))
LONGEST = 10_280  # what EMR takes in one argument


def words_of(deployment: Deployment, cluster_id: str = "j-0000000000000") -> list[str]:
    """The arguments of a cluster's first step."""
    (step,) = deployment.emr.clusters[cluster_id].request["Steps"]
    return list(step["HadoopJarStep"]["Args"])


def submit(deployment: Deployment, run_id: str, *more: object) -> Any:
    deployment.emr.plans[run_id] = Plan(HELD)
    return deployment.submit(run_id, "--no-wait", *more, SPARK_APP_CHANNELS=MANY)


def test_a_step_names_where_they_are_and_stays_short(deployment: Deployment) -> None:
    source = f"{deployment.lake}/in/*.parquet"

    ended = submit(deployment, "r1", "--source", source)

    assert ended.code == 0, ended.err
    words = words_of(deployment)
    assert sum(map(len, words)) < LONGEST
    with in_process.at(deployment.folder, deployment.env):
        found = given.read(words[words.index("--given") + 1], "eu-central-1")
    assert dict(found.settings) == {"CHANNELS": MANY}
    assert dict(found.sources) == {"installs": source}


def test_the_same_submission_again_attaches_and_finds_the_same(deployment: Deployment) -> None:
    submit(deployment, "r1")

    assert "run r1" in submit(deployment, "r2").out
    deployment.emr.clusters["j-0000000000000"].phase = ("TERMINATED", "COMPLETED")
    deployment.emr.clusters["j-0000000000000"].plan = Plan((("TERMINATED", "COMPLETED"),))
    assert "run r3" in submit(deployment, "r3").out

    first, second = (words_of(deployment, f"j-000000000000{number}") for number in (0, 1))
    assert first[first.index("--given") + 1] == second[second.index("--given") + 1]


def test_a_dry_run_writes_nothing(deployment: Deployment) -> None:
    ended = submit(deployment, "r1", "--dry-run")

    assert "--given" in json.loads(ended.out)["Steps"][0]["HadoopJarStep"]["Args"]
    assert "sources and settings are long: submit writes them to s3://" in ended.err
    listed = deployment.s3.list_objects_v2(Bucket=deployment.bucket, Prefix="lake/")
    assert listed["KeyCount"] == 0


def test_a_run_takes_them_and_what_it_is_told_itself_wins(deployment: Deployment) -> None:
    pairs = (("installs", "/nowhere/a"),), (("MAX_LOAD_AGE_DAYS", "soon"),)
    (deployment.folder / "given.json").write_bytes(given.serialise(*pairs))

    def said(*more: str) -> str:
        with in_process.at(deployment.folder, {}):
            words = ("run", "organic_share", "--given", "given.json", *more)
            return in_process.ended(cli.main, *words).errors[0]

    assert "SPARK_APP_MAX_LOAD_AGE_DAYS is 'soon'" in said()
    assert "/nowhere/a" in said("--set", "MAX_LOAD_AGE_DAYS=3")
    assert "/nowhere/b" in said("--set", "MAX_LOAD_AGE_DAYS=3", "--source", "/nowhere/b")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"sources": {}}', '{"sources": {}, "settings": {"CHANNELS": 1}}']
)
def test_a_file_of_another_kind_is_refused(content: str, deployment: Deployment) -> None:
    deployment.put("lake/given.json", content.encode())

    ended = deployment.app("run", "organic_share", "--given", f"{deployment.lake}/given.json")

    assert ended.code == 2
    assert "lake/given.json is no JSON object of sources and settings" in ended.errors[0]


def test_a_file_that_is_not_there_is_named(deployment: Deployment) -> None:
    ended = deployment.app("run", "organic_share", "--given", f"{deployment.lake}/given.json")

    assert ended.code == 2
    assert f"--given {deployment.lake}/given.json is not there; submit again" in ended.errors[0]
