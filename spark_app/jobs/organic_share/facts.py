"""What a run counted on its way: the facts that its checks judge."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa


_Known = TypeVar("_Known")


@dataclass(frozen=True)
class RowFacts:
    """The rows that were read. Counts are rows; `newest_load_at` is of good rows, without
    loads after today, and null when there is none.

    `footer_rows_count` is what the files hold, null when older rows were left out on purpose.
    `organic_count` and `future_count` are good rows. `contradictions` are channels in words,
    `channels` the names of good rows, `bad_redelivery_count` good rows with a later bad delivery.
    """

    rows_count: int
    footer_rows_count: int | None
    broken_counts: Mapping[str, int]
    quarantined_count: int
    organic_count: int
    future_count: int
    newest_load_at: datetime | None
    channels: frozenset[str] = frozenset()
    contradictions: tuple[str, ...] = ()
    bad_redelivery_count: int = 0


@dataclass(frozen=True)
class DayFacts:
    """The days of good rows after deduplication: what counts, and the roll-ups beside them.

    `organic_count` and `paid_count` are new users of the days that count; `days_count` is how many
    (day, country) those are, `first_day` and `last_day` their span (null when there are none).
    `rollups_count` is how many (day, country) have all three platforms.
    """

    days_count: int
    countries: frozenset[str]
    first_day: date | None
    last_day: date | None
    organic_count: int
    paid_count: int
    rollups_count: int
    differing_rollups_count: int


@dataclass(frozen=True)
class GridFacts:
    """What staging must hold, counted apart from the frames that build it; counts are new users."""

    countries_count: int
    weeks: tuple[date, ...]
    organic_count: int
    paid_count: int


@dataclass(frozen=True)
class Facts:
    """All facts of a run so far. Asking for a part that the run has not reached raises LookupError.

    `delivery` gives, for each contract check, what broke it, in words. `published` is the table
    that readers see now, null before the first publication.
    """

    tolerance: float
    today: date
    delivery: Mapping[str, str]
    rows_found: RowFacts | None = None
    days_found: DayFacts | None = None
    grid_wanted: GridFacts | None = None
    staging_built: "pa.Table | None" = None
    final_built: "pa.Table | None" = None
    published: "pa.Table | None" = None

    @property
    def rows(self) -> RowFacts:
        return _known(self.rows_found)

    @property
    def days(self) -> DayFacts:
        return _known(self.days_found)

    @property
    def grid(self) -> GridFacts:
        return _known(self.grid_wanted)

    @property
    def staging(self) -> "pa.Table":
        return _known(self.staging_built)

    @property
    def final(self) -> "pa.Table":
        return _known(self.final_built)


def _known(fact: _Known | None) -> _Known:
    if fact is None:
        raise LookupError("the run did not come this far")
    return fact
