"""The launch specification: the document that says how a deployment starts a cluster.

Terraform writes it to `app/launch.json` in the lake's bucket; its own cluster is made from the
same values.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spark_app.errors import Unusable
from spark_app.lake.lake import Lake
from spark_app.lake.store.s3_uri import SCHEME, is_s3, split

SCHEMA = 1
DEPENDENCIES_TAG = "spark_app:dependencies"
DEPLOYMENT_TAG = "spark_app:deployment"
RUN_ID_TAG = "spark_app:run_id"
JOBS_TAG = "spark_app:jobs"
_FIELDS: Mapping[str, type] = {
    "region": str,
    "lake": str,
    "application": str,
    "version": str,
    "dependencies": str,
    "max_minutes": int,
    "cluster": dict,
}
_AGAIN = "apply the Terraform configuration again"


@dataclass(frozen=True)
class LaunchSpec:
    """How a deployment starts clusters and steps.

    `application` is the folder of one application version, with a slash at its end; `dependencies`
    is the digest of what its bootstrap installs. `max_minutes` is after how long the step ends the
    application. `cluster` has RunJobFlow's own field names and shapes.
    """

    region: str
    lake: str
    application: str
    version: str
    dependencies: str
    max_minutes: int
    cluster: Mapping[str, Any]

    @property
    def deployment(self) -> str | None:
        """The deployment that its clusters are tagged with, or null."""
        return tags_of(self.cluster).get(DEPLOYMENT_TAG)

    @property
    def has_lakes(self) -> bool:
        """Whether its clusters bring Iceberg, and so make lake tables."""
        known = self.cluster.get("Configurations") or []
        return any(one.get("Classification") == "iceberg-defaults" for one in known)


def tags_of(cluster: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a cluster or of a request, by key."""
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in cluster.get("Tags") or []}


def find(lake: Lake, given_lake: str | None, region: str | None, file: str | None) -> LaunchSpec:
    """The launch specification in `file`, or else in the bucket of the lake.

    `given_lake` and `region` are what the user wrote, null when nothing: they must agree with it.

    Raises:
        Unusable: it is not there, cannot be used, or is that of another lake or region.
    """
    spec = from_file(file) if file else from_bucket_of(lake)
    where = file or place_of(lake.root)
    wanted = lake.root if given_lake or not file else spec.lake
    for name, asked, has in (("lake", wanted, spec.lake), ("region", region, spec.region)):
        if asked is not None and asked != has:
            raise Unusable(
                f"the launch specification {where} is for the {name} {has}, not for {asked}; "
                f"give --{name} {has}"
            )
    return spec


def place_of(lake: str) -> str:
    """Where the launch specification of a lake lies.

    Raises:
        Unusable: the lake does not lie in S3.
    """
    if not is_s3(lake):
        raise Unusable(
            f"lake {lake} is not in S3, where a cluster could reach it; give --lake "
            "s3://BUCKET/lake or set SPARK_APP_LAKE"
        )
    return f"{SCHEME}{split(lake)[0]}/app/launch.json"


def from_bucket_of(lake: Lake) -> LaunchSpec:
    """Read the launch specification from the bucket of a lake."""
    place = place_of(lake.root)
    found = lake.store.fetch(place)
    if found is None:
        raise Unusable(
            f"there is no launch specification {place}; apply the Terraform configuration, "
            "or give --launch-spec FILE"
        )
    return parse(found[0], place)


def from_file(file: str) -> LaunchSpec:
    """Read a launch specification from a file on this machine."""
    try:
        return parse(Path(file).expanduser().read_bytes(), file)
    except OSError as error:
        raise Unusable(
            f"the launch specification {file} cannot be read ({error.strerror}); check "
            "--launch-spec"
        ) from error


def parse(content: bytes, where: str) -> LaunchSpec:
    """Check and take over a launch specification.

    Raises:
        Unusable: it is malformed, or of a schema that this application does not know.
    """
    try:
        document = json.loads(content)
    except ValueError as error:
        raise _malformed(where, "it is not JSON") from error
    if not isinstance(document, dict):
        raise _malformed(where, "it is not a JSON object")
    schema = document.get("schema")
    if type(schema) is not int or schema < 1:
        raise _malformed(where, f"schema is {schema!r}, not {SCHEMA}")
    if schema > SCHEMA:
        raise Unusable(
            f"the launch specification {where} has schema {schema}, and this application knows "
            f"only {SCHEMA}; use a newer version of the application"
        )
    for name, kind in _FIELDS.items():
        if type(document.get(name)) is not kind:
            raise _malformed(where, f"{name} is missing or no {_WORDS[kind]}")
    spec = LaunchSpec(**{name: document[name] for name in _FIELDS})
    _require_sound(spec, where)
    return spec


_WORDS: Mapping[type, str] = {str: "text", int: "whole number", dict: "object"}


def _require_sound(spec: LaunchSpec, where: str) -> None:
    for name in ("lake", "application"):
        if not is_s3(getattr(spec, name)):
            raise _malformed(where, f"{name} is not an s3:// URI")
    if not spec.application.endswith("/"):
        raise _malformed(where, "application does not end with a slash")
    if spec.max_minutes < 1:
        raise _malformed(where, "max_minutes is less than 1")
    if not isinstance(spec.cluster.get("Instances"), dict):
        raise _malformed(where, "cluster has no Instances")


def _malformed(where: str, why: str) -> Unusable:
    return Unusable(f"the launch specification {where} is malformed: {why}; {_AGAIN}")
