from spark_app.cli import run

run()
