"""Files in S3: pinned by ETag, replaced by conditional writes, found by listing."""

import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

from spark_app import aws
from spark_app.errors import AppError, NothingDelivered, RunFailed
from spark_app.lake.store.base import READERS, Lock, StoredFile
from spark_app.lake.store.s3_conditional import put_if
from spark_app.lake.store.s3_find import is_named, is_visible, listed_prefix
from spark_app.lake.store.s3_lock import Times, locked
from spark_app.lake.store.s3_range import RangeReader
from spark_app.lake.store.s3_uri import SCHEME, split, unquoted

DELETED_AT_ONCE = 1000
HURRIED_ATTEMPTS = 3
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
_ASKED = {"OptionalObjectAttributes": ["RestoreStatus"]}


class S3:
    """Objects by their `s3://` URI; see `base.Store`. Credentials and endpoint are boto3's own."""

    hint_reads = 64

    def __init__(self, region: str | None = None, lock_dead_seconds: float = 300) -> None:
        """Take the region (null: boto3's own) and when a lock counts as dead."""
        self._region, self._times = region, Times(lock_dead_seconds)
        self._attempts: int | None = None

    @property
    def client(self) -> Any:
        """The client, made when it is first needed."""
        return aws.client("s3", self._region, self._attempts)

    def absolute(self, path: str) -> str:
        split(path)
        return path.rstrip("/")

    def canonical(self, path: str) -> str:
        return self.absolute(path)

    def join(self, root: str, *parts: str) -> str:
        return "/".join((root, *parts))

    def stat(self, path: str) -> StoredFile | None:
        bucket, key = split(path)
        with aws.explained(path):
            listed = self.client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1, **_ASKED)
        found = [o for o in listed.get("Contents", []) if o["Key"] == key]
        return self._stored(bucket, found[0]) if found else None

    def find(self, pattern: str) -> list[StoredFile]:
        bucket, key = split(pattern)
        found = [
            file
            for file in self._list(bucket, listed_prefix(key))
            if is_named(split(file.path)[1], key) and is_visible(split(file.path)[1], key)
        ]
        exact = [file for file in found if file.path == pattern]
        if not found:
            raise NothingDelivered(
                f"source {pattern} matches no file; check the prefix or the glob"
            )
        return exact or found

    def changed(self, pinned: Sequence[StoredFile]) -> StoredFile | None:
        now = self._now([file.path for file in pinned])
        return next((file for file in pinned if now.get(file.path) != file), None)

    def open(self, file: StoredFile) -> RangeReader:
        return RangeReader(self.client, file)

    def fetch(self, path: str) -> tuple[bytes, str] | None:
        bucket, key = split(path)
        with aws.explained(path):
            try:
                content, answer = aws.get_object(self.client, Bucket=bucket, Key=key)
            except self.client.exceptions.NoSuchKey:
                return None
        return content, unquoted(answer["ETag"])

    def write(self, path: str, content: bytes, scratch: str) -> None:
        bucket, key = split(path)
        with aws.explained(path):
            self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def replace(self, path: str, content: bytes, expected: str | None, scratch: str) -> bool:
        return put_if(self.client, path, content, expected) is not None

    def make_folder(self, path: str) -> None:
        """Nothing to do: S3 has no folders."""

    def delete_folder(self, path: str) -> None:
        bucket, key = split(path)
        self.delete([file.path for file in self._list(bucket, f"{key}/")])

    def delete(self, paths: Sequence[str]) -> None:
        for at in range(0, len(paths), DELETED_AT_ONCE):
            self._delete(paths[at : at + DELETED_AT_ONCE])

    def _delete(self, paths: Sequence[str]) -> None:
        """Delete as many files as S3 takes at once, of one bucket."""
        bucket, _ = split(paths[0])
        objects = [{"Key": split(path)[1]} for path in paths]
        with aws.explained(paths[0]):
            answer = self.client.delete_objects(
                Bucket=bucket, Delete={"Objects": objects, "Quiet": True}
            )
        for error in answer.get("Errors", []):
            why = error.get("Message") or error.get("Code")
            at = f"{SCHEME}{bucket}/{error.get('Key')}"
            raise RunFailed(f"{at} could not be deleted ({why}); run again")

    def children(self, path: str) -> list[str]:
        bucket, key = split(path)
        names: set[str] = set()
        pages = self._pages(bucket, f"{key}/", Delimiter="/")
        for page in pages:
            folders = [found["Prefix"] for found in page.get("CommonPrefixes", [])]
            files = [found["Key"] for found in page.get("Contents", [])]
            names.update(name[len(key) + 1 :].rstrip("/") for name in folders + files)
        return sorted(names - {""})

    @contextmanager
    def local_file(self, path: str) -> Iterator[str]:
        with tempfile.TemporaryDirectory(prefix="spark-app-log-") as folder:
            local = Path(folder) / path.rsplit("/", 1)[-1]
            local.touch()
            try:
                yield str(local)
            finally:
                with suppress(AppError):  # a log is not worth a failed run, nor hides its reason
                    if content := local.read_bytes():
                        self.write(path, content, folder)

    def hurry(self) -> None:
        self._attempts = HURRIED_ATTEMPTS

    def locked(
        self, path: str, run_id: str, now: datetime, log: Callable[[str], None]
    ) -> AbstractContextManager[Lock]:
        holder = {"run_id": run_id, "host": platform.node(), "since": now.isoformat()}
        return locked(lambda: self.client, path, holder, self._times, log)

    def _now(self, paths: Sequence[str]) -> dict[str, StoredFile | None]:
        """Some files of one bucket as they are: few one by one, since the prefix that they share
        may be that of all that was ever delivered."""
        if len(paths) <= READERS:
            with ThreadPoolExecutor(READERS) as pool:
                return dict(zip(paths, pool.map(self.stat, paths), strict=True))
        bucket, _ = split(paths[0])
        keys = sorted(split(path)[1] for path in paths)
        same = takewhile(lambda pair: pair[0] == pair[1], zip(keys[0], keys[-1], strict=False))
        prefix = "".join(character for character, _ in same)
        return {file.path: file for file in self._list(bucket, prefix)}

    def _list(self, bucket: str, prefix: str) -> list[StoredFile]:
        stored = partial(self._stored, bucket)
        pages = self._pages(bucket, prefix)
        return [stored(found) for page in pages for found in page.get("Contents", [])]

    def _pages(self, bucket: str, prefix: str, **more: str) -> Iterator[dict[str, Any]]:
        paginator = self.client.get_paginator("list_objects_v2")
        with aws.explained(f"{SCHEME}{bucket}/{prefix}"):
            yield from paginator.paginate(Bucket=bucket, Prefix=prefix, **_ASKED, **more)

    @staticmethod
    def _stored(bucket: str, found: dict[str, Any]) -> StoredFile:
        uri = f"{SCHEME}{bucket}/{found['Key']}"
        is_restored = found.get("RestoreStatus", {}).get("IsRestoreInProgress") is False
        is_archived = found.get("StorageClass") in _ARCHIVES and not is_restored
        return StoredFile(uri, found["Size"], unquoted(found["ETag"]), is_archived)
