"""The comparison measures whole processes, judges its aims and keeps the page's prose."""

import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmarks import compare
from benchmarks.measure import Measurement, measure
from benchmarks.results import GIB, Aim, Entry, table_of, write_section


def python(
    code: str, tmp_path: Path, timeout_seconds: float = 30, ceiling_bytes: int = 4 * GIB
) -> Measurement:
    return measure([sys.executable, "-c", code], tmp_path, timeout_seconds, ceiling_bytes)


def entry(name: str, *seconds: float, peak_bytes: int = GIB) -> Entry:
    return Entry(name, [Measurement(s, 2 * s, peak_bytes) for s in seconds])


def test_cpu_of_child_processes_counts(tmp_path: Path) -> None:
    child = "import time\nwhile time.process_time() < 0.5: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    assert python(code, tmp_path).cpu_seconds > 0.25  # what it used after the last look is not seen


def test_memory_of_child_processes_counts(tmp_path: Path) -> None:
    child = "import time; x = bytearray(200_000_000); time.sleep(1.5)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    measurement = python(code, tmp_path)
    assert measurement.failure is None
    assert measurement.peak_bytes > 200_000_000
    assert measurement.seconds > 1.5


def test_a_process_above_the_ceiling_is_stopped(tmp_path: Path) -> None:
    code = "import time; x = bytearray(300_000_000); time.sleep(600)"
    measurement = python(code, tmp_path, ceiling_bytes=150_000_000)
    assert measurement.failure == "stopped above 0.1 GiB"
    assert measurement.seconds < 300


def test_a_process_that_takes_too_long_is_stopped_with_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess; p = subprocess.Popen(['sleep', '60']); "
        "open('pid', 'w').write(str(p.pid)); p.wait()"
    )
    assert python(code, tmp_path, timeout_seconds=2).failure == "stopped after 2 s"
    time.sleep(0.2)
    child = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_a_failure_says_why(tmp_path: Path) -> None:
    assert (
        python("raise SystemExit('no such source')", tmp_path).failure
        == "exit code 1: no such source"
    )


def test_the_table_shows_medians_ratios_and_other_answers() -> None:
    other = entry("other", 30.0, 10.0, 20.0)
    other.remark = "other values in year"
    lines = table_of([entry("ours", 10.0), other], "ours").splitlines()
    assert lines[2:] == [
        "| ours | 10.0 | 10.0 | 20.0 | 1.00x | 1.00 | same |",
        "| other | 20.0 | 30.0, 10.0, 20.0 | 40.0 | 2.00x | 1.00 | other values in year |",
    ]


def test_aims_are_judged_both_ways() -> None:
    assert Aim("faster", 7.99, 8, is_minimum=True).is_met is False
    assert Aim("memory", 3.5, 4).is_met is True
    assert "MISSED" in str(Aim("memory", 4.5, 4, unit=" GiB"))


def test_a_failed_contender_decides_no_aim() -> None:
    failed = entry(compare.ANALYST, 5.0)
    failed.measurements.append(Measurement(1.0, 1.0, 0, "exit code 1"))
    aims = compare.aims_of(
        "50M", [entry(compare.OURS, 10.0), entry(compare.STRAIGHTFORWARD, 90.0), failed]
    )
    assert [(aim.text, aim.value) for aim in aims] == [
        ("faster than the straightforward script", 9.0),
        ("peak memory, JVM included", 1.0),
    ]


def test_the_slowest_order_of_rows_is_held_against_the_fastest() -> None:
    seconds = {"key": 10.0, "channel": 12.0, "random": 16.0}
    by_order = {order: [entry(compare.OURS, s)] for order, s in seconds.items()}
    (aim,) = compare.any_order(by_order)
    assert (aim.value, aim.is_met) == (1.6, False)
    assert compare.any_order({"key": by_order["key"]}) == []


def test_the_prose_around_a_section_is_kept(tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    page.write_text(
        "# Results\n\nBefore.\n\n<!-- bench:1M -->\nold\n<!-- /bench:1M -->\n\nAfter.\n"
    )
    write_section(page, "1M", r"new \1")
    write_section(page, "50M", "more")
    assert page.read_text() == (
        "# Results\n\nBefore.\n\n<!-- bench:1M -->\nnew \\1\n<!-- /bench:1M -->\n\nAfter.\n"
        "\n## 50M\n\n<!-- bench:50M -->\nmore\n<!-- /bench:50M -->\n"
    )


def test_contenders_run_side_by_side_and_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "DATA", tmp_path / "data")
    monkeypatch.setitem(compare.SIZES, "1M", compare.Size(5_000, 6))
    results = tmp_path / "RESULTS.md"
    contenders = ["duckdb_analyst", "duckdb_tricks", "polars_analyst"]
    compare.main(
        [
            "--rows",
            "1M",
            "--rounds",
            "1",
            "--redelivered",
            "--order",
            "key",
            "random",
            "--results",
            str(results),
            "--contenders",
            *contenders,
        ]
    )
    page = results.read_text()
    assert page.count("| same |") == 9
    assert "bench:1M-redelivered" in page
    assert "bench:1M-random" in page
