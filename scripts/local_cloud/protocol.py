"""EMR's wire protocol (JSON 1.1): requests checked against botocore's model, answers, errors."""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.validate import ParamValidator

CONTENT_TYPE = "application/x-amz-json-1.1"
_PREFIX = "ElasticMapReduce."


class Refused(Exception):
    """A request that EMR answers with an error.

    `code` is EMR's error code, `status` the HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status

    def body(self) -> dict[str, Any]:
        """The answer that clients make their error of; both spellings of `message` are in use."""
        known = {"__type": self.code, "message": self.message, "Message": self.message}
        return known | ({"ErrorCode": self.code} if self.code == "InvalidRequestException" else {})


def invalid(message: str) -> Refused:
    """What EMR says to a request that cannot be right."""
    return Refused("ValidationException", message)


def not_valid(message: str) -> Refused:
    """What EMR says to a request about something that is not there or not in the right state."""
    return Refused("InvalidRequestException", message)


@cache
def model() -> Any:
    """botocore's model of EMR."""
    try:
        return botocore.session.Session().get_service_model("emr")
    except UnknownServiceError as error:
        raise RuntimeError("botocore has no model of EMR; run `make install-dev` again") from error


def operation_of(target: str | None) -> str:
    """The operation that the header `X-Amz-Target` names.

    Raises:
        Refused: the model has no such operation.
    """
    name = (target or "").removeprefix(_PREFIX)
    if not (target or "").startswith(_PREFIX) or name not in model().operation_names:
        raise Refused("UnknownOperationException", f"Operation {target or '(none)'} is not known.")
    return name


def parameters_of(operation: str, body: bytes) -> dict[str, Any]:
    """The request's parameters, of the shape that the model gives the operation.

    Raises:
        Refused: the body is no JSON object, or its shape is another.
    """
    try:
        found = json.loads(body or b"{}", parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise Refused("SerializationException", f"The body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise Refused("SerializationException", "The body is not a JSON object")
    shape = model().operation_model(operation).input_shape
    sent = {name: value for name, value in found.items() if value is not None}
    try:
        problems = [*_problems(shape, sent), *unknown_members(shape, sent)]
    except (ArithmeticError, RuntimeError, ValueError) as error:
        raise Refused("SerializationException", f"The body cannot be read: {error}") from error
    if problems:
        raise invalid(f"{len(problems)} validation errors detected: {'; '.join(problems)}")
    return sent


def _finite(text: str) -> float:
    """A number of the body.

    Raises:
        ValueError: it is not a finite one.
    """
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(f"{text} is no number")
    return found


def _problems(shape: Any, sent: Mapping[str, Any]) -> list[str]:
    """What botocore finds wrong, and values that are not of their enumeration."""
    report = ParamValidator().validate(sent, shape)
    found = report.generate_report().splitlines() if report.has_errors() else []
    return found or bad_enums(shape, sent)


def bad_enums(shape: Any, value: Any, at: str = "") -> list[str]:
    """Values that their enumeration does not have, and times that are no number of seconds.

    botocore leaves both to the service.
    """
    if shape.type_name == "structure":
        parts = [(shape.members[name], part, f"{at}.{name}") for name, part in value.items()]
    elif shape.type_name == "list":
        parts = [(shape.member, part, f"{at}[{number}]") for number, part in enumerate(value)]
    elif shape.type_name == "timestamp":
        return [] if isinstance(value, int | float) else [f"'{at.lstrip('.')}' is no time"]
    else:
        allowed = getattr(shape, "enum", None)
        if not allowed or value in allowed:
            return []
        where = at.lstrip(".")
        return [
            f"Value '{value}' at '{where}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        ]
    return [text for part in parts if part[0] for text in bad_enums(*part)]


def unknown_members(shape: Any, value: Any, at: str = "") -> list[str]:
    """Members that no shape of the model has, wherever they stand."""
    if shape.type_name == "list" and isinstance(value, list):
        return [text for part in value for text in unknown_members(shape.member, part, at)]
    if shape.type_name != "structure" or not isinstance(value, dict):
        return []
    found = []
    for name, part in value.items():
        if name not in shape.members:
            found.append(f"Unknown parameter '{f'{at}.{name}'.lstrip('.')}'")
        else:
            found += unknown_members(shape.members[name], part, f"{at}.{name}")
    return found


def encoded(answer: Mapping[str, Any] | None) -> bytes:
    """The answer as clients parse it: times as seconds since 1970, nulls left out."""
    return json.dumps(_plain(answer or {})).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return round(value.timestamp(), 3) if isinstance(value, datetime) else value
