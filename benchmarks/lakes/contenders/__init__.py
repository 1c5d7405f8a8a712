"""The lake tables' work as others do it: Parquet in folders by day, sorted, without copies."""

import argparse


def places(words: str | None) -> tuple[str, str]:
    """The folder of the delivered files and that of the table, as the command line names them."""
    parser = argparse.ArgumentParser(description=words)
    for name in ("--source", "--output"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    return args.source, args.output
