"""Generated events of devices (JSON lines) and of an app (CSV), of any size.

A row follows from its number alone, so that a size is a prefix of a larger one. Devices: one folder
a day and channel, `brand/tracker/channel/year/month/day/`, lines of 400 to 700 bytes with the
promised keys and 15 others. App: one file a day. One row in a hundred is delivered once more in the
file of the next channel or part, byte for byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

FIRST_DAY = date(2024, 1, 1)
CHANNELS = tuple(
    f"{brand}/hydra/{channel}"
    for brand in ("olx", "letgo", "dubizzle")
    for channel in ("android", "ios", "web")
)[:7]
LINE_BYTES = 546
COPIES = 100  # one row of so many is delivered twice

_LINE = """
'{"meta":{"date":"' || strftime(moment, '%Y-%m-%d %H:%M:%S') ||
'","session_long":"' || device || '","host":"' || md5('h' || i) ||
'","build":"' || (h % 977) || '.' || (h % 31) ||
'","locale":"' || ['en_GB', 'pl_PL', 'pt_BR', 'id_ID'][1 + h % 4] ||
'","received":' || (1700000000000 + i) ||
',"is_debug":' || (h % 2 = 0) ||
'},"params":{"cc":"' || ['PL', 'PT', 'BR', 'ID', 'IN', 'ZA'][1 + h % 6] ||
'","user_id":' || CASE WHEN h % 5 = 0 THEN 'null' ELSE '"' || (h % 3000000) || '"' END ||
',"long":"' || printf('%.6f', (h % 360000000) / 1e6 - 180) ||
'","lat":"' || printf('%.6f', (h % 180000000) / 1e6 - 90) ||
'","event":"' || ['home', 'listing', 'item_view', 'reply', 'search'][1 + h % 5] ||
'","item":' || (h % 90000000) ||
',"price":' || printf('%.2f', (h % 500000) / 100) ||
',"query":"' || repeat('word ' || (h % 97) || ' ', CAST(h % 17 AS INTEGER)) ||
'","ab":["a' || (h % 7) || '","b' || (h % 11) || '"],"network":"' || ['wifi', '4g'][1 + h % 2] ||
'","screen":{"w":' || (320 + h % 1000) || ',"h":' || (480 + h % 2000) ||
'},"os":"' || (h % 14) || '.0","referrer":"https://example.com/' || md5('r' || h % 5000) || '"}}'
"""
_DEVICE_EVENTS = f"""
COPY (
    SELECT {_LINE} AS line
    FROM (
        SELECT i, CAST(hash(i) >> 1 AS BIGINT) AS h, md5('d' || (hash(i * 7) % 400000)) AS device,
               TIMESTAMP '{{day}}'
                   + to_seconds(CAST(CAST(hash(i) >> 8 AS BIGINT) % 86400 AS INTEGER)) AS moment
        FROM (
            SELECT i FROM range({{first}}, {{last}}) t(i)
            UNION ALL
            SELECT i FROM range({{first}} - {{count}}, {{first}}) t(i)
            WHERE {{has_copies}} AND i % {COPIES} = 0
        )
    )
) TO '{{file}}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')
"""
_APP_EVENTS = f"""
COPY (
    SELECT md5('u' || (hash(i * 3) % {{users}})) AS identity_adid,
           ['android', 'ios'][1 + h % 2] AS os,
           'model ' || (h % 300) AS model,
           ['KR', 'JP', 'US', 'TW'][1 + h % 4] AS country,
           CASE WHEN h % 40 = 0 THEN 'purchase'
                ELSE ['open', 'view', 'search', 'cart'][1 + h % 4] END AS event_name,
           CAST(i AS VARCHAR) AS log_id,
           strftime(TIMESTAMP '{{day}}'
                    + to_microseconds(CAST(hash(i) >> 8 AS BIGINT) % 86400000000),
                    '%Y-%m-%d %H:%M:%S.%f') AS server_datetime,
           CASE WHEN h % 40 = 0 THEN 1 + h % 3 END AS quantity,
           CASE WHEN h % 40 = 0 THEN printf('%.2f', (h % 900000) / 100) END AS price
    FROM (
        SELECT i, CAST(hash(i) >> 1 AS BIGINT) AS h
        FROM (
            SELECT i FROM range({{first}}, {{last}}) t(i)
            UNION ALL
            SELECT i FROM range({{first}}, {{last}}) t(i) WHERE i % {COPIES} = 0
        )
    )
) TO '{{file}}' (FORMAT csv, HEADER false)
"""


@dataclass(frozen=True)
class DeviceShape:
    """So many megabytes of JSON over so many days, each in the folders of all channels."""

    megabytes: int
    days: int
    first_day: date = FIRST_DAY

    @property
    def lines_per_file(self) -> int:
        """Without the copies."""
        return self.megabytes * 1_000_000 // (LINE_BYTES * self.days * len(CHANNELS))


@dataclass(frozen=True)
class AppShape:
    """So many rows over so many days, one file each."""

    rows: int
    days: int
    first_day: date = FIRST_DAY


def device_events(shape: DeviceShape, folder: Path) -> None:
    """Write the files of a shape below a folder that is not there yet."""
    count = shape.lines_per_file
    for day, path, number in _channel_days(shape):
        file = folder / path / f"{day:%Y/%m/%d}" / "events.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        has_copies = str(path != CHANNELS[0]).lower()
        first = number * count
        _copy(
            _DEVICE_EVENTS,
            day=day,
            first=first,
            last=first + count,
            count=count,
            has_copies=has_copies,
            file=file,
        )


def app_events(shape: AppShape, folder: Path) -> None:
    """Write the files of a shape into a folder that is not there yet."""
    folder.mkdir(parents=True)
    count = shape.rows // shape.days
    for nth in range(shape.days):
        day = shape.first_day + timedelta(nth)
        first = (day - FIRST_DAY).days * count
        file = folder / f"events-{day}.csv"
        users = max(1, shape.rows // 100)
        _copy(_APP_EVENTS, day=day, first=first, last=first + count, users=users, file=file)


def _channel_days(shape: DeviceShape) -> Iterator[tuple[date, str, int]]:
    for nth in range(shape.days):
        day = shape.first_day + timedelta(nth)
        for at, path in enumerate(CHANNELS):
            yield day, path, (day - FIRST_DAY).days * len(CHANNELS) + at


def _copy(statement: str, **values: object) -> None:
    named = statement
    for name, value in values.items():
        named = named.replace(f"{{{name}}}", str(value))
    duckdb.sql(named)
