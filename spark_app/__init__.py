"""Audited tables from raw exports: read, check, stage, check, publish."""

__version__ = "0.1.0"
