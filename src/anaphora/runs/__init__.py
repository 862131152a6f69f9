"""The records that a training writes."""
