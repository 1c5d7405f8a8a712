"""The report: one self-contained page a table, and the site's index of all of them."""
