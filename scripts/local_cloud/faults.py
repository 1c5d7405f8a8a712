"""What happens on purpose: `faults.json` in the cloud's folder, read again at each use.

    {"no_capacity": ["m7g.xlarge"], "no_spot_capacity": ["m7g.xlarge"], "vcpu_limit": 8,
     "throttle": {"DescribeStep": 60}, "lose_answer": ["RunJobFlow"], "expired": true}

`throttle` counts real seconds from the first request after it was written; an answer of
`lose_answer` is lost once for each time that the file is written.
"""

import json
import threading
import time
from pathlib import Path
from typing import Any

from scripts.local_cloud.protocol import Refused


class Faults:
    """The faults of one cloud."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._written_at = 0
        self._since: dict[str, float] = {}

    def read(self) -> dict[str, Any]:
        """What the file says now; nothing when there is no file."""
        with self._lock:
            try:
                written_at = self._path.stat().st_mtime_ns
                known = json.loads(self._path.read_text())
            except (OSError, ValueError):
                return {}
            if written_at != self._written_at:
                self._written_at, self._since = written_at, {}
            return known if isinstance(known, dict) else {}

    def refuse(self, operation: str) -> None:
        """Refuse a request that cannot be done just now.

        Raises:
            Refused: the caller's credentials expired, or the action is throttled.
        """
        with self._lock:
            known = self.read()
            if known.get("expired"):
                raise Refused(
                    "ExpiredTokenException",
                    "The security token included in the request is expired",
                )
            seconds = known.get("throttle", {}).get(operation)
            if seconds is None:
                return
            began = self._since.setdefault(f"throttle {operation}", time.monotonic())
            if time.monotonic() - began < float(seconds):
                raise Refused("ThrottlingException", "Rate exceeded")

    def loses_answer(self, operation: str) -> bool:
        """Whether the answer to this request is lost; once for each time the file is written."""
        with self._lock:
            if operation not in self.read().get("lose_answer", []):
                return False
            name = f"lost {operation}"
            is_first = name not in self._since
            self._since[name] = time.monotonic()
            return is_first
