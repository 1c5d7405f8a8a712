"""The applications that a release of EMR has, with their versions."""

import re

_LINES = ("5", "6", "7", "spark-8")
# The newest release of each line; the others differ in detail. Null: the line does not have it.
_VERSIONS: dict[str, tuple[str | None, str | None, str | None, str | None]] = {
    "amazoncloudwatchagent": (None, "1.300031.1", "1.300032.2", "1.300032.2"),
    "delta": (None, "2.4.0", "3.3.2", "4.0.0"),
    "flink": ("1.14.2", "1.17.1", "1.20.0", None),
    "ganglia": ("3.7.2", "3.7.2", None, None),
    "hadoop": ("2.10.1", "3.3.6", "3.4.2", None),
    "hbase": ("1.4.13", "2.4.17", "2.6.2", None),
    "hcatalog": ("2.3.9", "3.1.3", "3.1.3", None),
    "hive": ("2.3.9", "3.1.3", "3.1.3", None),
    "hudi": ("0.10.1", "0.14.0", "1.0.2", None),
    "hue": ("4.10.0", "4.11.0", "4.11.0", None),
    "iceberg": (None, "1.4.0", "1.10.0", "1.10.0"),
    "jupyterenterprisegateway": ("2.1.0", "2.6.0", "2.6.0", "2.6.0"),
    "jupyterhub": ("1.4.1", "1.5.0", "1.5.0", None),
    "livy": ("0.7.1", "0.7.1", "0.8.0", "0.8.0"),
    "mahout": ("0.13.0", "0.13.0", None, None),
    "mxnet": ("1.8.0", "1.9.1", None, None),
    "oozie": ("5.2.1", "5.2.1", "5.2.1", None),
    "phoenix": ("4.14.3", "5.1.3", "5.2.1", None),
    "pig": ("0.17.0", "0.17.0", "0.17.0", None),
    "presto": ("0.267", "0.283", "0.287", None),
    "spark": ("2.4.8", "3.4.1", "3.5.8", "4.1.1"),
    "sqoop": ("1.4.7", "1.4.7", "1.4.7", None),
    "tensorflow": ("2.4.1", "2.11.0", "2.16.1", None),
    "tez": ("0.9.2", "0.10.2", "0.10.2", None),
    "trino": (None, "426", "476", None),
    "zeppelin": ("0.10.0", "0.10.1", "0.11.1", None),
    "zookeeper": ("3.4.14", "3.5.10", "3.9.3", None),
}


def version(name: str, release_label: str) -> str | None:
    """The version that a release has of an application; null when it does not have it."""
    found = re.match(r"emr-(\d|spark-8)\.", release_label)
    line = _LINES.index(found[1]) if found and found[1] in _LINES else None
    versions = _VERSIONS.get(name.lower())
    return versions[line] if versions and line is not None else None
