"""Spark on this machine or under spark-submit: session, S3, its failures in words."""
