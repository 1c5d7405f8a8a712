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
    if not source.folders:
        return {}
    wanted = f"folders {'/'.join(source.folders)}/"
    wrong: dict[str, str] = {}
    for file in files:
        is_landed = file.path.startswith(f"{root}/")
        above = root if is_landed else place
        depth = _depth_below(file.path, above)
        is_deep = depth == len(source.folders) if is_landed else depth <= len(source.folders)
        if not (is_deep and _are_like(source.folders, file.path)):
            wrong[file.path] = (
                f"{file.path} does not lie in {wanted} below {above}; move it there or take it away"
            )
    return wrong


def _depth_below(path: str, folder: str) -> int:
    """How many folders lie between a folder and a file; 0 where it does not lie below it."""
    below = path.removeprefix(f"{folder}/")
    return below.count("/") if below != path else 0


def _are_like(declared: Sequence[str], path: str) -> bool:
    """Whether the last folders above a file can be those that are declared: any names, but digits
    for parts of a day."""
    last = path.split("/")[:-1][-len(declared) :]
    return all(
        re.fullmatch(rf"[0-9]{{{_DIGITS[name]}}}", found) is not None
        for name, found in zip(declared, last, strict=False)
        if name in _DIGITS
    )
