"""Classify: a sequence in, one label or several out."""
