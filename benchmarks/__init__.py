"""Generated data of any size, the contenders, and the comparison that writes RESULTS.md."""
