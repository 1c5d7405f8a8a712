"""`run.json` of every version that this application ever wrote, as that of today."""

from collections.abc import Mapping
from typing import Any

from spark_app.errors import Unusable

VERSION = 2
_NOT_OPTIONS = ("source", "tolerance", "since")


def upgraded(manifest: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The manifest with the fields of today's version.

    Raises:
        Unusable: a newer version of the application wrote it.
    """
    version = manifest.get("version", 1)
    if version > VERSION:
        raise Unusable(
            f"{path} was written by a newer version of this application; use that one here"
        )
    return _from_first(manifest) if version == 1 else dict(manifest)


def _from_first(old: Mapping[str, Any]) -> dict[str, Any]:
    """Version 1 had one source, all inputs in the manifest, and the job's options beside both."""
    kept = {name: value for name, value in old.items() if name not in ("inputs", "parameters")}
    parameters, inputs = old.get("parameters", {}), old.get("inputs", [])
    place, size = parameters.get("source"), sum(one["size_bytes"] for one in inputs)
    return {
        **kept,
        "version": VERSION,
        "parameters": {
            "sources": {"raw": place},
            "tolerance": parameters.get("tolerance"),
            "since": parameters.get("since"),
            "options": {k: v for k, v in parameters.items() if k not in _NOT_OPTIONS},
        },
        "sources": {"raw": {"place": place, "files": len(inputs), "bytes": size}},
        "command": None,
        "code": "",
        "held": False,
        "stages": [_stage_from_first(stage) for stage in old.get("stages", [])],
    }


def _stage_from_first(old: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in old.items() if name != "checks_count"}
    return {
        **kept,
        "rules_broken_count": 0,
        "checks_warned_count": old.get("checks_count", 0) - old.get("checks_passed_count", 0),
        "checks_failed_count": 0,
    }
