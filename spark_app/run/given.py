"""Sources and settings of a run in a file: `submit` writes one where they are too long."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from spark_app.errors import Unusable
from spark_app.lake.store import store_of

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Given:
    """`sources` are datasets with their places, `settings` names with their texts."""

    sources: Pairs
    settings: Pairs


def serialise(sources: Pairs, settings: Pairs) -> bytes:
    """The content of such a file: JSON, the same for the same."""
    return json.dumps({"sources": dict(sources), "settings": dict(settings)}, indent=2).encode()


def read(place: str, region: str | None) -> Given:
    """What a file on this machine or in S3 gives.

    Raises:
        Unusable: it is not there, or it is no such file.
    """
    found = store_of(place, region=region).fetch(place)
    if found is None:
        raise Unusable(f"--given {place} is not there; submit again, or give --source and --set")
    try:
        document = json.loads(found[0])
        parts = [_pairs(document[name]) for name in ("sources", "settings")]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unusable(
            f"--given {place} is no JSON object of sources and settings, both texts by name; "
            "submit again, or give --source and --set"
        ) from error
    return Given(*parts)


def _pairs(texts: dict[str, str]) -> Pairs:
    if not all(isinstance(text, str) for text in texts.values()):
        raise TypeError("a value is no text")
    return tuple(texts.items())
