"""The records that a training leaves behind."""
