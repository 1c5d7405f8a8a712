"""What EMR's errors mean: whether the request may have had an effect, and what to do."""

from typing import Any, ClassVar

from spark_app import aws
from spark_app.errors import AppError, RunFailed, Unusable

_THROTTLED = {"ThrottlingException", "Throttling", "RequestLimitExceeded", "SlowDown"}
_LIMITS = ("limit", "quota", "maximum number")


class NoAnswer(RunFailed):
    """EMR did not answer, or answered that it could not.

    `is_lost`: what was asked may have happened.
    """

    is_lost: ClassVar[bool] = True


class Throttled(NoAnswer):
    """EMR refused for being asked too often: what was asked has not happened."""

    is_lost = False


class Unreached(NoAnswer):
    """No connection to EMR: what was asked has not happened."""

    is_lost = False


class NoSuchCluster(Unusable):
    """There is no cluster of this id."""


def of_answer(
    error: Any, region: str, cluster_id: str | None = None, step_id: str | None = None
) -> AppError | None:
    """The error that an answer of EMR means, where it is more than its code says; else null."""
    message = " ".join(str(error.response["Error"].get("Message", "")).split()).rstrip(".")
    return _no_answer(error, region) or _refusal(
        aws.code_of(error), message, region, cluster_id, step_id
    )


def _no_answer(error: Any, region: str) -> AppError | None:
    code = aws.code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLED:
        return Throttled(f"EMR in {region} is asked too often ({code}); try again later")
    if status >= 500 or code.startswith("InternalServer"):
        return NoAnswer(f"EMR in {region} answers {code}; try again later")
    return None


def _refusal(
    code: str, message: str, region: str, cluster_id: str | None, step_id: str | None
) -> AppError | None:
    if "not authorized" in message:
        return Unusable(
            f"access to EMR is denied ({message}); ask for the operator policy, a Terraform output"
        )
    if "is not valid" in message and step_id:
        return Unusable(f"cluster {cluster_id} has no step {step_id}; leave out --step")
    if "is not valid" in message and cluster_id:
        return NoSuchCluster(
            f"there is no cluster {cluster_id} in {region} and this account; `clusters` lists "
            "them, and AWS_PROFILE says which account"
        )
    if any(word in message.lower() for word in _LIMITS):
        return RunFailed(
            f"a service limit of the account was reached ({message}); end what is not needed "
            "(`clusters`), or ask for more in Service Quotas"
        )
    if code.startswith(("Validation", "InvalidRequest")):
        return Unusable(
            f"EMR refuses the request ({message}); correct the Terraform configuration and apply "
            "it again"
        )
    return None
