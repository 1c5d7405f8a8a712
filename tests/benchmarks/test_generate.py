"""The generated data are what the benchmarks say they are."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.generate import LAST_DATE, Shape, World, channel_names, generate, shape_for

SMALL = Shape(countries_count=4, channels_count=5, days_count=40)
KEY = ["start_date", "country", "os_name", "name"]


def rows_of(folder: Path) -> pa.Table:
    return pa.concat_tables(pq.read_table(path) for path in sorted(folder.iterdir()))


def keys_of(table: pa.Table) -> list[tuple[object, ...]]:
    return list(zip(*(table[column].to_pylist() for column in KEY), strict=True))


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    folder = tmp_path_factory.mktemp("raw")
    generate(SMALL, folder)
    return rows_of(folder)


@pytest.mark.parametrize("redelivered", [0.0, 0.2])
def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, redelivered: float) -> None:
    shape = Shape(4, 5, 40, seed=7, redelivered=redelivered)
    for name in ("a", "b"):
        generate(shape, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["installs-2024-11.parquet", "installs-2024-12.parquet"]
    assert all(
        (tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files
    )


def test_another_seed_writes_other_values(raw: pa.Table, tmp_path: Path) -> None:
    generate(Shape(4, 5, 40, seed=2), tmp_path / "other")
    assert rows_of(tmp_path / "other")["value"].to_pylist() != raw["value"].to_pylist()


def test_columns_have_the_types_of_the_raw_schema(raw: pa.Table) -> None:
    types = {field.name: str(field.type) for field in raw.schema}
    assert list(types.items()) == [
        ("name", "string"),
        ("value", "double"),
        ("start_date", "date32[day]"),
        ("end_date", "date32[day]"),
        ("year_week", "string"),
        ("has_subtrackers", "bool"),
        ("token", "string"),
        ("dataplatform_inserted_at", "timestamp[us, tz=UTC]"),
        ("country", "string"),
        ("os_name", "string"),
    ]


def test_every_key_is_there_once_and_in_order(raw: pa.Table) -> None:
    keys = keys_of(raw)
    assert len(set(keys)) == len(keys) == 4 * 3 * 5 * 40
    by_channel = {name: i for i, name in enumerate(channel_names(5))}
    assert keys == sorted(keys, key=lambda key: (*key[:3], by_channel[str(key[3])]))


def test_year_week_is_the_iso_week_also_across_new_year(tmp_path: Path) -> None:
    generate(Shape(2, 2, 5 * 366), tmp_path)
    raw = rows_of(tmp_path)
    weeks = dict(zip(raw["start_date"].to_pylist(), raw["year_week"].to_pylist(), strict=True))
    assert weeks[date(2021, 1, 3)] == "2020_53"
    assert weeks[date(2021, 1, 4)] == "2021_01"
    assert all(
        week == f"{d.isocalendar().year}_{d.isocalendar().week:02}" for d, week in weeks.items()
    )


def test_values_are_whole_numbers_and_all_is_ios_plus_android(raw: pa.Table) -> None:
    values = dict(zip(keys_of(raw), raw["value"].to_pylist(), strict=True))
    assert all(value >= 0 and value == int(value) for value in values.values())
    for (day, country, os_name, name), value in values.items():
        if os_name == "all":
            assert (
                value == values[day, country, "ios", name] + values[day, country, "android", name]
            )


def test_each_name_has_one_token_and_each_token_one_name() -> None:
    world = World(Shape(2, 600, 1))
    assert len(set(world.channels)) == len(set(world.tokens)) == len(world.has_subtrackers) == 600
    assert world.channels.count("Organic") == 1


def test_a_longer_history_ends_with_the_same_days(raw: pa.Table, tmp_path: Path) -> None:
    generate(Shape(4, 5, 10), tmp_path)
    short = rows_of(tmp_path)
    assert raw.slice(raw.num_rows - short.num_rows).equals(short)


def test_the_redelivered_share_comes_later_and_never_in_the_same_load(tmp_path: Path) -> None:
    shape = Shape(20, 20, 60, redelivered=0.05)
    generate(shape, tmp_path)
    raw = rows_of(tmp_path)
    keys_count = shape.rows_per_day * shape.days_count
    keys = keys_of(raw)
    assert len(set(keys)) == keys_count
    assert (len(keys) - keys_count) / keys_count == pytest.approx(0.05, rel=0.1)
    loads = raw["dataplatform_inserted_at"].to_pylist()
    assert len(set(zip(keys, loads, strict=True))) == len(keys)


@pytest.mark.parametrize(
    ("rows", "channels"), [(1_000_000, 60), (50_000_000, 60), (500_000_000, 600)]
)
def test_a_shape_has_about_the_rows_asked_for(rows: int, channels: int) -> None:
    shape = shape_for(rows, channels=channels)
    assert shape.rows_per_day * shape.days_count == pytest.approx(rows, rel=0.01)
    assert shape.countries_count <= 250


def test_rows_per_day_do_not_depend_on_the_years() -> None:
    one, four = (shape_for(2_000_000 * years, days=365 * years) for years in (1, 4))
    assert one.rows_per_day == four.rows_per_day
    assert one.first_date > four.first_date
    assert LAST_DATE.weekday() == 6


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(SystemExit, match="not empty"):
        generate(SMALL, tmp_path)
