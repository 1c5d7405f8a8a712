"""What spark-submit starts: the application, when this cluster has the dependencies it needs.

Until they were compared, nothing may be imported that the environment brings.
"""

import pkgutil
import sys
from pathlib import Path

RENEW = "terraform -chdir=terraform apply -replace='module.compute.aws_emr_cluster.this[0]'"


def refusal(needed: str, environment: Path) -> str | None:
    """Why the application cannot run in this environment; null when it can."""
    try:
        found = (environment / "dependencies").read_text(encoding="ascii").strip()
    except OSError:
        return (
            f"this application needs its dependencies ({needed}), but this cluster was not started "
            f"with our bootstrap; renew the cluster: {RENEW}"
        )
    if found != needed:
        return (
            f"this application needs other dependencies ({needed}) than this cluster was started "
            f"with ({found}); renew the cluster: {RENEW}"
        )
    return None


def main() -> None:
    needed = (pkgutil.get_data("spark_app", "dependencies") or b"").decode()
    why = refusal(needed, Path(sys.prefix))
    if why is not None:
        print(f"error: {why}", file=sys.stderr)
        sys.exit(2)
    from spark_app.cli import run

    run()


if __name__ == "__main__":
    main()
