"""Pictures, pages and terminal output of a run."""
