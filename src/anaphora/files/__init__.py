"""Writing files: after a crash a file has its old or its new content."""
