"""What a user asks of one run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from spark_app.declarations import OptionValue


@dataclass(frozen=True)
class Once:
    """What a user asks of one run of a lake table, and of no other.

    `skip` names files that are left out, `accept_shrink` those that may have become shorter; each
    by its path, or the last part of it. `full`: every file is read again.
    """

    skip: tuple[str, ...] = ()
    full: bool = False
    accept_shrink: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """What is asked; nothing where nothing is."""
        asked = {"skip": [*self.skip], "full": self.full, "accept_shrink": [*self.accept_shrink]}
        return {name: value for name, value in asked.items() if value}


NOTHING = Once()


def is_asked_again(parameters: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Whether a run is asked what the last one was, beside what that one was asked alone."""
    once = {one.name for one in fields(Once)} - parameters.keys()
    return parameters == {name: value for name, value in last.items() if name not in once}


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
    once: Once = NOTHING
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
            **self.once.as_dict(),
        }
