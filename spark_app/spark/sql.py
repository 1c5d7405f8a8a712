"""Names and texts in Spark SQL."""


def sql_text(value: str) -> str:
    """A string as a Spark SQL literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def sql_name(column: str) -> str:
    """The name of a column in Spark SQL, whatever it is made of."""
    escaped = column.replace("`", "``")
    return f"`{escaped}`"
