"""Where the processes of a cloud listen."""

import contextlib
from ipaddress import IPv6Address, ip_address

import psutil

from scripts.local_cloud import RunningCloud, files


def listeners(cloud: RunningCloud) -> set[tuple[str, str]]:
    """The name of each process of the cloud with each address that it listens on now."""
    server = psutil.Process((files.read_state(cloud.folder) or {})["pid"])
    found = set()
    for process in [server, *server.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            for each in process.net_connections("inet"):
                if each.status == psutil.CONN_LISTEN:
                    found.add((process.name(), each.laddr.ip))
    return found


def is_of_this_machine(address: str) -> bool:
    """Whether nobody else reaches a listener on this address."""
    found = ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback
