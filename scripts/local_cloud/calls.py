"""One request on its way to its action."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.local_cloud.cloud import Cloud
from scripts.local_cloud.cluster import Cluster
from scripts.local_cloud.protocol import Refused, invalid


@dataclass(frozen=True)
class Call:
    """One request: whose, in which region, with which parameters."""

    cloud: Cloud
    region: str
    request: Mapping[str, Any]

    def cluster(self, key: str = "ClusterId") -> Cluster:
        """The cluster that the request names.

        Raises:
            Refused: there is none.
        """
        cluster_id = self.request.get(key)
        if cluster_id is None:
            raise invalid(f"{key} must not be null.")
        return self.cloud.cluster(cluster_id, self.region)


def named_clusters(call: Call) -> Sequence[Cluster]:
    """The clusters that `JobFlowIds` names.

    Raises:
        Refused: one of them is not there.
    """
    try:
        return [call.cloud.cluster(each, call.region) for each in call.request["JobFlowIds"]]
    except Refused as error:
        raise invalid("Specified job flow ID does not exist.") from error
