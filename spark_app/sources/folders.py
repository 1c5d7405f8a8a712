"""The folders in which the files of a dataset lie, where their names say something of the rows."""

import re
from collections.abc import Sequence

from spark_app.declarations import Files
from spark_app.lake.store import StoredFile

_DIGITS = {"yyyy": 4, "MM": 2, "dd": 2}


def levels_up(source: Files, folder: str) -> int:
    """How far above a file a folder is: 1 is the one in which it lies."""
    return len(source.folders) - source.folders.index(folder)


def misplaced(source: Files, files: Sequence[StoredFile], place: str, root: str) -> dict[str, str]:
    """The files that do not lie in folders as the source declares them, by path, and why not.

    Below `root`, where deliveries of the dataset land, there are just those folders; below another
    `place` there may be fewer, as it can be one of them itself.
    """
    wanted = f"folders {'/'.join(source.folders)}/"
    return {
        file.path: f"{file.path} does not lie in {wanted} below {_above(file, place, root)}; move "
        "it there or take it away"
        for file in files
        if source.folders and not _is_placed(source, file, place, root)
    }


def _is_placed(source: Files, file: StoredFile, place: str, root: str) -> bool:
    count = len(source.folders)
    below = len(_folders_below(file, _above(file, place, root)))
    last = file.path.split("/")[:-1][-count:]
    is_deep = below == count if _is_below(file, root) else below <= count
    return is_deep and all(map(_is_like, source.folders, last))


def _is_like(declared: str, name: str) -> bool:
    """Whether a folder can be the one that is declared: any name, but digits for parts of a day."""
    digits = _DIGITS.get(declared)
    return digits is None or re.fullmatch(rf"[0-9]{{{digits}}}", name) is not None


def _above(file: StoredFile, place: str, root: str) -> str:
    return root if _is_below(file, root) else place


def _is_below(file: StoredFile, folder: str) -> bool:
    return file.path.startswith(f"{folder}/")


def _folders_below(file: StoredFile, folder: str) -> list[str]:
    return file.path.removeprefix(f"{folder}/").split("/")[:-1] if _is_below(file, folder) else []
