"""What a run adds to a lake table."""

from dataclasses import dataclass

from spark_app.lake.catalogue import Snapshot
from spark_app.lake.ledger import Arrivals, Ledger


@dataclass(frozen=True)
class Growth:
    """What arrived, beside the ledger and the version that a run found; null before the first."""

    arrivals: Arrivals
    known: Ledger
    version: Snapshot | None
