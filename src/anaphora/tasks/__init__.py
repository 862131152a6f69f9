"""Tasks on sequences: a folder per task; no task imports another."""
