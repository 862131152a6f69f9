"""Writing files: never over what is read, and after a crash a file has its old or its new content."""
