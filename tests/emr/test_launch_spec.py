"""The launch specification: what is taken over, and what is refused in words."""

import json
from pathlib import Path
from typing import Any

import pytest

from spark_app.emr import launch_spec
from spark_app.errors import Unusable
from spark_app.lake.lake import Lake
from tests.emr import specs


def test_a_specification_in_a_file_names_the_lake_itself(tmp_path: Path) -> None:
    file = specs.written(tmp_path)

    found = launch_spec.find(Lake("./lake"), None, None, str(file))

    assert found.lake == specs.LAKE
    assert found.deployment == "tests"


def test_it_stands_beside_the_lake_in_the_bucket() -> None:
    assert launch_spec.place_of("s3://a-bucket/lake") == "s3://a-bucket/app/launch.json"


def test_a_lake_on_this_machine_is_out_of_a_clusters_reach() -> None:
    with pytest.raises(Unusable, match=r"lake /srv/lake is not in S3.*--lake s3://BUCKET/lake"):
        launch_spec.find(Lake("/srv/lake"), None, None, None)


@pytest.mark.parametrize(
    ("lake", "region", "words"),
    [
        ("s3://other/lake", None, "for the lake s3://a-bucket/lake, not for s3://other/lake"),
        (None, "us-east-1", "for the region eu-central-1, not for us-east-1; give --region"),
    ],
)
def test_what_the_user_gives_must_agree_with_it(
    lake: str | None, region: str | None, words: str, tmp_path: Path
) -> None:
    file = str(specs.written(tmp_path))

    with pytest.raises(Unusable, match=words):
        launch_spec.find(Lake(lake or "./lake"), lake, region, file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"no\.json cannot be read \(No such file"):
        launch_spec.find(Lake("./lake"), None, None, str(tmp_path / "no.json"))


def test_a_newer_schema_asks_for_a_newer_application() -> None:
    content = json.dumps(specs.document(schema=2)).encode()

    with pytest.raises(Unusable, match="has schema 2, and this application knows only 1"):
        launch_spec.parse(content, "a.json")


@pytest.mark.parametrize(
    ("overrides", "why"),
    [
        ({"schema": "1"}, "schema is '1', not 1"),
        ({"schema": True}, "schema is True, not 1"),
        ({"region": None}, "region is missing or no text"),
        ({"max_minutes": "60"}, "max_minutes is missing or no whole number"),
        ({"max_minutes": 0}, "max_minutes is less than 1"),
        ({"cluster": []}, "cluster is missing or no object"),
        ({"cluster": {}}, "cluster has no Instances"),
        ({"lake": "/srv/lake"}, "lake is not an s3:// URI"),
        ({"application": "s3://a-bucket/app/1"}, "application does not end with a slash"),
    ],
)
def test_a_malformed_one_says_what_is_wrong(overrides: dict[str, Any], why: str) -> None:
    content = json.dumps(specs.document(**overrides)).encode()

    with pytest.raises(Unusable, match=f"a.json is malformed: {why}; apply the Terraform"):
        launch_spec.parse(content, "a.json")


@pytest.mark.parametrize(("content", "why"), [(b"{", "not JSON"), (b"[1]", "not a JSON object")])
def test_what_is_no_document_at_all_is_malformed(content: bytes, why: str) -> None:
    with pytest.raises(Unusable, match=f"malformed: it is {why}"):
        launch_spec.parse(content, "a.json")
