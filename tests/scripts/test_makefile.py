"""The Makefile documents itself; the installer says in one line what is missing."""

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z0-9-]+):(?!=)", MAKEFILE, re.M)


def install_with(tools: Path) -> "subprocess.CompletedProcess[str]":
    """Run the installer where only `tools` and the shell's own tools are found."""
    for name in ("bash", "dirname", "grep"):
        (tools / name).symlink_to(str(shutil.which(name)))
    environment = {"PATH": str(tools)}
    return subprocess.run(
        [str(tools / "bash"), str(ROOT / "scripts" / "install"), "none.lock"],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )


def tool(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
    path.chmod(0o755)


def test_make_alone_prints_every_target() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    done = subprocess.run(
        ["make"], check=False, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    printed = re.findall(r"^  make ([a-z0-9-]+) +\w", done.stdout, re.M)
    assert printed == TARGETS
    assert {"run", "test", "check", "bench", "install", "lock", "clean"} <= set(printed)


def test_every_target_that_is_no_file_is_phony() -> None:
    phony = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.M)[0].split()
    assert sorted(phony) == sorted(TARGETS)


def test_without_python_the_installer_says_what_to_install(tmp_path: Path) -> None:
    done = install_with(tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: Python 3.11 is missing; install it")
    assert done.stderr.count("\n") == 1


def test_without_venv_the_installer_says_what_to_install(tmp_path: Path) -> None:
    tool(tmp_path, "python3.11", "exit 1")
    done = install_with(tmp_path)
    assert done.returncode == 2
    assert "apt-get install python3.11-venv" in done.stderr


def test_without_java_the_installer_says_what_to_install(tmp_path: Path) -> None:
    tool(tmp_path, "python3.11", "exit 0")
    done = install_with(tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: Java is missing; install OpenJDK 17")


def test_with_the_wrong_java_the_installer_says_which_it_needs(tmp_path: Path) -> None:
    tool(tmp_path, "python3.11", "exit 0")
    tool(tmp_path, "java", """echo 'openjdk version "11.0.2"' >&2""")
    done = install_with(tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: Spark needs Java 17 or 21")


def test_the_lock_for_tests_holds_every_pin_of_the_lock_for_runs() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^(\S+==\S+)", (ROOT / name).read_text(), re.M))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")
