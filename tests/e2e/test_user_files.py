"""Files that break readers: a run reads them, or says in one line which one it cannot read."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e import raw_files
from tests.e2e.conftest import Run
from tests.e2e.in_process import App
from tests.e2e.process import JOB, expect_error
from tests.e2e.raw_files import row


def rewritten(path: Path, **options: object) -> Path:
    """The same file, written in another way."""
    pq.write_table(pq.read_table(path), path, **options)
    return path


def test_a_column_that_comes_twice_shuts_the_gate(run_here: Run, small: Path) -> None:
    table = pq.read_table(small)
    pq.write_table(table.append_column("name", table["name"]), small)
    ended = run_here(small, small.parent / "lake")
    expect_error(ended, 3, f"file {small}, column name", "found 2 columns of that name")


def test_a_flipped_bit_is_found_where_the_writer_left_checksums(run_here: Run, small: Path) -> None:
    plain = {"write_page_checksum": True, "compression": "none", "use_dictionary": ["name"]}
    with pq.ParquetFile(rewritten(small, **plain)) as file:
        chunk = file.metadata.row_group(0).column(1)
    content = bytearray(small.read_bytes())
    content[chunk.data_page_offset + chunk.total_compressed_size - 5] ^= 1
    small.write_bytes(content)
    ended = run_here(small, small.parent / "lake")
    expect_error(ended, 2, small, "is damaged (a checksum is wrong)", "deliver it again")


def test_a_codec_that_spark_lacks_is_named(run_here: Run, small: Path) -> None:
    ended = run_here(rewritten(small, compression="brotli"), small.parent / "lake")
    expect_error(ended, 2, small, "BROTLI", "which Spark cannot read; write it with zstd or snappy")


def test_a_hidden_file_that_is_named_outright_is_refused(run_here: Run, small: Path) -> None:
    hidden = small.rename(small.parent / "_installs.parquet")
    ended = run_here(hidden, small.parent / "lake")
    expect_error(ended, 2, hidden, "has a name that readers pass over", "rename it")


def test_the_folder_of_a_delta_table_is_refused(run_here: Run, small: Path) -> None:
    (small.parent / "_delta_log").mkdir()
    (small.parent / "_delta_log" / f"{0:020}.json").touch()
    ended = run_here(small.parent, small.parent.parent / "lake")
    expect_error(ended, 2, f"{small.parent} is a Delta table", "export its rows")


def test_organic_in_another_case_is_hinted_at(run_here: Run, small: Path) -> None:
    rows = [row(name="organic"), row(name="Ads")]
    ended = run_here(raw_files.write(small, rows), small.parent / "lake")
    expect_error(ended, 3, "no good row is of Organic; there is 'organic'")


@pytest.mark.parametrize("arguments", [("run", JOB), ("run",)])
def test_a_glob_that_the_shell_expanded_is_told_to_be_quoted(
    arguments: tuple[str, ...], app_here: App, tmp_path: Path
) -> None:
    expanded = ("--source", "in/a.parquet", "in/b.parquet")
    ended = app_here(*arguments, *expanded, "--lake", "lake", cwd=tmp_path)
    expect_error(ended, 2, "in/b.parquet", "put a glob in quotes ('exports/*.parquet')")


def test_integers_of_a_warehouse_in_odd_names_and_encodings_are_read(
    run_here: Run, small: Path, tmp_path: Path
) -> None:
    table, odd = pq.read_table(small), tmp_path / "odd"
    value = table["value"].cast(pa.int64()).cast(pa.decimal128(38, 0))
    for year, first, count in (("2020", 0, 100), ("2021", 100, None)):
        part = table.set_column(1, "value", value).slice(first, count)
        path = odd / year / f"report [{year}-10-05T00:00:00] (1).parquet"
        path.parent.mkdir(parents=True)
        encodings = {"start_date": "BYTE_STREAM_SPLIT"}
        pq.write_table(part, path, use_dictionary=False, column_encoding=encodings)
    ended = run_here(f"file://{odd}/{{2020,2021}}/*.parquet", tmp_path / "lake")
    assert ended.code == 0, ended.err
    assert f"{table.num_rows} rows in  {table.num_rows:>12} out" in ended.err.splitlines()[0]
