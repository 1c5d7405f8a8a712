"""Values of options, from text. Each raises ValueError with what to write instead."""

import re


def names(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def days(text: str) -> int:
    """A whole number of days."""
    if not re.fullmatch(r"[0-9]{1,4}", text.strip()):
        raise ValueError("write a whole number of days, such as 3")
    return int(text)
