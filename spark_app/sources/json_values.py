"""What lines of JSON say, read by Python beside Spark: its own functions take ten times as long for
a digest of all keys and for those that nobody promised."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from spark_app.declarations import Digest, Key, Rest


class Above(NamedTuple):
    """The folder so many levels above a file: 1 is the one in which it lies."""

    levels: int


class Id(NamedTuple):
    """The text at a path, of a number as it is spelt."""

    path: str


Place = Above | Digest | Rest | Id | Key
Keys = Mapping[str, "Keys | None"]
Text = str | bytes | None  # bytes are UTF-8
_SORTED = orjson.OPT_SORT_KEYS
_ESCAPED_COLON = b"\\u003"
_DIGITS = bytes.maketrans(b"123456789.E", b"0000000000e")
_MANY_DIGITS, _MAYBE_EXPONENT = b"0" * 17, b"0e"
_EXPONENT = re.compile(rb"[0-9.][eE][-+]?[0-9]+\s*[],}]")
# Neither goes back: a line may be long, and its last text without an end.
_STRINGS, _NO_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?'), re.compile(rb"[^][{}]")
_EXACTLY = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_LEAST, _MOST, _MOST_DIGITS = -(2**63), 2**64 - 1, 20  # whole numbers that orjson has
_MOST_ZEROS = 400  # a double has no more of them before or behind its digits


class Line(NamedTuple):
    """A line: its object, null when it is no whole one, and that as JSON in its canonical form:
    keys in order, no white space, each number and text in one spelling; and as it was delivered."""

    found: dict[str, Any] | None
    canonical: bytes
    delivered: bytes = b""


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
    """Which values are wanted: where each column's is, by its name; of which keys `Rest` takes no
    notice (below a key that leads to others: of which of those); how deep a line may be."""

    places: Mapping[str, Place]
    known: Keys
    most_depth: int

    def read(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Of lines and the URIs of their files: a struct of texts, one for each column (null: no
        value, or an empty text); the line; whether it is one object each of whose keys stands there
        once, whether that is no deeper than it may be, and the URI."""
        takers = [taker_of(place, self.known) for place in self.places.values()]
        for batch in batches:
            if not batch.num_rows:
                continue
            lines, uris = batch.columns
            # No object is kept: what is read line by line stays in the processor's cache.
            rows = [self._row(line, takers) for line in lines.to_pylist()]
            *texts, whole, flat = zip(*rows, strict=True)
            columns = [
                _folders(uris, place.levels)
                if isinstance(place, Above)
                else pa.array(column, pa.string())
                for place, column in zip(self.places.values(), texts, strict=True)
            ]
            struct = pa.StructArray.from_arrays(columns, list(self.places))
            marks = [pa.array(whole, pa.bool_()), pa.array(flat, pa.bool_())]
            yield pa.RecordBatch.from_arrays(
                [struct, lines, *marks, uris], ["texts", "line", "is_whole", "is_flat", "uri"]
            )

    def _row(
        self, line: bytes, takers: Sequence[Callable[[Line], Text]]
    ) -> tuple[Text | bool, ...]:
        """The texts, and what is true of the line."""
        read = parse(line)
        texts = [take(read) for take in takers]
        return *texts, read.found is not None, depth_within(line, self.most_depth)


def taker_of(place: Place, known: Keys) -> Callable[[Line], Text]:
    """What takes the text at a place out of a line; of folders no line knows."""
    match place:
        case Above():
            return lambda line: None
        case Digest():
            return _digest
        case Rest():
            return partial(_rest, known=known)
        case Id(path):
            return partial(_id_at, path=path.split("."))
        case Key(path):
            return partial(_at, path=path.split("."))


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
            return Line(found, canonical, line)
        found = json.loads(
            line.decode(), object_pairs_hook=_once, parse_float=_number, parse_int=_whole_number
        )
        return Line(found, orjson.dumps(found, option=_SORTED), line)
    except (ValueError, TypeError, RecursionError, ArithmeticError):
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

    With a key that stands there again a colon is gone in the canonical form; none comes to it but
    by an escape. A double has 15 digits for certain, unless an exponent makes it very small.
    """
    numbers = line.translate(_DIGITS)
    return (
        line.count(b":") == canonical.count(b":")
        and _MANY_DIGITS not in numbers
        and not (_MAYBE_EXPONENT in numbers and _EXPONENT.search(line))
        and not (b"\\" in line and _ESCAPED_COLON in line)
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
    digits = str(exact.normalize(_EXACTLY))
    return orjson.Fragment(digits if "." in digits or "E" in digits else f"{digits}.0")


def _whole_number(text: str) -> int | orjson.Fragment:
    is_short = len(text) <= _MOST_DIGITS and _LEAST <= int(text) <= _MOST
    return int(text) if is_short else orjson.Fragment(text)


def _at(line: Line, path: Sequence[str]) -> Text:
    """The text at a path."""
    return _text(_value(line.found, path))


def _id_at(line: Line, path: Sequence[str]) -> Text:
    """The text at a path; of a number with an exponent one that is seen to be shortened."""
    value = _value(line.found, path)
    if isinstance(value, float | orjson.Fragment):
        spelt = _value(json.loads(line.delivered, parse_float=str, parse_int=str), path)
        return f"{Decimal(spelt):E}" if "e" in spelt.lower() else spelt
    return _text(value)


def _value(found: Any, path: Sequence[str]) -> Any:
    for key in path:
        if type(found) is not dict:
            return None
        found = found.get(key)
    return found


def _text(value: Any) -> Text:
    """A value as text. Empty text is null, as it is in delimited text."""
    if value is None or type(value) is str:
        return value or None
    text = orjson.dumps(value, option=_SORTED)
    return _without_exponent(text.decode()) if isinstance(value, float | orjson.Fragment) else text


def _without_exponent(text: str) -> str:
    """A number as a decimal is written, unless it would have more zeros than any double has."""
    number = Decimal(text)
    return f"{number:f}" if abs(number.adjusted()) <= _MOST_ZEROS else text


def _digest(line: Line) -> Text:
    return None if line.found is None else xxhash.xxh3_128_hexdigest(line.canonical)


def _rest(line: Line, known: Keys) -> Text:
    rest = _others(line.found, known, "", {}) if line.found else None
    return orjson.dumps(rest, option=_SORTED) if rest else None


def _others(found: dict[str, Any], known: Keys, start: str, into: dict[str, Any]) -> dict[str, Any]:
    """Add what an object holds that is not known, by its path; of a value that should be an object
    some parts of which are known, and is none, itself. A path inside goes before a key spelt so."""
    for key, inner in known.items():
        value = found.get(key) if inner is not None else None
        if type(value) is dict and inner is not None:
            _others(value, inner, f"{start}{key}.", into)
        elif value is not None:
            into[start + key] = value
    for key, value in found.items():
        if key not in known:
            into.setdefault(start + key, value)
    return into


def _folders(uris: pa.Array, up: int) -> pa.Array:
    """The names of the folders so many levels above the files; null where there is none."""
    files = pc.dictionary_encode(uris)
    parts = [uri.split("/") for uri in files.dictionary.to_pylist()]
    names = pa.array([unquote(p[-up - 1]) if up < len(p) else None for p in parts], pa.string())
    return names.take(files.indices)
