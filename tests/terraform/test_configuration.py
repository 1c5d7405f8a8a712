"""Terraform's own checks of the configuration, and how it is written."""

import json
import re
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from tests.terraform.conftest import CONFIGURATION, Terraform

BLOCK = r'^{kind} "(?P<name>\w+)" {{$(?P<body>.*?)^}}$'
RUN = re.compile(r'^run "', re.MULTILINE)
EXPECTED = re.compile(r"expect_failures = \[(.*?)\]", re.DOTALL)
VARIABLE = re.compile(r"\bvar\.(\w+)")
TESTS = CONFIGURATION / "tests"
FOLDERS = (CONFIGURATION, CONFIGURATION / "lake", CONFIGURATION / "compute")


def blocks(kind: str, folder: Path) -> dict[str, str]:
    """The blocks of a kind in a folder's files, by name; `fmt` makes them easy to find."""
    text = "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))
    found = re.finditer(BLOCK.format(kind=kind), text, re.MULTILINE | re.DOTALL)
    return {match["name"]: match["body"] for match in found}


def test_the_configuration_is_formatted(terraform: Terraform) -> None:
    done = terraform.run("fmt", "-check", "-recursive", "-diff")
    assert done.returncode == 0, done.stdout


def test_the_configuration_is_valid(terraform: Terraform) -> None:
    done = terraform.run("validate", "-json")
    assert json.loads(done.stdout)["diagnostics"] == []


def test_every_run_of_terraform_test_passes(terraform: Terraform) -> None:
    done = terraform.run("test", "-json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    summary = next(line["test_summary"] for line in told if line["type"] == "test_summary")
    wrong = [line["@message"] for line in told if line["@level"] == "error"]
    assert (wrong, summary["failed"], summary["errored"], summary["skipped"]) == ([], 0, 0, 0)
    runs = chain(*(RUN.findall(path.read_text()) for path in TESTS.glob("*.tftest.hcl")))
    assert summary["passed"] == len(list(runs)) >= 36


def test_every_validation_has_a_run_that_trips_it() -> None:
    tests = (TESTS / "variables.tftest.hcl").read_text()
    failures = Counter(chain(*(VARIABLE.findall(run) for run in EXPECTED.findall(tests))))
    validated = {
        name: body.count("validation {")
        for name, body in blocks("variable", CONFIGURATION).items()
        if "validation {" in body
    }
    assert validated
    assert {name: count for name, count in validated.items() if failures[name] < count} == {}


def test_there_are_at_most_17_variables_each_with_type_and_description() -> None:
    variables = blocks("variable", CONFIGURATION)
    assert 0 < len(variables) <= 17
    for name, body in variables.items():
        assert re.search(r"^  type +=", body, re.MULTILINE), name
        assert re.search(r'^  description += "[A-Z].*\."$', body, re.MULTILINE), name


def test_every_variable_is_validated_but_those_that_are_true_or_false() -> None:
    variables = blocks("variable", CONFIGURATION)
    assert {name for name, body in variables.items() if "validation {" not in body} == {
        "create_cluster",
        "lakes",
    }


def test_every_message_says_what_to_write() -> None:
    bodies = blocks("variable", CONFIGURATION).values()
    messages = re.findall(r'error_message = "(.*)"$', "\n".join(bodies), re.MULTILINE)
    assert messages
    assert [message for message in messages if not re.match(r"Write .*\.$", message)] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_variables_and_outputs_of_every_module_are_described(folder: Path) -> None:
    described = chain(blocks("variable", folder).items(), blocks("output", folder).items())
    assert [name for name, body in described if "description =" not in body] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_provider_is_pinned_exactly(folder: Path) -> None:
    text = (folder / "versions.tf").read_text()
    assert re.findall(r'^      version = "(.*)"$', text, re.MULTILINE) == ["5.100.0"]


def test_no_file_of_the_configuration_is_long_or_local() -> None:
    files = [path for path in CONFIGURATION.rglob("*.tf") if ".terraform" not in path.parts]
    assert files
    assert [path.name for path in files if len(path.read_text().splitlines()) > 250] == []
    assert [path.name for path in files if path.name.endswith("_override.tf")] == []
