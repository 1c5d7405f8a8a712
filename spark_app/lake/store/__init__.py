"""Where files lie: on a disk or in S3."""

from spark_app.errors import Unusable
from spark_app.lake.store.base import READERS, Lock, Store, StoredFile
from spark_app.lake.store.disk import Disk
from spark_app.lake.store.s3_uri import is_s3

__all__ = ["READERS", "Disk", "Lock", "Store", "StoredFile", "is_s3", "store_of"]


def store_of(place: str, *, region: str | None = None, lock_dead_seconds: float = 300) -> Store:
    """The store of a path or URI.

    Raises:
        Unusable: it is a URI of a kind that is not supported.
    """
    if is_s3(place):
        from spark_app.lake.store.s3 import S3

        return S3(region, lock_dead_seconds)
    if "://" in place and not place.startswith("file://"):
        raise Unusable(f"{place} is of no supported kind; write a path or s3://BUCKET/PREFIX")
    return Disk()
