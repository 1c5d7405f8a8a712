"""Requests that must be allowed, and such as must be refused.

Read a row as: NAME may (or may not) do ACTION on RESOURCE. A resource without `arn:` is a key
in the bucket, and no key at all is the bucket itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spark_app.lake.glue import database_of

ACCOUNT = "123456789012"
BUCKET = f"arn:aws:s3:::spark-app-{ACCOUNT}-eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
CLUSTER = f"arn:aws:elasticmapreduce:eu-central-1:{ACCOUNT}:cluster/j-2AXXXXXXGAPLF"
LINKED = f"{ROLE}/aws-service-role"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/ffffffff-12ab-34cd-56ef-1234567890ab"
GLUE = f"arn:aws:glue:eu-central-1:{ACCOUNT}"
DATABASE = database_of(f"s3://spark-app-{ACCOUNT}-eu-central-1/lake")
TABLE = f"{GLUE}:table/{DATABASE}/app_event"
OTHER_TABLE = f"{GLUE}:table/another/app_event"
IN_TABLE = "lake/tables/app_event"
VERSION = "0123456789abcdef"
STAGING = "lake/runs/R/staging/organic_share"


@dataclass(frozen=True)
class Ask:
    """A request: who, what, on what, under which circumstances."""

    who: str
    action: str
    resource: str = ""
    context: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        given = ",".join(f"{key}={value}" for key, value in self.context.items())
        return " ".join(part for part in (self.who, self.action, self.resource, given) if part)

    @property
    def arn(self) -> str:
        """The resource's ARN, or `*` for a list of all clusters."""
        if self.resource.startswith("arn:") or self.resource == "*":
            return self.resource
        return f"{BUCKET}/{self.resource}" if self.resource else BUCKET


def listing(who: str, prefix: str) -> Ask:
    """A listing of the bucket below a prefix."""
    return Ask(who, "s3:ListBucket", "", {"s3:prefix": prefix})


def ours(action: str) -> Ask:
    """An operator's call about a cluster of this deployment."""
    tag = {"aws:ResourceTag/spark_app:deployment": "spark-app"}
    return Ask("operator", f"elasticmapreduce:{action}", CLUSTER, tag)


def passing(who: str, role: str, service: str) -> Ask:
    """The handing over of a role to a service."""
    return Ask(who, "iam:PassRole", f"{ROLE}/{role}", {"iam:PassedToService": service})


def linking(service: str, name: str) -> Ask:
    """The making of a service-linked role."""
    context = {"iam:AWSServiceName": service}
    return Ask("operator", "iam:CreateServiceLinkedRole", f"{LINKED}/{service}/{name}", context)


def launching(**tags: str) -> Ask:
    """RunJobFlow with tags."""
    region = {"aws:RequestedRegion": "eu-central-1"}
    named = {f"aws:RequestTag/{key.replace('__', ':')}": value for key, value in tags.items()}
    return Ask("operator", "elasticmapreduce:RunJobFlow", "*", region | named)


EMR_TAG = {"for-use-with-amazon-emr-managed-policies": "true"}

ALLOWED = [
    # the nodes: read what is delivered and the application, write the layers, locks and logs
    Ask("instance", "s3:GetObject", "lake/raw/installs/a.parquet"),
    Ask("instance", "s3:GetObject", f"app/{VERSION}/wheels/aarch64/a.whl"),
    Ask("instance", "s3:GetObject", "lake/final/organic_share/organic_share.parquet"),
    Ask("instance", "s3:GetObject", f"lake/locks/given-{VERSION}.json"),
    Ask("instance", "s3:PutObject", f"{STAGING}/part-0.parquet"),
    Ask("instance", "s3:PutObject", "lake/runs/R/run.json"),
    Ask("instance", "s3:PutObject", "lake/quarantine/installs/run_id=R/part-0.parquet"),
    Ask("instance", "s3:PutObject", "lake/quality/organic_share/run_id=R/checks.parquet"),
    Ask("instance", "s3:PutObject", "lake/final/organic_share/organic_share.parquet"),
    Ask("instance", "s3:PutObject", "lake/report/organic_share.html"),
    Ask("instance", "s3:PutObject", "lake/locks/organic_share.json"),
    Ask("instance", "s3:PutObject", "logs/j-2AXXXXXXGAPLF/steps/s-1/stderr.gz"),
    Ask("instance", "s3:AbortMultipartUpload", f"{STAGING}/part-0.parquet"),
    Ask("instance", "s3:DeleteObject", "lake/locks/organic_share.json"),
    Ask("instance", "s3:DeleteObject", f"{STAGING}/_temporary/0/_temporary/attempt_1/part-0"),
    Ask("instance", "s3:DeleteObject", f"{STAGING}/_temporary/"),
    Ask("instance", "s3:DeleteObject", f"{STAGING}/__magic_job-1/tasks/part-0"),
    Ask("instance", "s3:DeleteObject", "lake/quarantine/installs/run_id=R/_temporary/0/part-0"),
    listing("instance", "lake/raw/installs/"),
    listing("instance", f"app/{VERSION}/"),
    # EMR itself, beside AWS's own policy
    passing("service", "spark-app-eu-central-1-instance", "ec2.amazonaws.com"),
    # operators: submit, watch, end
    launching(spark_app__deployment="spark-app", **EMR_TAG),
    *[
        ours(action)
        for action in (
            *("AddJobFlowSteps", "CancelSteps", "DescribeStep", "ListSteps", "ListInstances"),
            *("ListInstanceFleets", "ListBootstrapActions", "TerminateJobFlows"),
        )
    ],
    Ask("operator", "elasticmapreduce:DescribeCluster", CLUSTER),  # whose it is says its tag
    Ask("operator", "s3:PutObject", f"lake/locks/given-{VERSION}.json"),
    Ask(
        "operator",
        "elasticmapreduce:ListClusters",
        "*",
        {"aws:RequestedRegion": "eu-central-1"},
    ),
    passing("operator", "spark-app-eu-central-1-service", "elasticmapreduce.amazonaws.com"),
    passing("operator", "spark-app-eu-central-1-instance", "ec2.amazonaws.com"),
    linking("elasticmapreduce.amazonaws.com", "AWSServiceRoleForEMRCleanup"),
    linking("spot.amazonaws.com", "AWSServiceRoleForEC2Spot"),
    # operators: read the launch specification, the lake and the logs; publish, prune, upload
    Ask("operator", "s3:GetObject", "app/launch.json"),
    Ask("operator", "s3:GetObject", "lake/runs/R/run.json"),
    Ask("operator", "s3:GetObject", "logs/j-2AXXXXXXGAPLF/steps/s-1/stderr.gz"),
    listing("operator", "lake/runs/"),
    listing("operator", "logs/j-2AXXXXXXGAPLF/"),
    Ask("operator", "s3:PutObject", f"app/{VERSION}/package.json"),
    Ask("operator", "s3:PutObject", "lake/locks/submit-0123456789abcdef.json"),
    Ask("operator", "s3:DeleteObject", "lake/locks/organic_share.json"),
    Ask("operator", "s3:PutObject", "lake/final/organic_share/organic_share.parquet"),
    Ask("operator", "s3:PutObject", "lake/report/organic_share.html"),
    Ask("operator", "s3:PutObject", "lake/runs/R/run.json"),
    Ask("operator", "s3:DeleteObject", f"{STAGING}/part-0.parquet"),
    Ask("operator", "s3:DeleteObject", "lake/runs/R/final/organic_share/organic_share.parquet"),
    # readers
    Ask("reader", "s3:GetObject", "lake/final/organic_share/organic_share.parquet"),
    Ask("reader", "s3:GetObjectVersion", "lake/final/organic_share/organic_share.parquet"),
    Ask("reader", "s3:GetObject", "lake/report/organic_share.html"),
    listing("reader", "lake/final/organic_share/"),
    Ask("reader", "s3:GetBucketLocation"),
]

REFUSED = [
    # the nodes: nothing that was delivered, committed, published or uploaded can be deleted
    Ask("instance", "s3:PutObject", "lake/raw/installs/a.parquet"),
    Ask("instance", "s3:DeleteObject", "lake/raw/installs/a.parquet"),
    Ask("instance", "s3:DeleteObject", f"{STAGING}/part-0.parquet"),
    Ask("instance", "s3:DeleteObject", "lake/runs/R/final/organic_share/organic_share.parquet"),
    Ask("instance", "s3:DeleteObject", "lake/runs/R/run.json"),
    Ask("instance", "s3:DeleteObject", "lake/quarantine/installs/run_id=R/part-0.parquet"),
    Ask("instance", "s3:DeleteObject", "lake/quality/organic_share/run_id=R/checks.parquet"),
    Ask("instance", "s3:DeleteObject", "lake/final/organic_share/organic_share.parquet"),
    Ask("instance", "s3:DeleteObject", "lake/report/organic_share.html"),
    Ask("instance", "s3:DeleteObject", "logs/j-2AXXXXXXGAPLF/steps/s-1/stderr.gz"),
    Ask("instance", "s3:DeleteObjectVersion", "lake/locks/organic_share.json"),
    Ask("instance", "s3:PutObject", f"app/{VERSION}/main.py"),
    Ask("instance", "s3:PutObject", "app/launch.json"),
    Ask("instance", "s3:DeleteObject", f"app/{VERSION}/main.py"),
    Ask("instance", "s3:GetObject", "logs/j-2AXXXXXXGAPLF/steps/s-1/stderr.gz"),
    Ask("instance", "s3:GetObject", "arn:aws:s3:::another-bucket/lake/raw/a.parquet"),
    Ask("instance", "s3:PutObject", "arn:aws:s3:::another-bucket/lake/final/a.parquet"),
    Ask("instance", "s3:PutBucketPolicy"),
    Ask("instance", "s3:PutLifecycleConfiguration"),
    Ask("instance", "elasticmapreduce:TerminateJobFlows", CLUSTER),
    listing("instance", ""),
    passing("instance", "spark-app-eu-central-1-instance", "ec2.amazonaws.com"),
    # EMR itself
    passing("service", "spark-app-eu-central-1-instance", "lambda.amazonaws.com"),
    passing("service", "administrator", "ec2.amazonaws.com"),
    Ask("service", "s3:GetObject", "lake/final/organic_share/organic_share.parquet"),
    # operators
    launching(**EMR_TAG),
    launching(spark_app__deployment="another", **EMR_TAG),
    launching(spark_app__deployment="spark-app"),
    Ask("operator", "elasticmapreduce:TerminateJobFlows", CLUSTER),
    Ask("operator", "elasticmapreduce:ListSteps", CLUSTER),
    Ask(
        "operator",
        "elasticmapreduce:AddJobFlowSteps",
        CLUSTER,
        {"aws:ResourceTag/spark_app:deployment": "another"},
    ),
    Ask(
        "operator",
        "elasticmapreduce:AddTags",
        CLUSTER,
        {"aws:RequestTag/spark_app:deployment": "spark-app"},
    ),
    ours("ModifyCluster"),
    ours("SetTerminationProtection"),
    passing("operator", "spark-app-eu-central-1-service", "ec2.amazonaws.com"),
    passing("operator", "spark-app-eu-central-1-instance", "lambda.amazonaws.com"),
    passing("operator", "administrator", "ec2.amazonaws.com"),
    linking("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling"),
    Ask("operator", "s3:PutObject", "app/launch.json"),
    Ask("operator", "s3:DeleteObject", "app/launch.json"),
    Ask("operator", "s3:DeleteObject", f"app/{VERSION}/main.py"),
    Ask("operator", "s3:PutObject", "lake/raw/installs/a.parquet"),
    Ask("operator", "s3:DeleteObject", "lake/raw/installs/a.parquet"),
    Ask("operator", "s3:PutObject", f"{STAGING}/part-0.parquet"),
    Ask("operator", "s3:PutObject", "lake/quality/organic_share/run_id=R/checks.parquet"),
    Ask("operator", "s3:DeleteObject", "lake/final/organic_share/organic_share.parquet"),
    Ask("operator", "s3:DeleteObject", "lake/runs/R/run.json"),
    Ask("operator", "s3:DeleteObject", "lake/runs/R/log.txt"),
    Ask("operator", "s3:DeleteObject", "logs/j-2AXXXXXXGAPLF/steps/s-1/stderr.gz"),
    Ask("operator", "s3:DeleteObjectVersion", f"{STAGING}/part-0.parquet"),
    Ask("operator", "s3:DeleteBucket"),
    Ask("operator", "s3:PutBucketPolicy"),
    listing("operator", ""),
    # readers
    Ask("reader", "s3:GetObject", "lake/raw/installs/a.parquet"),
    Ask("reader", "s3:GetObject", f"{STAGING}/part-0.parquet"),
    Ask("reader", "s3:GetObject", "lake/quarantine/installs/run_id=R/part-0.parquet"),
    Ask("reader", "s3:GetObject", "app/launch.json"),
    Ask("reader", "s3:GetObject", "logs/j-2AXXXXXXGAPLF/steps/s-1/stderr.gz"),
    Ask("reader", "s3:PutObject", "lake/final/organic_share/organic_share.parquet"),
    Ask("reader", "s3:DeleteObject", "lake/final/organic_share/organic_share.parquet"),
    Ask("reader", "elasticmapreduce:ListClusters", "*"),
    listing("reader", "lake/raw/"),
    listing("reader", ""),
]

FOR_DISKS = {"kms:GrantIsForAWSResource": "true"}
WITH_KEY = [
    (Ask("instance", "kms:GenerateDataKey", KEY), True),
    (Ask("instance", "kms:Decrypt", KEY), True),
    (Ask("instance", "kms:Decrypt", OTHER_KEY), False),
    (Ask("instance", "kms:ScheduleKeyDeletion", KEY), False),
    (Ask("instance", "kms:CreateGrant", KEY, FOR_DISKS), False),
    (Ask("service", "kms:GenerateDataKeyWithoutPlaintext", KEY), True),
    (Ask("service", "kms:CreateGrant", KEY, FOR_DISKS), True),
    (Ask("service", "kms:CreateGrant", KEY, {"kms:GrantIsForAWSResource": "false"}), False),
    (Ask("operator", "kms:GenerateDataKey", KEY), True),
    (Ask("operator", "kms:Decrypt", OTHER_KEY), False),
    (Ask("reader", "kms:Decrypt", KEY), True),
    (Ask("reader", "kms:GenerateDataKey", KEY), False),
]

WITH_LAKES = [
    # the nodes and operators publish lake tables, in this database alone
    *[
        (Ask(who, f"glue:{action}", resource), True)
        for who in ("instance", "operator")
        for action, resource in (
            ("GetDatabase", f"{GLUE}:catalog"),
            ("GetDatabase", f"{GLUE}:database/{DATABASE}"),
            *((f"{do}Table", TABLE) for do in ("Get", "Create", "Update")),
        )
    ],
    *[
        (Ask(who, f"s3:{action}", f"{IN_TABLE}/{name}"), True)
        for who in ("instance", "operator")
        for action, name in (
            ("PutObject", "data/event_date=2024-05-01/part-0.parquet"),
            ("PutObject", "metadata/v1.metadata.json"),
            ("PutObject", "ledger/R-files.parquet"),
            ("DeleteObject", "data/event_date=2024-05-01/part-0.parquet"),
            ("AbortMultipartUpload", "data/event_date=2024-05-01/part-0.parquet"),
        )
    ],
    (Ask("instance", "s3:DeleteObject", "lake/runs/R/staging/app_event/part-0.parquet"), True),
    *[
        (Ask(who, f"glue:{action}", resource), False)
        for who in ("instance", "operator", "reader")
        for action, resource in (
            ("GetTable", OTHER_TABLE),
            ("UpdateTable", OTHER_TABLE),
            ("DeleteTable", TABLE),
            ("DeleteDatabase", f"{GLUE}:database/{DATABASE}"),
            ("CreateDatabase", f"{GLUE}:database/another"),
        )
    ],
    (Ask("instance", "s3:DeleteObjectVersion", f"{IN_TABLE}/metadata/v1.metadata.json"), False),
    (Ask("instance", "s3:DeleteObject", "lake/raw/app_event/a.csv"), False),
    (Ask("instance", "s3:DeleteObject", "lake/final/organic_share/a.parquet"), False),
    # operators forget persons: nobody else touches the list, or what was set aside
    (Ask("operator", "s3:PutObject", "lake/suppressed/app_event.parquet"), True),
    (Ask("operator", "s3:PutObject", "lake/runs/R/receipt.json"), True),
    *[
        (Ask("operator", "s3:PutObject", f"lake/{path}"), True)
        for path in (
            *(
                "runs/R/run.json",
                "runs/R/inputs.parquet",
                "runs/R/log.txt",
                "runs/R/final/a.parquet",
            ),
            *("runs/R/report.html", "quality/a/run_id=R/checks.parquet"),
            *("quarantine/a/run_id=R/a.parquet", "final/a/a.parquet", "report/a.html"),
        )
    ],
    (Ask("operator", "s3:DeleteObject", "lake/quarantine/app_event/run_id=R/a.parquet"), True),
    (Ask("operator", "s3:DeleteObject", "lake/runs/R/report.html"), True),
    (Ask("operator", "s3:DeleteObject", "lake/suppressed/app_event.parquet"), False),
    (Ask("instance", "s3:GetObject", "lake/suppressed/app_event.parquet"), True),
    (Ask("instance", "s3:PutObject", "lake/suppressed/app_event.parquet"), False),
    (Ask("reader", "s3:GetObject", "lake/suppressed/app_event.parquet"), False),
    # readers read both and change neither
    (Ask("reader", "glue:GetTable", TABLE), True),
    (Ask("reader", "glue:GetTables", f"{GLUE}:database/{DATABASE}"), True),
    (Ask("reader", "glue:GetDatabases", f"{GLUE}:catalog"), True),
    (Ask("reader", "s3:GetObject", f"{IN_TABLE}/metadata/v1.metadata.json"), True),
    (Ask("reader", "s3:GetObject", f"{IN_TABLE}/data/event_date=2024-05-01/a.parquet"), True),
    (listing("reader", f"{IN_TABLE}/"), True),
    *[(Ask("reader", f"glue:{do}Table", TABLE), False) for do in ("Create", "Update")],
    (Ask("reader", "s3:PutObject", f"{IN_TABLE}/metadata/v1.metadata.json"), False),
    (Ask("reader", "s3:DeleteObject", f"{IN_TABLE}/metadata/v1.metadata.json"), False),
    # who delivers one dataset puts its files, and nothing else
    (Ask("deliverer", "s3:PutObject", "lake/raw/app_event/2024/05/a.csv"), True),
    (Ask("deliverer", "s3:AbortMultipartUpload", "lake/raw/app_event/a.csv"), True),
    (Ask("deliverer", "s3:PutObject", "lake/raw/app_events/a.csv"), False),
    (Ask("deliverer", "s3:PutObject", "lake/raw/installs/a.parquet"), False),
    (Ask("deliverer", "s3:PutObject", f"{IN_TABLE}/data/a.parquet"), False),
    (Ask("deliverer", "s3:DeleteObject", "lake/raw/app_event/a.csv"), False),
    (Ask("deliverer", "s3:GetObject", "lake/raw/app_event/a.csv"), False),
    (Ask("deliverer", "glue:GetTable", TABLE), False),
    (listing("deliverer", "lake/raw/app_event/"), False),
]
WITHOUT_LAKES = [
    Ask(who, action, resource)
    for who in ("instance", "operator", "reader")
    for action, resource in (
        ("glue:GetTable", TABLE),
        ("glue:UpdateTable", TABLE),
        ("s3:PutObject", f"{IN_TABLE}/data/a.parquet"),
        ("s3:DeleteObject", f"{IN_TABLE}/data/a.parquet"),
    )
]
