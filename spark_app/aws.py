"""Clients of AWS, and its errors in one line that says what to do."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from spark_app import settings
from spark_app.errors import AppError, RunFailed, Unusable

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 10, 60, 8
CONNECTIONS, READS = 32, 4
_THIS_MACHINE = ("127.0.0.1", "localhost")
_LOGIN = "run `aws configure` or `aws sso login`, or set AWS_PROFILE"
_EXPIRED = f"the AWS credentials have expired; {_LOGIN}"
_REFUSED = f"AWS refuses the credentials ({{code}}); {_LOGIN}"
_DENIED = "access to {what} is denied ({message}); ask for the right"
_ELSEWHERE = "{what} lies in another region ({message}); set AWS_REGION to its region"
_BY_CODE = {
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired"), _EXPIRED),
    "TokenRefreshRequired": _EXPIRED,
    **dict.fromkeys(("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"), _REFUSED),
    **dict.fromkeys(("InvalidClientTokenId", "UnrecognizedClientException"), _REFUSED),
    "InvalidSignatureException": _REFUSED,
    "NoSuchBucket": "the bucket of {what} does not exist; check its name and account",
    **dict.fromkeys(("PermanentRedirect", "AuthorizationHeaderMalformed", "301"), _ELSEWHERE),
    "IllegalLocationConstraintException": _ELSEWHERE,
    "InvalidObjectState": "{what} is archived; restore it in S3, or take it away",
    "RequestTimeTooSkewed": "the clock of this machine is wrong by minutes, AWS refuses; set it",
    **dict.fromkeys(("AccessDenied", "AccessDeniedException", "403"), _DENIED),
    **dict.fromkeys(("AllAccessDisabled", "UnauthorizedOperation"), _DENIED),
}
_NO_CREDENTIALS = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "ProfileNotFound",
    "SSOTokenLoadError",
    "UnauthorizedSSOTokenError",
    "TokenRetrievalError",
    "NoAuthTokenError",
    "LoginRefreshRequired",
)


@lru_cache
def client(service: str, region: str | None = None, attempts: int | None = None) -> Any:
    """A client with boto3's own credentials, region and endpoint; `region` wins when given, then
    AWS_REGION.

    `attempts` is how often a request is sent in all, by default 8 times.

    Raises:
        Unusable: there is no region, or its endpoint is on this machine and nobody listens there.
    """
    from botocore.config import Config

    with explained(service):
        made = _session(region).client(
            service,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": attempts or ATTEMPTS},
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                max_pool_connections=CONNECTIONS,
                user_agent_appid="spark_app",
            ),
        )
    _require_listening(made.meta.endpoint_url)
    return made


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn AWS errors into one line; `what` is the URI or the service that was asked for.

    Raises:
        Unusable: credentials, rights, region or bucket are not right.
        RunFailed: AWS cannot be reached, or answers with errors of its own.
    """
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
        IncompleteReadError,
    )

    try:
        yield
    except ClientError as error:
        raise _of_answer(what, error) from error
    except (HTTPClientError, IncompleteReadError) as error:
        raise RunFailed(f"{what} cannot be reached ({_brief(error)}); try again") from error
    except BotoCoreError as error:
        raise _of_client(what, error) from error


def get_object(s3: Any, **asked: Any) -> tuple[bytes, dict[str, Any]]:
    """An object's content and the answer it came with; one that was cut off is asked for again."""
    from botocore.exceptions import HTTPClientError, IncompleteReadError

    for attempt in range(1, READS + 1):
        answer = s3.get_object(**asked)
        try:
            return bytes(answer["Body"].read()), answer
        except (HTTPClientError, IncompleteReadError):
            if attempt == READS:
                raise
    raise AssertionError("unreachable")


def credentials(region: str | None) -> Any:
    """What boto3 signs with now: `access_key`, `secret_key` and `token`, null where it has none.

    Raises:
        Unusable: there are none.
    """
    with explained("s3"):
        found = _session(region).get_credentials()
        frozen = found.get_frozen_credentials() if found else None
    if frozen is None:
        raise no_credentials()
    return frozen


def no_credentials(why: str = "none are set") -> Unusable:
    """The error of a user who is not logged in."""
    return Unusable(f"there are no usable AWS credentials ({why}); {_LOGIN}")


def is_of_aws(client: Any) -> bool:
    """Whether a client talks to AWS itself, not to something else with its interface."""
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def code_of(error: Any) -> str:
    """The error code of an answer of AWS."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _session(region: str | None) -> Any:
    import boto3

    return boto3.Session(region_name=region or settings.aws_region())


def _require_listening(url: str) -> None:
    """Refuse a local endpoint at which nobody listens at once: boto3 would try for a minute."""
    address = urlsplit(url)
    if address.hostname not in _THIS_MACHINE:
        return
    port = address.port or {"https": 443}.get(address.scheme, 80)
    try:
        socket.create_connection((address.hostname, port), CONNECT_SECONDS).close()
    except ConnectionRefusedError as error:
        raise Unusable(
            f"the local cloud is down: nobody listens at {url}; run `make cloud`, then "
            "`source .cloud/env`, or unset AWS_ENDPOINT_URL"
        ) from error
    except OSError:
        return  # what else is wrong there, the first request tells


def _of_answer(what: str, error: Any) -> AppError:
    code, message = code_of(error), error.response.get("Error", {}).get("Message", "")
    if code in _BY_CODE:
        return Unusable(_BY_CODE[code].format(what=what, code=code, message=message or code))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status >= 500 or "Throttling" in code or code == "SlowDown":
        return RunFailed(f"{what}: AWS answers {status} {code} again and again; try again later")
    return RunFailed(f"{what}: AWS answers {code}: {message}")


def _of_client(what: str, error: Exception) -> AppError:
    kind = type(error).__name__
    if kind in _NO_CREDENTIALS:
        return no_credentials(_brief(error))
    if kind == "NoRegionError":
        return Unusable("no AWS region is set; set AWS_REGION, such as eu-central-1")
    if kind in ("EndpointConnectionError", "ConnectionError", "ConnectionClosedError"):
        return RunFailed(f"{what} cannot be reached ({_brief(error)}); try again")
    return Unusable(f"{what} cannot be used ({_brief(error)})")


def _brief(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
