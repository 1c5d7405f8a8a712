"""Amazon EMR: requests as plain dicts; submit, wait, explain a failure."""
