"""The hint at what files hold in some columns."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from spark_app.errors import Unusable
from spark_app.jobs.organic_share.channels import known_slots
from spark_app.jobs.organic_share.counts import CHANNEL, Channel
from spark_app.jobs.organic_share.fast import grouped, is_alarmed
from spark_app.jobs.organic_share.raw import INSTALLS
from spark_app.lake.store import Disk
from spark_app.quality.standard import rules_of
from spark_app.sources import sampling
from spark_app.sources.contract import inspect_footer
from spark_app.sources.files import read_files
from spark_app.sources.sampling import sample
from tests.builders import A_DAY, DEFAULTS, raw_row, raw_table


class Far(Disk):
    """A disk of which two parts may be read."""

    hint_reads = 2


def write(path: Path, *groups: Sequence[str]) -> Path:
    """A file whose row groups hold these names; each name's token is it in capitals."""
    schema = pa.schema([("name", pa.string()), ("token", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for names in groups:
            tokens = [name.upper() for name in names]
            writer.write_table(pa.table([list(names), tokens], schema=schema))
    return path


def sampled(folder: Path, store: Disk | None = None) -> list[str]:
    used = store or Disk()
    rows = sample(used.find(str(folder)), ("name", "token"), used)
    assert all(token == name.upper() for name, token in rows)
    return sorted(name for name, _ in rows)


def test_every_row_group_of_every_file_is_looked_at(tmp_path: Path) -> None:
    write(tmp_path / "1.parquet", ["a", "a"], ["b"], ["c", "b"])
    write(tmp_path / "2.parquet", ["a"], ["a"], ["d"])
    assert sampled(tmp_path) == ["a", "b", "c", "d"]


def test_where_reading_is_dear_the_footers_bounds_tell_of_the_rest(tmp_path: Path) -> None:
    write(tmp_path / "1.parquet", ["a", "e"], ["a", "c"], ["a", "e"], ["b", "a", "e"])
    assert sampled(tmp_path, Far()) == ["a", "c", "e"]


def test_where_reading_is_dear_files_are_spread_evenly(tmp_path: Path) -> None:
    for name in "abcd":
        write(tmp_path / f"{name}.parquet", [name])
    assert sampled(tmp_path, Far()) == ["a", "c"]


def test_it_ends_when_there_are_too_many_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "MOST_VALUES", 1)
    write(tmp_path / "1.parquet", ["a"], ["b"], ["c"], ["d"])
    assert sampled(tmp_path) == ["a", "b"]


def test_a_number_is_looked_for_as_well(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1, 2, 2]}), tmp_path / "1.parquet", row_group_size=1)
    assert sample(Disk().find(str(tmp_path)), ("n",), Disk()) == [(1,), (2,)]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("store", [Disk(), Far()])
def test_text_that_is_not_utf_8_is_no_hint(place: int, store: Disk, tmp_path: Path) -> None:
    latin = pa.array([b"caf\xe9"]).view(pa.string())
    columns = [latin if i == place else pa.array(["a"]) for i in range(2)]
    odd = pa.table(columns, schema=pa.schema([("name", pa.string()), ("token", pa.string())]))
    with pq.ParquetWriter(tmp_path / "1.parquet", odd.schema) as writer:
        for _ in range(4):
            writer.write_table(odd)
    write(tmp_path / "2.parquet", ["b"])
    assert sampled(tmp_path, store) == ["b"]


def test_where_reading_is_dear_few_row_groups_are_asked(tmp_path: Path) -> None:
    write(tmp_path / "1.parquet", *("abcdefgh"))
    assert len(sampled(tmp_path, Far())) == Far.hint_reads


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "1.parquet", ["a"])
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * 40 + content[44:])
    with pytest.raises(Unusable, match=r"1\.parquet is damaged .*; deliver it again"):
        sampled(tmp_path)


def test_row_groups_of_one_channel_each_alarm_no_day(spark: SparkSession, tmp_path: Path) -> None:
    rows = [raw_row(A_DAY, name=f"channel {i}", country=c) for i in range(70) for c in ("DE", "US")]
    path = str(tmp_path / "1.parquet")
    pq.write_table(raw_table(rows), path, row_group_size=2)
    channels = [Channel(*row) for row in sample(Disk().find(path), CHANNEL, Disk())]
    files = [inspect_footer(INSTALLS, path, path)]
    raw = read_files(spark, INSTALLS, files, bytes_count=1)
    groups = grouped(raw, rules_of(INSTALLS, DEFAULTS), known_slots(channels))
    assert groups.where(is_alarmed()).count() == 0
