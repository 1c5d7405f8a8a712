# How a cluster of this deployment is started: in RunJobFlow's own words, read by `submit`, and the
# source of the cluster in cluster.tf.
locals {
  version      = try(var.package.version, "none")
  dependencies = try(var.package.dependencies, "none")
  lake         = "s3://${var.bucket_name}/lake"
  application  = "s3://${var.bucket_name}/app/${local.version}/"
  environment  = "/opt/spark_app"

  cluster_tags = merge(var.tags, local.emr_tag, { "spark_app:dependencies" = local.dependencies })

  bootstrap = {
    Name = "dependencies"
    ScriptBootstrapAction = {
      Path = "${local.application}bootstrap.sh"
      Args = [local.application, local.environment, var.region]
    }
  }

  # Everything else stands in the session or is the cluster's own default.
  configurations = concat(
    [{
      Classification = "spark-defaults"
      Properties = merge(
        {
          "spark.hadoop.fs.s3a.endpoint.region" = var.region
          "spark.yarn.maxAppAttempts"           = "1"
        },
        # A task that runs twice could leave files behind that no table knows.
        { for name in ["spark.speculation"] : name => "false" if local.has_lakes },
      )
    }],
    local.lake_configurations,
  )

  cluster = {
    Name                  = var.deployment
    ReleaseLabel          = "emr-spark-8.1.0"
    Applications          = [{ Name = "Spark" }]
    LogUri                = "s3://${var.bucket_name}/logs/"
    ServiceRole           = local.service_role_arn
    JobFlowRole           = local.instance_role_name
    SecurityConfiguration = aws_emr_security_configuration.this.name
    EbsRootVolumeSize     = 30
    StepConcurrencyLevel  = 1
    VisibleToAllUsers     = true
    BootstrapActions      = [local.bootstrap]
    Configurations        = local.configurations
    Tags                  = [for key, value in local.cluster_tags : { Key = key, Value = value }]
    Instances = {
      InstanceFleets                = local.fleets
      Ec2SubnetIds                  = local.subnet_ids
      EmrManagedMasterSecurityGroup = aws_security_group.nodes.id
      EmrManagedSlaveSecurityGroup  = aws_security_group.nodes.id
      ServiceAccessSecurityGroup    = aws_security_group.service_access.id
      KeepJobFlowAliveWhenNoSteps   = false
      TerminationProtected          = false
    }
  }

  launch_spec = {
    schema       = 1
    region       = var.region
    lake         = local.lake
    application  = local.application
    version      = local.version
    dependencies = local.dependencies
    max_minutes  = var.max_minutes
    idle_minutes = var.idle_minutes
    cluster      = local.cluster
  }
  launch_json = jsonencode(local.launch_spec)
}
