"""Sound files in unusual shapes, and files that look sound: what is read, and what is refused."""

import base64
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest
from pyspark.sql import SparkSession

from spark_app.declarations import Column, Files, Parquet
from spark_app.errors import AppError, GateShut, Unusable
from spark_app.jobs.organic_share.raw import INSTALLS
from spark_app.lake.store import Disk, StoredFile
from spark_app.sources import contract, files
from spark_app.sources.readable import require_readable
from spark_app.sources.sampling import sample
from spark_app.spark import failures
from tests.builders import raw_table
from tests.unit.computing import MANY, computing
from tests.unit.stored_files import a_row, inspected, read, with_array, write

NAMES = [column.name for column in INSTALLS.columns]


def refusal(spark: SparkSession, path: Path, source: Files = INSTALLS) -> AppError | None:
    """The expected error of a run that reads the file."""
    try:
        read(spark, path, source=source).collect()
    except Exception as error:
        return failures.explain(error, lambda: None)
    return None


def promising(kind: str) -> Files:
    return Files("numbers", Parquet(), columns=(Column("n", kind, "a number"),))


# Columns


@pytest.mark.parametrize("name", NAMES)
def test_a_promised_column_that_comes_twice_is_named(name: str, tmp_path: Path) -> None:
    table = raw_table([a_row()])
    twice = pa.table([*table.columns, table[name]], names=[*table.column_names, name])
    path = write(twice, tmp_path / "joined.parquet")
    found = contract.findings(inspected(path))["types_kept"]
    assert found.failed == 1
    assert found.detail.startswith(f"file {path}, column {name}: expected ")
    assert found.detail.endswith(", found 2 columns of that name")


def test_further_columns_may_come_twice_and_differ_in_case_only(
    spark: SparkSession, tmp_path: Path
) -> None:
    table = raw_table([a_row()])
    other = pa.array(["other"])
    names = [*table.column_names, "Name", "NAME", "cost", "cost"]
    path = write(pa.table([*table.columns, *[other] * 4], names=names), tmp_path / "joined.parquet")
    assert read(spark, path).toArrow().to_pylist() == [a_row()]
    assert sample(Disk().find(str(path)), ("name",), Disk()) == [("Organic",)]
    found = contract.findings(inspected(path))
    assert (found["types_kept"].failed, found["columns_present"].failed) == (0, 0)


# Checksums, codecs, encodings, encryption


def flip_a_bit(path: Path, column: str) -> None:
    with pq.ParquetFile(path) as file:
        chunk = file.metadata.row_group(0).column(file.schema_arrow.names.index(column))
    content = bytearray(path.read_bytes())
    content[chunk.data_page_offset + chunk.total_compressed_size - 1] ^= 1
    path.write_bytes(content)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A file with checksums, and with a value and a name that are not what they were."""
    table = raw_table([a_row()] * 9)
    plain: dict[str, Any] = {"use_dictionary": False, "compression": "none"}
    path = write(table, tmp_path / "damaged.parquet", write_page_checksum=True, **plain)
    flip_a_bit(path, "value")
    flip_a_bit(path, "name")
    return path


@pytest.mark.parametrize("reader", [set(), {"BYTE_STREAM_SPLIT"}])
def test_a_page_that_differs_from_its_checksum_is_refused_by_both_readers_of_spark(
    reader: set[str], spark: SparkSession, damaged: Path
) -> None:
    files.choose_reader(spark, [contract.DeliveredFile("any", 1, 1, (), frozenset(reader))])
    with computing(spark, MANY):
        error = refusal(spark, damaged)
    files.choose_reader(spark, [])
    assert isinstance(error, Unusable)
    assert str(error).startswith(f"{damaged} is damaged (a checksum is wrong); deliver it again")


def test_a_page_that_differs_from_its_checksum_is_refused_by_the_sample(damaged: Path) -> None:
    with pytest.raises(Unusable, match=r"damaged\.parquet is damaged .*CRC.*; deliver it again"):
        sample(Disk().find(str(damaged)), ("name",), Disk())


def test_a_codec_that_spark_does_not_have_is_named_with_what_to_write(tmp_path: Path) -> None:
    path = write(raw_table([a_row()]), tmp_path / "x.parquet", compression={"token": "brotli"})
    said = (
        rf"{path} is compressed with BROTLI \(column token\), which Spark cannot read; write it "
        "with zstd or snappy"
    )
    with pytest.raises(Unusable, match=said):
        inspected(path)


def test_the_codec_of_a_further_column_does_not_matter(spark: SparkSession, tmp_path: Path) -> None:
    table = raw_table([a_row()]).append_column("cost", pa.array([1.5]))
    path = write(table, tmp_path / "x.parquet", compression={"cost": "brotli"})
    assert read(spark, path).count() == 1


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "lz4"])
def test_the_codecs_that_spark_has_are_read(
    codec: str, spark: SparkSession, tmp_path: Path
) -> None:
    path = write(raw_table([a_row()] * 99), tmp_path / "x.parquet", compression=codec)
    assert read(spark, path).toArrow().to_pylist() == [a_row()] * 99


def encodings(**columns: str) -> dict[str, Any]:
    return {"use_dictionary": False, "column_encoding": columns}


@pytest.mark.parametrize(
    ("options", "is_in_batches"),
    [
        ({}, True),
        (encodings(token="DELTA_BYTE_ARRAY", name="DELTA_LENGTH_BYTE_ARRAY"), True),
        (encodings(start_date="DELTA_BINARY_PACKED", has_subtrackers="RLE"), True),
        (encodings(value="BYTE_STREAM_SPLIT"), False),
        (encodings(start_date="BYTE_STREAM_SPLIT"), False),
    ],
)
def test_every_encoding_is_read_and_only_those_that_need_it_slowly(
    options: dict[str, Any], is_in_batches: bool, spark: SparkSession, tmp_path: Path
) -> None:
    rows = [a_row(value=float(i)) for i in range(99)]
    path = write(raw_table(rows), tmp_path / "x.parquet", **options)
    files.choose_reader(spark, inspected(path))
    with computing(spark, MANY):
        frame = read(spark, path)
        assert frame.toArrow().to_pylist() == rows
        plan = frame._jdf.queryExecution().executedPlan().toString()
    assert ("Batched: true" in plan) == is_in_batches
    files.choose_reader(spark, [])


class Keys(pe.KmsClient):  # type: ignore[misc]
    """Keys that are no secrets."""

    def wrap_key(self, key_bytes: bytes, _: str) -> bytes:
        return base64.b64encode(key_bytes)


@pytest.mark.parametrize("is_plain_footer", [True, False])
def test_an_encrypted_file_is_refused_for_what_it_is(is_plain_footer: bool, tmp_path: Path) -> None:
    path, table = tmp_path / "secret.parquet", raw_table([a_row()])
    asked = pe.EncryptionConfiguration(
        footer_key="footer", column_keys={"column": ["token"]}, plaintext_footer=is_plain_footer
    )
    factory = pe.CryptoFactory(lambda _: Keys())
    properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), asked)
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    said = rf"{path} is encrypted, which Spark cannot read; write it without encryption"
    with pytest.raises(Unusable, match=said):
        inspected(path)


def test_a_footer_longer_than_what_is_read_at_first_is_read(tmp_path: Path) -> None:
    table = raw_table([a_row()] * 300)
    path = write(table, tmp_path / "groups.parquet", row_group_size=1)
    assert pq.read_metadata(path).serialized_size > 2**16
    assert inspected(path)[0].rows_count == 300


# Types


@pytest.mark.parametrize(
    ("promised", "ends"),
    [
        ("double", [-(2**53), 2**53]),
        ("bigint", [-(2**63), 2**63 - 1]),
        ("int", [-(2**31), 2**31 - 1]),
    ],
)
def test_decimals_without_a_fraction_are_integers_as_far_as_they_fit(
    promised: str, ends: list[int], spark: SparkSession, tmp_path: Path
) -> None:
    source = promising(promised)

    def written(*numbers: int | None) -> Path:
        stored = pa.array([None if n is None else Decimal(n) for n in numbers])
        table = pa.table({"n": stored.cast(pa.decimal128(38, 0))})
        return write(table, tmp_path / f"n{numbers}.parquet")

    found = read(spark, written(*ends, 7, None), source=source)
    assert found.dtypes == [("n", promised)]
    assert [row["n"] for row in found.collect()] == [*ends, 7, None]
    for beyond in (ends[0] - 1, ends[1] + 1):
        error = refusal(spark, written(beyond), source)
        assert isinstance(error, GateShut)
        assert f"column n: the integer {beyond} is beyond 2^" in str(error)


@pytest.mark.parametrize("digits", [1, 9, 18, 19])
def test_decimals_of_any_width_are_integers(
    digits: int, spark: SparkSession, tmp_path: Path
) -> None:
    stored = pa.array([Decimal(7)], pa.decimal128(digits, 0))
    narrow = pa.array([7], pa.int64()).cast(pa.decimal128(19, 0)).cast(pa.decimal128(digits, 0))
    delta = encodings(n="DELTA_BYTE_ARRAY")
    for i, options in enumerate(({}, delta, {"store_decimal_as_integer": True})):
        path = write(pa.table({"n": stored if i else narrow}), tmp_path / f"{i}.parquet", **options)
        assert read(spark, path, source=promising("bigint")).collect()[0]["n"] == 7


@pytest.mark.parametrize("stored", [pa.decimal128(9, 1), pa.decimal256(39, 0)])
def test_decimals_with_a_fraction_or_too_wide_for_spark_are_refused(
    stored: pa.DataType, tmp_path: Path
) -> None:
    path = write(pa.table({"n": pa.array([Decimal(7)], stored)}), tmp_path / "n.parquet")
    finding = contract.findings(inspected(path, source=promising("double")))["types_kept"]
    assert "column n: expected double, found FIXED_LEN_BYTE_ARRAY DECIMAL" in finding.detail


def test_an_enum_is_text(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "enum.parquet"
    write_enum(spark, path, ["DE", "Ä"])
    source = Files("places", Parquet(), columns=(Column("country", "string", "a country"),))
    assert [row["country"] for row in read(spark, path, source=source).collect()] == ["DE", "Ä"]
    sampled = sample(Disk().find(str(path)), ("country",), Disk())
    assert sorted(sampled) == [("DE",), ("Ä",)]


def write_enum(spark: SparkSession, path: Path, values: list[str]) -> None:
    """A file as Java's writers make it: neither pyarrow nor Spark writes an ENUM."""
    java: Any = spark._jvm
    parquet = java.org.apache.parquet
    kind = parquet.schema.MessageTypeParser.parseMessageType(
        "message places { optional binary country (ENUM); }"
    )
    target = java.org.apache.hadoop.fs.Path(str(path))
    writer = parquet.hadoop.example.ExampleParquetWriter.builder(target).withType(kind).build()
    for value in values:
        row = parquet.example.data.simple.SimpleGroupFactory(kind).newGroup()
        writer.write(row.append("country", value))
    writer.close()


@pytest.mark.parametrize("name", ["installs (1).parquet", "März [2:3] (a) b.parquet"])
def test_the_file_of_a_value_that_would_change_is_named_whole(
    name: str, spark: SparkSession, tmp_path: Path
) -> None:
    table = with_array(raw_table([a_row()]), "value", pa.array([2**53 + 1]))
    path = write(table, tmp_path / name)
    error = refusal(spark, path)
    assert isinstance(error, GateShut)
    assert str(error).endswith(f"(file {path}); nothing was published")


# Names and places


@pytest.mark.parametrize("name", ["_a.parquet", ".a.parquet", "a.parquet._COPYING_", "a_$folder$"])
def test_a_file_that_readers_pass_over_is_left_out_and_refused_when_it_is_named(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "a.parquet").touch()
    (tmp_path / name).touch()
    assert [file.path for file in Disk().find(str(tmp_path))] == [str(tmp_path / "a.parquet")]
    assert len(Disk().find(f"{tmp_path}/*")) == 1
    named = Disk().find(str(tmp_path / name))
    with pytest.raises(Unusable, match=r"has a name that readers pass over .*; rename it"):
        require_readable(named, Disk())


@pytest.mark.parametrize("scheme", ["file://", "file:", "file://localhost", ""])
def test_a_uri_of_this_machine_is_a_path(scheme: str, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").touch()
    for place in ("a.parquet", "*.parquet"):
        (found,) = Disk().find(f"{scheme}{tmp_path}/{place}")
        assert found.path == str(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("{2020,2021}/*.parquet", ["2020/a.parquet", "2021/b.parquet"]),
        ("{2021,2020,gone}", ["2020/a.parquet", "2021/b.parquet"]),
        ("20{20/a,21/b}.parquet", ["2020/a.parquet", "2021/b.parquet"]),
        ("20{2{0,1},22}/?.parquet", ["2020/a.parquet", "2021/b.parquet"]),
        ("{{2020,2021},gone}/*", ["2020/a.parquet", "2021/b.parquet"]),
        ("{2020,*}/[a].parquet", ["2020/a.parquet"]),
        ("odd/{a}*", ["odd/{a}.parquet"]),
        ("odd/{b,c}.parquet", ["odd/{b,c}.parquet"]),
    ],
)
def test_braces_name_what_they_name_in_a_shell(
    pattern: str, names: list[str], tmp_path: Path
) -> None:
    kept = ("2020/a.parquet", "2021/b.parquet", "2022/_c.parquet")
    for name in (*kept, "odd/{a}.parquet", "odd/{b,c}.parquet", "odd/b.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [file.path for file in Disk().find(f"{tmp_path}/{pattern}")]
    assert found == [str(tmp_path / name) for name in names]


@pytest.mark.parametrize("pattern", ["{b,c}.parquet", "{a}.parquet", "{,_}a.parquet"])
def test_braces_that_name_nothing_or_hidden_files_are_refused(pattern: str, tmp_path: Path) -> None:
    (tmp_path / "_a.parquet").touch()
    with pytest.raises(Unusable, match=r"matches no file|does not exist"):
        Disk().find(f"{tmp_path}/{pattern}")


LOGS = {
    "Delta": "_delta_log/00000000000000000000.json",
    "Hudi": ".hoodie/hoodie.properties",
    "Iceberg": "metadata/00001-0f8fad5b-d9cb-469f-a165-70867728950e.metadata.json",
}


@pytest.mark.parametrize("kind", LOGS)
@pytest.mark.parametrize("pattern", ["", "table", "table/data/year=2021/*.parquet"])
def test_files_of_a_table_with_a_log_are_refused(kind: str, pattern: str, tmp_path: Path) -> None:
    for name in (LOGS[kind], "data/year=2021/a.parquet"):
        path = tmp_path / "in" / "table" / name
        path.parent.mkdir(parents=True)
        path.touch()
    found = Disk().find(str(tmp_path / "in" / pattern))
    said = f"in/table is an? {kind} table: files that its log removed would count again; export"
    with pytest.raises(Unusable, match=said):
        require_readable([file for file in found if file.path.endswith(".parquet")], Disk())


@pytest.mark.parametrize("name", ["readme.json", "catalogue.metadata.json"])
def test_a_folder_of_metadata_alone_makes_no_table(name: str, tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / name).touch()
    (tmp_path / "a.parquet").touch()
    require_readable(Disk().find(str(tmp_path / "a.parquet")), Disk())


def test_folders_of_dates_are_not_each_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in ("01", "02", "03"):
        (tmp_path / "in" / "2021" / day).mkdir(parents=True)
        (tmp_path / "in" / "2021" / day / "a.parquet").touch()
    looked: list[str] = []

    def children(_: Disk, folder: str) -> list[str]:
        looked.append(folder)
        return []

    monkeypatch.setattr(Disk, "children", children)
    require_readable(Disk().find(str(tmp_path / "in")), Disk())
    assert str(tmp_path / "in") in looked
    assert not [folder for folder in looked if "2021" in folder]


@pytest.mark.parametrize(
    "key", ["in//a.parquet", "in/../a.parquet", "in/./a.parquet", "/a.parquet"]
)
def test_a_key_that_spark_would_take_for_another_one_is_refused(key: str) -> None:
    with pytest.raises(Unusable, match=r"has an empty name, \. or \.\. between slashes"):
        require_readable([StoredFile(f"s3://bucket/{key}", 1, "v")], Disk())


def test_an_archived_object_is_refused_with_what_to_do() -> None:
    with pytest.raises(Unusable, match=r"a\.parquet is archived \(Glacier\); restore it, or take"):
        require_readable([StoredFile("s3://bucket/a.parquet", 1, "v", is_archived=True)], Disk())
