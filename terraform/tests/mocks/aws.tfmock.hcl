mock_data "aws_caller_identity" {
  defaults = {
    account_id = "123456789012"
  }
}

mock_data "aws_partition" {
  defaults = {
    partition = "aws"
  }
}

mock_data "aws_ec2_managed_prefix_list" {
  defaults = {
    id = "pl-6ea54007"
  }
}

mock_data "aws_availability_zones" {
  defaults = {
    names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  }
}

mock_data "aws_subnet" {
  defaults = {
    vpc_id = "vpc-0given"
    tags   = { "for-use-with-amazon-emr-managed-policies" = "true" }
  }
}

mock_data "aws_vpc" {
  defaults = {
    id                   = "vpc-0given"
    cidr_block           = "172.20.0.0/16"
    enable_dns_support   = true
    enable_dns_hostnames = true
    tags                 = { "for-use-with-amazon-emr-managed-policies" = "true" }
  }
}

mock_data "aws_route_tables" {
  defaults = {
    ids = ["rtb-0given"]
  }
}

mock_data "aws_route_table" {
  defaults = {
    routes = [{ destination_prefix_list_id = "pl-6ea54007" }]
  }
}

mock_resource "aws_emr_cluster" {
  defaults = {
    id = "j-2AXXXXXXGAPLF"
  }
}

mock_resource "aws_iam_policy" {
  defaults = {
    arn = "arn:aws:iam::123456789012:policy/mocked"
  }
}

mock_resource "aws_security_group" {
  defaults = {
    id = "sg-0mocked"
  }
}

mock_resource "aws_vpc" {
  defaults = {
    id = "vpc-0own"
  }
}

mock_resource "aws_subnet" {
  defaults = {
    id = "subnet-0mocked"
  }
}

mock_resource "aws_route_table" {
  defaults = {
    id    = "rtb-0mocked"
    route = []
  }
}
