"""Which keys of a listing a path, folder or glob names."""

from fnmatch import fnmatchcase

from spark_app.lake.store.names import alternatives, before_magic, has_magic, is_hidden


def fixed_folder(key: str) -> str:
    """The part of a key before its first glob, up to a slash; the folder itself without one."""
    if not has_magic(key):
        return f"{key.rstrip('/')}/" if key else ""
    before = before_magic(key)
    return before[: before.rfind("/") + 1]


def listed_prefix(key: str) -> str:
    """What to list to see every key that is named, and few more."""
    return before_magic(key) if has_magic(key) else key.rstrip("/")


def is_named(key: str, pattern: str) -> bool:
    """Whether a key is what a pattern names, or lies in a folder that it names.

    As on a disk `*` and `?` end at a slash, and `**` is any number of folders.
    """
    is_below = key.startswith(f"{pattern.rstrip('/')}/")  # also a folder that looks like a glob
    return key == pattern or is_below or any(_is_named(key, one) for one in alternatives(pattern))


def is_visible(key: str, pattern: str) -> bool:
    """Whether a key is a file, and no part of it behind the fixed folder is hidden.

    A key that ends with a slash is a folder that the console made.
    """
    parts = key.removeprefix(fixed_folder(pattern)).split("/")
    if key.endswith("/") or key == pattern:
        return not key.endswith("/")
    return not any(map(is_hidden, parts))


def _is_named(key: str, pattern: str) -> bool:
    if not has_magic(pattern):
        return key == pattern or key.startswith(fixed_folder(pattern))
    return _matches(key.split("/"), pattern.rstrip("/").split("/"))


def _matches(parts: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return True
    if patterns[0] == "**":
        return any(_matches(parts[i:], patterns[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _matches(parts[1:], patterns[1:])
