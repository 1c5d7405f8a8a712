"""Types of command line arguments that several commands take."""

import argparse


def filled(text: str) -> str:
    """Any text but an empty one."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; leave it out for the default")
    return text


def share(text: str) -> float:
    """A share from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a share from 0 to 1, such as 0.01")
    return number


def setting(text: str) -> tuple[str, str]:
    """A setting as NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not NAME=VALUE, such as CHANNELS=Organic,Ads"
        )
    return name.upper().removeprefix("SPARK_APP_"), value


def minutes(text: str) -> float:
    """A time in minutes, more than none."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1_000_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of minutes, such as 90")
    return number
