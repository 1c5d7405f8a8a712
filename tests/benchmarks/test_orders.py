"""The same rows in another order."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import orders
from benchmarks.generate import Shape, generate
from benchmarks.orders import ORDERS, write_in_order

KEY = ["start_date", "country", "os_name", "name", "dataplatform_inserted_at"]


def read(folder: Path) -> pa.Table:
    return pa.concat_tables(pq.read_table(path) for path in sorted(folder.iterdir()))


@pytest.fixture(scope="module")
def by_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate(Shape(4, 5, 40, redelivered=0.2), folder)
    return folder


@pytest.mark.parametrize("order", ORDERS)
def test_another_order_keeps_every_row_and_its_types(
    by_key: Path, tmp_path: Path, order: str
) -> None:
    count = write_in_order(by_key, order, tmp_path / order)
    found, expected = read(tmp_path / order), read(by_key)
    assert (count, found.schema) == (expected.num_rows, expected.schema)
    whole = [(column, "ascending") for column in KEY]
    assert not found.equals(expected)
    assert found.sort_by(whole).equals(expected.sort_by(whole))


def test_by_channel_a_channels_rows_lie_together(by_key: Path, tmp_path: Path) -> None:
    write_in_order(by_key, "channel", tmp_path / "out")
    names = read(tmp_path / "out")["name"].to_pylist()
    assert names == sorted(names)


def test_rows_are_spread_over_files(
    by_key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "ROW_GROUP_ROWS", 100)
    write_in_order(by_key, "channel", tmp_path / "out")
    assert 1 < len(list((tmp_path / "out").iterdir())) <= orders.FILES
