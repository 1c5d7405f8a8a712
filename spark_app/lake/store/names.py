"""Names of files: which ones every reader passes over, and what a glob with braces stands for."""

import re

_MAGIC = re.compile(r"[*?\[]|\{.*,")
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_HIDDEN_STARTS = ("_", ".")
_HIDDEN_ENDS = ("._COPYING_", "_$folder$")  # a copy under way, and what EMR leaves for a folder


def is_hidden(name: str) -> bool:
    """Whether Hadoop's readers, or those of EMR's data, pass over a file or folder of that name."""
    return name.startswith(_HIDDEN_STARTS) or name.endswith(_HIDDEN_ENDS)


def has_magic(pattern: str) -> bool:
    """Whether a path is a glob."""
    return _MAGIC.search(pattern) is not None


def before_magic(pattern: str) -> str:
    """The part of a path before its first glob; all of it without one."""
    found = _MAGIC.search(pattern)
    return pattern[: found.start()] if found else pattern


def alternatives(pattern: str) -> list[str]:
    """The globs that one with braces stands for: `{a,b}.parquet` is `a.parquet` and `b.parquet`."""
    found = _BRACES.search(pattern)
    if found is None:
        return [pattern]
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [one for part in found[1].split(",") for one in alternatives(f"{before}{part}{after}")]
