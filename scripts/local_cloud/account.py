"""What the account holds, asked of the general emulator: roles, subnets, credentials, objects."""

import fnmatch
import json
import threading
import urllib.parse
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from scripts.local_cloud.settings import KEYS, Settings

V2_POLICY = "AmazonEMRServicePolicy_v2"
OLD_POLICY = "AmazonElasticMapReduceRole"
_CONFIG = Config(
    s3={"addressing_style": "path"},
    retries={"max_attempts": 2},
    connect_timeout=10,
    read_timeout=60,
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class Account:
    """The account in one region of the general emulator."""

    def __init__(self, settings: Settings, region: str) -> None:
        self._settings = settings
        self.region = region
        self._lock = threading.Lock()
        self._session = boto3.session.Session()
        self._clients: dict[str, Any] = {}

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:
        """A client, as the account's owner or with a role's credentials."""
        with self._lock:  # making one is slow and not safe in threads; using one is
            if credentials:
                return self._made(service, credentials)
            if service not in self._clients:
                self._clients[service] = self._made(service, KEYS)
            return self._clients[service]

    def _made(self, service: str, keys: Mapping[str, str]) -> Any:
        return self._session.client(
            service,
            region_name=self.region,
            endpoint_url=self._settings.general_url,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys.get("AWS_SESSION_TOKEN"),
            config=_CONFIG,
        )

    def account_id(self) -> str:
        """The account's number."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def role(self, name_or_arn: str) -> dict[str, Any] | None:
        """A role by its name or ARN; null when there is none."""
        iam, name = self.client("iam"), name_or_arn.rsplit("/", 1)[-1]
        found: dict[str, Any] | None = _found(lambda: iam.get_role(RoleName=name)["Role"])
        return found

    def instance_role(self, profile: str) -> str | None:
        """The ARN of the role behind an instance profile; null when there is none."""
        iam, name = self.client("iam"), profile.rsplit("/", 1)[-1]
        found = _found(lambda: iam.get_instance_profile(InstanceProfileName=name))
        roles = found["InstanceProfile"]["Roles"] if found else []
        return str(roles[0]["Arn"]) if roles else None

    def policies(self, role: str) -> tuple[set[str], list[dict[str, Any]]]:
        """The names of the policies attached to a role, and all statements that can be read."""
        iam = self.client("iam")
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        documents = [
            iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        ]
        documents += [document for each in attached if (document := self._document(iam, each))]
        statements = [
            statement
            for document in map(_as_document, documents)
            for statement in _as_list(document.get("Statement", []))
        ]
        return {each["PolicyName"] for each in attached}, statements

    @staticmethod
    def _document(iam: Any, attached: Mapping[str, str]) -> Any:
        arn = attached["PolicyArn"]
        policy = _found(lambda: iam.get_policy(PolicyArn=arn)["Policy"])
        if policy is None:
            return None
        version = _found(
            lambda: iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
        )
        return version["PolicyVersion"]["Document"] if version else None

    def subnet(self, subnet_id: str) -> dict[str, Any] | None:
        """A subnet; null when there is none."""
        ec2 = self.client("ec2")
        found = _found(lambda: ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"])
        return found[0] if found else None

    def tags(self, resource_id: str) -> dict[str, str]:
        """The tags of a resource of EC2."""
        ec2 = self.client("ec2")
        asked = [{"Name": "resource-id", "Values": [resource_id]}]
        return {tag["Key"]: tag["Value"] for tag in ec2.describe_tags(Filters=asked)["Tags"]}

    def has_security_group(self, group_id: str) -> bool:
        """Whether there is such a security group."""
        ec2 = self.client("ec2")
        found = _found(lambda: ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"])
        return bool(found)

    def credentials(self, role_arn: str, instance_id: str) -> dict[str, str]:
        """The instance role's credentials, as environment variables."""
        keys = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=instance_id)
        return {
            "AWS_ACCESS_KEY_ID": keys["Credentials"]["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["Credentials"]["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["Credentials"]["SessionToken"],
        }


def allows(statements: list[dict[str, Any]], action: str, resource: str = "*") -> bool:
    """Whether a statement allows the action on the resource; conditions are taken as met."""
    return any(
        statement.get("Effect") == "Allow"
        and _matches(statement.get("Action", []), action.lower(), is_lower=True)
        and (resource == "*" or _matches(statement.get("Resource", []), resource))
        for statement in statements
    )


def trusts(role: Mapping[str, Any], service: str) -> bool:
    """Whether a role lets a service take it."""
    statements = _as_list(_as_document(role["AssumeRolePolicyDocument"]).get("Statement", []))
    return any(
        service in _as_list(statement.get("Principal", {}).get("Service", []))
        for statement in statements
        if isinstance(statement.get("Principal"), dict)
    )


def _matches(patterns: Any, value: str, *, is_lower: bool = False) -> bool:
    known = [each.lower() if is_lower else each for each in _as_list(patterns)]
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in known)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _as_document(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        value = json.loads(value if value.startswith("{") else urllib.parse.unquote(value))
    return dict(value)


def _found(ask: Any) -> Any:
    """What `ask` gives; null when AWS says that there is no such thing."""
    try:
        return ask()
    except ClientError as error:
        if any(word in error.response["Error"]["Code"] for word in ("NotFound", "NoSuch", "Malf")):
            return None
        raise
