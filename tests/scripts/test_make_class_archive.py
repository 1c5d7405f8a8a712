"""The class archive is made once; a failure leaves none behind and says why."""

import os
from pathlib import Path

import pyspark

from scripts import make_class_archive

JARS = Path(pyspark.__file__).parent / "jars"


def test_an_archive_younger_than_spark_is_current(tmp_path: Path) -> None:
    archive = tmp_path / "spark-app.jsa"
    assert not make_class_archive.is_current(archive)
    archive.touch()
    assert make_class_archive.is_current(archive)
    before = JARS.stat().st_mtime - 1
    os.utime(archive, (before, before))
    assert not make_class_archive.is_current(archive)


def test_a_good_run_puts_the_archive_in_place(tmp_path: Path) -> None:
    archive = tmp_path / "spark-app.jsa"

    def write(folder: Path, written: Path) -> None:
        written.write_text("classes")

    archive.write_text("old")
    assert make_class_archive.make(archive, write) is None
    assert archive.read_text() == "classes"
    assert list(tmp_path.iterdir()) == [archive]


def test_a_failed_run_leaves_no_archive_and_says_why(tmp_path: Path) -> None:
    def write(folder: Path, written: Path) -> str:
        written.write_text("half")
        return "error: the disk is full"

    why = make_class_archive.make(tmp_path / "spark-app.jsa", write)
    assert why == "error: the disk is full"
    assert list(tmp_path.iterdir()) == []


def test_a_java_that_writes_none_is_a_reason_too(tmp_path: Path) -> None:
    why = make_class_archive.make(tmp_path / "spark-app.jsa", lambda folder, written: None)
    assert why == "Java wrote none"
