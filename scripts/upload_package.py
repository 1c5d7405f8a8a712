"""Upload the newest package to `TO/VERSION/`, once: a version that is complete stays as it is.

`package.json` comes last, so that a version is complete when it has one. An upload that was cut off
is finished by the next one, which sends only what is not there yet. Nothing is ever deleted.

    python -m scripts.upload_package --dist dist --to s3://BUCKET/app/
"""

import argparse
import base64
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from scripts import wheels
from scripts.make_package import MANIFEST
from spark_app import aws
from spark_app.errors import AppError, Unusable
from spark_app.lake.store.s3_conditional import put_if
from spark_app.lake.store.s3_uri import is_s3, split

AT_ONCE = 8
_AGAIN = "run `make package` again"


def upload(client: Any, dist: Path, to: str, say: Callable[[str], None] = print) -> int:
    """Complete the newest version of `dist` below `to`; how many files had to be sent.

    Raises:
        Unusable: the package is not whole, or credentials, rights, region or bucket are not right.
        RunFailed: S3 cannot be reached.
    """
    if not is_s3(to):
        raise Unusable(f"--to {to} is no S3 address; write s3://BUCKET/app/")
    split(to)
    manifest = newest(dist)
    folder, uri = dist / manifest["version"], f"{to.rstrip('/')}/{manifest['version']}/"
    there = _listed(client, uri)
    if MANIFEST in there:
        say(f"{uri} is there already")
        return 0
    check(folder, manifest["files"])
    started = time.monotonic()
    put = partial(_complete, client, uri, folder, there)
    sent = [size for size in _at_once(put, list(manifest["files"].items())) if size is not None]
    put_if(client, f"{uri}{MANIFEST}", (folder / MANIFEST).read_bytes(), None)
    sizes = f"{sum(sent) / 1e6:.0f} MB in {time.monotonic() - started:.0f} s"
    say(f"{uri} is complete: {len(sent) + 1} files sent, {sizes}, {len(there)} were there")
    return len(sent) + 1


def newest(dist: Path) -> dict[str, Any]:
    """The manifest of the newest package.

    Raises:
        Unusable: there is no package.
    """
    path = dist / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Unusable(f"{dist} holds no package; run `make package`") from error
    except ValueError as error:
        raise Unusable(f"{path} cannot be read ({error}); {_AGAIN}") from error
    return manifest


def check(folder: Path, files: Mapping[str, str]) -> None:
    """Hold every file against its SHA-256.

    Raises:
        Unusable: a file is absent or is not the one that was packed.
    """
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise Unusable(f"{path} is missing; {_AGAIN}")
        if wheels.sha256(path) != expected:
            raise Unusable(f"{path} is not the file that was packed (hash mismatch); {_AGAIN}")


def _listed(client: Any, uri: str) -> dict[str, int]:
    """Bytes of each object of the version that is there, by its name in the package."""
    bucket, prefix = split(uri)
    with aws.explained(uri):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = [entry for page in pages for entry in page.get("Contents", [])]
    return {entry["Key"].removeprefix(prefix): entry["Size"] for entry in found}


def _at_once(
    put: Callable[[tuple[str, str]], int | None], files: Sequence[tuple[str, str]]
) -> list[int | None]:
    """Put all files, some at a time; after a failure none is begun."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            return list(pool.map(put, files))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _complete(
    client: Any, uri: str, folder: Path, there: Mapping[str, int], file: tuple[str, str]
) -> int | None:
    """Send one file; its bytes, or null when it is there with the same content."""
    name, digest = file
    path, checksum = folder / name, base64.b64encode(bytes.fromhex(digest)).decode()
    bucket, key = split(f"{uri}{name}")
    address, size = {"Bucket": bucket, "Key": key}, path.stat().st_size
    with aws.explained(f"{uri}{name}"):
        if there.get(name) == size:
            head = client.head_object(**address, ChecksumMode="ENABLED")
            if head.get("ChecksumSHA256") == checksum:
                return None
        with path.open("rb") as body:  # S3 itself refuses what does not have this checksum
            client.put_object(**address, Body=body, ChecksumSHA256=checksum)
    return size


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dist", type=Path, default=Path("dist"))
    parser.add_argument("--to", required=True, metavar="s3://BUCKET/app/")
    parser.add_argument("--region", help="the bucket's region (default: as boto3 finds it)")
    args = parser.parse_args(arguments)
    try:
        upload(aws.client("s3", args.region), args.dist, args.to)
    except AppError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: stopped by Ctrl-C; the next upload goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
