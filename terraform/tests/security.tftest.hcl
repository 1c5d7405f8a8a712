mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  deployment     = "shares"
  region         = "eu-central-1"
  bucket_name    = "our-lake"
  architecture   = "arm64"
  profile        = "single"
  create_cluster = true
  idle_minutes   = 15
  max_minutes    = 60
  subnet_ids     = []
  vpc_cidr       = "10.42.0.0/16"
  kms_key_arn    = null
  project_dir    = "/project"
  dist           = "/project/dist"
  package        = { version = "0123456789abcdef", dependencies = "fedcba9876543210" }
  prices         = { date = "2026-11", region = { eu-central-1 = { "m7g.xlarge" = { ec2_usd = 0.2, emr_usd = 0.05 }, "m6g.xlarge" = { ec2_usd = 0.1, emr_usd = 0.02 } } } }
  tags           = { "spark_app:deployment" = "shares" }
}

run "the_service_role_is_emrs_alone" {
  command = plan

  module {
    source = "./compute"
  }

  assert {
    condition = jsondecode(aws_iam_role.service.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "elasticmapreduce.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = "123456789012" }
        ArnLike      = { "aws:SourceArn" = "arn:aws:elasticmapreduce:eu-central-1:123456789012:*" }
      }
    }]
    error_message = "Only EMR takes the service role, and only for this account and region."
  }

  assert {
    condition     = aws_iam_role_policy_attachment.service.policy_arn == "arn:aws:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
    error_message = "It has the policy that is bound to the tag, not the old one."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.service.policy).Statement == [{
      Sid       = "PassInstanceRole"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = ["arn:aws:iam::123456789012:role/shares-eu-central-1-instance"]
      Condition = { StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" } }
    }]
    error_message = "It passes our own instance role, to EC2 only."
  }

  assert {
    condition     = aws_iam_role.instance.name == "shares-eu-central-1-instance" && jsondecode(aws_iam_role.instance.assume_role_policy).Statement[0].Principal == { Service = "ec2.amazonaws.com" }
    error_message = "The instance role is EC2's alone."
  }
}

run "without_a_key_nobody_has_a_right_on_keys" {
  command = plan

  module {
    source = "./compute"
  }

  assert {
    condition     = alltrue([for policy in [aws_iam_role_policy.service.policy, aws_iam_role_policy.instance.policy, aws_iam_policy.operator.policy, aws_iam_policy.reader.policy] : !strcontains(policy, "kms:")])
    error_message = "No policy mentions KMS."
  }

  assert {
    condition     = jsondecode(aws_emr_security_configuration.this.configuration).EncryptionConfiguration.AtRestEncryptionConfiguration == { S3EncryptionConfiguration = { EncryptionMode = "SSE-S3" } }
    error_message = "EMR takes no disk encryption without a key."
  }

  assert {
    condition     = length(aws_vpc_endpoint.kms) == 0
    error_message = "No endpoint is paid for."
  }
}

run "the_nodes_metadata_needs_a_session_and_ends_at_the_node" {
  command = plan

  module {
    source = "./compute"
  }

  assert {
    condition = jsondecode(aws_emr_security_configuration.this.configuration).InstanceMetadataServiceConfiguration == {
      MinimumInstanceMetadataServiceVersion = 2
      HttpPutResponseHopLimit               = 1
    }
    error_message = "IMDSv2 only, hop limit 1."
  }
}

run "a_key_encrypts_disks_and_comes_with_rights_and_a_way" {
  command = plan

  module {
    source = "./compute"
  }

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition = jsondecode(aws_emr_security_configuration.this.configuration).EncryptionConfiguration.AtRestEncryptionConfiguration == {
      S3EncryptionConfiguration        = { EncryptionMode = "SSE-KMS", AwsKmsKey = var.kms_key_arn }
      LocalDiskEncryptionConfiguration = { EncryptionKeyProviderType = "AwsKms", AwsKmsKey = var.kms_key_arn, EnableEbsEncryption = true }
    }
    error_message = "Disks and what is written to S3 are under the key."
  }

  assert {
    condition     = alltrue([for policy in [aws_iam_role_policy.service.policy, aws_iam_role_policy.instance.policy, aws_iam_policy.operator.policy, aws_iam_policy.reader.policy] : contains(flatten([for statement in jsondecode(policy).Statement : statement.Resource if contains(statement.Action, "kms:Decrypt")]), var.kms_key_arn)])
    error_message = "Both roles and both policies may use this key."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.service.policy).Statement : statement.Condition if contains(statement.Action, "kms:CreateGrant")]) == { Bool = { "kms:GrantIsForAWSResource" = "true" } }
    error_message = "EMR lends the key to disks only."
  }

  assert {
    condition     = aws_vpc_endpoint.kms[0].service_name == "com.amazonaws.eu-central-1.kms" && jsondecode(aws_vpc_endpoint.kms[0].policy).Statement[0].Resource == [var.kms_key_arn]
    error_message = "The nodes reach KMS, for this key."
  }

  assert {
    condition     = contains(flatten([for rule in aws_security_group.nodes.egress : rule.cidr_blocks if rule.from_port == 443 && rule.cidr_blocks != null]), "10.42.0.0/16") && aws_vpc_security_group_ingress_rule.kms_from_nodes[0].from_port == 443
    error_message = "The endpoint can be reached."
  }
}
