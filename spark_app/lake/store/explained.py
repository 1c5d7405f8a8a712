"""The operating system's errors in one line that says what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from spark_app.errors import RunFailed, Unusable

_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn the operating system's errors into one line that says what to do.

    Raises:
        RunFailed: the disk is full.
        Unusable: the path cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise RunFailed(
                f"the disk is full, writing {path}; free some space and run again"
            ) from error
        why = error.strerror or str(error)
        raise Unusable(f"cannot write {path} ({why}); choose another lake or fix it") from error
