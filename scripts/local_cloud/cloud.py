"""The account's EMR in all regions: its clusters and security configurations."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from scripts.local_cloud.account import Account
from scripts.local_cloud.cluster import Cluster
from scripts.local_cloud.faults import Faults
from scripts.local_cloud.launch import vcpus
from scripts.local_cloud.protocol import invalid, not_valid
from scripts.local_cloud.settings import Settings, now

PAGE = 50
_STOP_SECONDS = 15


class Cloud:
    """What the server holds. Every method may be called by several threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults = Faults(settings.folder / "faults.json")
        self._lock = threading.RLock()
        self._clusters: dict[str, Cluster] = {}
        self._security: dict[tuple[str, str], tuple[str, datetime]] = {}
        self._accounts: dict[str, Account] = {}
        self._account_id: str | None = None

    def account_id(self) -> str:
        """The account's number."""
        if self._account_id is None:
            self._account_id = self.account("us-east-1").account_id()
        return self._account_id

    def account(self, region: str) -> Account:
        """The account in a region."""
        with self._lock:
            return self._accounts.setdefault(region, Account(self.settings, region))

    def launch(self, request: Mapping[str, Any], region: str) -> Cluster:
        """A new cluster that begins to live."""
        cluster = Cluster(
            request,
            self.account(region),
            self.settings,
            self.faults.read,
            self._used_vcpus,
        )
        with self._lock:
            self._clusters[cluster.id] = cluster
        cluster.start()
        return cluster

    def _used_vcpus(self) -> int:
        with self._lock:
            all_of_them = list(self._clusters.values())
        live = (each for cluster in all_of_them for each in cluster.instances)
        return sum(vcpus(each.type) for each in live if each.state != "TERMINATED")

    def cluster(self, cluster_id: str, region: str) -> Cluster:
        """A cluster of a region.

        Raises:
            Refused: there is none.
        """
        with self._lock:
            found = self._clusters.get(cluster_id)
        if found is None or found.account.region != region:
            raise not_valid(f"Cluster id '{cluster_id}' is not valid.")
        return found

    def clusters(self, region: str) -> list[Cluster]:
        """A region's clusters, the newest first."""
        with self._lock:
            found = [each for each in self._clusters.values() if each.account.region == region]
        return sorted(found, key=lambda each: each.created_at, reverse=True)

    def security_configurations(self, region: str) -> dict[str, tuple[str, datetime]]:
        """Text and creation time of a region's security configurations by name."""
        with self._lock:
            return {name: kept for (of, name), kept in self._security.items() if of == region}

    def security_configuration(self, name: str, region: str) -> tuple[str, datetime]:
        """Text and creation time of a security configuration.

        Raises:
            Refused: there is none of that name.
        """
        found = self.security_configurations(region).get(name)
        if found is None:
            raise not_valid(f"Security configuration with name '{name}' does not exist.")
        return found

    def keep_security_configuration(self, name: str, text: str, region: str) -> datetime:
        """Keep a new security configuration; when.

        Raises:
            Refused: there is one of that name.
        """
        with self._lock:
            if (region, name) in self._security:
                raise not_valid(f"SecurityConfiguration with name '{name}' already exists.")
            self._security[region, name] = (text, now())
            return self._security[region, name][1]

    def forget_security_configuration(self, name: str, region: str) -> None:
        """Delete a security configuration.

        Raises:
            Refused: there is none of that name, or a cluster uses it.
        """
        self.security_configuration(name, region)
        used = (each for each in self.clusters(region) if not each.is_over)
        if any(each.request.get("SecurityConfiguration") == name for each in used):
            raise not_valid(f"Security configuration '{name}' is in use by a cluster.")
        with self._lock:
            self._security.pop((region, name), None)

    def stop(self) -> None:
        """End every cluster."""
        with self._lock:
            live = [each for each in self._clusters.values() if not each.ended_at]
        for cluster in live:
            cluster.ask_to_end(grace_seconds=0)
        for cluster in live:
            cluster.join(_STOP_SECONDS)


def page(
    key: str, items: Sequence[Mapping[str, Any]], marker: str | None, size: int = PAGE
) -> dict[str, Any]:
    """One page of a list, and the marker of the next when there is one.

    Raises:
        Refused: the marker is not one of ours.
    """
    if marker is not None and not (marker.isascii() and marker.isdigit()):
        raise invalid(f"Marker '{marker}' is not valid.")
    begin = int(marker or 0)
    rest = str(begin + size) if begin + size < len(items) else None
    return {key: list(items[begin : begin + size]), "Marker": rest}
