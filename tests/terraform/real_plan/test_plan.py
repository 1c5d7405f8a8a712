"""What the plan of the whole configuration has everywhere."""

from tests.terraform.real_plan.policies import Plan

EMRS_TAG = "for-use-with-amazon-emr-managed-policies"
HANDED_TO_EMR = ("aws_vpc", "aws_subnet", "aws_security_group", "aws_emr_cluster")
KEYS_OWN = "module.compute.aws_security_group.kms[0]"  # of an endpoint that EMR never touches


def test_everything_that_takes_tags_carries_the_deployments(plan: Plan) -> None:
    tagged = {a: v["tags_all"] for a, v in plan.everything.items() if "tags_all" in v}
    assert len(tagged) > 15
    assert [
        a for a, tags in tagged.items() if tags.get("spark_app:deployment") != "spark-app"
    ] == []


def test_what_is_handed_to_emr_carries_emrs_tag(plan: Plan) -> None:
    for kind in HANDED_TO_EMR:
        found = {a: value for a, value in plan.resources(kind).items() if a != KEYS_OWN}
        assert found
        assert {value["tags_all"].get(EMRS_TAG) for value in found.values()} == {"true"}


def test_nobody_comes_in_from_outside_the_network(plan: Plan) -> None:
    rules = plan.resources("aws_vpc_security_group_ingress_rule").values()
    assert rules
    sources = {rule.get("cidr_ipv4") for rule in rules} | {rule.get("cidr_ipv6") for rule in rules}
    assert sources <= {None, "10.42.0.0/16"}
    groups = plan.resources("aws_security_group").values()
    assert [group["name"] for group in groups if group.get("ingress")] == []


def test_nobody_logs_in(plan: Plan) -> None:
    (cluster,) = plan.resources("aws_emr_cluster").values()
    assert not cluster["ec2_attributes"][0].get("key_name")


def test_there_is_no_way_to_the_internet(plan: Plan) -> None:
    kinds = {address.rpartition("module.")[2].split(".")[1] for address in plan.everything}
    assert not kinds & {"aws_nat_gateway", "aws_internet_gateway", "aws_route", "aws_eip"}
