# Not a test: its plans, printed as JSON, are where test_iam.py reads the policies.
mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  dist = "./tests/fixtures/dist"
}

run "default" {
  command = plan
}

run "key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }
}

run "lakes" {
  command = plan

  variables {
    lakes      = true
    deliverers = ["app_event"]
  }
}
