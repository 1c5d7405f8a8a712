"""What lines of JSON say, read by Python beside Spark: its own functions take ten times as long for
a digest of all keys and for those that nobody promised."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from spark_app.declarations import Digest, Folder, Key, Rest

MOST_DEPTH = 200
Place = Folder | Digest | Rest | Key
Keys = Mapping[str, "Keys | None"]
_SORTED = orjson.OPT_SORT_KEYS
_KEY_END = b'":'
_OTHER_KEY_ENDS = (b'" ', b'"\t', b'"\r', b"\\u0022")
_DIGITS, _MANY_DIGITS = bytes.maketrans(b"123456789.", b"0000000000"), b"0" * 17
_STRINGS, _NO_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"'), re.compile(rb"[^][{}]")
_EXACTLY = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_LEAST, _MOST, _MOST_DIGITS = -(2**63), 2**64 - 1, 20  # whole numbers that orjson has


class Line(NamedTuple):
    """A line: its object, null when it is no whole one, and that as JSON in its canonical form:
    keys in order, no white space, each number and text in one spelling."""

    found: dict[str, Any] | None
    canonical: bytes


NOT_WHOLE = Line(None, b"")


def keys_of(paths: Collection[Sequence[str]]) -> Keys:
    """The same keys by the objects in which they lie; of one that is known whole, no part is."""
    heads, wholes = {path[0] for path in paths}, {path[0] for path in paths if len(path) == 1}
    return {
        head: None if head in wholes else keys_of([path[1:] for path in paths if path[0] == head])
        for head in heads
    }


@dataclass(frozen=True)
class Values:
    """Which values are wanted: where each column's is, by its name, and of which keys `Rest` takes
    no notice (below a key that leads to others: of which of those)."""

    places: Mapping[str, Place]
    known: Keys

    def read(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Of lines and the URIs of their files: a struct of texts, one for each column (null: no
        value, or an empty text); the line; whether it is one object each of whose keys stands there
        once, whether that is no deeper than `MOST_DEPTH`, and the URI."""
        for batch in batches:
            lines, uris = batch.columns
            raw = lines.to_pylist()
            read = [parse(line) for line in raw]
            texts = [self._texts(place, read, uris) for place in self.places.values()]
            flat = pa.array([depth_within(line, MOST_DEPTH) for line in raw], pa.bool_())
            whole = pa.array([line.found is not None for line in read], pa.bool_())
            columns = [pa.StructArray.from_arrays(texts, list(self.places)), lines, whole, flat]
            yield pa.RecordBatch.from_arrays([*columns, uris], ["texts", "line", "w", "f", "uri"])

    def _texts(self, place: Place, lines: Sequence[Line], uris: pa.Array) -> pa.Array:
        match place:
            case Folder(up):
                return _folders(uris, up)
            case Digest():
                digest = xxhash.xxh3_128_hexdigest
                texts: list[str | bytes | None] = [
                    digest(line.canonical) if line.canonical else None for line in lines
                ]
            case Rest():
                texts = [_rest(line.found, self.known) for line in lines]
            case Key(path):
                texts = _at(lines, path.split("."))
        return pa.array(texts, pa.string())


def parse(line: bytes) -> Line:
    """Read a line exactly.

    orjson neither sees a key that stands there twice nor has more than 64 bits for a number. Both
    are told cheaply from what a line holds; where that is not sure, json reads it with more care.
    """
    try:
        found = orjson.loads(line)
        if type(found) is not dict:
            return NOT_WHOLE
        canonical = orjson.dumps(found, option=_SORTED)
        if _is_sure(line, canonical):
            return Line(found, canonical)
        found = json.loads(
            line.decode(), object_pairs_hook=_once, parse_float=_number, parse_int=_whole_number
        )
        return Line(found, orjson.dumps(found, option=_SORTED))
    except (ValueError, TypeError, RecursionError):
        return NOT_WHOLE


def depth_within(line: bytes, most: int) -> bool:
    """Whether no more than so many objects and arrays lie in each other."""
    if line.count(b"{") + line.count(b"[") <= most:
        return True
    depth = 0
    for bracket in _NO_BRACKETS.sub(b"", _STRINGS.sub(b"", line)):
        depth += 1 if bracket in b"{[" else -1
        if depth > most:
            return False
    return True


def _is_sure(line: bytes, canonical: bytes) -> bool:
    """Whether no key can stand in the line twice, and each number in it is exact as a double.

    As many keys end in the line as in its canonical form, in which each stands once; that is so
    wherever a key's end can be seen. A double has 15 digits for certain.
    """
    return (
        line.count(_KEY_END) == canonical.count(_KEY_END)
        and not any(end in line for end in _OTHER_KEY_ENDS)
        and _MANY_DIGITS not in line.translate(_DIGITS)
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _number(text: str) -> float | orjson.Fragment:
    """A number as the double that it equals; with all of its digits where there is none."""
    double, exact = float(text), Decimal(text)
    if Decimal(repr(double)) == exact:
        return double
    return orjson.Fragment(str(exact.normalize(_EXACTLY)))


def _whole_number(text: str) -> int | orjson.Fragment:
    is_short = len(text) <= _MOST_DIGITS and _LEAST <= int(text) <= _MOST
    return int(text) if is_short else orjson.Fragment(text)


def _at(lines: Sequence[Line], path: Sequence[str]) -> list[str | bytes | None]:
    """The texts at a path."""
    *above, last = path
    held: list[Any] = [line.found for line in lines]
    for name in above:
        held = [value.get(name) if type(value) is dict else None for value in held]
    return [_text(value.get(last)) if type(value) is dict else None for value in held]


def _text(value: object) -> str | bytes | None:
    """Empty text is null, as it is in delimited text."""
    if value is None or type(value) is str:
        return value or None
    return orjson.dumps(value, option=_SORTED)


def _rest(found: dict[str, Any] | None, known: Keys) -> bytes | None:
    rest = _others(found, known, "", {}) if found else None
    return orjson.dumps(rest, option=_SORTED) if rest else None


def _others(found: dict[str, Any], known: Keys, start: str, into: dict[str, Any]) -> dict[str, Any]:
    """Add what an object holds that is not known, by its path; of a value that should be an object
    some parts of which are known, and is none, itself. A path inside goes before a key spelt so."""
    for key, value in found.items():
        if key not in known:
            into.setdefault(start + key, value)
        elif (inner := known[key]) is not None:
            if type(value) is dict:
                _others(value, inner, f"{start}{key}.", into)
            elif value is not None:
                into[start + key] = value
    return into


def _folders(uris: pa.Array, up: int) -> pa.Array:
    """The names of the folders so many levels above the files; null where there is none."""
    files = pc.dictionary_encode(uris)
    parts = [uri.split("/") for uri in files.dictionary.to_pylist()]
    names = pa.array([unquote(p[-up - 1]) if up < len(p) else None for p in parts], pa.string())
    return names.take(files.indices)
