"""Every shell script is one that shellcheck has nothing to say about."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.package.tree import ROOT

FOLDERS = ("bootstrap", "scripts", ".ci")
SCRIPTS = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and path.read_bytes().startswith((b"#!/usr/bin/env bash", b"#!/bin/sh"))
)


def test_the_scripts_are_found() -> None:
    found = {path.relative_to(ROOT).as_posix() for path in SCRIPTS}
    assert {"bootstrap/bootstrap.sh", "scripts/install", ".ci/run"} <= found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_is_silent_about(script: Path) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_an_error_in_the_middle_ends(script: Path) -> None:
    assert "\nset -euo pipefail\n" in script.read_text()
