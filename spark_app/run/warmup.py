"""Loading what a run needs later while the JVM starts: those imports take seconds."""

import importlib
import threading

from spark_app.quality import expectations

# First, and in the main thread: two threads must never load the same module at once.
SHARED = ("pyarrow.parquet", "pandas", "pyspark.sql")
LATER = ("spark_app.report.page", "spark_app.report.site", "jinja2")


def load_in_background() -> threading.Thread:
    """Load the shared modules now, the others in a thread; join it before any of them is used."""
    for name in SHARED:
        importlib.import_module(name)
    loading = threading.Thread(target=_load, name="imports", daemon=True)
    loading.start()
    return loading


def _load() -> None:
    expectations.load()
    for name in LATER:
        importlib.import_module(name)
