"""A bucket of an emulator, and what programs need in their environment to reach it."""

import os
from dataclasses import dataclass
from typing import Any

from scripts import upload_package
from tests import in_process
from tests.e2e.process import Ended
from tests.package.tree import ROOT


@dataclass(frozen=True)
class S3:
    """One bucket."""

    url: str
    client: Any
    bucket: str

    @property
    def app(self) -> str:
        return f"s3://{self.bucket}/app/"

    def names(self, version: str) -> set[str]:
        """The files of a version that are there."""
        prefix = f"app/{version}/"
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix
        )
        found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return {key.removeprefix(prefix) for key in found}

    def put(self, name: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=f"app/{name}", Body=content)

    def get(self, name: str) -> bytes:
        answer = self.client.get_object(Bucket=self.bucket, Key=f"app/{name}")
        return bytes(answer["Body"].read())

    def empty(self) -> None:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        for entry in [entry for page in pages for entry in page.get("Contents", [])]:
            self.client.delete_object(Bucket=self.bucket, Key=entry["Key"])

    def environment(self, **more: str) -> dict[str, str]:
        """What a program needs to reach the bucket, and no other account."""
        ours = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return {
            **ours,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_MAX_ATTEMPTS": "1",
            **more,
        }


def upload_command(*arguments: object, **env: str) -> Ended:
    """Upload as a user does, in this process."""
    with in_process.at(ROOT, env):
        return in_process.ended(upload_package.main, *arguments)
