"""Where a local cloud keeps its things, what it listens on, and how fast time passes in it."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

REGION = "eu-central-1"
ACCOUNT = "000000000000"
CHECKOUT = Path(__file__).resolve().parents[2]
SCALE = "LOCAL_CLOUD_TIME_SCALE"
MARK = "LOCAL_CLOUD"  # stands in the environment of every process of a cloud: its folder
LOG_DELAY_SECONDS = 300.0
LONGEST_LOG_DELAY_SECONDS = 5.0  # real ones: nobody learns anything by waiting longer
HOST = "127.0.0.1"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True)
class Settings:
    """One local cloud.

    `general_url` is the general emulator's URL (S3, IAM, EC2, STS); `time_scale` how many seconds
    of idle time, or of waiting for logs, pass in one.
    """

    folder: Path
    general_url: str
    time_scale: float = 1.0

    def real_seconds(self, seconds: float) -> float:
        """How long something that takes `seconds` on AWS takes here."""
        return seconds / self.time_scale

    @property
    def log_delay_seconds(self) -> float:
        """How long after a process its logs are in S3, in real seconds."""
        return min(self.real_seconds(LOG_DELAY_SECONDS), LONGEST_LOG_DELAY_SECONDS)

    @property
    def clusters(self) -> Path:
        """One folder per cluster: its node."""
        return self.folder / "clusters"


def time_scale() -> float:
    """The time scale that the environment sets; 1 without.

    Raises:
        ValueError: it is no number above zero.
    """
    text = os.environ.get(SCALE, "1")
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not found > 0:
        raise ValueError(f"{SCALE}={text} is no number above 0; write how many seconds pass in one")
    return found


def stand_alone() -> None:
    """Forget the caller's own AWS settings, and reach this machine without their proxy."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    os.environ |= no_proxy()


def no_proxy() -> dict[str, str]:
    """The variables that keep a proxy out of calls to this machine, with what they held before."""
    names = ("NO_PROXY", "no_proxy")
    return {name: ",".join(filter(None, (os.environ.get(name), HOST))) for name in names}


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)
