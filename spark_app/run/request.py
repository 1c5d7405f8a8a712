"""What a user asks of one run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spark_app.declarations import OptionValue


@dataclass(frozen=True)
class Request:
    """What a user asks of a run of one job.

    `sources` says where the delivered files of each dataset lie. `options` are those of the job.
    `tolerance` is null for that of each source; `since` is a date or an ISO week, null for a full
    run; a null `region` means boto3's own. `command` is the id of the command when it runs several
    jobs, else null.
    """

    run_id: str
    sources: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    tolerance: float | None = None
    since: str | None = None
    region: str | None = None
    command: str | None = None

    def parameters(self) -> dict[str, Any]:
        """What shapes the result, and so belongs to the run's identity."""
        return {
            "sources": dict(self.sources),
            "tolerance": self.tolerance,
            "since": self.since,
            "options": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in self.options.items()
            },
        }
