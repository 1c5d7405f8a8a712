"""AWS Glue, the catalogue of the lake tables of a lake in S3."""

import re
from hashlib import sha256

from spark_app import aws
from spark_app.errors import Unusable
from spark_app.lake.paths import Paths
from spark_app.lake.store.s3_uri import SCHEME

_MOST_LETTERS = 100


def database_of(root: str) -> str:
    """The Glue database of a lake: its URI, as far as the name of a database can say it, and a
    digest that tells it from every other lake of the account. Terraform makes the same name."""
    words = re.sub("[^a-z0-9]+", "_", root.removeprefix(SCHEME).lower())
    return f"{words[:_MOST_LETTERS]}_{sha256(root.encode()).hexdigest()[:8]}"


def metadata_location(table: str, lake: Paths) -> str | None:
    """Where the metadata of a table lies; null when Glue does not know the table.

    Raises:
        Unusable: something else has its name, or Glue denies the access.
        RunFailed: Glue cannot be reached.
    """
    name = f"{database_of(lake.root)}.{table}"
    client = aws.client("glue", lake.region)
    with aws.explained(f"the Glue table {name}"):
        try:
            found = client.get_table(DatabaseName=database_of(lake.root), Name=table)["Table"]
        except client.exceptions.EntityNotFoundException:
            return None
    location = found.get("Parameters", {}).get("metadata_location")
    if location is None:
        raise Unusable(
            f"the Glue table {name} is not one of Iceberg, so it was not made by this application; "
            "give it another name, nothing was changed"
        )
    return str(location)
