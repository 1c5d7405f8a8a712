"""The lock files agree: a package that stands in several is the same one in each."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALL = ROOT / "requirements-dev.lock"


def packages(lock: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Version and hashes of every package of a lock file."""
    found = {}
    for block in re.split(r"\n(?=[a-z0-9])", lock.read_text()):
        if named := re.match(r"([a-z0-9-]+)==(\S+)", block):
            found[named[1]] = (named[2], frozenset(re.findall(r"sha256:(\w+)", block)))
    return found


@pytest.mark.parametrize("name", ["requirements.lock", "bootstrap/requirements.lock"])
def test_what_a_run_or_a_cluster_installs_is_what_the_tests_ran_with(name: str) -> None:
    tested, locked = packages(ALL), packages(ROOT / name)
    assert len(locked) > 40
    assert {n: p for n, p in locked.items() if n in tested and tested[n] != p} == {}
    assert locked.keys() - tested.keys() <= {"uv"}
