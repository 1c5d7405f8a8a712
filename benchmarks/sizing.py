"""What a run costs on a cluster, calculated from the slope that was measured here.

A run is a fixed time (cluster, session, small queries) and a pass over the rows, which cores share.
Assumed, not measured: a vCPU of the cluster does what a core here did, and S3 delivers in time.

    python -m benchmarks.sizing
"""

from dataclasses import dataclass
from pathlib import Path

from spark_app.emr import prices

RESULTS = Path(__file__).with_name("RESULTS.md")
CORES = 2  # of the machine of the results
SMALL, LARGE = ("50M", 50e6), ("500M", 500e6)
BYTES_PER_ROW = 434 * 2**20 / 500e6  # of the generated data of 500 M rows, as Parquet
REGION = "eu-central-1"
GB = 1e9


@dataclass(frozen=True)
class Nodes:
    """Nodes of one kind. `is_spot`: they are paid at the Spot estimate."""

    type: str
    count: int
    is_spot: bool = False


@dataclass(frozen=True)
class Cluster:
    """A profile as `submit` launches it on Graviton, and the vCPUs that do the pass."""

    profile: str
    nodes: tuple[Nodes, ...]
    vcpus: int


SINGLE = Cluster("single", (Nodes("m7g.xlarge", 1),), 4)
STANDARD = Cluster(
    "standard",
    (Nodes("m7g.xlarge", 1), Nodes("m7g.2xlarge", 2), Nodes("m7g.2xlarge", 4, is_spot=True)),
    48,
)
LARGE_PROFILE = Cluster(
    "large",
    (Nodes("m7g.2xlarge", 1), Nodes("m7g.4xlarge", 4), Nodes("m7g.4xlarge", 12, is_spot=True)),
    256,
)
SIZES = ((1, SINGLE), (100, STANDARD), (10_000, LARGE_PROFILE))


def seconds_of(size: str, results: str) -> float:
    """The median seconds of this job with everything on, as the results say."""
    section = results.split(f"<!-- bench:{size} -->")[1].split("<!-- /bench", maxsplit=1)[0]
    row = next(line for line in section.split("\n") if line.startswith("| this job, everything on"))
    return float(row.split("|")[2])


def core_seconds_per_row(results: str) -> float:
    """The slope between the two sizes: what one more row costs."""
    (small, fewer), (large, more) = SMALL, LARGE
    return CORES * (seconds_of(large, results) - seconds_of(small, results)) / (more - fewer)


def minutes(gigabytes: float, cluster: Cluster, results: str) -> float:
    """Start and end of the cluster, the fixed part of a run, and the pass."""
    slope = core_seconds_per_row(results)
    rows = gigabytes * GB / BYTES_PER_ROW
    fixed = seconds_of(SMALL[0], results) - slope * SMALL[1] / CORES
    return prices.START_MINUTES + (fixed + slope * rows / cluster.vcpus) / 60


def hourly_usd(cluster: Cluster) -> float:
    """List prices of EC2 and EMR, Spot at its estimate."""
    table = prices.table()
    known = table["region"][REGION]
    share = {False: 1.0, True: float(table["spot_share"])}
    usd: float = sum(
        node.count
        * (known[node.type]["ec2_usd"] * share[node.is_spot] + known[node.type]["emr_usd"])
        for node in cluster.nodes
    )
    return usd


def sizing(results: str) -> str:
    """A Markdown table: raw data, rows, cluster, minutes and USD of one run."""
    lines = ["| raw data | rows | cluster | minutes | USD |", "|---:|---:|---|---:|---:|"]
    for gigabytes, cluster in SIZES:
        took = minutes(gigabytes, cluster, results)
        usd = hourly_usd(cluster) * took / 60
        rows = gigabytes * GB / BYTES_PER_ROW / 1e9
        size = f"{gigabytes} GB" if gigabytes < 1000 else f"{gigabytes / 1000:g} TB"
        lines.append(
            f"| {size} | {rows:,.0f} billion | `{cluster.profile}`: {_in_words(cluster)} "
            f"| {took:,.0f} | {usd:,.2f} |"
        )
    return "\n".join(lines)


def _in_words(cluster: Cluster) -> str:
    return ", ".join(
        f"{node.count} {node.type}{' on Spot' if node.is_spot else ''}" for node in cluster.nodes
    )


if __name__ == "__main__":
    print(sizing(RESULTS.read_text()))
