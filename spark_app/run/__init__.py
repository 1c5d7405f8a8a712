"""A run of one job, and several in one go: stages, manifest, recording, progress."""
