"""EMR's own model of what it can be asked, as botocore brings it."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from spark_app.errors import Unusable

_SHOWN = 40
_CORRECT = "correct the options of this command, or the settings"
_APPLY = "apply the Terraform configuration again"
# The model writes characters beyond U+FFFF as Java does, as pairs; for Python they are one.
_PAIRS = re.compile(r"\\uD800\\u(?:DC00-\\uDBFF|DBFF-\\uDC00)\\uDFFF")
_BEYOND = r"\\U00010000-\\U0010FFFF"


@cache
def model() -> Any:
    """botocore's model of EMR.

    Raises:
        RuntimeError: botocore has none.
    """
    import botocore.session
    from botocore.exceptions import UnknownServiceError

    try:
        return botocore.session.Session().get_service_model("emr")
    except UnknownServiceError as error:
        raise RuntimeError("botocore has no model of EMR; run `make install` again") from error


def require_valid(operation: str, request: Mapping[str, Any]) -> None:
    """Hold a request against the model; nothing is sent.

    Raises:
        Unusable: it does not fit.
    """
    found = complaints(operation, request)
    if found:
        is_asked = "Steps[" in found[0]
        advice = _CORRECT if is_asked else _APPLY
        raise Unusable(f"{operation} would be malformed ({found[0].rstrip('.')}); {advice}")


def complaints(operation: str, request: Mapping[str, Any]) -> list[str]:
    """What EMR would find wrong with the shape of a request, a line each; none when nothing is."""
    from botocore.validate import ParamValidator

    shape = model().operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        return list(report.generate_report().splitlines())
    return list(_violations(shape, request, ""))


def _violations(shape: Any, value: Any, at: str) -> Iterator[str]:
    """Values of the right type that are not allowed: botocore leaves them to the service."""
    where = at.lstrip(".")
    if shape.type_name == "timestamp":
        if not isinstance(value, int | float | datetime):
            yield f"'{where}' is no time"
        return
    for must in _broken(shape, value):
        text = str(value)
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        yield f"Value '{shown}' at '{where}' failed to satisfy constraint: Member must {must}"
    for part in _parts(shape, value, at):
        yield from _violations(*part)


def _parts(shape: Any, value: Any, at: str) -> list[tuple[Any, Any, str]]:
    if shape.type_name == "structure":
        return [(shape.members[name], part, f"{at}.{name}") for name, part in value.items()]
    if shape.type_name == "list":
        return [(shape.member, part, f"{at}[{number}]") for number, part in enumerate(value)]
    if shape.type_name == "map":
        keys = [(shape.key, name, at) for name in value]
        return keys + [(shape.value, part, f"{at}.{name}") for name, part in value.items()]
    return []


def _broken(shape: Any, value: Any) -> Iterator[str]:
    """What a value must be and is not; botocore looks at `min` itself."""
    limits = shape.metadata
    is_number = shape.type_name in ("integer", "long", "float", "double")
    if "max" in limits and (value if is_number else _length(value)) > limits["max"]:
        yield f"have {'value' if is_number else 'length'} less than or equal to {limits['max']}"
    if "pattern" in limits and not re.fullmatch(_PAIRS.sub(_BEYOND, limits["pattern"]), value):
        yield f"satisfy regular expression pattern: {limits['pattern']}"
    if shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"satisfy enum value set: [{', '.join(shape.enum)}]"


def _length(value: Any) -> int:
    """How long EMR finds a text, a list or a map; it counts a text's UTF-16 units."""
    if isinstance(value, str):
        return len(value.encode("utf-16-le", "surrogatepass")) // 2
    return len(value)
