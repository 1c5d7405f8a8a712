"""An S3 object as a file that can be read in parts, always of the one pinned version."""

import io
from typing import Any

from botocore.exceptions import ClientError

from spark_app import aws
from spark_app.lake.store.base import StoredFile, changed_while_read
from spark_app.lake.store.s3_uri import quoted, split


class RangeReader(io.RawIOBase):
    """Each read is one ranged GET on the condition that the version is still the pinned one.

    Raises:
        RunFailed: the object changed or vanished meanwhile.
    """

    def __init__(self, client: Any, file: StoredFile) -> None:
        """Take the client and the pinned object; nothing is asked yet."""
        super().__init__()
        self._client, self._file, self._at = client, file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size_bytes}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        wanted = self._file.size_bytes if size is None or size < 0 else size
        end = min(self._at + wanted, self._file.size_bytes)
        if end <= self._at:
            return b""
        content = self._get(self._at, end - 1)
        self._at += len(content)
        return content

    def readinto(self, buffer: Any) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def _get(self, first: int, last: int) -> bytes:
        bucket, key = split(self._file.path)
        with aws.explained(self._file.path):
            try:
                content, _ = aws.get_object(
                    self._client,
                    Bucket=bucket,
                    Key=key,
                    Range=f"bytes={first}-{last}",
                    IfMatch=quoted(self._file.version),
                )
                return content
            except ClientError as error:
                if aws.code_of(error) not in ("PreconditionFailed", "412", "NoSuchKey", "404"):
                    raise
                raise changed_while_read(self._file.path) from error
