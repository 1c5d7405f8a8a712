"""EMR's wire protocol (JSON 1.1): requests checked against botocore's model, answers, errors."""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from spark_app.emr.model import complaints, model

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
    sent = {name: value for name, value in found.items() if value is not None}
    try:
        problems = complaints(operation, sent)
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


def encoded(answer: Mapping[str, Any] | None) -> bytes:
    """The answer as clients parse it: times as seconds since 1970, nulls left out."""
    return json.dumps(_plain(answer or {})).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return round(value.timestamp(), 3) if isinstance(value, datetime) else value
