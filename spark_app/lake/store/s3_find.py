"""Which keys of a listing a path, folder or glob names."""

import re
from fnmatch import fnmatchcase

_MAGIC = re.compile(r"[*?\[]")
_HIDDEN = ("_", ".")


def has_magic(key: str) -> bool:
    """Whether a key is a glob."""
    return _MAGIC.search(key) is not None


def fixed_folder(key: str) -> str:
    """The part of a key before its first glob, up to a slash; the folder itself without one."""
    if not has_magic(key):
        return f"{key.rstrip('/')}/" if key else ""
    before = key[: _MAGIC.search(key).start()]  # type: ignore[union-attr]
    return before[: before.rfind("/") + 1]


def listed_prefix(key: str) -> str:
    """What to list to see every key that is named, and few more."""
    found = _MAGIC.search(key)
    return key[: found.start()] if found else key.rstrip("/")


def is_named(key: str, pattern: str) -> bool:
    """Whether a key is what a pattern names, or lies in a folder that it names.

    As on a disk `*` and `?` end at a slash, and `**` is any number of folders.
    """
    if key == pattern:
        return True
    if not has_magic(pattern):
        return key.startswith(fixed_folder(pattern))
    return _matches(key.split("/"), pattern.rstrip("/").split("/"))


def is_visible(key: str, pattern: str) -> bool:
    """Whether a key is a file, and no part of it behind the fixed folder is hidden.

    A key that ends with a slash is a folder that the console made.
    """
    parts = key.removeprefix(fixed_folder(pattern)).split("/")
    if key.endswith("/") or key == pattern:
        return not key.endswith("/")
    return not any(part.startswith(_HIDDEN) for part in parts)


def _matches(parts: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return True
    if patterns[0] == "**":
        return any(_matches(parts[i:], patterns[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _matches(parts[1:], patterns[1:])
