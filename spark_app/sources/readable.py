"""Files that must not or cannot be read, known by their names and by what lies around them."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from spark_app.errors import AppError, Unusable
from spark_app.lake.store import READERS, Store, StoredFile, is_s3
from spark_app.lake.store.names import is_hidden
from spark_app.lake.store.s3_uri import SCHEME

_LOGS = {"_delta_log": "Delta", ".hoodie": "Hudi"}
_ICEBERG = re.compile(r"(v\d+|\d+-[0-9a-f-]{36})(\.gz)?\.metadata\.json")


def require_readable(files: Sequence[StoredFile], store: Store) -> None:
    """Refuse files that Spark would pass over in silence, cannot name, is not handed, or that do
    not all count.

    Raises:
        Unusable: a file has such a name, is archived, or belongs to a table with a log of its own.
    """
    _require_names(files)
    _require_no_tables(files, store)


def _require_names(files: Sequence[StoredFile]) -> None:
    for file in files:
        if is_hidden(file.path.rpartition("/")[2]):
            raise Unusable(
                f"source file {file.path} has a name that readers pass over (it begins with _ or "
                "., or is that of an unfinished copy); rename it"
            )
        if is_s3(file.path) and {"", ".", ".."} & set(file.path[len(SCHEME) :].split("/")):
            raise Unusable(
                f"source file {file.path} has an empty name, . or .. between slashes, which Spark "
                "cannot read; copy it to another key"
            )
        if file.is_archived:
            raise Unusable(
                f"source file {file.path} is archived (Glacier); restore it, or take it away"
            )


def _require_no_tables(files: Sequence[StoredFile], store: Store) -> None:
    folders = sorted({folder for file in files for folder in _folders_above(file.path)})
    with ThreadPoolExecutor(READERS) as pool:
        kinds = pool.map(lambda folder: _kind_of_table(folder, store), folders)
        for folder, kind in zip(folders, kinds, strict=True):
            if kind is not None:
                raise Unusable(
                    f"{folder} is a {kind} table: files that its log removed would count again; "
                    "export its rows as Parquet files and name those"
                )


def _folders_above(path: str) -> list[str]:
    """The folders in which a file lies, without the root and without partitions (`NAME=VALUE`, or a
    number: those of a date are many, and no table's name)."""
    scheme = SCHEME if is_s3(path) else ""
    parts = path[len(scheme) :].split("/")[:-1]
    folders = [f"{scheme}{'/'.join(parts[:n])}" for n in range(2, len(parts) + 1)]
    return [folder for folder in folders if not _is_partition(folder.rpartition("/")[2])]


def _is_partition(name: str) -> bool:
    return "=" in name or name.isdigit()


def _kind_of_table(folder: str, store: Store) -> str | None:
    with suppress(AppError):  # where one may not look, nothing of ours lies
        names = store.children(folder)
        kinds = [kind for name, kind in _LOGS.items() if name in names]
        if "metadata" in names:
            logs = store.children(store.join(folder, "metadata"))
            kinds += ["Iceberg"] if any(map(_ICEBERG.fullmatch, logs)) else []
        return kinds[0] if kinds else None
    return None
