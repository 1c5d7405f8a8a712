variable "deployment" {
  description = "Name of this deployment: in every resource's name and in its tag spark_app:deployment."
  type        = string
  default     = "spark-app"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.deployment))
    error_message = "Write deployment as 3 to 24 lower-case letters, digits and hyphens that begin with a letter and do not end with a hyphen, such as spark-app."
  }
}

variable "region" {
  description = "AWS region of everything."
  type        = string
  default     = "eu-central-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[1-9]$", var.region))
    error_message = "Write region as AWS names it, such as eu-central-1 or us-east-1."
  }
}

variable "bucket_name" {
  description = "Name of the lake's bucket, unique in the world. Null: DEPLOYMENT-ACCOUNT-REGION."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "Write bucket_name as 3 to 63 lower-case letters, digits and hyphens (no dots: they break TLS) that begin and end with a letter or a digit."
  }
}

variable "architecture" {
  description = "Processor of the nodes: arm64 (Graviton, cheaper) or x86_64 (Intel)."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "Write architecture as arm64 (Graviton) or x86_64 (Intel)."
  }
}

variable "profile" {
  description = "Size of a cluster: single (one node), standard (and 2 core nodes, up to 4 task nodes on Spot) or large (4 core and 12 task nodes of 16 cores). Task nodes only in what `submit` launches."
  type        = string
  default     = "single"
  nullable    = false

  validation {
    condition     = contains(["single", "standard", "large"], var.profile)
    error_message = "Write profile as single, standard or large."
  }
}

variable "create_cluster" {
  description = "Whether there is a cluster that waits for steps. False ends it; `submit` needs none."
  type        = bool
  default     = true
  nullable    = false
}

variable "idle_minutes" {
  description = "After how many minutes without a step the cluster ends itself."
  type        = number
  default     = 15
  nullable    = false

  validation {
    condition     = var.idle_minutes >= 1 && var.idle_minutes <= 10080 && floor(var.idle_minutes) == var.idle_minutes
    error_message = "Write idle_minutes as a whole number from 1 to 10080 (a week)."
  }
}

variable "max_minutes" {
  description = "After how many minutes a step ends the application, so that a hung job does not bill on."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.max_minutes >= 1 && var.max_minutes <= 1440 && floor(var.max_minutes) == var.max_minutes
    error_message = "Write max_minutes as a whole number from 1 to 1440 (a day)."
  }
}

variable "subnet_ids" {
  description = "Your own private subnets, of one VPC, with a route to S3's gateway endpoint and the tag for-use-with-amazon-emr-managed-policies = true. Empty: a VPC of our own."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.subnet_ids : can(regex("^subnet-[0-9a-f]{8,17}$", id))])
    error_message = "Write subnet_ids as a list of ids, such as [\"subnet-0123456789abcdef0\"]."
  }

  validation {
    condition     = length(distinct(var.subnet_ids)) == length(var.subnet_ids) && length(var.subnet_ids) <= 16
    error_message = "Write at most 16 subnet_ids, each once."
  }
}

variable "vpc_cidr" {
  description = "Addresses of our own VPC; subnets of 1/16 of them each. Not used with subnet_ids."
  type        = string
  default     = "10.42.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && can(regex("/(1[6-9]|2[0-2])$", var.vpc_cidr))
    error_message = "Write vpc_cidr as an IPv4 block from /16 to /22, such as 10.42.0.0/16."
  }
}

variable "kms_key_arn" {
  description = "Your own KMS key for the bucket and the nodes' disks, by its ARN. Null: SSE-S3 for the bucket, disks as the account's default has them."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-zA-Z-]+$", var.kms_key_arn))
    error_message = "Write kms_key_arn as the ARN of a key (not of an alias), such as arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab."
  }

  validation {
    condition     = var.kms_key_arn == null || try(split(":", var.kms_key_arn)[3], "") == var.region
    error_message = "Write kms_key_arn as the ARN of a key in the region of this deployment: EMR and EBS take no other."
  }
}

variable "lakes" {
  description = "Whether there are lake tables: a Glue database, the nodes' rights on it, and in our own VPC an endpoint to Glue, which costs about 8 USD a month, used or not. In your own subnets the way to Glue is yours."
  type        = bool
  default     = false
  nullable    = false
}

variable "deliverers" {
  description = "Datasets whose deliverers get a policy each, which lets them put files below lake/raw/DATASET/ and nothing else."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for dataset in var.deliverers : can(regex("^[a-z][a-z0-9_]{0,39}$", dataset))])
    error_message = "Write deliverers as names of datasets, such as [\"app_event\"]; `list` shows them."
  }
}

variable "log_days" {
  description = "After how many days the cluster's logs below logs/ are deleted."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.log_days >= 1 && var.log_days <= 3650 && floor(var.log_days) == var.log_days
    error_message = "Write log_days as a whole number from 1 to 3650."
  }
}

variable "project_dir" {
  description = "Root of the checkout: where .venv and the upload script are. Null: one or two folders above this one."
  type        = string
  default     = null

  validation {
    condition     = var.project_dir == null || try(fileexists("${var.project_dir}/pyproject.toml"), false)
    error_message = "Write project_dir as the path of the checkout's root, the folder with pyproject.toml."
  }
}

variable "dist" {
  description = "Folder that `make package` wrote. Null: dist in project_dir."
  type        = string
  default     = null

  validation {
    condition     = var.dist == null || can(regex("[^/[:space:]]", var.dist))
    error_message = "Write dist as the path of the folder that `make package` wrote, or leave it out."
  }
}

variable "tags" {
  description = "Your own tags for everything that is made."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.tags) <= 7 && alltrue([for key, value in var.tags : can(regex("^[\\w .:/=+@-]{1,128}$", key)) && can(regex("^[\\w .:/=+@-]{0,256}$", value))])
    error_message = "Write at most 7 tags (an S3 object takes 10), of letters, digits, spaces and _ . : / = + - @ only."
  }

  validation {
    condition     = alltrue([for key in keys(var.tags) : !can(regex("^(aws:|spark_app:|for-use-with-amazon-emr-managed-policies$)", key))])
    error_message = "Write tags that do not begin with aws: or spark_app: and are not for-use-with-amazon-emr-managed-policies: those are set here."
  }
}
