"""What EMR's model does not allow is told before anything is sent."""

from typing import Any

import pytest

from spark_app.emr.model import complaints, require_valid
from spark_app.errors import Unusable

JAR = {"Jar": "command-runner.jar"}


def steps(*args: str, **more: Any) -> dict[str, Any]:
    """AddJobFlowSteps with one step of such arguments."""
    step = {"Name": "a", "HadoopJarStep": {**JAR, "Args": list(args)}, **more}
    return {"JobFlowId": "j-1", "Steps": [step]}


@pytest.mark.parametrize(
    ("operation", "request_", "words"),
    [
        (
            "AddJobFlowSteps",
            steps("x" * 10_281),
            f"Value '{'x' * 40}…' at 'Steps[0].HadoopJarStep.Args[0]' failed to satisfy "
            "constraint: Member must have length less than or equal to 10280",
        ),
        ("AddJobFlowSteps", steps("🦊" * 5_141), "length less than or equal to 10280"),
        ("AddJobFlowSteps", steps("a", "b\0"), "Args[1]' failed to satisfy constraint: Member "),
        ("AddJobFlowSteps", steps(Name="n" * 257), "'Steps[0].Name' failed"),
        ("AddJobFlowSteps", steps(Name=1), "Invalid type for parameter Steps[0].Name"),
        ("AddJobFlowSteps", steps(ActionOnFailure="STOP"), "enum value set: [TERMINATE_JOB_FLOW"),
        ("AddJobFlowSteps", steps(Colour="red"), 'Unknown parameter in Steps[0]: "Colour"'),
        ("DescribeReleaseLabel", {"MaxResults": 101}, "value less than or equal to 100"),
        ("DescribeReleaseLabel", {"MaxResults": 0}, "valid min value: 1"),
        ("ListClusters", {"CreatedAfter": "yesterday"}, "CreatedAfter"),
    ],
)
def test_what_the_model_does_not_allow_is_found(
    operation: str, request_: dict[str, Any], words: str
) -> None:
    (line,) = complaints(operation, request_)

    assert words in line


@pytest.mark.parametrize("text", ["", "x" * 10_280, "🦊" * 5_140, "ä\n\t\r日本"])
def test_what_the_model_allows_is_not(text: str) -> None:
    assert complaints("AddJobFlowSteps", steps(text)) == []


@pytest.mark.parametrize("request_", [steps("a\0"), steps(Name=1), steps(Colour="red")])
def test_what_a_user_asked_is_the_users_to_correct(request_: dict[str, Any]) -> None:
    with pytest.raises(Unusable, match=r"Steps\[0\].*; correct the options of this command"):
        require_valid("AddJobFlowSteps", request_)


def test_the_rest_is_terraforms() -> None:
    with pytest.raises(Unusable, match="apply the Terraform configuration again"):
        require_valid("RunJobFlow", {"Name": "a"})
