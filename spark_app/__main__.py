"""The program, `python -m spark_app`; a cluster starts `bootstrap/main.py` instead."""

from spark_app.settings import stand_alone

stand_alone()

from spark_app.cli import run  # noqa: E402  (packages are found only now)

run()
