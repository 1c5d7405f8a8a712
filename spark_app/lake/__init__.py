"""The lake: its paths, its files on a disk or in S3, and publishing."""
