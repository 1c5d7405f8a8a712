"""Versions of a lake table that a command made, not a run: their content is still that of a run."""

from spark_app.lake.catalogue import Snapshot

BY, CHANGE_ID, BACK_TO = "command", "change_id", "back_to"
_NOT_OF_RUNS = (BY, CHANGE_ID, BACK_TO)


def marks_of(content: Snapshot, command: str, change_id: str, **more: str) -> dict[str, str]:
    """What the commit of a command says: the marks of the run whose content it keeps, the command
    and its own id."""
    of_run = {name: value for name, value in content.marks.items() if name not in _NOT_OF_RUNS}
    return {**of_run, BY: command, CHANGE_ID: change_id, **more}
